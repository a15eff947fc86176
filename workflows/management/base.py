"""What Handoff's commands share, so that each one speaks, prints and exits in the same way.

A command implements `run()` and returns 1 when it found what it looks for, else nothing. Bad
input is raised as a `HandoffError` (or `CommandError`): one line on stderr, exit code 2.
"""

import json
import os
import sys
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, ProgrammingError

from workflows.engine.errors import HandoffError, InvalidInput, NotFound
from workflows.people.models import User
from workflows.trail.choices import TrailChannel
from workflows.trail.services.channel import channel_scope

EXIT_FOUND = 1
EXIT_BAD_INPUT = 2


class ManagementRefusal(CommandError):
    """Bad input, in the one line that goes to stderr."""

    def __init__(self, message: str) -> None:
        super().__init__(printable_line(message), returncode=EXIT_BAD_INPUT)


class HandoffCommand(BaseCommand):
    """A command that exits 0 (all is well), 1 (it found something) or 2 (bad input)."""

    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Every command takes `--json`; a wrong argument is answered in one line."""
        # A command's own option may take the place of Django's, as `--version N` does.
        kwargs.setdefault("conflict_handler", "resolve")
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="print JSON instead of text")
        parser.print_usage = _print_no_usage  # type: ignore[method-assign]
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run from the command line, where a refusal is one line and an exit code."""
        try:
            super().run_from_argv(argv)
        except BrokenPipeError:  # the reader (head, less) has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command; turn what it refused into a line and what it found into a code."""
        try:
            with channel_scope(TrailChannel.COMMAND):
                code = self.run(options)
        except (HandoffError, CommandError) as problem:
            raise ManagementRefusal(str(problem)) from problem
        except (OperationalError, ProgrammingError) as problem:
            raise ManagementRefusal(
                f"The database cannot be used: {problem}."
                " Is it running, and was `manage.py migrate` run?"
            ) from problem
        if code:
            raise SystemExit(code)

    @abstractmethod
    def run(self, options: Mapping[str, Any]) -> int | None:
        """Do the command's work; 1 when it found what it looks for."""

    def show(self, options: Mapping[str, Any], data: Any, text: str) -> None:
        """Print the result: `data` as JSON with `--json`, else the text."""
        self.stdout.write(json_text(data) if options["json"] else text)

    def show_file(
        self,
        options: Mapping[str, Any],
        data: Mapping[str, Any],
        *,
        kind: str,
        written: str,
        about: str,
    ) -> None:
        """Print a file's text (in JSON under its kind); with `--out` write it there, and say what
        is there now."""
        if options["out"] is None:
            self.show(options, {**data, kind: written}, written.rstrip("\n"))
            return
        try:
            Path(options["out"]).write_text(written, encoding="utf-8")
        except OSError as problem:
            raise InvalidInput(
                "%(file)s cannot be written: %(problem)s.",
                file=options["out"],
                problem=problem.strerror,
            ) from problem
        self.show(options, {**data, "file": options["out"]}, f"{about} is in {options['out']}.")


def _print_no_usage(file: Any = None) -> None:
    """The usage is in --help; an error is one line."""


def json_text(data: Any) -> str:
    """JSON as people read it, with dates and decimals as text."""
    return json.dumps(data, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)


def printable_line(text: str) -> str:
    """A message without line breaks and control characters, as long as a terminal bears."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= 1000 else words[:999] + "…"


def find_acting_user(username: str | None) -> User | None:
    """The active person whom `--as` names; None where it was not given."""
    if username is None:
        return None
    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFound(
            "There is no person '%(username)s'; give the username of one who exists.",
            username=username,
        )
    if not user.is_active:
        raise InvalidInput(
            "The account of '%(username)s' is not active; name somebody else.", username=username
        )
    return user
