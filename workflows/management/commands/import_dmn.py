"""Puts the decision table of a DMN file into a draft of a workflow."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.queries.sources import find_named_workflow
from workflows.definitions.queries.table_files import find_named_table
from workflows.definitions.services.table_files import put_dmn_table
from workflows.engine.bpmn.xml_tree import MAX_BYTES
from workflows.engine.errors import InvalidInput, WrongState
from workflows.engine.format.definition import TableStep
from workflows.management.base import HandoffCommand, find_acting_user
from workflows.persistence.files import read_bytes


class Command(HandoffCommand):
    """Replace a table of a draft; the whole file or nothing of it."""

    help = "Put the decision table of a DMN file in the place of a table of a workflow's draft."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, which of its decisions, and the table that it replaces."""
        parser.add_argument("file", metavar="FILE", help="a DMN file, version 1.1 to 1.5")
        parser.add_argument("key", metavar="KEY", help="the workflow's key; it needs a draft")
        parser.add_argument("--step", metavar="STEP", help="the table, where the map has several")
        parser.add_argument("--decision", metavar="ID", help="which decision of the file")
        parser.add_argument("--as", dest="actor", metavar="USER", help="who does it")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Read the whole file before the first row is written."""
        actor = find_acting_user(options["actor"])
        if actor is None:
            raise InvalidInput("Say with --as who changes the draft.")
        draft = _find_draft(options["key"])
        step = find_named_table(definition_of(draft), options["step"])
        version = put_dmn_table(
            draft.pk,
            step,
            read_bytes(options["file"], MAX_BYTES),
            name=options["file"],
            decision=options["decision"],
            actor=actor,
            now=timezone.now(),
        )
        table = definition_of(version).steps[step]
        assert isinstance(table, TableStep)
        rows = len(table.rows or ())
        result = {"key": options["key"], "version": version.number, "step": step, "rows": rows}
        self.show(options, result, f"'{step}' of {version} has {rows} rows now.")
        return None


def _find_draft(key: str) -> TemplateVersion:
    template = find_named_workflow(key)
    drafts = template.versions.filter(state=TemplateVersion.DRAFT)
    draft: TemplateVersion | None = drafts.order_by("-number").first()
    if draft is None:
        raise WrongState(
            "'%(name)s' has no draft; make one first, as a published table does not change.",
            name=template.name,
        )
    return draft
