"""What the decision page says: what is asked, on what data, after which decisions, by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from approvals.forms.signing import SigningPrompt, signing_prompt
from approvals.pages.conversation import describe_comments
from approvals.pages.decisions import (
    EarlierDecision,
    describe_awaited,
    describe_decisions,
    describe_signatures,
    describe_votes,
    may_withdraw_vote,
    outcome_kind,
    voter_usernames,
)
from approvals.pages.field_values import (
    DisplayedValue,
    displayed_values,
    usernames_in_fields,
)
from approvals.pages.hold_lines import HoldLine, describe_holds
from approvals.pages.position_texts import destination_text, expiry_sentence
from approvals.pages.questions import TaskAsking, describe_asking
from approvals.pages.request_steering import describe_last_extension
from approvals.pages.task_snapshot import TaskPageSnapshot
from approvals.pages.timeline import TimelineEntry, timeline_of_decisions
from approvals.ui.formats import outdated_approval_sentences, performer_text, person_name
from workflows.conversation.queries.comments import (
    COMMENTS,
    comments_of,
    documents_and_comment_files,
)
from workflows.definitions.queries.compiled_versions import map_of_step
from workflows.documents.queries.instance_documents import DOCUMENTS
from workflows.engine.authority.decision_guards import (
    DecisionContext,
    acting_refusal,
    enough_refusal,
)
from workflows.engine.format.definition import HumanStep, RouteDef, display_title
from workflows.engine.format.quorums import quorum_roles
from workflows.engine.routing.rows import slot_key
from workflows.engine.routing.separation import forward_outcome
from workflows.engine.routing.void_approvals import changed_since, outdated_approvals
from workflows.execution.models import (
    CANCELLED,
    CLAIMED,
    ENABLED,
    PAUSED,
    STARTED,
    WorkItem,
)
from workflows.execution.queries.actor_facets import actor_facets, stood_in_roles_facet
from workflows.execution.queries.facets import read_facets
from workflows.execution.queries.form_drafts import TASK_DRAFTS
from workflows.execution.queries.holders import HolderKind
from workflows.execution.queries.instance_record import (
    ABSENCES,
    ADDED_PEOPLE,
    DECISIONS,
    decided_tasks_of,
    find_added_person,
    find_away_note_beside,
    people_read_with,
    read_absences_of_people,
)
from workflows.execution.queries.next_steps import find_destination, find_next_steps
from workflows.execution.queries.position import StepPosition, build_step_position
from workflows.execution.queries.questions import QUESTIONS
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.queries.visible_instances import find_visible_human_task
from workflows.execution.services.agreement.withdrawn_votes import find_own_vote
from workflows.execution.services.capacities import may_steer_request
from workflows.execution.services.extensions import due_of_extended_task, find_task_refusal
from workflows.execution.services.read_only_work import read_only_unit_of_work
from workflows.execution.services.review_digest import digest_of_shown_values
from workflows.execution.services.task_standing import (
    available_outcomes,
    decision_situation,
    find_person_in_whose_right,
)
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.execution.texts.agreement import describe_parts
from workflows.language.formats import date_text, join_words, moment_text
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of, full_names_of


@dataclass(frozen=True, slots=True)
class OutcomeButton:
    """One outcome that the person may choose now."""

    key: str
    label: str
    kind: str
    needs_comment: bool
    leads_to: str


@dataclass(frozen=True, slots=True)
class TaskCommand:
    """A button beside the decision: take, start work, pause, or give back."""

    key: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """Everything on the decision page apart from the form."""

    task: WorkItem
    position: StepPosition
    step: HumanStep
    refused: str
    over: str
    inputs: list[DisplayedValue]
    earlier: list[TimelineEntry]
    agreed: list[EarlierDecision]
    buttons: list[OutcomeButton]
    commands: list[TaskCommand]
    asking: TaskAsking
    state_sentence: str
    manages: bool
    form_values: Mapping[str, Any]
    seen: str
    sight_is_offered: bool = False
    escalated: str = ""
    stands_in: str = ""
    asked_again: str = ""
    outdated: Sequence[str] = ()
    expires: str = ""
    extended: str = ""
    """By whom and why it has more time than at first."""
    extended_due: datetime | None = None
    """When it is due if it is given more time; None where it cannot be, or not by the reader."""
    signing: SigningPrompt | None = None
    may_take_back: bool = False
    awaited: str = ""
    needed_of_roles: str = ""
    enough: str = ""
    """Why the reader's agreement is not asked for, although they may decide otherwise."""
    holds: Sequence[HoldLine] = ()

    @property
    def title(self) -> str:
        """The step's title, and the row that it is about."""
        return self.position.place

    @property
    def comment_needed_for(self) -> str:
        """The labels of the outcomes that a comment must go with."""
        return join_words(
            [
                gettext("“%(outcome)s”") % {"outcome": button.label}
                for button in self.buttons
                if button.needs_comment
            ]
        )

    def snapshot(self, now: datetime) -> TaskPageSnapshot:
        """What the page shows now."""
        return TaskPageSnapshot(now, self.seen, self.form_values)


