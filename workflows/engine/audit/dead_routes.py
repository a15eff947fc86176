"""Ways that are never taken: conditions that cannot hold, and rules that an earlier one shadows.

Exact for rules that compare fields with constants: each is asked about one value of every
stretch on which it cannot change its mind. A rule that does more may hold or not, so it shadows
nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.audit.values import condition_label
from workflows.engine.format.definition import DecisionStep, Link
from workflows.engine.rules.comparisons import CannotJudge, collect_rule_constants, values_to_try
from workflows.engine.rules.evaluation import Rule, RuleCannotBeEvaluated, RuleProblem

MAX_COMBINATIONS = 3000
"""So many combinations of values are tried at a step; where there are more, it is not judged."""


@dataclass(frozen=True)
class _Condition:
    """The condition of a way; a rule that is not judged may hold or not."""

    link: Link
    rule: Rule | None
    constants: Mapping[str, frozenset[str]]

    def says(self, data: Mapping[str, Any]) -> bool | None:
        """Whether it holds; None where it cannot be worked out of these values."""
        assert self.rule is not None
        try:
            return self.rule.holds(data)
        except RuleCannotBeEvaluated:
            return None


def check_shadowed_rules(survey: Survey) -> Iterator[AuditFinding]:
    """Every rule of a decision is the first that holds for some request."""
    for key, step in survey.graph.steps.items():
        if not isinstance(step, DecisionStep):
            continue
        links = [link for link in survey.graph.links if link.source == key]
        conditions = [_parse_condition(survey, link) for link in links if link.kind == "rule"]
        if any(condition is None for condition in conditions):
            continue  # one cannot be read; found already
        readable = [condition for condition in conditions if condition is not None]
        reached, alone = _try_conditions(survey, key, readable)
        for number, condition in enumerate(readable):
            if reached is not None and number not in reached:
                yield _never_taken_finding(survey, condition.link, shadowed=number in alone)
        if readable and reached is not None and len(readable) not in reached and step.otherwise:
            yield make_finding(
                "otherwise_never",
                key,
                step=survey.called(key),
                target=survey.called(step.otherwise),
            )


def _never_taken_finding(survey: Survey, link: Link, *, shadowed: bool) -> AuditFinding:
    if shadowed:
        return make_finding(
            "rule_shadowed",
            link.source,
            rule=link.name,
            step=survey.called(link.source),
            rule_text=link.route.when,
        )
    return make_finding(
        "way_never_taken",
        link.source,
        condition=condition_label(survey, link),
        rule_text=link.route.when,
        target=survey.called(link.to),
    )


def check_conditions(survey: Survey) -> Iterator[AuditFinding]:
    """Every branch and every outcome can be taken by some request."""
    for link in survey.graph.links:
        if link.kind not in ("branch", "outcome") or link.route.when is None:
            continue
        condition = _parse_condition(survey, link)
        if condition is None or condition.rule is None:
            continue
        reached, _ = _try_conditions(survey, link.source, [condition])
        if reached is not None and 0 not in reached:
            yield _never_taken_finding(survey, link, shadowed=False)


def _parse_condition(survey: Survey, link: Link) -> _Condition | None:
    """The way's condition; None where it cannot be read."""
    text = link.route.when or ""
    try:
        rule = survey.graph.rule(text)
    except RuleProblem:
        return None
    try:
        return _Condition(
            link, rule, collect_rule_constants(text, survey.definition.rule_fields(text))
        )
    except CannotJudge:
        return _Condition(link, None, {})


def _try_conditions(
    survey: Survey, key: str, conditions: Sequence[_Condition]
) -> tuple[set[int] | None, set[int]]:
    """Which conditions were the first to hold for some values (the number behind the last where
    none held), and which hold by themselves; None where there is too much to try."""
    reached, alone = set[int](), set[int]()
    points = _value_combinations(survey, key, conditions)
    if points is None:
        return None, alone
    for data in points:
        sayings = [True if c.rule is None else c.says(data) for c in conditions]
        alone |= {number for number, says in enumerate(sayings) if says}
        reached |= set(_first_to_hold(conditions, sayings))
    return reached, alone


def _first_to_hold(
    conditions: Sequence[_Condition], sayings: Sequence[bool | None]
) -> Iterator[int]:
    for number, (condition, says) in enumerate(zip(conditions, sayings, strict=True)):
        if says is None:
            return  # an incident: the request stays here
        if says:
            yield number
            if condition.rule is not None:
                return
    yield len(conditions)


def _value_combinations(
    survey: Survey, key: str, conditions: Sequence[_Condition]
) -> Iterable[dict[str, Any]] | None:
    """Every combination of values worth trying; None where there are too many, or none."""
    named: dict[str, set[str]] = {}
    for condition in conditions:
        for name, written in condition.constants.items():
            named.setdefault(name, set()).update(written)
    fields = {**survey.definition.facts, **survey.definition.all_fields}
    sure = survey.filled[key]
    try:
        tried = {
            name: [*values_to_try(fields[name], written), *([] if name in sure else [None])]
            for name, written in named.items()
        }
    except (CannotJudge, ArithmeticError, ValueError):
        return None
    if prod(len(values) for values in tried.values()) > MAX_COMBINATIONS:
        return None
    return (dict(zip(tried, values, strict=True)) for values in product(*tried.values()))


CHECKS = (check_shadowed_rules, check_conditions)
