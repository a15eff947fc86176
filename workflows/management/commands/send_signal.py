"""Sends a message to all running requests of a workflow that wait for it, or will."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.engine.errors import InvalidInput
from workflows.execution.services.messages.signals import SignalLine, send_signal
from workflows.management.base import EXIT_FOUND, HandoffCommand, find_acting_user
from workflows.people.models import User


class Command(HandoffCommand):
    """Prints what became of it at each request; 1 where some refused it."""

    help = "Send a message to all running requests of a workflow that wait for it, or will."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow, which message, with what, to which, and as whom."""
        parser.add_argument("key", metavar="KEY", help="the workflow's key")
        parser.add_argument("message", metavar="MESSAGE", help="the name of the message")
        parser.add_argument(
            "--data",
            default="{}",
            metavar="JSON",
            help="values for the fields that the waits fill in",
        )
        parser.add_argument(
            "--where",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            help="only to requests with this value; may be given several times",
        )
        parser.add_argument(
            "--as", dest="actor", metavar="USER", required=True, help="who sends it"
        )

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Page by page, until there are no more."""
        actor = find_acting_user(options["actor"])
        assert actor is not None
        lines = _send_to_all(actor, options)
        told = [
            {
                "reference": line.reference,
                "message": line.fate.value if line.fate is not None else "refused",
                "reason": str(line.refusal) if line.refusal is not None else None,
            }
            for line in lines
        ]
        text = "\n".join(
            " ".join(filter(None, (each["reference"], each["message"], each["reason"])))
            for each in told
        )
        self.show(options, {"requests": told}, text)
        return EXIT_FOUND if any(line.fate is None for line in lines) else None


def _send_to_all(actor: User, options: Mapping[str, Any]) -> list[SignalLine]:
    lines: list[SignalLine] = []
    after: int | None = 0
    data, where = _read_data(options["data"]), _read_where(options["where"])
    while after is not None:
        report = send_signal(
            options["key"],
            options["message"],
            actor=actor,
            now=timezone.now(),
            data=data,
            where=where,
            after=after,
        )
        lines.extend(report.lines)
        after = report.following
    return lines


def _read_data(written: str) -> dict[str, Any]:
    try:
        data = json.loads(written)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise InvalidInput('Give --data as a JSON object, such as {"note": "Two boxes."}.')
    return data


def _read_where(written: list[str]) -> dict[str, Any]:
    pairs = [pair.partition("=") for pair in written]
    if not all(sign for _, sign, _ in pairs):
        raise InvalidInput("Give each --where as FIELD=VALUE, such as order=A-1.")
    return {key.strip(): value for key, _, value in pairs}
