"""Edits of a draft's map: checked, written with their history, and recorded once a save.

Whoever edits says which rows are new, which say something else now, and which are to go. What is
as it was is not written, and a save that changes nothing leaves no row in the trail.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, TypeAlias

from django.core.exceptions import ValidationError
from django.db import transaction

from workflows.access.permissions import may_manage
from workflows.definitions.models import (
    Field,
    Role,
    Route,
    Step,
    TemplateVersion,
    leave_out_empty_texts,
    refuse_if_published,
)
from workflows.definitions.services.publishing import lock_version, write_definition_trail
from workflows.definitions.services.rule_renames import find_renames, find_rule_edits
from workflows.definitions.services.table_ways import changed_tables, find_way_edits
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound
from workflows.people.models import User
from workflows.persistence.row_edits import (
    RowEdits,
    changed_column_names,
    delete_row,
    describe_column_changes,
    save_changed_columns,
    save_row,
    stored_rows,
)
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import ADDED, CHANGED, DELETED, DraftEdited, MapRowEdited

MapRow: TypeAlias = TemplateVersion | Role | Field | Step | Route
DraftEdits: TypeAlias = RowEdits[MapRow]
EDIT_DRAFT, DELETE_DRAFT = TrailCommand.EDIT_DRAFT, TrailCommand.DELETE_DRAFT


def edit_draft(version_id: int, edits: DraftEdits, *, actor: User, now: datetime) -> None:
    """Change a draft's map; all of it or nothing.

    Raises NotFound, NotAllowed, WrongState (it is no draft any more) and InvalidInput.
    """
    with transaction.atomic():
        version = lock_draft(version_id, actor)
        renames = find_renames(edits.changed)
        facts = write_edits(version, edits, actor, now)
        ways: Any = find_way_edits(changed_tables((*edits.changed, *edits.added)))
        facts += write_edits(version, ways, actor, now)
        rules = find_rule_edits(version, renames)
        record_edits(version, [*facts, *write_edits(version, rules, actor, now)], actor, now)


def write_edits(
    version: TemplateVersion, edits: DraftEdits, actor: User, now: datetime
) -> list[MapRowEdited]:
    """Write the rows of a locked draft; what the trail is to say of each."""
    stored = _stored_rows_of(version, [*edits.changed, *edits.deleted])
    _check_new_rows(version, edits.added)
    facts: list[MapRowEdited] = []
    for row in edits.deleted:
        facts.append(_describe_edit(row, DELETED))
        delete_row(row, by=actor, now=now, why=EDIT_DRAFT)
    _forget_deleted_targets(edits)
    roles = [row for row in edits.added if isinstance(row, Role)]
    facts += _add_rows(roles, actor, now)  # steps that are changed may name them
    for row in (*edits.changed, *edits.added):
        _take_key_of_new_role(row)
    for row in edits.changed:
        facts += _save_changes(row, stored[type(row)][row.pk], actor, now)
    facts += _add_rows([row for row in edits.added if not isinstance(row, Role)], actor, now)
    return facts


def _take_key_of_new_role(row: MapRow) -> None:
    """A row that names a role which had no id yet names it by that now."""
    if isinstance(row, Step | Route | Field) and row.role is not None:
        row.role = row.role


def _add_rows(rows: Iterable[MapRow], actor: User, now: datetime) -> list[MapRowEdited]:
    facts = []
    for row in rows:
        leave_out_empty_texts(row)
        save_row(row, by=actor, now=now, why=EDIT_DRAFT)
        facts.append(_describe_edit(row, ADDED))
    return facts


def record_edits(
    version: TemplateVersion, facts: list[MapRowEdited], actor: User, now: datetime
) -> None:
    """One row of the trail for a save; none where it changed nothing."""
    if facts:
        fact = DraftEdited(rows=facts)
        write_definition_trail(version, EDIT_DRAFT, actor=actor, now=now, fact=fact)


def delete_draft(version_id: int, *, actor: User, now: datetime) -> None:
    """Delete a draft with all its rows. Raises NotFound, NotAllowed and WrongState."""
    with transaction.atomic():
        version = lock_draft(version_id, actor)
        write_definition_trail(version, DELETE_DRAFT, actor=actor, now=now)
        delete_row(version, by=actor, now=now, why=DELETE_DRAFT)


def lock_draft(version_id: int, actor: User) -> TemplateVersion:
    """The version, for as long as the transaction lasts nobody else's."""
    version = lock_version(version_id)
    if not may_manage(actor, version.template):
        raise NotAllowed(
            "Only the owner or deputy of '%(name)s' may change its map.", name=version.template.name
        )
    refuse_if_published(version.pk)
    return version


