"""The rows of what the audit finds on published maps: opened, told once, closed when mended."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from workflows.definitions.models import MapFinding, TemplateVersion
from workflows.engine.audit import WORLD, AuditFinding
from workflows.engine.audit.findings import PERMISSIONS
from workflows.engine.texts import dump_text, text
from workflows.notices.choices import NoticeEvent
from workflows.people.services.recipients import mail_about_workflow

FindingKey = tuple[str, str]
RECORDED_CODES: Final = WORLD | frozenset(PERMISSIONS)
"""What can come and go without any change of the map; what an owner was let use, and what is
installed, included."""


def sync_map_findings(
    version: TemplateVersion, findings: Iterable[AuditFinding], *, now: datetime, tell: bool
) -> int:
    """Make the open rows of a published version say what the audit finds; how many are new.

    Only what can go wrong without a change of the map is kept. With `tell` the workflow's owner
    and deputy get one mail for each new finding. To be called within a transaction.
    """
    findings_by_key = _index_findings(findings)
    open_rows = {(row.code, row.step): row for row in version.map_findings.filter(closed_at=None)}
    mended = [row.pk for key, row in open_rows.items() if key not in findings_by_key]
    if mended:
        MapFinding.objects.filter(pk__in=mended).update(closed_at=now)
    new = [
        _finding_row(version, finding, now, tell=tell)
        for key, finding in findings_by_key.items()
        if key not in open_rows
    ]
    if new:
        MapFinding.objects.bulk_create(new)
    for row in new if tell else ():
        _notify_owner(version, row, now)
    return len(new)


def _finding_row(
    version: TemplateVersion, finding: AuditFinding, now: datetime, *, tell: bool
) -> MapFinding:
    return MapFinding(
        version=version,
        code=finding.code,
        step=finding.step or "",
        severity=finding.severity,
        variant=finding.variant,
        parameters={name: dump_text(part) for name, part in finding.parameters.items()},
        found_at=now,
        told_at=now if tell else None,
    )


def _index_findings(findings: Iterable[AuditFinding]) -> dict[FindingKey, AuditFinding]:
    """One finding for each kind and step: the first stands for those like it."""
    first_findings: dict[FindingKey, AuditFinding] = {}
    for finding in findings:
        if finding.code in RECORDED_CODES:
            first_findings.setdefault((finding.code, finding.step or ""), finding)
    return first_findings


def _notify_owner(version: TemplateVersion, row: MapFinding, now: datetime) -> None:
    mail_about_workflow(
        version.template,
        now,
        event=NoticeEvent.MAP_PROBLEM,
        subject=text("The map of '%(workflow)s' has gone wrong", workflow=version.template.name),
        text=text(
            "%(problem)s\n\n%(remedy)s",
            problem=row.finding.message,
            remedy=row.finding.remedy,
        ),
    )


def close_map_findings(version: TemplateVersion, *, now: datetime) -> None:
    """Nothing starts on this version any more, so nothing is found on it."""
    version.map_findings.filter(closed_at=None).update(closed_at=now)
