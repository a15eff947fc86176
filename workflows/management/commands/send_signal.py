"""Sends a message to all running requests of a workflow that wait for it, or will."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.access.services.idempotency import Reply, answer_once
from workflows.definitions.queries.sources import find_named_workflow
from workflows.engine.errors import InvalidInput
from workflows.execution.services.messages.signals import MOST_AT_ONCE, SignalLine, send_signal
from workflows.management.base import EXIT_FOUND, HandoffCommand, find_acting_user
from workflows.people.models import User

LONGEST_KEY = 100


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
            "--most",
            type=int,
            default=MOST_AT_ONCE,
            metavar="N",
            help="with --once: so many requests are one transaction (%(default)s)",
        )
        parser.add_argument(
            "--once",
            metavar="KEY",
            help="a key of your own: called again with it, the command goes on where it was broken"
            " off, and no request gets the message twice",
        )
        parser.add_argument(
            "--as", dest="actor", metavar="USER", required=True, help="who sends it"
        )

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Page by page, until there are no more."""
        actor = find_acting_user(options["actor"])
        assert actor is not None
        find_named_workflow(options["key"])  # a misspelt key is told from a workflow at rest
        told = _send_to_all(actor, options)
        text = "\n".join(
            " ".join(filter(None, (each["reference"], each["message"], each["reason"])))
            for each in told
        )
        self.show(options, {"requests": told}, text)
        return EXIT_FOUND if any(each["message"] == "refused" for each in told) else None


def _send_to_all(actor: User, options: Mapping[str, Any]) -> list[dict[str, str | None]]:
    told: list[dict[str, str | None]] = []
    data, where = _read_data(options["data"]), _read_where(options["where"])
    after: int | None = 0
    while after is not None:
        page = send_page(actor, options, data, where, after)
        told.extend(page["requests"])
        after = page["next"]
    return told


def send_page(
    actor: User,
    options: Mapping[str, Any],
    data: Mapping[str, Any],
    where: Mapping[str, Any],
    after: int,
) -> Mapping[str, Any]:
    """What became of one page; with a key it is one transaction, and done once."""
    now = timezone.now()

    def send() -> Reply:
        report = send_signal(
            options["key"],
            options["message"],
            actor=actor,
            now=now,
            data=data,
            where=where,
            after=after,
            most=options["most"],
        )
        lines = [_line(line) for line in report.lines]
        return Reply(200, {"requests": lines, "next": report.following})

    key = options["once"]
    if not key:
        return dict(send().body)
    if len(key) > LONGEST_KEY:
        raise InvalidInput("Give a key of at most %(limit)s characters.", limit=LONGEST_KEY)
    said = json.dumps([options["key"], options["message"], data, where], sort_keys=True)
    once = answer_once(
        f"signal {key} {after}",
        user=actor,
        fingerprint=sha256(said.encode()).hexdigest(),
        now=now,
        command=send,
    )
    return dict(once.body)


def _line(line: SignalLine) -> dict[str, str | None]:
    return {
        "reference": line.reference,
        "message": line.fate.value if line.fate is not None else "refused",
        "reason": str(line.refusal) if line.refusal is not None else None,
    }


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
