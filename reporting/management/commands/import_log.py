"""Brings a process's event log in as requests, with its own times, and takes it out again."""

import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from reporting.eventlogs.messages import account_sentences, left_out_sentences
from reporting.eventlogs.readers.read import LogReadOptions
from reporting.eventlogs.readers.times import ORDERS
from reporting.eventlogs.services.importing import ImportResult, import_log
from reporting.eventlogs.services.progress import Progress
from reporting.eventlogs.services.removal import undo_import
from workflows.history_import.models import LogImport
from workflows.management.base import HandoffCommand, find_acting_user

EVERY_SECONDS = 2.0


class Command(HandoffCommand):
    """Import a log under a workflow; a key that does not exist yet gets an observed map."""

    help = (
        "Bring an event log (CSV, XES or OCEL 2.0, also gzipped) in as requests with the log's own"
        " times. A KEY that does not exist yet gets a map made from the log, to learn from and to"
        " redraw. --undo N takes an import out again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow, which log, and what the file does not say itself."""
        parser.add_argument(
            "source", metavar="KEY|FILE", nargs="?", help="a workflow's key, or a file"
        )
        parser.add_argument(
            "log", metavar="LOG", nargs="?", help="the event log: .csv, .xes or .json, also .gz"
        )
        parser.add_argument("--as", dest="person", metavar="USER", help="in this person's name")
        add_read_options(parser)
        parser.add_argument("--list", action="store_true", help="the imports that are here")
        parser.add_argument("--undo", metavar="N", type=int, help="take import N out again")
        parser.add_argument("--reason", default="", help="why it is taken out, for the trail")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Import, list, or take out."""
        if options["list"]:
            self._list_imports(options)
            return None
        if options["undo"] is not None:
            self._undo_import(options)
            return None
        if not options["source"] or not options["log"]:
            raise CommandError("Give a workflow's KEY (or FILE) and a LOG; or --list, or --undo N.")
        done = import_log(
            options["source"],
            options["log"],
            actor=find_acting_user(options["person"]),
            now=timezone.now(),
            read_options=log_read_options(options),
            progress=self._progress(),
        )
        self.show(options, import_as_json(done), "\n".join(_import_summary(done)))
        return None

    def _undo_import(self, options: Mapping[str, Any]) -> None:
        record = undo_import(
            options["undo"],
            actor=find_acting_user(options["person"]),
            reason=options["reason"],
            now=timezone.now(),
            progress=self._progress(),
        )
        self.show(
            options,
            {
                "import": record.pk,
                "workflow": record.template.key,
                "state": record.state,
                "cases": record.cases,
                "tasks": record.tasks,
            },
            f"{record.cases:,} requests with {record.tasks:,} tasks of {record.file_name} are taken"
            f" out of '{record.template.key}'. The figures follow within five minutes, or at once"
            " with roll_up.",
        )

    def _list_imports(self, options: Mapping[str, Any]) -> None:
        records = LogImport.objects.select_related("template", "version").order_by("id")
        rows = [
            {
                "import": record.pk,
                "workflow": record.template.key,
                "version": record.version.number,
                "file": record.file_name,
                "sha256": record.digest,
                "state": record.state,
                "cases": record.cases,
                "tasks": record.tasks,
                "began_at": record.began_at,
                "by": record.actor_name,
            }
            for record in records
        ]
        text = "\n".join(
            f"{row['import']:>5}  {row['workflow']}  {row['file']}: {row['cases']:,} requests,"
            f" {row['tasks']:,} tasks, {row['state']}, {row['began_at']:%Y-%m-%d %H:%M}"
            for row in rows
        )
        self.show(options, rows, text or "No log was brought in.")

    def _progress(self) -> Progress:
        last = time.monotonic()

        def write_import_progress(stage: str, done: int, whole: int) -> None:
            nonlocal last
            if time.monotonic() - last >= EVERY_SECONDS:
                last = time.monotonic()
                self.stderr.write(f"{stage}: {done:,}{f' of {whole:,}' if whole else ''} rows")

        return write_import_progress


def add_read_options(parser: CommandParser) -> None:
    """What somebody can say about a file that it does not say itself."""
    parser.add_argument(
        "--columns", metavar="OURS=THEIRS", action="append", help="which column is which; repeated"
    )
    parser.add_argument("--encoding", metavar="NAME", help="of a text file, where it is guessed")
    parser.add_argument("--dates", choices=ORDERS, help="which is first in dates like 03/04/2026")
    parser.add_argument("--object-type", metavar="TYPE", help="which objects of OCEL are cases")
    parser.add_argument(
        "--skip", action="store_true", help="leave rows out that cannot be used, and list them"
    )


def log_read_options(options: Mapping[str, Any]) -> LogReadOptions:
    """The same from a command's options."""
    names = ("columns", "encoding", "dates", "object_type", "skip")
    return LogReadOptions.from_options(**{name: options[name] for name in names})


def import_as_json(done: ImportResult) -> dict[str, Any]:
    """What came in, for other programs."""
    return {
        "import": done.record.pk,
        "workflow": done.version.template.key,
        "version": done.version.number,
        "observed": done.observed,
        "cases": done.cases,
        "rows": done.rows,
        **{key: value for key, value in done.account.as_json().items() if key != "rows"},
    }


def _import_summary(done: ImportResult) -> list[str]:
    basis = "with a map observed in the log" if done.observed else "on its map"
    return [
        (
            f"{done.cases:,} cases with {done.rows:,} rows are in '{done.version.template.key}'"
            f" version {done.version.number}, {basis} (import {done.record.pk})."
        ),
        *account_sentences(done.account),
        *left_out_sentences(done.account),
    ]
