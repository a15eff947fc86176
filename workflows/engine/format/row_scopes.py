"""What the rows that an each-branch goes through are called, and what is known of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflows.engine.format.branches import ChainDef
from workflows.engine.format.field_parts import FieldDef
from workflows.engine.format.parts import display_title
from workflows.engine.rules.row_names import rule_of_row


@dataclass(frozen=True, slots=True)
class RowScope:
    """An each-branch: the parallel step and its branch (from 0), what a row is called in it, and
    the field whose rows or people it goes through; or the chain of managers, and under which name
    it is kept where a request stands."""

    parallel: str
    index: int
    name: str
    source: str
    chain: ChainDef | None = None


PEOPLE: Final = FieldDef(type="users")
"""A chain of managers is several people."""


def row_fields(name: str, source: FieldDef) -> dict[str, FieldDef]:
    """What a row of this field is known by: its columns as `row.net`, or `row` alone where the
    field names several people. Whoever may see the field may see them."""
    columns: Mapping[str, Any] = getattr(source, "columns", None) or {}
    sight = {} if source.visible_to is None else {"visible_to": source.visible_to}
    if source.type == "users":
        label = {} if source.label is None else {"label": source.label}
        return {name: FieldDef.model_validate({"type": "user", **label, **sight})}
    return {
        f"{name}.{column}": FieldDef.model_validate(
            {"label": display_title(column, None), **_column_as_field(name, spec, columns), **sight}
        )
        for column, spec in columns.items()
    }


def _column_as_field(row: str, spec: Any, columns: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a column, its conditions over the names that the row has in its branch. A
    row opens with its defaults where it is made, so none is looked for in the branch."""
    written: dict[str, Any] = spec.model_dump(by_alias=True, exclude_unset=True)
    written.pop("default", None)
    if spec.when is not None:
        written["when"] = rule_of_row(spec.when, row, columns)
    if spec.required_when is not None:
        written["required"] = {"when": rule_of_row(spec.required_when, row, columns)}
    return written
