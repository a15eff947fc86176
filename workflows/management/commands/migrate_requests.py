"""Says what would become of running requests on another version; moves them, or puts them back."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.definitions.queries.sources import find_named_workflow
from workflows.engine.versions.move_reasons import Verdict
from workflows.engine.versions.steps_file import read_steps_file
from workflows.management.base import EXIT_FOUND, HandoffCommand, find_acting_user
from workflows.people.models import User
from workflows.persistence.files import read_bytes
from workflows.version_changes.messages import VERDICT_WORDS, describe_move_reason
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.queries.move_plans import (
    RequestVerdict,
    count_verdicts,
    plan_requests,
)
from workflows.version_changes.queries.target_versions import (
    MoveTarget,
    build_target,
    find_source_versions,
    find_target_version,
)
from workflows.version_changes.services.runs import move_requests, put_back_requests

FILE_LIMIT = 1_000_000
LISTED = 50
"""So many requests are printed; --json has all."""


class Command(HandoffCommand):
    """A dry run unless it is told to apply; 1 where some requests need a person."""

    help = (
        "Say of each running request of a workflow whether it moves to another version, stays or"
        " needs a person, and why; with --apply move those that move."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow and version, which step is which, and whether it is meant."""
        parser.add_argument("key", metavar="KEY", help="the workflow's key")
        parser.add_argument(
            "--to", required=True, type=int, metavar="VERSION", help="the version to move to"
        )
        parser.add_argument(
            "--steps",
            metavar="FILE",
            help="a YAML file of steps: old key: new key, a list of keys where a step was split,"
            " or nothing where it is gone; steps that it does not name are found by themselves",
        )
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--apply", action="store_true", help="move those that move")
        chosen.add_argument(
            "--undo",
            action="store_true",
            help="put back those that were moved there, as long as nothing has moved them since",
        )
        parser.add_argument("--reason", default="", help="why, for the trail")
        parser.add_argument("--as", dest="actor", metavar="USER", help="who does it")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Read everything before the first request is moved."""
        actor = find_acting_user(options["actor"])
        version = find_target_version(find_named_workflow(options["key"]), options["to"])
        if options["undo"]:
            return self._put_back(options, version.template, version.pk, actor)
        target = build_target(version, _read_steps(options["steps"]))
        lines = list(
            move_requests(target, actor=actor, reason=options["reason"], clock=timezone.now)
            if options["apply"]
            else plan_requests(target, actor)
        )
        counts = count_verdicts(lines)
        result: dict[str, Any] = {verdict.value: count for verdict, count in counts.items()}
        result |= {"steps": _steps_json(target), "requests": [_line_json(line) for line in lines]}
        self.show(options, result, _describe(target, lines, counts, applied=options["apply"]))
        return EXIT_FOUND if counts[Verdict.NEEDS_PERSON] else None

    def _put_back(
        self,
        options: Mapping[str, Any],
        template: WorkflowTemplate,
        version_id: int,
        actor: User | None,
    ) -> int | None:
        moves = MovedRequest.objects.filter(
            to_version=version_id, put_back_at=None, request__template=template
        )
        results = list(
            put_back_requests(
                list(moves.values_list("pk", flat=True)),
                actor=actor,
                reason=options["reason"],
                clock=timezone.now,
            )
        )
        refused = [result for result in results if result.why_not]
        rows = [
            {"reference": row.reference, "put_back": not row.why_not, "reason": str(row.why_not)}
            for row in results
        ]
        data = {"put_back": len(results) - len(refused), "refused": len(refused), "requests": rows}
        lines = [f"{data['put_back']} put back, {len(refused)} not."]
        lines += [f"  {row.reference}: {row.why_not}" for row in refused[:LISTED]]
        self.show(options, data, "\n".join(lines))
        return EXIT_FOUND if refused else None


def _read_steps(path: str | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    return read_steps_file(read_bytes(path, FILE_LIMIT), name=path)


def _steps_json(target: MoveTarget) -> dict[str, Any]:
    """Which step is which, for each version from which requests come."""
    return {
        str(number): target.steps_from(pk).to_json()
        for pk in find_source_versions(target.version)
        for number in [cached_map(pk).number]
    }


def _line_json(line: RequestVerdict) -> dict[str, Any]:
    return {
        "reference": line.reference,
        "verdict": line.verdict.value,
        "reason": str(describe_move_reason(line.reason)),
        "code": line.reason.code,
        "step": line.reason.step_key,
        "version": line.version,
    }


def _describe(
    target: MoveTarget,
    lines: list[RequestVerdict],
    counts: Mapping[Verdict, int],
    *,
    applied: bool,
) -> str:
    done = "moved" if applied else "would move"
    rest = f"{counts[Verdict.STAYS]} stay, {counts[Verdict.NEEDS_PERSON]} need a person"
    text = [f"To {target.version}: {counts[Verdict.MOVES]} {done}, {rest}."]
    reasons = Counter((line.verdict, line.reason.code) for line in lines)
    text += [f"  {VERDICT_WORDS[v]}: {code}: {count}" for (v, code), count in reasons.items()]
    shown = [line for line in lines if line.verdict is not Verdict.MOVES][:LISTED]
    text += [f"  {line.reference}: {describe_move_reason(line.reason)}" for line in shown]
    return "\n".join(text)
