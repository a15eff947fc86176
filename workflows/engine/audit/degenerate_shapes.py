"""Shapes that say less than they seem to: choices of one, splits of one, ends that are one."""

from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import (
    DecisionStep,
    EndStep,
    HumanStep,
    Link,
    ParallelStep,
    Step,
    TableStep,
)
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import type_of_field


def check_single_choices(survey: Survey) -> Iterator[AuditFinding]:
    """A parallel step opens several branches, and a decision leads to several steps."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, ParallelStep) and len(step.branches) == 1 and not step.branches[0].each:
            yield make_finding("parallel_of_one", key, step=survey.called(key))
        elif _decides(step) and len(survey.graph.following[key]) == 1:
            (only,) = survey.graph.following[key]
            yield make_finding(
                "decision_of_one", key, step=survey.called(key), target=survey.called(only)
            )


def _decides(step: Step) -> bool:
    """Whether a step is there for its choice alone."""
    if isinstance(step, TableStep):
        return not step.outputs
    return isinstance(step, DecisionStep) and step.otherwise is not None


def check_field_definitions(survey: Survey) -> Iterator[AuditFinding]:
    """A choice offers something to choose from, an amount says of what it is one, and what is
    public is shown somewhere."""
    for name, field in survey.definition.fields.items():
        if type_of_field(field).has_choices and len(field.choices or ()) == 1:
            yield make_finding("choice_of_one", None, name=name, choice=(field.choices or [""])[0])
        if type_of_field(field).has_currency and field.currency is None:
            yield make_finding("currency_missing", None, name=name)
        if field.public and survey.definition.status_link is False:
            yield make_finding("public_without_link", None, name=name)


# -- ends that cannot be told apart -------------------------------------------------------------


def check_distinct_ends(survey: Survey) -> Iterator[AuditFinding]:
    """What a request ended as tells whether it went as it should."""
    usual = _usual_steps(survey)
    arrivals: dict[str, tuple[list[Link], list[Link]]] = {}
    for link in survey.graph.links:
        end = survey.graph[link.to]
        if not isinstance(end, EndStep) or link.kind == "reopen":
            continue
        if link.source in survey.graph.reachable:
            by_exception = bool(link.route.exception) or link.source not in usual
            arrivals.setdefault(end.result, ([], []))[by_exception].append(link)
    for result, (normal, exceptions) in sorted(arrivals.items()):
        if normal and exceptions:
            yield _ambiguous_end_finding(survey, result, normal[0], exceptions[0])
        else:
            yield from _check_outcomes_differ(survey, result, normal)


def _usual_steps(survey: Survey) -> set[str]:
    """The steps that a request comes to without a refusal on the way."""
    usual_links = [link for link in survey.graph.links if not _is_refusal(survey, link)]
    following: dict[str, set[str]] = {}
    for link in usual_links:
        if link.kind != "reopen":
            following.setdefault(link.source, set()).add(link.to)
    seen = set(survey.entries)
    waiting = list(seen)
    while waiting:
        for target in following.get(waiting.pop(), set()) - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def _is_refusal(survey: Survey, link: Link) -> bool:
    """An approval or a rule that says no. What went wrong in a task, or outside, and was put
    right by hand can end as well as anything."""
    says_no = link.kind in ("rule", "row") or _is_approval(survey, link.source)
    return bool(link.route.exception) and says_no


def _ambiguous_end_finding(
    survey: Survey, result: str, normal: Link, exception: Link
) -> AuditFinding:
    return make_finding(
        "end_not_told_apart",
        exception.source,
        result=result,
        exception_way=_route_label(survey, exception),
        normal_way=_route_label(survey, normal),
    )


def _check_outcomes_differ(
    survey: Survey, result: str, links: list[Link]
) -> Iterator[AuditFinding]:
    """Whoever approves decides something: two of their outcomes do not end the same."""
    sources = [link.source for link in links if _is_approval(survey, link.source)]
    for key in dict.fromkeys(source for source in sources if sources.count(source) > 1):
        yield make_finding(
            "end_not_told_apart", key, "outcomes", step=survey.called(key), result=result
        )


def _is_approval(survey: Survey, key: str) -> bool:
    step = survey.graph[key]
    return isinstance(step, HumanStep) and step.kind == "approval"


def _route_label(survey: Survey, link: Link) -> Text | str:
    step = survey.called(link.source)
    if link.kind != "outcome":
        return step
    return text("'%(outcome)s' of %(step)s", outcome=link.name, step=step)


CHECKS = (check_single_choices, check_field_definitions, check_distinct_ends)