TASK_FACETS = (DECISIONS, COMMENTS, QUESTIONS, DOCUMENTS, ABSENCES, TASK_DRAFTS, ADDED_PEOPLE)


def task_page(user: User, task_id: int, now: datetime) -> TaskPage:
    """The page of this task. Raises NotFound where the person may not see it.

    The number of statements does not depend on the request's size.
    """
    task = find_visible_human_task(user, task_id)
    read_facets(task.request, [*TASK_FACETS, *actor_facets(), stood_in_roles_facet()], user, now)
    read_absences_of_people(task.request, [task.request.requester], now)
    work = _open_task_work(task, user, now)
    position = build_step_position(work.map, task)
    key, step = position.key, work.map.human(position.key)
    over = _closed_sentence(task, step, user)
    decided, comments = decided_tasks_of(task.request), comments_of(task.request)
    names = _names_on_page(work, task, step, decided)
    documents, files = documents_and_comment_files(task.request, comments)
    hidden = hidden_fields(user, task.request, work.map)
    situation = None if over else decision_situation(work, task, task.pk, user, "", {})
    refused, outcomes = _possible_outcomes(work, task, user, situation)
    signatures = describe_signatures(work.map, task.request, [*decided, task])
    person = find_person_in_whose_right(work, user, situation) if situation else user
    data = work.data_of(task)
    steers, may_act = may_steer_request(work, user, key), not refused and not over
    parts = quorum_roles(step.quorum)
    return TaskPage(
        task=task,
        position=position,
        step=step,
        refused=refused,
        over=over,
        inputs=displayed_values(
            work.map.graph.definition,
            task.request,
            work.map.shown_keys(task.step_id, task.rows),
            documents,
            names,
            hidden,
            data,
        ),
        earlier=timeline_of_decisions(
            describe_decisions(
                work.map, (row for row in decided if row.pk != task.pk), names, signatures
            ),
            describe_comments(comments, files, user, now),
        ),
        sight_is_offered=bool(work.map.graph.definition.mentions_give_sight),
        agreed=describe_votes(work.map, task, names, signatures),
        buttons=[_outcome_button(work, task, name, route) for name, route in outcomes.items()],
        commands=_possible_commands(work, task, position) if may_act else [],
        asking=describe_asking(work, task, situation if may_act else None, steers=steers),
        state_sentence=_state_sentence(task, position, person if person != user else None),
        manages=task.is_open and steers,
        expires=_expiry_sentence(work, task, position),
        extended=describe_last_extension(task),
        extended_due=_extended_due(work, task, step, now) if may_act or steers else None,
        signing=signing_prompt(user, step) if outcomes else None,
        may_take_back=may_withdraw_vote(task, user),
        awaited=describe_awaited(task, step),
        enough=_enough_sentence(situation, outcomes),
        needed_of_roles=describe_parts(parts, task.needed) if parts else "",
        form_values={field: data.get(field) for field in step.outputs or [] if field not in hidden},
        seen=digest_of_shown_values(
            work.map, key, task.request.data, task.rows, work.marking.chains
        ),
        escalated=_escalation_sentence(task, user),
        stands_in="" if refused else _standing_in_sentence(work, user, person),
        asked_again=_reapproval_sentence(work, task, key),
        holds=(
            []
            if over
            else describe_holds(user, task.request, work.map, key, task.rows, hidden, now)
        ),
        outdated=outdated_approval_sentences(
            outdated_approvals(work.marking), work.map.graph.definition
        ),
    )