def _stored_rows_of(
    version: TemplateVersion, rows: Iterable[MapRow]
) -> Mapping[type[MapRow], Mapping[int, MapRow]]:
    """The rows as they are stored; one that is not of this version's map is refused."""
    stored: dict[type[MapRow], Mapping[int, MapRow]] = {}
    for model, group in groupby(sorted(rows, key=_model_order), key=type):
        model_rows: Sequence[MapRow] = list(group)
        stored[model] = stored_rows(model_rows)
        for row in model_rows:
            if row.pk not in stored[model] or _version_of(stored[model][row.pk]) != version.pk:
                raise NotFound("There is no such row of this map; it may have been deleted.")
    return stored


def _model_order(row: MapRow) -> str:
    return type(row).__name__


def _version_of(row: MapRow) -> int | None:
    return row.pk if isinstance(row, TemplateVersion) else row.version_pk


def _check_new_rows(version: TemplateVersion, rows: Iterable[MapRow]) -> None:
    for row in rows:
        if isinstance(row, TemplateVersion) or row.version_pk != version.pk:
            raise InvalidInput("A new row of a map belongs to the version that is edited.")
        _check_columns(row, [field.name for field in row._meta.concrete_fields])


def _check_columns(row: MapRow, names: Iterable[str]) -> None:
    """What the columns themselves refuse; what rows name, the database and the audit look after."""
    checked = {name for name in names if not row._meta.get_field(name).is_relation} - {"id"}
    try:
        row.clean_fields(exclude={field.name for field in row._meta.concrete_fields} - checked)
    except ValidationError as problem:
        raise InvalidInput(" ".join(problem.messages)) from None


def _forget_deleted_targets(edits: DraftEdits) -> None:
    """What named a deleted row names nothing any more, as the database has it by now."""
    gone = {(row._meta.label, row.pk) for row in edits.deleted}
    for row in edits.changed:
        for field in row._meta.concrete_fields:
            if field.is_relation and field.null and field.related_model is not None:
                label = field.related_model._meta.label
                if (label, getattr(row, field.attname)) in gone:
                    setattr(row, field.attname, None)


def _save_changes(
    row: MapRow, stored: MapRow, actor: User, now: datetime
) -> Iterable[MapRowEdited]:
    leave_out_empty_texts(row)
    names = changed_column_names(row, stored)
    if not names:
        return
    _check_columns(row, names)
    columns = describe_column_changes(row, stored, names)
    save_changed_columns(row, names, by=actor, now=now, why=EDIT_DRAFT)
    yield _describe_edit(stored, CHANGED, columns)


def _describe_edit(row: MapRow, done: str, columns: dict[str, Any] | None = None) -> MapRowEdited:
    kind, key = _name_row(row)
    return MapRowEdited(done=done, kind=kind, key=key, columns=columns)


def _name_row(row: MapRow) -> tuple[str, str]:
    """What a row is called in the trail: its kind, and its key in the definition file."""
    kind = type(row).__name__.lower()
    if isinstance(row, TemplateVersion):
        return "version", row.template.key
    if isinstance(row, Route):
        return kind, f"{row.step.key}/{row.name or row.kind}"
    return kind, row.key
