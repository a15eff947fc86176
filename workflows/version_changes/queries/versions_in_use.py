"""On which versions the open requests of a workflow are, and to which they could be moved before it
is retired."""

from dataclasses import dataclass
from typing import Final

from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.execution.queries.open_work import open_instances_count

RETIRING: Final = "retiring"
"""In the address of the page that moves requests: it was come to from retiring."""


@dataclass(frozen=True, slots=True)
class VersionInUse:
    """A version, how many open requests are on it, and the newer ones to which they could go:
    those that are published, and drafts that would have to be first."""

    version: TemplateVersion
    requests: int
    published: list[TemplateVersion]
    drafts: list[TemplateVersion]


def list_versions_in_use(template: WorkflowTemplate) -> list[VersionInUse]:
    """The versions on which open requests are, oldest first. One statement."""
    rows = template.versions.annotate(open_requests=open_instances_count())
    versions = list(rows.select_related("template").order_by("number"))
    return [
        VersionInUse(
            version=version,
            requests=version.open_requests,
            published=[
                other
                for other in versions
                if other.number > version.number and other.state == TemplateVersion.PUBLISHED
            ],
            drafts=[
                other for other in versions if other.number > version.number and other.is_editable
            ],
        )
        for version in versions
        if version.open_requests
    ]
