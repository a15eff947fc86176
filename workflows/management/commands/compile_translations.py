"""Compiles catalogues into what the site reads."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from workflows.engine.errors import NotFound
from workflows.language.catalogues import PO_FILE, compile_catalogue, locale_name
from workflows.management.base import HandoffCommand
from workflows.management.commands.make_translations import (
    add_folder_argument,
    render_reports,
    report_data,
)


class Command(HandoffCommand):
    """Writes `django.mo` beside each `django.po`, once its places fit."""

    help = "Check the catalogues of a folder and compile them, or those of the languages named."

    def add_arguments(self, parser: CommandParser) -> None:
        """The languages, and the folder of their catalogues."""
        parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help="all where none named")
        add_folder_argument(parser)

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Compile each; a translation with other places than its sentence is refused."""
        folder = options["folder"]
        names = [locale_name(language) for language in options["languages"]] or ["*"]
        paths = [path for name in names for path in sorted(folder.glob(f"{name}/{PO_FILE}"))]
        if not paths:
            raise NotFound(
                "There is no catalogue to compile in %(folder)s; make one by"
                " `manage.py make_translations LANGUAGE`.",
                folder=folder,
            )
        reports = [compile_catalogue(path) for path in paths]
        self.show(options, list(map(report_data, reports)), render_reports(reports))
        return None
