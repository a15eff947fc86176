"""Prints what the map audit finds in a workflow or a definition file."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import CommandParser

from workflows.definitions.queries.sources import read_source
from workflows.engine.audit import AuditFinding, audit_definition
from workflows.management.base import EXIT_FOUND, HandoffCommand
from workflows.people.queries.directory import audit_people_for


class Command(HandoffCommand):
    """Audit a map with this site's people; exits with 1 where it has an error."""

    help = "Print the map audit's findings for a workflow's newest version or a definition file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which map."""
        parser.add_argument("source", metavar="KEY|FILE", help="a workflow's key, or a file")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Errors first; warnings do not fail the command."""
        source = read_source(options["source"], newest=True)
        findings = sorted(
            audit_definition(source.definition, audit_people_for(source.version)),
            key=lambda finding: finding.severity != "error",
        )
        errors = sum(finding.severity == "error" for finding in findings)
        data = {
            "workflow": source.definition.key,
            "version": source.version.number if source.version else None,
            "errors": errors,
            "warnings": len(findings) - errors,
            "findings": [_finding_json(finding) for finding in findings],
        }
        self.show(options, data, _render_findings(findings, errors))
        return EXIT_FOUND if errors else None


def _finding_json(finding: AuditFinding) -> dict[str, object]:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "step": finding.step,
        "message": str(finding.message),
        "remedy": str(finding.remedy),
    }


def _render_findings(findings: Sequence[AuditFinding], errors: int) -> str:
    if not findings:
        return "The map has no findings."
    lines = []
    for finding in findings:
        where = f" {finding.step}" if finding.step else ""
        lines += [f"{finding.severity}{where}: {finding.message}", f"    {finding.remedy}"]
    warnings = len(findings) - errors
    lines.append(f"{_count_phrase(errors, 'error')}, {_count_phrase(warnings, 'warning')}.")
    return "\n".join(lines)


def _count_phrase(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
