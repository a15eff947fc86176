"""Published maps that have gone wrong since: somebody left, a group went, a connection is off.

The clock audits each published map anew. What can come and go without any change of the map is
kept in rows: shown on the health page, told to the workflow's owner once, closed when mended.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db import transaction

from workflows.engine.audit import Finding, audit
from workflows.engine.errors import DefinitionProblem
from workflows.models import MapFinding, TemplateVersion, WorkflowTemplate
from workflows.services.directory import SitePeople
from workflows.services.foreign import NotGranted, check_now, uses
from workflows.services.heartbeats import units
from workflows.services.map_findings import keep_findings
from workflows.services.rows import definition_of

WITHDRAWN: Final = "Ask for the permission again, or make a new version that does without."


def watch_maps(*, now: datetime) -> int:
    """Look at every published map; how many findings are new. One that cannot be looked at is
    set aside, and the rest goes on."""
    new = 0
    published = TemplateVersion.objects.filter(state=TemplateVersion.PUBLISHED)
    with units("watch-maps", now) as every:
        for pk, key in published.order_by("pk").values_list("pk", "template__key"):
            with every.one(key):
                new += _look(pk, now)
    _close_old(now)
    return new


def _look(version_id: int, now: datetime) -> int:
    """What the audit finds on one published map, behind the lock that publishing takes."""
    with transaction.atomic():
        locked = WorkflowTemplate.objects.select_for_update(no_key=True)
        locked.filter(versions=version_id).first()
        version = (
            TemplateVersion.objects.select_related("template")
            .filter(pk=version_id, state=TemplateVersion.PUBLISHED)
            .first()
        )
        if version is None:
            return 0
        return keep_findings(version, _findings(version), now=now, tell=True)


def _findings(version: TemplateVersion) -> Iterator[Finding]:
    """What the audit finds, and what the workflow's owner was let use and may not any more."""
    try:
        definition = definition_of(version)
    except DefinitionProblem:
        return  # it was whole when it was published, and published maps do not change
    yield from audit(definition, SitePeople())
    for use in uses(definition):
        try:
            check_now(version.template, [use])
        except NotGranted as refused:
            message = f"What the map relies on was withdrawn: {refused}"
            yield Finding("error", refused.code, use.step or None, message, WITHDRAWN)


def _close_old(now: datetime) -> None:
    """Findings on versions that are not in use any more."""
    over = MapFinding.objects.filter(closed_at=None).exclude(
        version__state=TemplateVersion.PUBLISHED
    )
    over.update(closed_at=now)
