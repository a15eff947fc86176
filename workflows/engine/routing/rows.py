"""Each-branches: one branch of a parallel step for each row of a list, or each person of several.

Which row a branch is about is in its number, so that a marking says no more than before: numbers
below `STRIDE` are the branches of the map, in its order; above it they count rows. Within such a
branch the row's values stand beside the request's, under dotted names (`row.net`), and what is
written to such a name goes into the row.

What counts by step elsewhere (rounds, approvals, who decided) counts there by step and row: its
*slot*, `check_line@3`, or `sign@3.0` for a branch within a branch.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from workflows.engine.errors import InvalidInput, WrongState
from workflows.engine.format.definition import Definition, RowScope
from workflows.engine.routing.marking import Marking
from workflows.engine.values.field_types.base import FieldSpec

STRIDE: Final = 100_000
"""More branches than a file of the largest size can name."""
MOST_ROWS: Final = 1000
"""So many branches one `each` opens at most."""

Rows = tuple[int, ...]
"""The rows that a place is about, from the outermost each-branch around it to the innermost."""


def number_branch(index: int, row: int) -> int:
    """The number of the branch for a row (from 0) of the map's branch with this index."""
    return STRIDE * (row + 1) + index


def branch_index(branch: int) -> int:
    """Which branch of the map a branch is."""
    return branch % STRIDE


def branch_row(branch: int | None) -> int | None:
    """Which row (from 0) a branch is about; None where it is an ordinary one."""
    return branch // STRIDE - 1 if branch is not None and branch >= STRIDE else None


def slot_key(step: str, rows: Rows) -> str:
    """What counts by step, and in an each-branch by row."""
    return f"{step}@{write_rows(rows)}" if rows else step


@lru_cache(maxsize=16384)
def split_slot(slot: str) -> tuple[str, Rows]:
    """The step and the rows of a slot."""
    step, _, rows = slot.partition("@")
    return step, read_rows(rows)


def write_rows(rows: Rows) -> str:
    """Rows as a task's record keeps them: `3`, or `3.0`; empty where there are none."""
    return ".".join(map(str, rows))


def read_rows(written: str) -> Rows:
    """What `write_rows` wrote."""
    return tuple(map(int, written.split("."))) if written else ()


def rounds_by_step(marking: Marking) -> dict[str, int]:
    """How often each step was come to; in an each-branch the most of any row."""
    return {step: number for step, number in marking.rounds.items() if "@" not in step}


def source_key(scope: RowScope, around: Rows) -> str:
    """Under which name stand what an each-branch goes through: the field of the request; for a
    chain of managers, where the marking keeps it: in another each-branch one for each row
    `around`."""
    return slot_key(scope.source, around) if scope.chain is not None else scope.source


Chains = Mapping[str, Sequence[str]]
"""The chains of managers that were found for a request, as its marking keeps them."""


def with_chains(data: Mapping[str, Any], chains: Chains) -> Mapping[str, Any]:
    """A request's values, with the chains of managers that were found for it."""
    return {**data, **chains} if chains else data


