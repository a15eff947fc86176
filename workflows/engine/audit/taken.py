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

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.definition import DecisionStep, Link
from workflows.engine.rulecompare import CannotJudge, constants_of, values_to_try
from workflows.engine.rules import Rule, RuleCannotBeEvaluated, RuleProblem

MOST = 3000
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


def shadowed(survey: Survey) -> Iterator[Finding]:
    """Every rule of a decision is the first that holds for some request."""
    for key, step in survey.graph.steps.items():
        if not isinstance(step, DecisionStep):
            continue
        links = [link for link in survey.graph.links if link.source == key]
        conditions = [_condition(survey, link) for link in links if link.kind == "rule"]
        if any(condition is None for condition in conditions):
            continue  # one cannot be read; found already
        known = [condition for condition in conditions if condition is not None]
        taken, alone = _tried(survey, key, known)
        for number, condition in enumerate(known):
            if taken is not None and number not in taken:
                yield _never(survey, condition.link, shadowed=number in alone)
        if known and taken is not None and len(known) not in taken and step.otherwise:
            yield found(
                "otherwise_never",
                key,
                f"One of the rules of {survey.called(key)} always holds: its `otherwise`, to"
                f" {survey.called(step.otherwise)}, is never taken.",
                "Correct the rules, or let `otherwise` lead where the last rule leads and take"
                " that rule out.",
            )


def _never(survey: Survey, link: Link, *, shadowed: bool) -> Finding:
    if shadowed:
        return found(
            "rule_shadowed",
            link.source,
            f"Rule {link.name} of {survey.called(link.source)} (`{link.route.when}`) is never"
            " taken: whenever it holds, an earlier rule holds too.",
            "Put the narrower rule first, or take it out.",
        )
    return found(
        "way_never_taken",
        link.source,
        f"{_named(survey, link)} (`{link.route.when}`) can never hold: no request goes to"
        f" {survey.called(link.to)} that way.",
        "Correct the condition, or take the way out.",
    )


def conditions(survey: Survey) -> Iterator[Finding]:
    """Every branch and every outcome can be taken by some request."""
    for link in survey.graph.links:
        if link.kind not in ("branch", "outcome") or link.route.when is None:
            continue
        condition = _condition(survey, link)
        if condition is None or condition.rule is None:
            continue
        taken, _ = _tried(survey, link.source, [condition])
        if taken is not None and 0 not in taken:
            yield _never(survey, link, shadowed=False)


def _named(survey: Survey, link: Link) -> str:
    what = {"outcome": f"Outcome '{link.name}'", "rule": f"Rule {link.name}"}
    return f"{what.get(link.kind, f'Branch {link.name}')} of {survey.called(link.source)}"


def _condition(survey: Survey, link: Link) -> _Condition | None:
    """The way's condition; None where it cannot be read."""
    text = link.route.when or ""
    try:
        rule = survey.graph.rule(text)
    except RuleProblem:
        return None
    try:
        return _Condition(link, rule, constants_of(text, survey.definition.fields))
    except CannotJudge:
        return _Condition(link, None, {})


def _tried(
    survey: Survey, key: str, conditions: Sequence[_Condition]
) -> tuple[set[int] | None, set[int]]:
    """Which conditions were the first to hold for some values (the number behind the last where
    none held), and which hold by themselves; None where there is too much to try."""
    taken, alone = set[int](), set[int]()
    points = _points(survey, key, conditions)
    if points is None:
        return None, alone
    for data in points:
        sayings = [True if c.rule is None else c.says(data) for c in conditions]
        alone |= {number for number, says in enumerate(sayings) if says}
        taken |= set(_first(conditions, sayings))
    return taken, alone


def _first(conditions: Sequence[_Condition], sayings: Sequence[bool | None]) -> Iterator[int]:
    for number, (condition, says) in enumerate(zip(conditions, sayings, strict=True)):
        if says is None:
            return  # an incident: the request stays here
        if says:
            yield number
            if condition.rule is not None:
                return
    yield len(conditions)


def _points(
    survey: Survey, key: str, conditions: Sequence[_Condition]
) -> Iterable[dict[str, Any]] | None:
    """Every combination of values worth trying; None where there are too many, or none."""
    named: dict[str, set[str]] = {}
    for condition in conditions:
        for name, written in condition.constants.items():
            named.setdefault(name, set()).update(written)
    fields, sure = survey.definition.fields, survey.filled[key]
    try:
        tried = {
            name: [*values_to_try(fields[name], written), *([] if name in sure else [None])]
            for name, written in named.items()
        }
    except (CannotJudge, ArithmeticError, ValueError):
        return None
    if prod(len(values) for values in tried.values()) > MOST:
        return None
    return (dict(zip(tried, values, strict=True)) for values in product(*tried.values()))


CHECKS = (shadowed, conditions)
