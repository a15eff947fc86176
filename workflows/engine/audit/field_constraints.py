"""What fields ask of their values: that a value can be all of it, and what it leans on is there."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import FieldDef
from workflows.engine.format.field_parts import ColumnDef, DefaultDef
from workflows.engine.format.roles import RoleDef
from workflows.engine.routing.graph import find_reachable
from workflows.engine.rules.evaluation import Rule, RuleProblem, compile_rule
from workflows.engine.texts import Text, text
from workflows.engine.values.bounds import (
    Bound,
    BoundContext,
    Limit,
    limit_text,
    parse_bound,
    parse_day_from_today,
)
from workflows.engine.values.constraints import constraint_refusal
from workflows.engine.values.field_types.base import ValueRefused, type_of_field
from workflows.engine.values.fields import clean_unnamed_value
from workflows.engine.values.patterns import compile_pattern

Specs = Mapping[str, FieldDef] | Mapping[str, ColumnDef]

_SOME_DAY: Final = date(2026, 7, 1)
"""Bounds that are both counted from today are held against each other on this day."""


def check_bounds(survey: Survey) -> Iterator[AuditFinding]:
    """A bound that names a field names one of the same kind, and there is something between."""
    for name, field in survey.definition.value_specs():
        for end, said in (("min", field.min), ("max", field.max)):
            problem = _bound_problem(survey, name, field, said) if said is not None else None
            if problem:
                yield make_finding("bound_unfit", None, name=name, end=end, problem=problem)
        if field.min is not None and field.max is not None:
            yield from _check_crossed_bounds(survey, name, field)


def _bound_problem(
    survey: Survey, name: str, field: FieldDef | ColumnDef, said: str | int | float
) -> Text | None:
    """Of a column, the other fields are the columns beside it."""
    other_name = _bound(field, said).field
    if other_name is None:
        return None
    listed, _, own_name = name.rpartition(".")
    fields = survey.definition.fields
    beside = (fields[listed].columns or {}) if listed else fields
    other = beside.get(other_name)
    if other is None or other_name == own_name:
        return text("'%(other)s' is no other declared field", other=other_name)
    if type_of_field(other).kind != type_of_field(field).kind:
        return text("'%(other)s' is of another kind", other=other_name)
    if field.currency and other.currency and field.currency != other.currency:
        return text("'%(other)s' is in another currency", other=other_name)
    return None


def _bound(field: FieldDef | ColumnDef, said: str | int | float) -> Bound:
    return parse_bound(type_of_field(field).kind, said)


def _check_crossed_bounds(
    survey: Survey, name: str, field: FieldDef | ColumnDef
) -> Iterator[AuditFinding]:
    assert field.min is not None
    assert field.max is not None
    context = BoundContext({}, {}, _SOME_DAY, survey.graph.zone)
    low, high = (_bound(field, said) for said in (field.min, field.max))
    if (low.from_today is None) != (high.from_today is None):
        return  # whether there is a day between them depends on the day
    least, most = context.limit(low), context.limit(high)
    if least is not None and most is not None and context.is_below(most, least):
        yield make_finding(
            "bounds_crossed",
            None,
            name=name,
            least=_limit_said(field, field.min, least),
            most=_limit_said(field, field.max, most),
        )


def _limit_said(field: FieldDef | ColumnDef, said: str | int | float, limit: Limit) -> object:
    """As it is written; an amount in its currency."""
    is_amount = field.currency and isinstance(limit, Decimal)
    return limit_text(limit, field.currency) if is_amount else str(said)


def check_patterns(survey: Survey) -> Iterator[AuditFinding]:
    """There is a text that has the form, and is not too long."""
    for name, field in survey.definition.value_specs():
        if field.pattern is None:
            continue
        example = compile_pattern(field.pattern).example
        if example is None:
            yield make_finding("pattern_never", None, name=name, pattern=field.pattern)
        elif field.max_length is not None and len(example) > field.max_length:
            yield make_finding(
                "pattern_too_long",
                None,
                name=name,
                pattern=field.pattern,
                most=field.max_length,
                example=example,
            )


def check_choosable_people(survey: Survey) -> Iterator[AuditFinding]:
    """The groups whose people can be chosen are there, and somebody is in them."""
    for name, field in survey.definition.value_specs():
        missing = [group for group in field.groups if not survey.people.has_group(group)]
        for group in missing:
            yield make_finding("field_group_unknown", None, name=name, group=group)
        role = RoleDef.model_validate({"groups": list(field.groups)}) if field.groups else None
        if role is not None and not missing and not survey.people.members(role):
            yield make_finding("nobody_to_choose", None, name=name, groups=", ".join(field.groups))


def check_conditions(survey: Survey) -> Iterator[AuditFinding]:
    """Under which rule a field is asked for, or required, can be told; and not by itself. The same
    of a column, among those of its row."""
    fields = survey.definition.fields
    yield from _check_conditions_of(survey, fields, "")
    for name, field in fields.items():
        yield from _check_conditions_of(survey, field.columns or {}, f"{name}.")


def _check_conditions_of(survey: Survey, specs: Specs, prefix: str) -> Iterator[AuditFinding]:
    leads_to = _condition_fields(survey, specs, prefix)
    for key, spec in specs.items():
        name = prefix + key
        for said, rule in (("when", spec.when), ("required", spec.required_when)):
            problem = _rule_problem(survey, rule, specs, prefix) if rule is not None else None
            if problem is not None:
                yield make_finding("condition_wrong", None, name=name, said=said, problem=problem)
        if key in find_reachable(leads_to.get(key, ()), leads_to, set()):
            yield make_finding("condition_in_circle", None, name=name)


def _condition_fields(survey: Survey, specs: Specs, prefix: str) -> dict[str, frozenset[str]]:
    """The fields, or the columns, that each one's `when` reads."""
    read = dict.fromkeys(specs, frozenset[str]())
    for key, spec in specs.items():
        if spec.when is not None and _rule_problem(survey, spec.when, specs, prefix) is None:
            read[key] = _condition(survey, spec.when, specs, prefix).fields & read.keys()
    return read


