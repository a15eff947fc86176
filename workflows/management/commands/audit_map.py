"""Prints what the map audit finds in a workflow or a definition file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from workflows.engine.audit import Finding, audit
from workflows.management.base import FOUND, HandoffCommand
from workflows.management.sources import source_named
from workflows.services.directory import people_for


class Command(HandoffCommand):
    """Audit a map with this site's people; exits with 1 where it has an error."""

    help = "Print the map audit's findings for a workflow's newest version or a definition file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which map."""
        parser.add_argument("source", metavar="KEY|FILE", help="a workflow's key, or a file")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Errors first; warnings do not fail the command."""
        source = source_named(options["source"], newest=True)
        findings = sorted(
            audit(source.definition, people_for(source.version)),
            key=lambda finding: finding.severity != "error",
        )
        errors = sum(finding.severity == "error" for finding in findings)
        data = {
            "workflow": source.definition.key,
            "version": source.version.number if source.version else None,
            "errors": errors,
            "warnings": len(findings) - errors,
            "findings": [asdict(finding) for finding in findings],
        }
        self.show(options, data, _text(findings, errors))
        return FOUND if errors else None


def _text(findings: Sequence[Finding], errors: int) -> str:
    if not findings:
        return "The map has no findings."
    lines = []
    for finding in findings:
        where = f" {finding.step}" if finding.step else ""
        lines += [f"{finding.severity}{where}: {finding.message}", f"    {finding.remedy}"]
    warnings = len(findings) - errors
    lines.append(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}.")
    return "\n".join(lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
