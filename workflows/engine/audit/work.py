"""The work of people: how long it should take, what it reads and writes, how it is decided."""

import re
from collections.abc import Iterator

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.calendar import parse_duration
from workflows.engine.definition import (
    AutomationStep,
    DueDef,
    HumanStep,
    RouteDef,
    SubworkflowStep,
    WaitStep,
    not_by,
)
from workflows.engine.rules import RuleProblem
from workflows.engine.separation import forward_outcome


def times(survey: Survey) -> Iterator[Finding]:
    """A person's step has an expected and a due time that fit each other."""
    for key, step in survey.humans():
        if step.expected is None:
            yield found(
                "expected_missing",
                key,
                f"Nobody can say whether {survey.called(key)} is slow: it has no expected time.",
                "Add `expected`, the working time that it should take, queue included.",
            )
        if step.due is None:
            yield found(
                "due_missing",
                key,
                f"{survey.called(key)} is never overdue: forgotten work reminds nobody.",
                "Add `due`.",
            )
            if step.on_overdue:
                yield found(
                    "overdue_without_due",
                    key,
                    f"What {survey.called(key)} says under `on_overdue` never happens, because"
                    " it is never due.",
                    "Add `due`, or remove `on_overdue`.",
                )
        yield from _due_before_expected(survey, key, step)
        yield from _due_after_no_date(survey, key, step)


def _due_before_expected(survey: Survey, key: str, step: HumanStep) -> Iterator[Finding]:
    if step.expected is None or not isinstance(step.due, str):
        return
    calendar = survey.people.calendar(survey.definition.calendar)
    if calendar is None:  # found already
        return
    expected, due = (calendar.seconds(parse_duration(text)) for text in (step.expected, step.due))
    if due < expected:
        yield found(
            "due_before_expected",
            key,
            f"{survey.called(key)} is due after {step.due} and expected to take {step.expected}:"
            " work that goes as planned is late.",
            "Make `due` longer than `expected`.",
        )


def _due_after_no_date(survey: Survey, key: str, step: HumanStep) -> Iterator[Finding]:
    if not isinstance(step.due, DueDef):
        return
    field = survey.definition.fields.get(step.due.after)
    if field is None or field.type != "date":
        yield found(
            "due_after_no_date",
            key,
            f"{survey.called(key)} is due after '{step.due.after}', and that is no date field.",
            "Name a field of the type date after `due: {after: …}`.",
        )


def fields(survey: Survey) -> Iterator[Finding]:
    """What a step reads and writes is declared."""
    declared = survey.definition.fields
    for key, step in survey.graph.steps.items():
        for name in getattr(step, "inputs", None) or []:
            if name not in declared:
                yield found(
                    "input_unknown",
                    key,
                    f"{survey.called(key)} shows '{name}', and no such field is declared: people"
                    " would decide without it.",
                    f"Declare '{name}' under `fields`, or correct the name.",
                )
        for name in getattr(step, "outputs", None) or []:
            if name not in declared:
                yield found(
                    "output_unknown",
                    key,
                    f"{survey.called(key)} gives '{name}', and no such field is declared: what it"
                    " gives would be lost.",
                    f"Declare '{name}' under `fields`, or correct the name.",
                )


def shown(survey: Survey) -> Iterator[Finding]:
    """Whoever approves something sees it."""
    for key, step in survey.humans():
        if step.kind == "approval" and step.inputs == []:
            yield found(
                "nothing_shown",
                key,
                f"Whoever decides {survey.called(key)} is shown none of the request's values:"
                " they approve what they have not seen.",
                "List under `inputs` what the decision is about, or leave `inputs` out to show"
                " all.",
            )


def waits(survey: Survey) -> Iterator[Finding]:
    """A wait until a field waits until a date."""
    for key, step in survey.graph.steps.items():
        if not isinstance(step, WaitStep) or step.until is None:
            continue
        field = survey.definition.fields.get(step.until)
        if field is None or field.type not in ("date", "datetime"):
            yield found(
                "until_unfit",
                key,
                f"{survey.called(key)} waits until '{step.until}', which is no declared date: it"
                " would wait for ever.",
                "Name a field of type date or datetime under `until`.",
            )


def error_ways(survey: Survey) -> Iterator[Finding]:
    """What is done outside can fail, and the map says where the request goes then."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, AutomationStep | SubworkflowStep) and step.on_error is None:
            yield found(
                "error_way_missing",
                key,
                f"When {survey.called(key)} fails for good, the request stops there until its"
                " owner mends it by hand.",
                "Add `on_error` with the step where people put it right.",
            )


def forward(survey: Survey) -> Iterator[Finding]:
    """It is plain which outcome a quorum counts."""
    for key, step in survey.humans():
        ways = [name for name, way in step.outcomes.items() if not way.exception]
        if step.quorum in (None, 1) or len(ways) == 1:
            continue
        counted = forward_outcome(step)
        others = ", ".join(f"'{name}'" for name in step.outcomes if name != counted) or "others"
        yield found(
            "forward_outcome_unclear",
            key,
            f"The quorum of {survey.called(key)} counts '{counted}', the first of its outcomes"
            f" that is no exception; one person with {others} decides alone.",
            "Put the outcome that needs several people first, and mark as exceptions those that"
            " one person may take.",
        )


# -- outcomes that may not be open ---------------------------------------------------------------


def sure_outcomes(survey: Survey) -> Iterator[Finding]:
    """Whoever has a task can always do something with it."""
    for key, step in survey.humans():
        open_ways = [way for way in step.outcomes.values() if _has_people(survey, step, way)]
        if not any(way.when is None for way in open_ways) and not _cover_all(
            survey, key, [way.when for way in open_ways if way.when]
        ):
            yield found(
                "outcome_uncertain",
                key,
                f"Where no outcome of {survey.called(key)} is open, whoever has it can choose"
                " nothing and the request stays there.",
                "Give at least one outcome neither a `when` nor a role that nobody is in.",
            )


def _has_people(survey: Survey, step: HumanStep, way: RouteDef) -> bool:
    role = survey.role(way.role)
    if role is None:
        return True
    if role.requester:
        return "requester" not in not_by(step)
    return survey.members(way.role) != frozenset()


def _cover_all(survey: Survey, key: str, conditions: list[str]) -> bool:
    """Whether one of two conditions is the opposite of the other, on fields that are filled in."""
    for condition in conditions:
        try:
            needs = survey.graph.rule(condition).fields
        except RuleProblem:
            continue
        if needs <= survey.filled[key] and any(_opposite(condition, other) for other in conditions):
            return True
    return False


_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_COMPARISON = re.compile(r"([\w.]+) ?(==|!=|<=|>=|<|>) ?([\w.]+|'[^']*'|\"[^\"]*\")")


def _opposite(one: str, other: str) -> bool:
    first, second = " ".join(one.split()), " ".join(other.split())
    if second in (f"not {first}", f"not ({first})") and (
        re.fullmatch(r"\w+", first) or second.endswith(")")
    ):
        return True
    left, right = _COMPARISON.fullmatch(first), _COMPARISON.fullmatch(second)
    return bool(
        left
        and right
        and (left[1], left[3]) == (right[1], right[3])
        and _OPPOSITES[left[2]] == right[2]
    )


CHECKS = (times, fields, shown, waits, error_ways, forward, sure_outcomes)