def _expiry_sentence(work: UnitOfWork, task: WorkItem, position: StepPosition) -> str:
    if not task.is_open or task.expires_at is None or task.step_id not in work.map.step_keys:
        return ""
    graph = work.map.graph
    ways = find_next_steps(graph, position.key, work.data_of(task)).ways
    return " ".join(
        expiry_sentence(way, graph.definition, position.expires) for way in ways if way.is_expiry
    )


def _extended_due(
    work: UnitOfWork, task: WorkItem, step: HumanStep, now: datetime
) -> datetime | None:
    """When the task is due if it is given more time; who may do so is asked besides."""
    is_known = step.extend is not None and task.step_id in work.map.step_keys
    if not (task.is_open and is_known) or find_task_refusal(work, task, now) is not None:
        return None
    return due_of_extended_task(work, task, step)


def _open_task_work(task: WorkItem, user: User, now: datetime) -> UnitOfWork:
    added_as = {task.pk: task.added}  # type: ignore[attr-defined]
    work = read_only_unit_of_work(task.request, user, now, added_as)
    work.map = map_of_step(work.map, task.step_id)  # it may have been done on another version
    return work


def _names_on_page(
    work: UnitOfWork, task: WorkItem, step: HumanStep, decided: Sequence[WorkItem]
) -> Mapping[str, str]:
    """The names of all whom the step's inputs and votes name by their logins. One statement, or
    none where they asked, have the task, or decided."""
    fields = work.map.graph.definition.all_fields
    shown = work.map.shown_keys(task.step_id, task.rows)
    inputs = {key: field for key, field in fields.items() if shown is None or key in shown}
    voters = voter_usernames([*decided, task])
    return full_names_of(
        [*usernames_in_fields(inputs, work.data_of(task)), *voters],
        [task.request.requester, *people_read_with([task]), *(row.decided_by for row in decided)],
    )


def _closed_sentence(task: WorkItem, step: HumanStep, user: User) -> str:
    """That the task is over: by whom and when it was decided, or why it is not needed; nothing
    for one that is open."""
    if task.is_open:
        return ""
    if task.state == CANCELLED:
        return gettext("This is not needed any more: %(reason)s.") % {"reason": task.closing_reason}
    route = step.outcomes.get(task.outcome)
    places = {
        "person": performer_text(
            person_name(task.decided_by, task.performer_name or gettext("Somebody")),
            person_name(task.decided_for) if task.decided_for is not None else "",
        ),
        "outcome": display_title(task.outcome, route.label if route else None),
        "moment": moment_text(task.completed_at) if task.completed_at else "",
    }
    is_own_decision = task.decided_by_id is not None and task.decided_by_id == user.pk
    if is_own_decision and task.completed_at:
        return gettext("You decided this on %(moment)s: %(outcome)s.") % places
    if is_own_decision:
        return gettext("You decided this: %(outcome)s.") % places
    if task.completed_at:
        return gettext("%(person)s decided this on %(moment)s: %(outcome)s.") % places
    return gettext("%(person)s decided this: %(outcome)s.") % places


def _escalation_sentence(task: WorkItem, user: User) -> str:
    """Why the task is with somebody whose step it is not; nothing for all others."""
    if not task.is_open or task.added is None:  # type: ignore[attr-defined]
        return ""
    row = find_added_person(task, user)
    if row is None or find_own_vote(task, user) is not None:
        return ""
    places = {"moment": moment_text(row.added_at), "role": row.role}
    token = task.request.read_marking().token(task.activation)
    if token is not None and user.pk in token.extras:
        return (
            gettext(
                "You were asked on %(moment)s to agree here besides others: it does not go on"
                " without you."
            )
            % places
        )
    if row.stand_in:
        return (
            gettext(
                "You stand in here since %(moment)s: it was given to you although you are not in"
                " its role, and the record says so."
            )
            % places
        )
    sentences = []
    if task.due_at:
        late = {"moment": moment_text(task.due_at)}
        sentences.append(gettext("It has been late since %(moment)s.") % late)
    sentences.append(
        gettext(
            "So it was escalated to you on %(moment)s: you were added from the role “%(role)s”, and"
            " may decide it beside those whose task it is."
        )
        % places
    )
    return " ".join(sentences)


