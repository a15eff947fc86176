"""Worked-out fields that may come to nothing although all that they read is filled in: a column of
a list that they compare may be empty, or what they divide by may be 0."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from workflows.engine.audit.flow.emptiness import asks_whether_empty
from workflows.engine.format.definition import ColumnDef
from workflows.engine.routing.graph import Graph
from workflows.engine.rules.evaluation import Expression, Rule
from workflows.engine.rules.number_reasoning import NumberReader
from workflows.engine.rules.worked_out import order_worked_out
from workflows.engine.texts import Text, join_texts, text
from workflows.engine.values.field_types.rows import is_always_asked


def unsure_worked_out(graph: Graph, filled: Collection[str]) -> frozenset[str]:
    """The worked-out fields that may be empty where these fields are filled in."""
    fields = graph.definition.fields
    reader = NumberReader(fields)
    return frozenset(
        each.key
        for each in graph.worked_out.fields
        if any(unsure_cells(graph, each.expression))
        or divisors_of_value(reader, each.expression.text, filled)
    )


def divisors_of_value(reader: NumberReader, value: str, filled: Collection[str]) -> list[str]:
    """By what the value of a field is divided that may be 0, where these fields are filled in."""
    tree = reader.read(value) if {"/", "%"} & {*value} else None
    if tree is None:
        return []
    return [*dict.fromkeys(reader.zero_divisors(tree, reader.filled_lists(filled)))]


def list_empty_fields(graph: Graph, names: Iterable[str], sure: Collection[str]) -> Text | str:
    """Fields that may be empty where these are sure, as a message lists them: behind one that is
    worked out stands from what, where that may be empty."""
    return join_texts([_named_with_sources(graph, name, sure) for name in names])


def _named_with_sources(graph: Graph, name: str, sure: Collection[str]) -> Text | str:
    sources = _empty_sources(graph, name, sure) - {name}
    if not sources:
        return f"'{name}'"
    quoted = ", ".join(f"'{source}'" for source in sorted(sources))
    return text("'%(name)s' (worked out from %(sources)s)", name=name, sources=quoted)


def _empty_sources(graph: Graph, name: str, sure: Collection[str]) -> frozenset[str]:
    """The fields for want of which this one is empty; itself, where it is not worked out."""
    for each in graph.worked_out.fields:
        if each.key == name:
            needed = each.expression.fields - each.expression.spared - frozenset(sure)
            return frozenset[str]().union(*(_empty_sources(graph, key, sure) for key in needed))
    return frozenset({name})


def unsure_cells(graph: Graph, asked: Rule | Expression) -> Iterator[str]:
    """The columns, each behind its list, of which a rule may find nothing to compare although the
    list has rows."""
    for cell in sorted(asked.cells | asked.chosen):
        if cell in asked.chosen or may_be_empty_cell(graph, cell, asked.text):
            yield cell


def may_be_empty_cell(graph: Graph, cell: str, asked_by: str) -> bool:
    """Whether rows of a list may have nothing in a column (`lines.net`), and the rule that asks
    does not mind it."""
    list_key, _, name = cell.partition(".")
    field = graph.definition.fields.get(list_key)
    columns = (field.columns if field is not None else None) or {}
    return (
        name in columns
        and not asks_whether_empty(asked_by, name)
        and name not in filled_columns(graph, columns)
    )


def filled_columns(graph: Graph, columns: Mapping[str, ColumnDef]) -> frozenset[str]:
    """The columns in which each row has something: what it must have, and what is worked out from
    that. A row without anything in it does not count, so the only column is one of them."""
    required = [
        name for name, column in columns.items() if is_always_asked(column) or len(columns) == 1
    ]
    return _with_results(graph, columns, required)


def with_results_of_rows(graph: Graph, known: frozenset[str]) -> frozenset[str]:
    """These fields, with what is worked out in the rows of each-branches from those of a row."""
    found = set(known)
    for scope in graph.definition.row_scopes():
        source = graph.definition.fields.get(scope.source) if scope.chain is None else None
        columns = (source.columns if source is not None else None) or {}
        if any(column.value is not None for column in columns.values()):
            own = [name for name in columns if f"{scope.name}.{name}" in known]
            results = _with_results(graph, columns, own)
            found |= {f"{scope.name}.{name}" for name in results}
    return frozenset(found)


def _with_results(
    graph: Graph, columns: Mapping[str, ColumnDef], filled: Collection[str]
) -> frozenset[str]:
    reader = NumberReader(columns)
    unsure = [
        name
        for name, column in columns.items()
        if column.value is not None and divisors_of_value(reader, column.value, ())
    ]
    return order_worked_out(columns, graph.zone).filled_with(filled, unsure)
