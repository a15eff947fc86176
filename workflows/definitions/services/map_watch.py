"""Published maps that have gone wrong since: somebody left, a group went, a connection is off.

The clock audits each published map anew. What can come and go without any change of the map is
kept in rows: shown on the health page, told to the workflow's owner once, closed when mended.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from workflows.definitions.models import MapFinding, TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.queries.external_permissions import (
    NotGranted,
    check_current_permissions,
    find_foreign_uses,
)
from workflows.definitions.services.findings import sync_map_findings
from workflows.engine.audit import AuditFinding, audit_definition
from workflows.engine.audit.findings import make_finding
from workflows.engine.errors import DefinitionProblem
from workflows.engine.texts import join_texts
from workflows.outbox.services.heartbeats import open_round_units
from workflows.people.queries.directory import SitePeople, VersionPeople


def audit_published_maps(*, now: datetime) -> int:
    """Look at every published map; how many findings are new. One that cannot be looked at is
    set aside, and the rest goes on."""
    new = 0
    published = TemplateVersion.objects.filter(state=TemplateVersion.PUBLISHED)
    with open_round_units("watch-maps", now) as round_maps:
        for pk, key in published.order_by("pk").values_list("pk", "template__key"):
            with round_maps.isolate_unit(key):
                new += _audit_published_map(pk, now)
    _close_outdated_findings(now)
    return new


def _audit_published_map(version_id: int, now: datetime) -> int:
    """What the audit finds on one published map, behind the lock that publishing takes."""
    with transaction.atomic():
        locked = WorkflowTemplate.objects.select_for_update(no_key=True)
        locked.filter(versions=version_id).first()
        version = (
            TemplateVersion.objects.select_related("template__owner", "template__deputy")
            .filter(pk=version_id, state=TemplateVersion.PUBLISHED)
            .first()
        )
        if version is None:
            return 0
        return sync_map_findings(version, _collect_findings(version), now=now, tell=True)


def _collect_findings(version: TemplateVersion) -> Iterator[AuditFinding]:
    """What the audit finds, and what the workflow's owner was let use and may not any more."""
    try:
        definition = VersionPeople(version).renamed(definition_of(version))
    except DefinitionProblem as problem:
        # It was whole when it was published, and published maps do not change.
        gone = get_version_map(version).gone_parts
        named = join_texts(list(gone)) if gone else problem.text
        yield make_finding("extension_gone", None, problem=named)
        return
    yield from audit_definition(definition, SitePeople())
    for use in find_foreign_uses(definition):
        try:
            check_current_permissions(version.template, [use])
        except NotGranted as refusal:
            yield make_finding(refusal.code, use.step or None, refusal=refusal.text)


def _close_outdated_findings(now: datetime) -> None:
    """Findings on versions that are not in use any more."""
    over = MapFinding.objects.filter(closed_at=None).exclude(
        version__state=TemplateVersion.PUBLISHED
    )
    over.update(closed_at=now)
