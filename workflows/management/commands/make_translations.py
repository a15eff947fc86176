"""Writes the catalogues for translators anew."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from workflows.language.catalogues import CatalogueReport, update_catalogue
from workflows.language.extraction import extract_sentences
from workflows.management.base import HandoffCommand


class Command(HandoffCommand):
    """Reads the sentences of the source into `LANGUAGE/LC_MESSAGES/django.po` of a folder."""

    help = "Read the sentences of the source into the catalogue of each language named."

    def add_arguments(self, parser: CommandParser) -> None:
        """The languages, and the folder of their catalogues."""
        parser.add_argument("languages", nargs="+", metavar="LANGUAGE", help="such as de or pt-br")
        add_folder_argument(parser)

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Write each catalogue, and say how much of it is missing."""
        sentences = extract_sentences(Path(settings.BASE_DIR))
        reports = [
            update_catalogue(options["folder"], language, sentences)
            for language in options["languages"]
        ]
        self.show(options, list(map(report_data, reports)), render_reports(reports))
        return None


def add_folder_argument(parser: CommandParser) -> None:
    """The folder of the catalogues."""
    parser.add_argument(
        "--folder",
        type=Path,
        default=settings.LOCALE_PATHS[0],
        help="where the catalogues are (the first of HANDOFF_LOCALE, else Handoff's own)",
    )


def report_data(report: CatalogueReport) -> dict[str, Any]:
    """A catalogue's figures, for `--json`."""
    return {
        "file": str(report.path),
        "sentences": report.sentences,
        "missing": report.missing,
        "problems": list(report.problems),
    }


def render_reports(reports: list[CatalogueReport]) -> str:
    """A line for each catalogue, and one for each translation that does not fit."""
    lines = []
    for report in reports:
        lines.append(
            f"{report.path}: {report.sentences:,} sentences, {report.missing:,} without a"
            " translation."
        )
        lines += [f"  {problem}" for problem in report.problems]
    return "\n".join(lines)
