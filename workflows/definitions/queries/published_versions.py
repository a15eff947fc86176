"""Which version of a workflow new requests start on."""

from django.db.models import Max, QuerySet

from workflows.access.conditions import AUDIT, MANAGE, START, VIEW, Actor
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.engine.errors import HandoffError, NotFound, WorkflowRetired
from workflows.persistence.prepared_queries import PreparedQuery

ANY_WORKFLOW = "any-workflow"
"""Stands for a workflow's key while the statement is written."""


def get_published_version(workflow: str) -> TemplateVersion:
    """The version that new requests of this workflow start on.

    Raises WorkflowRetired or NotFound, with what to do.
    """
    versions = _PUBLISHED.rows({ANY_WORKFLOW: workflow})
    if not versions:
        raise _unusable_workflow(workflow)
    return versions[0]


def _published_of_any() -> QuerySet[TemplateVersion]:
    published = TemplateVersion.objects.filter(
        template__key=ANY_WORKFLOW, state=TemplateVersion.PUBLISHED
    )
    return published.select_related("template").order_by("pk")[:1]


_PUBLISHED = PreparedQuery(_published_of_any)


def _unusable_workflow(workflow: str) -> HandoffError:
    """Why nothing starts on this workflow: taken out of use, never published, or not there."""
    versions = TemplateVersion.objects.filter(template__key=workflow)
    superseded = versions.filter(state=TemplateVersion.SUPERSEDED)
    retired = superseded.aggregate(at=Max("superseded_at"))["at"]
    if retired is not None:
        return WorkflowRetired(
            "'%(workflow)s' was taken out of use on %(retired)s; nothing starts on it any more."
            " Publishing a version brings it back.",
            workflow=workflow,
            retired=format(retired, "%Y-%m-%d"),
        )
    if WorkflowTemplate.objects.filter(key=workflow).exists():
        return NotFound(
            "'%(workflow)s' has no published version yet; publish one to start requests.",
            workflow=workflow,
        )
    return NotFound(
        "There is no workflow '%(workflow)s'; see the list of workflows for its key.",
        workflow=workflow,
    )


def require_known_workflow(user: Actor, key: str) -> WorkflowTemplate:
    """The workflow, for whoever may start, view, manage or audit it. Raises NotFound for all
    others, in the same words as for one that does not exist: strangers learn nothing."""
    template = (
        WorkflowTemplate.objects.with_verbs(user, START, VIEW, MANAGE, AUDIT)
        .filter(key=key)
        .first()
    )
    if template is None:
        raise NotFound("There is no such workflow, or it is not yours to see.")
    return template


def find_published_version_id(workflow: str) -> int | None:
    """The id of the workflow's published version, if it has one. One statement."""
    published = TemplateVersion.objects.filter(
        template__key=workflow, state=TemplateVersion.PUBLISHED
    )
    return published.values_list("pk", flat=True).first()
