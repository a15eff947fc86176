"""Loads definition files as drafts, and publishes them on request: all of them, or none."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.sources import read_definition_file
from workflows.definitions.services.publishing import load_definition, publish
from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import Definition
from workflows.management.base import HandoffCommand, find_acting_user
from workflows.people.models import User


class Command(HandoffCommand):
    """Load definition files; where one is refused, nothing of any of them is written."""

    help = "Load definition files (YAML or JSON) as draft versions; with --publish also publish."

    def add_arguments(self, parser: CommandParser) -> None:
        """The files, and what to do with them."""
        parser.add_argument("files", nargs="+", metavar="FILE", help="a definition file")
        parser.add_argument("--publish", action="store_true", help="audit the maps and publish")
        parser.add_argument("--as", dest="actor", metavar="USER", help="the person who does it")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Read every file before the first row is written."""
        definitions = [(path, read_definition_file(path)) for path in options["files"]]
        now = timezone.now()
        with transaction.atomic():
            actor = find_acting_user(options["actor"])
            results = [
                _load_file(path, definition, actor, now, publishing=options["publish"])
                for path, definition in definitions
            ]
        self.show(options, results, "\n".join(_describe_load(result) for result in results))
        return None


def _load_file(
    path: str, definition: Definition, actor: User | None, now: datetime, *, publishing: bool
) -> dict[str, Any]:
    version, is_new = load_definition(definition, actor=actor, now=now)
    if publishing and version.state == TemplateVersion.DRAFT:
        try:
            version = publish(version.pk, actor=actor, now=now)
        except DefinitionProblem as problem:
            raise DefinitionProblem(
                "%(path)s: %(problem)s See `audit_map %(path)s`.", path=path, problem=problem
            ) from problem
    return {
        "file": path,
        "workflow": definition.key,
        "version": version.number,
        "state": version.state,
        "new": is_new,
    }


def _describe_load(result: dict[str, Any]) -> str:
    outcome = "loaded as" if result["new"] else "is already"
    return (
        f"{result['file']}: {outcome} version {result['version']} of"
        f" {result['workflow']} ({result['state']})."
    )
