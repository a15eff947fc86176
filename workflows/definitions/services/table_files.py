"""Rows of a table from a file: a draft's table is put in the place of the one that is there."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services.map_edits import edit_map
from workflows.engine.dmn.reading import read_dmn
from workflows.engine.editing.ways import Form
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition, TableStep
from workflows.engine.tables.csv_file import read_table_csv
from workflows.people.models import User

PlainStep = dict[str, Any]
DMN_ENDINGS: Final = (".dmn", ".xml")


def put_table_file(
    version_id: int, key: str, content: bytes, *, name: str, actor: User, now: datetime
) -> TemplateVersion:
    """Give a draft's table the rows of a CSV file, or the table of a DMN file.

    Raises NotFound, NotAllowed, WrongState (it is no draft any more), DefinitionProblem and
    InvalidInput, which says in which line and column of the file something is wrong.
    """
    read = read_dmn_step if name.lower().endswith(DMN_ENDINGS) else _read_csv_step

    def read_step(definition: Definition) -> PlainStep:
        return read(definition, key, content, name)

    return _put(version_id, key, read_step, actor, now)


def put_dmn_table(
    version_id: int,
    key: str,
    content: bytes,
    *,
    name: str,
    decision: str | None,
    actor: User,
    now: datetime,
) -> TemplateVersion:
    """The same with one of several decisions of a DMN file."""

    def read(definition: Definition) -> PlainStep:
        return read_dmn(content, definition, key, name=name, decision=decision)

    return _put(version_id, key, read, actor, now)


def _put(
    version_id: int,
    key: str,
    read: Callable[[Definition], PlainStep],
    actor: User,
    now: datetime,
) -> TemplateVersion:
    def edit(form: Form) -> Form:
        definition = definition_of(TemplateVersion.objects.get(pk=version_id))
        return {**form, "steps": {**form["steps"], key: read(definition)}}

    return edit_map(version_id, edit, actor=actor, now=now)


def read_dmn_step(definition: Definition, key: str, content: bytes, name: str) -> PlainStep:
    """The step with the only table of a DMN file."""
    return read_dmn(content, definition, key, name=name)


def _read_csv_step(definition: Definition, key: str, content: bytes, name: str) -> PlainStep:
    step = definition.steps.get(key)
    if not isinstance(step, TableStep):
        raise InvalidInput("'%(step)s' is no decision table.", step=key)
    rows = read_table_csv(content, step, definition.table_fields, definition.steps)
    return {**step.model_dump(by_alias=True, exclude_unset=True), "rows": rows}
