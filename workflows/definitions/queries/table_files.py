"""A decision table of a version as a file to keep: CSV for a spreadsheet, DMN for other tools."""

from typing import Final

from workflows.definitions.models import Step, TemplateVersion
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.queries.map_files import MapFile
from workflows.engine.dmn.writing import write_dmn
from workflows.engine.errors import DefinitionProblem, InvalidInput, NotFound
from workflows.engine.format.definition import Definition, TableStep
from workflows.engine.tables.csv_file import write_table_csv

MOST_ROWS_AS_TEXT: Final = 1_000
"""A table of more rows is changed as a file."""


def write_table_file(step: Step, ending: str) -> MapFile:
    """The step's table as a file with this ending: `csv` or `dmn`.

    Raises DefinitionProblem for a draft that does not hang together, and InvalidInput.
    """
    version: TemplateVersion = step.version
    definition = definition_of(version)
    table = definition.steps.get(step.key)
    if not isinstance(table, TableStep):
        raise InvalidInput("'%(step)s' is no decision table.", step=step.key)
    name = f"{version.template.key}-v{version.number}-{step.key}.{ending}"
    if ending == "dmn":
        text = write_dmn(definition, step.key)
        return MapFile(name=name, content_type="application/xml", text=text)
    return MapFile(name=name, content_type="text/csv", text="\ufeff" + write_table_csv(table))


def write_table_text(step: Step) -> str:
    """The rows as text to be changed, or to be pasted into a spreadsheet: a line each, cells parted
    by tabs. Nothing for a draft that does not hang together, and for a table that is too long."""
    if len((step.config or {}).get("rows") or ()) > MOST_ROWS_AS_TEXT:
        return ""
    try:
        table = definition_of(step.version).steps.get(step.key)
    except DefinitionProblem:
        return ""
    return write_table_csv(table, "\t") if isinstance(table, TableStep) else ""


def find_named_table(definition: Definition, key: str | None) -> str:
    """The key of the table that somebody names; the only one where nobody does. Raises NotFound."""
    tables = [name for name, step in definition.steps.items() if isinstance(step, TableStep)]
    if key in tables:
        return key
    if key is None and len(tables) == 1:
        return tables[0]
    if not tables:
        raise NotFound("The map has no decision table; add a step of `kind: table` first.")
    raise NotFound("Name one of its tables with --step: %(tables)s.", tables=", ".join(tables))
