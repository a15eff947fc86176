"""Shapes that say less than they seem to: choices of one, splits of one, ends that are one."""

from collections.abc import Iterator

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.definition import DecisionStep, EndStep, HumanStep, Link, ParallelStep


def of_one(survey: Survey) -> Iterator[Finding]:
    """A parallel step opens several branches, and a decision leads to several steps."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, ParallelStep) and len(step.branches) == 1:
            yield found(
                "parallel_of_one",
                key,
                f"{survey.called(key)} opens one branch: nothing is done beside it, and its join"
                " waits for what comes anyway.",
                "Add the other branches, or lead straight to the branch's step; a branch that is"
                " only sometimes taken is a decision.",
            )
        elif (
            isinstance(step, DecisionStep)
            and step.otherwise
            and len(survey.graph.following[key]) == 1
        ):
            (only,) = survey.graph.following[key]
            yield found(
                "decision_of_one",
                key,
                f"{survey.called(key)} decides nothing: all its ways lead to"
                f" {survey.called(only)}.",
                "Lead the ways to different steps, or take the decision out.",
            )


def fields(survey: Survey) -> Iterator[Finding]:
    """A choice offers something to choose from, and an amount says of what it is one."""
    for name, field in survey.definition.fields.items():
        if field.type == "choice" and len(field.choices or ()) == 1:
            yield found(
                "choice_of_one",
                None,
                f"The field '{name}' offers one choice, '{(field.choices or [''])[0]}': what"
                " everybody must choose says nothing of any request.",
                "Add the other choices, or take the field out.",
            )
        if field.type == "money" and field.currency is None:
            yield found(
                "currency_missing",
                None,
                f"The field '{name}' is an amount of no currency: whoever approves 100 does not"
                " know of what, and amounts of two currencies are compared as if they were one.",
                "Add `currency`, such as EUR.",
            )


# -- ends that cannot be told apart -------------------------------------------------------------


def ends(survey: Survey) -> Iterator[Finding]:
    """What a request ended as tells whether it went as it should."""
    usual = _usual(survey)
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
            yield _not_told_apart(survey, result, normal[0], exceptions[0])
        else:
            yield from _decided_alike(survey, result, normal)


def _usual(survey: Survey) -> set[str]:
    """The steps that a request comes to without a refusal on the way."""
    ways = [link for link in survey.graph.links if not _is_refusal(survey, link)]
    following: dict[str, set[str]] = {}
    for link in ways:
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
    says_no = link.kind == "rule" or _is_approval(survey, link.source)
    return bool(link.route.exception) and says_no


def _not_told_apart(survey: Survey, result: str, normal: Link, exception: Link) -> Finding:
    return found(
        "end_not_told_apart",
        exception.source,
        f"A request ends as '{result}' both by {_way(survey, exception)}, on an exception path,"
        f" and by {_way(survey, normal)}: in lists and figures a refusal counts as a success.",
        "Give exceptions an end of their own, with another `result`.",
    )


def _decided_alike(survey: Survey, result: str, ways: list[Link]) -> Iterator[Finding]:
    """Whoever approves decides something: two of their outcomes do not end the same."""
    sources = [link.source for link in ways if _is_approval(survey, link.source)]
    for key in dict.fromkeys(source for source in sources if sources.count(source) > 1):
        yield found(
            "end_not_told_apart",
            key,
            f"Several outcomes of {survey.called(key)} end the request as '{result}': whatever is"
            " decided, nobody can tell afterwards.",
            "Give each outcome an end of its own, with another `result`, and mark refusals as"
            " exceptions.",
        )


def _is_approval(survey: Survey, key: str) -> bool:
    step = survey.graph[key]
    return isinstance(step, HumanStep) and step.kind == "approval"


def _way(survey: Survey, link: Link) -> str:
    name = f"'{link.name}' of " if link.kind == "outcome" else ""
    return f"{name}{survey.called(link.source)}"


CHECKS = (of_one, fields, ends)
