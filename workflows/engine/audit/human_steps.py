"""The work of people: how long it should take, what it reads and writes, how it is decided."""

import re
from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.audit.staffing import is_barred_outcome
from workflows.engine.format.definition import (
    ApprovalStep,
    AutomationStep,
    DueDef,
    HumanStep,
    RouteDef,
    SubworkflowStep,
    TableStep,
    TaskStep,
    WaitStep,
)
from workflows.engine.format.quorums import fixed_votes
from workflows.engine.routing.separation import forward_outcome, visible_field_keys
from workflows.engine.routing.waits import awaited_field
from workflows.engine.rules.evaluation import RuleProblem
from workflows.engine.texts import text
from workflows.engine.timing.due_dates import Months, parse_span
from workflows.engine.timing.working_time import Calendar, parse_duration
from workflows.engine.values.field_types.base import type_of_field


def check_times(survey: Survey) -> Iterator[AuditFinding]:
    """A person's step has an expected and a due time that fit each other."""
    for key, step in survey.humans():
        if step.expected is None:
            yield make_finding("expected_missing", key, step=survey.called(key))
        if step.due is None:
            yield make_finding("due_missing", key, step=survey.called(key))
            if step.on_overdue:
                yield make_finding("overdue_without_due", key, step=survey.called(key))
        yield from _due_before_expected(survey, key, step)
        yield from _due_after_no_date(survey, key, step)
        yield from _expires_too_soon(survey, key, step)
        if step.due is None and step.extend is not None:
            yield make_finding("extend_without_due", key, step=survey.called(key))
    yield from _check_deadline(survey)


def _check_deadline(survey: Survey) -> Iterator[AuditFinding]:
    """What the head says of when a request as a whole is due holds together."""
    head, whole = survey.definition, text("The request as a whole")
    if isinstance(head.due, DueDef) and not _is_date(survey, head.due.field):
        yield make_finding("due_after_no_date", None, step=whole, field=head.due.field)
    if head.due is None and head.extend is not None:
        yield make_finding("extend_without_due", None, step=whole)
    if head.due is None and head.on_overdue is not None:
        yield make_finding("overdue_without_due", None, step=whole)


def _due_before_expected(survey: Survey, key: str, step: HumanStep) -> Iterator[AuditFinding]:
    if step.expected is None or not isinstance(step.due, str):
        return
    calendar = survey.people.calendar(survey.definition.calendar_of(key))
    span = parse_span(step.due)
    if calendar is None or isinstance(span, Months):  # found already, or counted otherwise
        return
    expected, due = calendar.seconds(parse_duration(step.expected)), calendar.seconds(span)
    if due < expected:
        yield make_finding(
            "due_before_expected",
            key,
            step=survey.called(key),
            due=step.due,
            expected=step.expected,
        )


def _expires_too_soon(survey: Survey, key: str, step: HumanStep) -> Iterator[AuditFinding]:
    """A task that is gone before it is late, also with all the time that may be given, or before it
    is usually done."""
    expires = step.expires if isinstance(step, TaskStep) else None
    if expires is None:
        return
    calendar = survey.people.calendar(survey.definition.calendar_of(key)) or Calendar.always()
    ends = _usual_seconds(calendar, expires.after)
    due = _usual_seconds(calendar, step.due) if isinstance(step.due, str) else 0
    expected = _usual_seconds(calendar, step.expected) if step.expected else 0
    if due and step.extend is not None:
        due += _usual_seconds(calendar, step.extend.by) * (step.extend.times or 1)
    if max(due, expected) > ends:
        yield make_finding("expires_too_soon", key, step=survey.called(key), after=expires.after)


def _usual_seconds(calendar: Calendar, written: str) -> int:
    """How long a span is, as time that passes: a day of working time is one of those in a week
    that the calendar has."""
    span = parse_span(written)
    if isinstance(span, Months):
        return (span.count * 30 + span.days) * 86400
    return calendar.seconds(span) * 7 * 86400 // max(1, calendar.seconds(parse_duration("1w")))


def _due_after_no_date(survey: Survey, key: str, step: HumanStep) -> Iterator[AuditFinding]:
    if not isinstance(step.due, DueDef):
        return
    if not _is_date(survey, step.due.field):
        yield make_finding("due_after_no_date", key, step=survey.called(key), field=step.due.field)


def _is_date(survey: Survey, name: str) -> bool:
    field = survey.definition.all_fields.get(name)
    return field is not None and type_of_field(field).kind == "date"


def check_signing(survey: Survey) -> Iterator[AuditFinding]:
    """No map says that steps which are signed are decided from mails."""
    if not survey.definition.decide_by_mail:
        return
    for key, step in survey.humans():
        if step.sign is not None:
            yield make_finding("signed_not_by_mail", key, step=survey.called(key))


