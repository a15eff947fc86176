"""Why a decision may not be: every condition of rule 1 in one pure function.

Pages ask it to know which buttons to show, services ask it again under the lock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.engine.advance import barred
from workflows.engine.definition import HumanStep, RouteDef, title
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed, WrongState
from workflows.engine.graph import Graph
from workflows.engine.marking import Marking, Person
from workflows.engine.rules import RuleCannotBeEvaluated
from workflows.engine.separation import kept_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the caller knows of the request, the work item and the person.

    `closed` is a sentence that says who was first and when, for work that is over; `in_role`
    whether the person is in the step's role at this moment, `in_outcome_role` likewise for the
    outcome's own role (None where it has none). `added` says that the person stands in, or that
    late work was escalated to a role in which they are: then they may decide it even while
    somebody has it. Having a task gives nobody the power to decide it.
    """

    graph: Graph
    marking: Marking
    data: Mapping[str, Any]
    step: str
    activation: int
    request_state: str
    closed: str | None
    assignee: Person | None
    assignee_name: str
    actor: Person
    in_role: bool
    in_outcome_role: bool | None = None
    added: bool = False


def why_not_act(case: Situation) -> HandoffError | None:
    """Why this person may not act on this work item at all, or None."""
    step = case.graph.human(case.step)
    name = case.graph.title(case.step)
    if case.closed is not None:
        return WrongState(case.closed)
    if case.request_state != "running":
        return WrongState(
            f"This request is {case.request_state}; work on it goes on only while it is running."
        )
    if case.actor in barred(step, case.marking):
        if case.actor not in kept_from(step, case.marking):
            return NotAllowed(
                f"'{name}' must be approved by somebody else: you changed this request's way or"
                " values by hand, and nobody approves what they steered."
            )
        return NotAllowed(
            f"'{name}' must be done by somebody else: separation of duties keeps"
            f" {_whom(step)} from it."
        )
    held = case.assignee is not None and case.assignee != case.actor
    if held and not case.in_outcome_role and not case.added:
        return NotAllowed(
            f"'{name}' is with {case.assignee_name}. Ask them to release it,"
            " or the workflow's owner to reassign it."
        )
    if not (case.in_role or case.in_outcome_role or case.added):
        left = " any more; ask the workflow's owner to reassign it"
        return NotAllowed(
            f"'{name}' is not yours to act on: you are not in its role"
            f"{left if case.assignee == case.actor else ''}."
        )
    token = case.marking.token(case.activation)
    if token is not None and case.actor in token.votes:
        return NotAllowed(
            f"You have already agreed to '{name}'; it needs {token.needed} different people."
        )
    return None


def why_not(
    case: Situation, *, outcome: str, comment: str, writes: Mapping[str, Any]
) -> HandoffError | None:
    """Why this person may not decide so, or None. `writes` are cleaned values by field."""
    refused = why_not_act(case)
    if refused is not None:
        return refused
    step = case.graph.human(case.step)
    route = step.outcomes.get(outcome)
    if route is None:
        known = ", ".join(step.outcomes)
        return InvalidInput(f"'{outcome}' is not an outcome of this step; choose one of: {known}.")
    return (
        _why_not_outcome(case, outcome, route)
        or _why_not_comment(outcome, route, comment)
        or _why_not_outputs(case, step, route, writes)
    )


def why_not_steer(
    graph: Graph, marking: Marking, actor: Person, steps: Iterable[str] = ()
) -> NotAllowed | None:
    """Why this person may not steer the request, or None; whatever their rank.

    Nobody steers what they asked for, nor past a step (`steps`: where the work is, what it would
    go past) that separation of duties keeps them from.
    """
    if marking.requester is not None and actor == marking.requester:
        return NotAllowed(
            "You asked for this request, so somebody else steers it: the workflow's owner or"
            " deputy, another of its managers, or who looks after the site."
        )
    for key in dict.fromkeys(steps):
        if graph.is_human(key) and actor in kept_from(graph.human(key), marking):
            return NotAllowed(
                f"Separation of duties keeps {_whom(graph.human(key))} from"
                f" '{graph.title(key)}', so somebody else has to steer the request there: the"
                " workflow's owner or deputy, another of its managers, or who looks after the site."
            )
    return None


def open_outcomes(case: Situation, roles: Mapping[str, bool]) -> dict[str, RouteDef]:
    """The outcomes that this person could choose now, for showing buttons.

    `roles` says for each outcome role named in the step whether the person is in it.
    """
    step = case.graph.human(case.step)
    return {
        name: route
        for name, route in step.outcomes.items()
        if (roles.get(route.role, False) if route.role else _by_step_role(case))
        and _why_not_when(case, name, route) is None
    }


def _by_step_role(case: Situation) -> bool:
    return case.in_role or case.added


def _why_not_outcome(case: Situation, outcome: str, route: RouteDef) -> HandoffError | None:
    label = title(outcome, route.label)
    allowed = case.in_outcome_role if route.role else _by_step_role(case)
    if not allowed:
        role = route.role or case.graph.human(case.step).role
        return NotAllowed(f"'{label}' is for the role {role}, and you are not in it.")
    return _why_not_when(case, outcome, route)


def _why_not_when(case: Situation, outcome: str, route: RouteDef) -> HandoffError | None:
    if route.when is None:
        return None
    label = title(outcome, route.label)
    try:
        holds = case.graph.holds(route.when, case.data)
    except RuleCannotBeEvaluated as problem:
        return InvalidInput(f"'{label}' cannot be chosen yet: {problem}")
    if not holds:
        return InvalidInput(f"'{label}' cannot be chosen now: it needs {route.when}.")
    return None


def _why_not_comment(outcome: str, route: RouteDef, comment: str) -> HandoffError | None:
    if route.comment == "required" and not comment.strip():
        return InvalidInput(
            f"'{title(outcome, route.label)}' needs a comment; say why in a sentence."
        )
    return None


def _why_not_outputs(
    case: Situation, step: HumanStep, route: RouteDef, writes: Mapping[str, Any]
) -> HandoffError | None:
    allowed = step.outputs or []
    fields = case.graph.definition.fields
    extra = [key for key in writes if key not in allowed]
    if extra:
        return InvalidInput(f"This step does not change {_names(extra, fields)}; leave it out.")
    if route.exception:
        return None
    empty = [
        key
        for key in allowed
        if fields[key].required and writes.get(key, case.data.get(key)) is None
    ]
    if empty:
        return InvalidInput(f"Fill in {_names(empty, fields)}; this step must give it.")
    return None


def _names(keys: Sequence[str], fields: Mapping[str, Any]) -> str:
    return ", ".join(title(key, fields[key].label if key in fields else None) for key in keys)


def _whom(step: HumanStep) -> str:
    who = step.not_by if step.not_by is not None else ["requester"]
    return " and ".join("the requester" if w == "requester" else f"who did '{w}'" for w in who)
