"""Why a decision may not be: every condition of rule 1 in one pure function.

Pages ask it to know which buttons to show, services ask it again under the lock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.engine.authority.asked_fields import is_shown, missing_answers
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed, WrongState
from workflows.engine.format.definition import HumanStep, RouteDef, display_title
from workflows.engine.format.directory_finders import field_of_word
from workflows.engine.routing.advance import barred_people
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.known_facts import with_facts
from workflows.engine.routing.marking import Marking, Person
from workflows.engine.routing.quorum import lacking_roles, vote_counts
from workflows.engine.routing.separation import RowView, forward_outcome, people_kept_from_step
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.engine.texts import Text, join_texts, text


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionContext:
    """What the caller knows of the request, the work item and the person.

    `closed` is a sentence that says who was first and when, for work that is over; `in_role`
    whether the person is in the step's role at this moment, `in_outcome_role` likewise for the
    outcome's own role (None where it has none). `added` says that the person stands in, or that
    late work was escalated to a role in which they are: then they may decide it even while
    somebody has it. Having a task gives nobody the power to decide it. `awaits_requester`: the
    requester was asked something on it, and has not answered. `quorum_roles` are the roles for
    which they count, where the quorum is by roles.

    Who stands in for somebody who is away acts in their place (`acted_for`): then all of this is
    asked of that person, and separation of duties holds for both. `rows` are the rows that the
    work is about; `data` has their values too.
    """

    graph: Graph
    marking: Marking
    data: Mapping[str, Any]
    step: str
    activation: int
    request_state: str
    closed: Text | None
    assignee: Person | None
    assignee_name: str
    actor: Person
    in_role: bool
    in_outcome_role: bool | None = None
    added: bool = False
    acted_for: Person | None = None
    awaits_requester: bool = False
    quorum_roles: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()

    @property
    def asked(self) -> Mapping[str, Any]:
        """What rules may ask: the values, and what is known beside them."""
        return with_facts(self.graph, self.step, self.rows, self.data, self.marking.facts)

    @property
    def view(self) -> RowView:
        """From where separation of duties is asked."""
        return RowView(self.graph, self.step, self.rows)

    @property
    def in_whose_right(self) -> Person:
        """Who it is whose roles and tasks count."""
        return self.actor if self.acted_for is None else self.acted_for

    @property
    def people(self) -> frozenset[Person]:
        """Both who act and in whose place, whom separation of duties may keep away."""
        return frozenset({self.actor, self.in_whose_right})


def acting_refusal(context: DecisionContext) -> HandoffError | None:
    """Why this person may not act on this work item at all, or None."""
    step = context.graph.human(context.step)
    name = context.graph.title(context.step)
    return (
        _state_refusal(context)
        or _separation_refusal(context, step, name)
        or _holder_refusal(context, name)
        or _role_refusal(context, name)
        or _vote_refusal(context, name)
    )


def _state_refusal(context: DecisionContext) -> HandoffError | None:
    """Why nobody may act on the work item any more, or for now."""
    if context.closed is not None:
        return WrongState(context.closed)
    if context.request_state != "running":
        return WrongState(
            "This request is %(request_state)s; work on it goes on only while it is running.",
            request_state=Text(context.request_state),
        )
    if context.awaits_requester:
        return WrongState(
            "'%(name)s' waits for the requester's answer. It goes on when they have answered, or"
            " when whoever asked takes the question back.",
            name=context.graph.title(context.step),
        )
    return None


def _separation_refusal(
    context: DecisionContext, step: HumanStep, name: str
) -> HandoffError | None:
    barred = context.people & barred_people(step, context.marking, context.view)
    if not barred:
        return None
    if context.actor not in barred:
        return NotAllowed(
            "'%(name)s' must be done by somebody else: separation of duties keeps the person from"
            " it in whose place you would act.",
            name=name,
        )
    if context.actor not in people_kept_from_step(step, context.marking, context.view):
        return NotAllowed(
            "'%(name)s' must be approved by somebody else: you changed this request's way or"
            " values by hand, and nobody approves what they steered.",
            name=name,
        )
    return NotAllowed(
        "'%(name)s' must be done by somebody else: separation of duties keeps %(people)s from it.",
        name=name,
        people=describe_barred_people(step),
    )


def _holder_refusal(context: DecisionContext, name: str) -> HandoffError | None:
    held = context.assignee is not None and context.assignee != context.in_whose_right
    if held and not context.in_outcome_role and not context.added:
        return NotAllowed(
            "'%(name)s' is with %(assignee_name)s. Ask them to release it, or the workflow's owner"
            " to reassign it.",
            name=name,
            assignee_name=context.assignee_name,
        )
    return None


def _role_refusal(context: DecisionContext, name: str) -> HandoffError | None:
    if context.in_role or context.in_outcome_role or context.added:
        return None
    return NotAllowed(
        "'%(name)s' is not yours to act on: you are not in its role any more; ask the workflow's"
        " owner to reassign it."
        if context.assignee == context.in_whose_right
        else "'%(name)s' is not yours to act on: you are not in its role.",
        name=name,
    )


def _vote_refusal(context: DecisionContext, name: str) -> HandoffError | None:
    token = context.marking.token(context.activation)
    if token is None or not context.people & token.voters:
        return None
    if context.actor in token.voters:
        return NotAllowed(
            "You have already agreed to '%(name)s'; it needs %(needed)s different people.",
            name=name,
            needed=token.needed,
        )
    return NotAllowed(
        "The person in whose place you would act has already agreed to '%(name)s', or somebody"
        " else did for them; it needs %(needed)s different people.",
        name=name,
        needed=token.needed,
    )


def has_standing(context: DecisionContext, outcome: str = "") -> bool:
    """Whether the task, and this outcome of it, is the person's (or theirs in whose place they
    act) at all: then what else keeps them from it is what they are told."""
    name = context.graph.title(context.step)
    if _holder_refusal(context, name) or _role_refusal(context, name):
        return False
    route = context.graph.human(context.step).outcomes.get(outcome)
    return route is None or _is_outcome_for(context, route)


def choose_context(contexts: Sequence[DecisionContext], outcome: str = "") -> DecisionContext:
    """As whom somebody acts: as themselves (the first) where the task is theirs, else in place of
    the first who is away and whose it is, and who is not kept from it."""
    own, *in_place_of_others = contexts
    if has_standing(own, outcome):
        return own
    standing = [context for context in in_place_of_others if has_standing(context, outcome)]
    allowed = (context for context in standing if acting_refusal(context) is None)
    return next(allowed, None) or next(iter(standing), own)


def decision_refusal(
    context: DecisionContext,
    *,
    outcome: str,
    comment: str,
    writes: Mapping[str, Any],
    is_shown_by_log: bool = False,
) -> HandoffError | None:
    """Why this person may not decide so, or None. `writes` are cleaned values by field."""
    refused = acting_refusal(context)
    if refused is not None:
        return refused
    step = context.graph.human(context.step)
    route = step.outcomes.get(outcome)
    if route is None:
        outcome_names = ", ".join(step.outcomes)
        return InvalidInput(
            "'%(outcome)s' is not an outcome of this step; choose one of: %(outcome_names)s.",
            outcome=outcome,
            outcome_names=outcome_names,
        )
    return (
        _outcome_refusal(context, outcome, route)
        or enough_refusal(context, outcome)
        or (None if is_shown_by_log else _comment_refusal(outcome, route, comment))
        or _output_refusal(context, step, route, writes)
    )


def steering_refusal(
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
        if graph.is_human(key) and actor in people_kept_from_step(graph.human(key), marking):
            return NotAllowed(
                "Separation of duties keeps %(people)s from '%(title)s', so somebody"
                " else has to steer the request there: the workflow's owner or deputy, another of"
                " its managers, or who looks after the site.",
                people=describe_barred_people(graph.human(key)),
                title=graph.title(key),
            )
    return None


def open_outcomes(context: DecisionContext, roles: Mapping[str, bool]) -> dict[str, RouteDef]:
    """The outcomes that this person could choose now, for showing buttons.

    `roles` says for each outcome role named in the step whether the person is in it.
    """
    step = context.graph.human(context.step)
    return {
        name: route
        for name, route in step.outcomes.items()
        if (roles.get(route.role, False) if route.role else _may_act_by_step_role(context))
        and _condition_refusal(context, name, route) is None
        and enough_refusal(context, name) is None
    }


def _may_act_by_step_role(context: DecisionContext) -> bool:
    return context.in_role or context.added


def _is_outcome_for(context: DecisionContext, route: RouteDef) -> bool:
    return bool(context.in_outcome_role) if route.role else _may_act_by_step_role(context)


def _outcome_refusal(
    context: DecisionContext, outcome: str, route: RouteDef
) -> HandoffError | None:
    label = display_title(outcome, route.label)
    if not _is_outcome_for(context, route):
        role = route.role or context.graph.human(context.step).role
        return NotAllowed(
            "'%(label)s' is for the role %(role)s, and you are not in it.", label=label, role=role
        )
    return _condition_refusal(context, outcome, route)


def enough_refusal(context: DecisionContext, outcome: str = "") -> HandoffError | None:
    """With a quorum by roles, or somebody added: whether it is others who are awaited. Without an
    outcome the one is meant that is counted."""
    step = context.graph.human(context.step)
    outcome = outcome or forward_outcome(step)
    token = context.marking.token(context.activation)
    if token is None or token.needed == 1 or outcome != forward_outcome(step):
        return None
    if vote_counts(step, token, context.in_whose_right, context.quorum_roles):
        return None
    lacking = join_texts(
        [
            text("%(count)s of '%(role)s'", count=count, role=display_title(role, None))
            for role, count in lacking_roles(step, token).items()
        ]
    )
    return WrongState(
        "Enough people of your role have agreed to '%(name)s'; it waits for others: %(lacking)s."
        if lacking
        else "Enough people of the role have agreed to '%(name)s'; it waits for who was added.",
        name=context.graph.title(context.step),
        lacking=lacking,
    )


def _condition_refusal(
    context: DecisionContext, outcome: str, route: RouteDef
) -> HandoffError | None:
    if route.when is None:
        return None
    label = display_title(outcome, route.label)
    try:
        holds = context.graph.holds(route.when, context.asked)
    except RuleCannotBeEvaluated as problem:
        return InvalidInput(
            "'%(label)s' cannot be chosen yet: %(problem)s", label=label, problem=problem
        )
    if not holds:
        return InvalidInput(
            "'%(label)s' cannot be chosen now: it needs %(when)s.", label=label, when=route.when
        )
    return None


def _comment_refusal(outcome: str, route: RouteDef, comment: str) -> HandoffError | None:
    if route.comment == "required" and not comment.strip():
        return InvalidInput(
            "'%(outcome)s' needs a comment; say why in a sentence.",
            outcome=display_title(outcome, route.label),
        )
    return None


def _output_refusal(
    context: DecisionContext, step: HumanStep, route: RouteDef, writes: Mapping[str, Any]
) -> HandoffError | None:
    allowed = step.outputs or []
    fields = context.graph.definition.all_fields
    data = {**context.data, **writes}
    extra = [key for key in writes if key not in allowed and not _is_emptied(context, key, data)]
    if extra:
        return InvalidInput(
            "This step does not change %(fields)s; leave it out.",
            fields=_join_titles(extra, fields),
        )
    if route.exception:
        return None
    empty = missing_answers(context.graph, allowed, data)
    if empty:
        return InvalidInput(
            "Fill in %(fields)s; this step must give it.",
            fields=_join_titles(empty, fields),
        )
    return None


def _is_emptied(context: DecisionContext, key: str, data: Mapping[str, Any]) -> bool:
    """Whether a field is only written because it is not asked for any more."""
    is_known = key in context.graph.definition.all_fields
    return is_known and data[key] is None and not is_shown(context.graph, key, data)


def _join_titles(keys: Sequence[str], fields: Mapping[str, Any]) -> str:
    return ", ".join(
        display_title(key, fields[key].label if key in fields else None) for key in keys
    )


def describe_barred_people(step: HumanStep) -> Text | str:
    """Whom separation of duties keeps from a step, as a part of a sentence."""
    barred_entries = step.not_by if step.not_by is not None else ["requester"]
    return join_texts([_describe_party(entry) for entry in barred_entries])


def _describe_party(entry: str) -> Text:
    field = field_of_word(entry)
    if field is not None:
        return text("the person in '%(field)s'", field=display_title(field, None))
    if entry == "requester":
        return text("the requester")
    return text("who did '%(step)s'", step=entry)