def values_of_rows(
    scopes: Sequence[RowScope], rows: Rows, data: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of the rows at a place, by their dotted names; none of a row that is gone."""
    values: dict[str, Any] = {}
    for depth, (scope, number) in enumerate(zip(scopes, rows, strict=False)):
        listed = data.get(source_key(scope, rows[:depth])) or ()
        row = listed[number] if number < len(listed) else None
        if isinstance(row, Mapping):
            values |= {f"{scope.name}.{column}": value for column, value in row.items()}
        elif row is not None:
            values[scope.name] = row
    return values


def value_at(scopes: Sequence[RowScope], rows: Rows, data: Mapping[str, Any], name: str) -> Any:
    """One value as a place in an each-branch sees it, by its name there; None where there is
    none."""
    return data[name] if name in data else values_of_rows(scopes, rows, data).get(name)


def data_with_rows(
    scopes: Sequence[RowScope], rows: Rows, data: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The values of a request as a place in an each-branch sees them."""
    return {**data, **values_of_rows(scopes, rows, data)} if rows else data


def have_gone(scopes: Sequence[RowScope], rows: Rows, data: Mapping[str, Any]) -> bool:
    """Whether the list has become shorter than the rows that a place is about. Chains stay."""
    pairs = zip(scopes, rows, strict=False)
    return any(
        scope.chain is None and number >= len(data.get(scope.source) or ())
        for scope, number in pairs
    )


def into_rows(
    scopes: Sequence[RowScope], rows: Rows, data: Mapping[str, Any], writes: Mapping[str, Any]
) -> dict[str, Any]:
    """Writes as the request keeps them: those with dotted names go into their rows.

    Raises WrongState where a row is not there any more, and InvalidInput for a name that is none
    of a row's here.
    """
    plain = {key: value for key, value in writes.items() if "." not in key}
    for key, value in writes.items():
        name, dot, column = key.partition(".")
        if not dot:
            continue
        place = _find_scope(scopes, rows, name)
        if place is None:
            raise InvalidInput("There is no row '%(name)s' at this step.", name=name)
        source, number = place
        listed = list(plain.get(source) or data.get(source) or ())
        if number >= len(listed):
            raise WrongState("The row that this is about has been taken out of its list.")
        listed[number] = _with_column(listed[number], column, value)
        plain[source] = listed
    return plain


def _find_scope(scopes: Sequence[RowScope], rows: Rows, name: str) -> tuple[str, int] | None:
    pairs = zip(scopes, rows, strict=False)
    return next(((s.source, number) for s, number in pairs if s.name == name), None)


def _with_column(row: Mapping[str, Any], column: str, value: Any) -> dict[str, Any]:
    """The row with a column filled in; what is empty is left out."""
    changed = {**row, column: value}
    return {name: part for name, part in changed.items() if part is not None}


def beyond_row(name: str, notes: Mapping[str, Any]) -> dict[str, Any]:
    """Of what a branch wrote, what is not its own row's: only that can disagree with others."""
    own = f"{name}."
    return {key: value for key, value in notes.items() if key != name and not key.startswith(own)}


def shared_rows(one: Sequence[RowScope], other: Sequence[RowScope]) -> int:
    """How many each-branches two steps stand in together."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def label_of_row(
    definition: Definition, scopes: Sequence[RowScope], rows: Rows, data: Mapping[str, Any]
) -> str:
    """What a person reads of the row that a task is about: the person, or the first column that
    is filled in, after its number."""
    return " / ".join(
        _label_one(definition, scope, rows[: depth + 1], data)
        for depth, scope in enumerate(scopes[: len(rows)])
    )


def _label_one(definition: Definition, scope: RowScope, rows: Rows, data: Mapping[str, Any]) -> str:
    *around, number = rows
    listed = {scope.source: data.get(source_key(scope, tuple(around)))}
    values = values_of_rows([scope], (number,), listed)
    source = definition.fields.get(scope.source)
    if source is not None and _is_hidden(source):  # a label is read by whoever sees the task
        return f"{number + 1}"
    fields = definition.all_fields
    names = [key for key in fields if key in values and not _is_hidden(fields[key])]
    first = next((values[key] for key in names if isinstance(values[key], str | int)), None)
    return f"{number + 1}" if first is None else _short(first, number, scope.name in values)


def _is_hidden(field: FieldSpec) -> bool:
    return bool(getattr(field, "visible_to", None))


def _short(value: Any, number: int, is_person: bool) -> str:
    written = str(value)
    written = written if len(written) <= LONGEST_LABEL else f"{written[: LONGEST_LABEL - 1]}…"
    return written if is_person else f"{number + 1}: {written}"


LONGEST_LABEL: Final = 60
