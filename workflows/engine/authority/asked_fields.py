"""Which fields are asked for: shown under a condition, required always or under one.

A field whose condition does not hold, or cannot be told yet because it reads an empty field, is not
asked for. What it holds is not kept: nobody would see any more that it says something.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from workflows.engine.routing.graph import Graph
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated, RuleProblem


def is_shown(graph: Graph, key: str, data: Mapping[str, Any]) -> bool:
    """Whether a form asks for the field, among these values."""
    when = graph.definition.all_fields[key].when
    return when is None or _holds(graph, when, data)


def is_required(graph: Graph, key: str, data: Mapping[str, Any]) -> bool:
    """Whether the field may not stay empty where it is asked for, among these values."""
    field = graph.definition.all_fields[key]
    if field.required is None and field.required_when is None:
        return False
    is_asked = is_shown(graph, key, data)
    if field.required_when is not None:
        return is_asked and _holds(graph, field.required_when, data)
    return is_asked and bool(field.required)


def missing_answers(graph: Graph, keys: Iterable[str], data: Mapping[str, Any]) -> list[str]:
    """Those of `keys` that are required and have no value in `data`, in their order."""
    return [key for key in keys if data.get(key) is None and is_required(graph, key, data)]


def unkept_values(graph: Graph, data: Mapping[str, Any]) -> frozenset[str]:
    """The fields that hold a value and are not asked for, those among them that are not only
    because another one is not."""
    conditional = conditional_fields(graph)
    unkept: set[str] = set()
    while conditional:
        rest = graph.worked_out.completed({k: v for k, v in data.items() if k not in unkept})
        more = {
            key
            for key in conditional
            if rest.get(key) is not None and not is_shown(graph, key, rest)
        }
        if not more:
            break
        unkept |= more
    return frozenset(unkept)


def conditional_fields(graph: Graph) -> frozenset[str]:
    """The fields that are asked for under a condition, and columns of rows under their dotted
    names."""
    known = graph.memo.get("conditional fields")
    if known is None:
        fields = graph.definition.all_fields.items()
        known = frozenset(key for key, field in fields if field.when is not None)
        graph.memo["conditional fields"] = known
    return known


def _holds(graph: Graph, rule: str, data: Mapping[str, Any]) -> bool:
    """Whether the rule holds among these values, whatever they say of fields that are worked out:
    what is just being written has not been worked out yet."""
    try:
        read = graph.rule(rule).fields
        if read & graph.worked_out.keys:
            data = graph.worked_out.completed(data)
        if read & _worked_out_columns(graph):
            data = _with_worked_out_columns(graph, data)
        return graph.holds(rule, data)
    except (RuleCannotBeEvaluated, RuleProblem):
        return False


def _worked_out_columns(graph: Graph) -> frozenset[str]:
    """The columns of rows that are worked out, under their dotted names."""
    known = graph.memo.get("worked-out columns")
    if known is None:
        columns = graph.definition.all_fields.items()
        known = frozenset(key for key, field in columns if "." in key and field.value is not None)
        graph.memo["worked-out columns"] = known
    return known


def _with_worked_out_columns(graph: Graph, data: Mapping[str, Any]) -> dict[str, Any]:
    """Values with what is worked out in the rows that they are about."""
    whole = dict(data)
    for scope in graph.definition.row_scopes():
        field = graph.definition.fields.get(scope.source)
        columns = (field.columns if field is not None else None) or {}
        row = {
            column: said
            for column in columns
            if (said := data.get(f"{scope.name}.{column}")) is not None
        }
        if row:
            settled = graph.cells_of(scope.source).settled(row)
            whole |= {f"{scope.name}.{column}": settled.get(column) for column in columns}
    return whole
