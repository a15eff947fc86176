"""Divisions by what may be 0: of rules and sums such a request waits on an incident, and what a
field is worked out from leaves it empty."""

from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.flow.emptiness import asks_whether_empty
from workflows.engine.audit.flow.known_numbers import KnownNumbers
from workflows.engine.audit.flow.unsure_results import divisors_of_value
from workflows.engine.audit.map_facts import Survey
from workflows.engine.audit.values import condition_label
from workflows.engine.format.definition import AutomationStep, TableStep
from workflows.engine.rules.number_ranges import NumberRange
from workflows.engine.rules.number_reasoning import Known, NumberReader
from workflows.engine.texts import Text, text


def check_rule_divisions(survey: Survey) -> Iterator[AuditFinding]:
    """A rule divides by nothing that may be 0 when it is asked."""
    for link in survey.graph.links:
        rule = link.route.when
        if rule is None or not _divides(rule):
            continue
        known = _with_lists(survey.numbers, survey.numbers.asked_at(link), survey.filled_for(link))
        condition = condition_label(survey, link)
        variant = "outcome" if link.kind == "outcome" else ""
        yield from _findings(survey, link.source, condition, rule, known, variant)


def check_sum_divisions(survey: Survey) -> Iterator[AuditFinding]:
    """A sum of `set_fields` divides by nothing that may be 0, where no way is told for when it
    fails."""
    for key, step in survey.graph.steps.items():
        if not isinstance(step, AutomationStep) or step.action != "set_fields" or step.on_error:
            continue
        for name, said in (step.with_ or {}).items():
            if isinstance(said, str) and _divides(said):
                known = _with_lists(survey.numbers, survey.numbers.at(key), survey.filled[key])
                label = text(
                    "The sum for '%(name)s' in %(step)s", name=name, step=survey.called(key)
                )
                yield from _findings(survey, key, label, said, known)


def check_chain_divisions(survey: Survey) -> Iterator[AuditFinding]:
    """The rule of a chain of managers divides by nothing that may be 0."""
    for scope in survey.definition.row_scopes():
        if scope.chain is not None and _divides(scope.chain.until):
            key = scope.parallel
            known = _with_lists(survey.numbers, survey.numbers.at(key), survey.filled[key])
            label = text("The rule of the chain in %(step)s", step=survey.called(key))
            yield from _findings(survey, key, label, scope.chain.until, known)


def _divides(rule: str) -> bool:
    return "/" in rule or "%" in rule


def _with_lists(numbers: KnownNumbers, known: Known, filled: frozenset[str]) -> Known:
    lists: dict[str, NumberRange] = numbers.reader.filled_lists(filled)
    return {**lists, **known}


def _findings(
    survey: Survey, step: str, label: Text, rule: str, known: Known, variant: str = ""
) -> Iterator[AuditFinding]:
    reader = survey.numbers.reader
    tree = reader.read(rule)
    divisors = [*dict.fromkeys(reader.zero_divisors(tree, known))] if tree is not None else []
    if divisors:
        yield make_finding(
            "may_divide_by_zero", step, variant, condition=label, listed=_listed(divisors)
        )


def _listed(divisors: list[str]) -> str:
    return ", ".join(f"`{divisor}`" for divisor in divisors)


def check_value_divisions(survey: Survey) -> Iterator[AuditFinding]:
    """What fields and columns are worked out from divides by nothing that may be 0, or the map
    minds that they may be empty."""
    always = frozenset.intersection(*survey.filled.values()) if survey.filled else frozenset()
    fields, asked = survey.definition.fields, [*expressions_of_map(survey)]
    reader = NumberReader(fields)
    for name, field in fields.items():
        if field.value is not None and not is_minded(survey, name, asked):
            yield from _value_findings(name, divisors_of_value(reader, field.value, always))
        columns = field.columns or {}
        for column, spec in columns.items():
            if spec.value is not None and not is_minded(survey, column, asked):
                divisors = divisors_of_value(NumberReader(columns), spec.value, ())
                yield from _value_findings(f"{name}.{column}", divisors)


def _value_findings(name: str, divisors: list[str]) -> Iterator[AuditFinding]:
    if divisors:
        listed = _listed(divisors)
        yield make_finding("value_may_divide_by_zero", None, name=name, listed=listed)


def is_minded(survey: Survey, name: str, asked: list[str]) -> bool:
    """Whether something asks if a field, or column, is empty."""
    return any(asks_whether_empty(rule, name) for rule in asked) or any(
        name in (row.when or {}) and "null" in str((row.when or {})[name])
        for step in survey.graph.steps.values()
        if isinstance(step, TableStep)
        for row in step.rows or ()
    )


def expressions_of_map(survey: Survey) -> Iterator[str]:
    """All rules of the map, and its sums."""
    yield from (link.route.when for link in survey.graph.links if link.route.when)
    for field in survey.definition.fields.values():
        yield from (rule for rule in (field.when, field.required_when, field.value) if rule)
    for step in survey.graph.steps.values():
        if isinstance(step, AutomationStep) and step.action == "set_fields":
            yield from (said for said in (step.with_ or {}).values() if isinstance(said, str))


CHECKS = (
    check_rule_divisions,
    check_sum_divisions,
    check_chain_divisions,
    check_value_divisions,
)