def _reapproval_sentence(work: UnitOfWork, task: WorkItem, key: str) -> str:
    """Why an approval is asked once more; nothing for all others."""
    token = work.marking.token(task.activation)
    if token is None or not token.again:
        return ""
    fields = work.map.graph.definition.all_fields
    changed = changed_since(work.marking, work.data_of(task), slot_key(key, token.rows))
    names = join_words([display_title(field_key, fields[field_key].label) for field_key in changed])
    return gettext(
        "This was approved before. %(fields)s changed since, so it is asked again; the request"
        " waits for it."
    ) % {"fields": names}


def _standing_in_sentence(work: UnitOfWork, user: User, person: User) -> str:
    """In whose place somebody would act here; nothing where it is in their own right."""
    if person == user:
        return ""
    note = find_away_note_beside(work.instance, person.pk, work.now)
    places = {
        "person": full_name_of(person),
        "you": full_name_of(user),
        "day": date_text(note.until) if note is not None else "",
    }
    return (
        gettext(
            "You stand in for %(person)s, who is away until %(day)s. The record will say: %(you)s"
            " for %(person)s."
        )
        % places
    )


def _possible_outcomes(
    work: UnitOfWork, task: WorkItem, user: User, situation: DecisionContext | None
) -> tuple[str, dict[str, RouteDef]]:
    """Why the person may not act on the task, or else the outcomes that they could choose now;
    neither of one that is over."""
    if situation is None:
        return "", {}
    refused = acting_refusal(situation)
    if refused is not None:
        return str(refused), {}
    return "", available_outcomes(work, task, user)


def _enough_sentence(situation: DecisionContext | None, outcomes: Mapping[str, RouteDef]) -> str:
    """Why there is no button to agree, where others are awaited."""
    if situation is None or forward_outcome(situation.graph.human(situation.step)) in outcomes:
        return ""
    return str((outcomes and enough_refusal(situation)) or "")


def _outcome_button(work: UnitOfWork, task: WorkItem, name: str, route: RouteDef) -> OutcomeButton:
    step = work.map.human(work.map.step_keys[task.step_id])
    changing = frozenset(step.outputs or ())
    destination = find_destination(work.map.graph, route.to, work.data_of(task), changing)
    return OutcomeButton(
        key=name,
        label=display_title(name, route.label),
        kind=outcome_kind(step, name, route),
        needs_comment=route.comment == "required",
        leads_to=destination_text(destination, work.map.graph.definition),
    )


def _possible_commands(
    work: UnitOfWork, task: WorkItem, position: StepPosition
) -> list[TaskCommand]:
    """Which of take, start work, pause and give back make sense now."""
    role = work.map.role_of(position.key)
    is_shared = role is not None and role.is_shared(task.request.data)
    is_alone = task.needed == 1
    start = gettext("Go on with the work") if task.state == PAUSED else gettext("Start work")
    possible = [
        ("claim", gettext("Take it"), position.holder.kind == HolderKind.ROLE),
        ("start", start, is_alone and task.state in (CLAIMED, PAUSED)),
        ("pause", gettext("Pause"), task.state in (CLAIMED, STARTED)),
        (
            "release",
            gettext("Give it back"),
            is_shared and task.state in (CLAIMED, STARTED, PAUSED),
        ),
    ]
    return [TaskCommand(name, label) for name, label, makes_sense in possible if makes_sense]


def _state_sentence(task: WorkItem, position: StepPosition, away: User | None) -> str:
    """Where the task stands with the person who may work on it, or with who is away and for whom
    they may."""
    if position.holder.kind in (HolderKind.ROLE, HolderKind.SEVERAL):
        return gettext("Nobody has taken this yet.")
    if away is not None:
        person = {"person": full_name_of(away)}
        return gettext("This is with %(person)s, for whom you stand in.") % person
    if task.state == ENABLED:
        return gettext("This is with you.")
    if task.state == CLAIMED:
        return gettext("You have taken this.")
    if task.state == STARTED:
        return gettext("You are working on this.")
    return gettext("You have paused this.")