def _condition(survey: Survey, rule: str, specs: Specs, prefix: str) -> Rule:
    """A condition of a field reads all that rules do, one of a column its row. Raises
    RuleProblem."""
    if prefix:
        return compile_rule(rule, specs, zone=survey.graph.zone)
    return survey.graph.rule(rule)


def _rule_problem(survey: Survey, rule: str, specs: Specs, prefix: str) -> str | None:
    try:
        asked = _condition(survey, rule, specs, prefix).facts
    except RuleProblem as problem:
        return str(problem)
    return str(_NO_FACTS.filled({"name": min(asked)})) if asked else None


_NO_FACTS: Final = text(
    "`%(name)s` cannot be asked here: a form is filled in before anything is decided, and by people"
    " who may not be told who asked."
)


def check_defaults(survey: Survey) -> Iterator[AuditFinding]:
    """What a form opens with is a value that the field takes."""
    for name, field in survey.definition.value_specs():
        problem = _default_problem(field) if field.default is not None else None
        if problem is not None:
            yield make_finding("default_unfit", None, name=name, problem=problem)


def _default_problem(field: FieldDef | ColumnDef) -> Text | str | None:
    default, field_type = field.default, type_of_field(field)
    if field_type.holds_document:
        return text("a document is always uploaded")
    if isinstance(default, DefaultDef):
        is_person = default.requester or default.manager_of
        if is_person and not field_type.names_person:
            return text("the field names nobody")
        return (
            text("the requester can never be chosen") if default.requester and field.never else None
        )
    is_column = isinstance(field, ColumnDef)
    if field_type.kind == "date" and parse_day_from_today(default) is not None and not is_column:
        return None  # what it comes to depends on the day
    try:
        value = clean_unnamed_value(field, default)
    except ValueRefused as refused:
        return str(refused).rstrip(".")
    refusal = constraint_refusal(field, value, {}, {}) if value is not None else None
    return str(refusal).rstrip(".") if refusal is not None else None


CHECKS = (check_bounds, check_patterns, check_choosable_people, check_conditions, check_defaults)
