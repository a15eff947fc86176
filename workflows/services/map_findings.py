"""The rows of what the audit finds on published maps: opened, told once, closed when mended."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from workflows.engine.audit import WORLD, Finding
from workflows.models import MapFinding, TemplateVersion
from workflows.services import foreign
from workflows.services.whom import tell_of

Key = tuple[str, str]
KEPT: Final = WORLD | frozenset(foreign.CODES.values())
"""What can come and go without any change of the map; what an owner was let use included."""


def keep_findings(
    version: TemplateVersion, findings: Iterable[Finding], *, now: datetime, tell: bool
) -> int:
    """Make the open rows of a published version say what the audit finds; how many are new.

    Only what can go wrong without a change of the map is kept. With `tell` the workflow's owner
    and deputy get one mail for each new finding. To be called within a transaction.
    """
    found = _by_key(findings)
    there = {(row.code, row.step): row for row in version.map_findings.filter(closed_at=None)}
    gone = [row.pk for key, row in there.items() if key not in found]
    if gone:
        MapFinding.objects.filter(pk__in=gone).update(closed_at=now)
    new = [
        MapFinding(
            version=version, code=one.code, step=one.step or "", severity=one.severity,
            message=one.message, remedy=one.remedy, found_at=now, told_at=now if tell else None,
        )
        for key, one in found.items() if key not in there
    ]  # fmt: skip
    if new:
        MapFinding.objects.bulk_create(new)
    for row in new if tell else ():
        _tell(version, row, now)
    return len(new)


def _by_key(findings: Iterable[Finding]) -> dict[Key, Finding]:
    """One finding for each kind and step: the first stands for those like it."""
    kept: dict[Key, Finding] = {}
    for one in findings:
        if one.code in KEPT:
            kept.setdefault((one.code, one.step or ""), one)
    return kept


def _tell(version: TemplateVersion, row: MapFinding, now: datetime) -> None:
    tell_of(
        version.template,
        now,
        subject=f"The map of '{version.template.name}' has gone wrong",
        text=f"{row.message}\n\n{row.remedy}",
    )


def close_findings(version: TemplateVersion, *, now: datetime) -> None:
    """Nothing starts on this version any more, so nothing is found on it."""
    version.map_findings.filter(closed_at=None).update(closed_at=now)