def check_declared_fields(survey: Survey) -> Iterator[AuditFinding]:
    """What a step reads and writes is declared."""
    declared = survey.definition.all_fields
    for key, step in survey.graph.steps.items():
        asked = survey.definition.table_fields if isinstance(step, TableStep) else declared
        for name in getattr(step, "inputs", None) or []:
            if name not in asked:
                yield make_finding("input_unknown", key, step=survey.called(key), name=name)
        for name in getattr(step, "outputs", None) or []:
            if name not in declared:
                yield make_finding("output_unknown", key, step=survey.called(key), name=name)


def check_approval_inputs(survey: Survey) -> Iterator[AuditFinding]:
    """Whoever approves something sees it."""
    for key, step in survey.humans():
        if step.kind == "approval" and step.inputs == []:
            yield make_finding("nothing_shown", key, step=survey.called(key))
        yield from _new_version_of_nothing(survey, key, step)


def _new_version_of_nothing(survey: Survey, key: str, step: HumanStep) -> Iterator[AuditFinding]:
    if not isinstance(step, ApprovalStep) or step.on_new_version is None:
        return
    fields = survey.definition.all_fields
    shown_fields = (fields[name] for name in visible_field_keys(step, survey.definition))
    if not any(type_of_field(field).holds_document for field in shown_fields):
        yield make_finding("no_document_shown", key, step=survey.called(key))


def check_waits(survey: Survey) -> Iterator[AuditFinding]:
    """A wait until a field waits until a date."""
    for key, step in survey.graph.steps.items():
        if not isinstance(step, WaitStep) or step.until is None:
            continue
        name = awaited_field(step)
        if not _is_date(survey, name):
            yield make_finding("until_unfit", key, step=survey.called(key), field=name)


def check_error_routes(survey: Survey) -> Iterator[AuditFinding]:
    """What is done outside can fail, and the map says where the request goes then."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, AutomationStep | SubworkflowStep) and step.on_error is None:
            yield make_finding("error_way_missing", key, step=survey.called(key))


def check_forward_outcome(survey: Survey) -> Iterator[AuditFinding]:
    """It is plain which outcome a quorum counts."""
    for key, step in survey.humans():
        forward_names = [name for name, route in step.outcomes.items() if not route.exception]
        if fixed_votes(step.quorum) == 1 or len(forward_names) == 1:
            continue
        counted = forward_outcome(step)
        other_outcomes = ", ".join(
            f"'{name}'" for name in step.outcomes if name != counted
        ) or text("others")
        yield make_finding(
            "forward_outcome_unclear",
            key,
            step=survey.called(key),
            outcome=counted,
            other_outcomes=other_outcomes,
        )


# -- outcomes that may not be open ---------------------------------------------------------------


def check_open_outcomes(survey: Survey) -> Iterator[AuditFinding]:
    """Whoever has a task can always do something with it."""
    for key, step in survey.humans():
        open_routes = [
            route for route in step.outcomes.values() if _has_people_for_route(survey, step, route)
        ]
        if not any(route.when is None for route in open_routes) and not _covers_all_cases(
            survey, key, [route.when for route in open_routes if route.when]
        ):
            yield make_finding("outcome_uncertain", key, step=survey.called(key))


def _has_people_for_route(survey: Survey, step: HumanStep, route: RouteDef) -> bool:
    role = survey.role(route.role)
    if role is None:
        return True
    if role.is_requester:
        return not is_barred_outcome(survey, step, route)
    return survey.members(route.role) != frozenset()


def _covers_all_cases(survey: Survey, key: str, conditions: list[str]) -> bool:
    """Whether one of two conditions is the opposite of the other, on fields that are filled in."""
    for condition in conditions:
        try:
            needs = survey.graph.rule(condition).fields
        except RuleProblem:
            continue
        if needs <= survey.filled[key] and any(
            _is_opposite(condition, other) for other in conditions
        ):
            return True
    return False


_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_COMPARISON = re.compile(r"([\w.]+) ?(==|!=|<=|>=|<|>) ?([\w.]+|'[^']*'|\"[^\"]*\")")


def _is_opposite(condition: str, other: str) -> bool:
    first, second = " ".join(condition.split()), " ".join(other.split())
    if second in (f"not {first}", f"not ({first})") and (
        re.fullmatch(r"\w+", first) or second.endswith(")")
    ):
        return True
    first_match, second_match = _COMPARISON.fullmatch(first), _COMPARISON.fullmatch(second)
    return bool(
        first_match
        and second_match
        and (first_match[1], first_match[3]) == (second_match[1], second_match[3])
        and _OPPOSITES[first_match[2]] == second_match[2]
    )


CHECKS = (
    check_times,
    check_signing,
    check_declared_fields,
    check_approval_inputs,
    check_waits,
    check_error_routes,
    check_forward_outcome,
    check_open_outcomes,
)
