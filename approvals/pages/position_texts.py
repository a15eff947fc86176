"""A request's four answers in words: where it is, who has it, since when, and what is next."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext, pgettext

from approvals.forms.rule_texts import rule_text
from approvals.pages.automatic_step_texts import full_waiting_text, short_waiting_text
from approvals.ui.formats import person_name
from workflows.engine.format.definition import Definition, display_title
from workflows.execution.models import NEVER, WorkflowInstance, WorkItem
from workflows.execution.queries.completion_estimates import CompletionEstimate
from workflows.execution.queries.holders import Holder, HolderKind
from workflows.execution.queries.next_steps import (
    Destination,
    DestinationKind,
    NextStep,
    NextSteps,
    find_next_steps,
)
from workflows.execution.queries.position import InstancePosition, StepPosition
from workflows.execution.texts.agreement import describe_agreement, describe_agreement_shortly
from workflows.execution.texts.position import (
    describe_candidates,
    describe_holder,
    describe_holder_role,
    describe_holding_person,
    describe_step_place,
)
from workflows.language.formats import (
    count_text,
    date_text,
    duration_text,
    join_alternatives,
    join_words,
    moment_text,
)
from workflows.people.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAnswers:
    """One open task: the answers for it, each a sentence."""

    task: WorkItem
    step: str
    who: str
    since: str
    next: str
    is_human: bool
    child: WorkflowInstance | None = None


@dataclass(frozen=True, slots=True)
class RequestAnswers:
    """The answers for the whole request; `waiting` has those of each open task."""

    where: str
    who: str
    since: str
    next: str
    waiting: Sequence[StepAnswers] = ()
    deadline: str = ""
    """When the request as a whole is due."""
    more: str = ""
    """What is said of the rows that are open besides, which are not all listed."""


def describe_position(
    position: InstancePosition,
    now: datetime,
    *,
    audits: bool = False,
    reader: User | None = None,
) -> RequestAnswers:
    """The four answers; no statement. Of many rows those that the reader has are told first."""
    if not position.instance.is_live:
        return _finished_answers(position)
    if not position.steps:
        return _held_up_answers(position, now)
    shown, others = _first_rows(position, reader)
    waiting = [_step_answers(position, step, task, now, audits=audits) for step, task in shown]
    is_single = len(waiting) == 1
    return RequestAnswers(
        where=_position_sentence(position),
        who=_common_holder_sentence(waiting),
        since=waiting[0].since,
        next=waiting[0].next if is_single else gettext("Each branch goes its own way; see below."),
        waiting=waiting,
        deadline=deadline_sentence(position.instance, now),
        more=_other_rows_text(position, others),
    )


ROWS_SHOWN = 3
"""Of a step that is open for many rows so many are told one by one."""


def _first_rows(
    position: InstancePosition, reader: User | None
) -> tuple[list[tuple[StepPosition, WorkItem]], Counter[str]]:
    """The open tasks that are told one by one, and how many more there are by step."""
    shown, others, seen = [], Counter[str](), Counter[str]()
    tasks = position.tasks
    if reader is not None:
        own = [pair for pair in tasks if pair[0].row and pair[0].is_with(reader)]
        tasks = (*own, *(pair for pair in tasks if pair not in own))
    for step, task in tasks:
        seen[step.key] += 1
        if step.row and seen[step.key] > ROWS_SHOWN:
            others[step.key] += 1
        else:
            shown.append((step, task))
    return shown, others


def _other_rows_text(position: InstancePosition, others: Counter[str]) -> str:
    """How many more rows are open at which steps; nothing where all were told."""
    return " ".join(
        ngettext(
            "And %(count)s more row at “%(step)s”.", "And %(count)s more rows at “%(step)s”.", count
        )
        % {"count": count, "step": position.map.graph.title(key)}
        for key, count in others.items()
    )


def deadline_sentence(request: WorkflowInstance, now: datetime) -> str:
    """When the request as a whole is due, and how late it is; '' where its map does not say."""
    if not request.is_live or request.deadline_at >= NEVER:
        return ""
    sentences = [
        gettext("As a whole it is due %(moment)s.") % {"moment": moment_text(request.deadline_at)}
    ]
    if (request.deadline_record or {}).get("stands_since"):
        sentences.append(gettext("The time stands still until the requester has answered."))
    elif request.deadline_at < now:
        late = {"duration": duration_text(now - request.deadline_at)}
        sentences.append(gettext("It is overdue by %(duration)s.") % late)
    return " ".join(sentences)


def describe_place(position: InstancePosition, now: datetime) -> str:
    """Where the request is now and who has it, in a sentence or two."""
    answers = describe_position(position, now)
    return f"{answers.where} {answers.who}" if position.instance.is_live else answers.where


def _common_holder_sentence(waiting: Sequence[StepAnswers]) -> str:
    """Who has it; where that is not the same everywhere, of which step it is said."""
    if len({entry.who for entry in waiting}) == 1:
        return waiting[0].who
    return " ".join(
        gettext("“%(step)s”: %(sentence)s") % {"step": entry.step, "sentence": entry.who}
        for entry in waiting
    )


def _position_sentence(position: InstancePosition) -> str:
    places = {"steps": join_words(_describe_places(position))}
    is_several = len(position.steps) > 1
    if position.instance.state == WorkflowInstance.SUSPENDED:
        if is_several:
            return gettext("It is suspended; it stands at %(steps)s, at the same time.") % places
        return gettext("It is suspended; it stands at %(steps)s.") % places
    if is_several:
        return gettext("It is at %(steps)s, at the same time.") % places
    return gettext("It is at %(steps)s.") % places


def _describe_places(position: InstancePosition) -> list[str]:
    """Where it stands; of a step that is open for many rows how many they are."""
    rows = Counter(step.key for step in position.steps if step.row)
    told, places = set(), []
    for step in position.steps:
        if rows[step.key] <= ROWS_SHOWN:
            places.append(describe_step_place(step))
        elif step.key not in told:
            told.add(step.key)
            count = {"step": step.title, "count": rows[step.key]}
            places.append(gettext("“%(step)s” for %(count)s rows") % count)
    return places


def request_state_text(request: WorkflowInstance) -> str:
    """A request's state in a word: its result where it has one."""
    if request.state == WorkflowInstance.COMPLETED:
        return display_title(request.result, None).lower()
    return str(request.get_state_display())


def _finished_answers(position: InstancePosition) -> RequestAnswers:
    request = position.instance
    since, nobody = "", gettext("Nobody; it is over.")
    if request.completed_at is not None:
        since = gettext("Since %(moment)s.") % {"moment": moment_text(request.completed_at)}
    if request.state == WorkflowInstance.CANCELLED:
        return RequestAnswers(gettext("It was cancelled."), nobody, since, gettext("Nothing."))
    ahead = gettext("Nothing.")
    if position.reopens_at:
        ahead = gettext("Nothing, unless its owner reopens it at “%(step)s”.") % {
            "step": position.map.graph.title(position.reopens_at)
        }
    where = gettext("It is complete: %(result)s.") % {"result": request_state_text(request)}
    return RequestAnswers(where, nobody, since, ahead)


def _held_up_answers(position: InstancePosition, now: datetime) -> RequestAnswers:
    """Running without an open task: it waits on an incident (a merge that disagrees, a rule)."""
    if not position.held_up:
        return RequestAnswers(gettext("It is running."), gettext("Nobody has it just now."), "", "")
    step = position.held_up[0]
    owner = describe_holding_person(step.holder, gettext("the workflow's owner"))
    return RequestAnswers(
        gettext("It is held up at “%(step)s”.") % {"step": step.title},
        gettext("%(person)s has to put it right.") % {"person": owner},
        since_sentence(step.since, None, now),
        gettext("It goes on when the incident below is resolved."),
        deadline=deadline_sentence(position.instance, now),
    )


def _step_answers(
    position: InstancePosition, step: StepPosition, task: WorkItem, now: datetime, *, audits: bool
) -> StepAnswers:
    graph = position.map.graph
    is_stuck = step.incident is not None
    return StepAnswers(
        task=task,
        step=step.place,
        who=holder_sentence(position, step, now, audits=audits),
        since=since_sentence(step.since, step.due, now),
        next=next_steps_sentence(
            find_next_steps(
                graph,
                step.key,
                position.map.data_of_task(
                    task.step_id, task.rows, position.instance.data, position.instance.chains
                ),
            ),
            graph.definition,
            step.expires,
        ),
        is_human=step.is_human,
        child=step.status.child if step.status is not None and not is_stuck else None,
    )


# -- who has it -------------------------------------------------------------------------------


def short_holder_text(position: InstancePosition, step: StepPosition, now: datetime) -> str:
    """Who has a step, or who could take it, in a few words for a list."""
    holder, task = step.holder, step.task
    if holder.kind == HolderKind.SYSTEM:
        return short_waiting_text(position, step, now)
    if holder.kind == HolderKind.SEVERAL and task is not None:
        return describe_agreement_shortly(holder, task)
    return describe_holder(holder)


def holder_sentence(
    position: InstancePosition, step: StepPosition, now: datetime, *, audits: bool = False
) -> str:
    """Who has a step, or who could take it, as a sentence."""
    holder, task = step.holder, step.task
    match holder.kind:
        case HolderKind.RESOLVER:
            return gettext("It waits for %(person)s to resolve the incident below.") % {
                "person": describe_holding_person(holder, gettext("the owner"))
            }
        case HolderKind.REQUESTER:
            return _requester_sentence(holder)
        case HolderKind.PERSON:
            return _assignee_sentence(describe_holding_person(holder), task.state if task else "")
        case HolderKind.SYSTEM:
            return full_waiting_text(position, step, now, audits=audits)
        case HolderKind.SEVERAL if task is not None:
            return describe_agreement(holder, task)
        case _ if holder.logins:
            return gettext("%(people)s can take it; nobody has yet.") % {
                "people": describe_candidates(holder)
            }
        case _:
            return gettext("Anybody in %(role)s can take it; nobody has yet.") % {
                "role": describe_holder_role(holder)
            }


def _requester_sentence(holder: Holder) -> str:
    """That the requester was asked something, and whose the task is when they have answered."""
    places = {"person": describe_holding_person(holder)}
    if holder.returns_to is None:
        return gettext("%(person)s, who asked for it, has to answer a question first.") % places
    places["holder"] = person_name(holder.returns_to)
    return (
        gettext(
            "%(person)s, who asked for it, has to answer a question first; then it is with"
            " %(holder)s again."
        )
        % places
    )


def _assignee_sentence(person: str, state: str) -> str:
    sentences = {
        "enabled": gettext("%(person)s has it and has not begun."),
        "claimed": gettext("%(person)s has taken it."),
        "started": gettext("%(person)s is working on it."),
        "paused": gettext("%(person)s has it; work on it is paused."),
    }
    return sentences.get(state, gettext("%(person)s has it.")) % {"person": person}


# -- since when -------------------------------------------------------------------------------


def since_sentence(since: datetime | None, due: datetime | None, now: datetime) -> str:
    """Since when it waits, when it is due, and how late it is."""
    if since is None:
        return ""
    sentences = [
        gettext("Since %(moment)s, so for %(duration)s.")
        % {"moment": moment_text(since), "duration": duration_text(now - since)}
    ]
    if due is not None:
        sentences.append(gettext("Due %(moment)s.") % {"moment": moment_text(due)})
        if due < now:
            late = {"duration": duration_text(now - due)}
            sentences.append(gettext("It is overdue by %(duration)s.") % late)
    return " ".join(sentences)


# -- what is next -----------------------------------------------------------------------------


def next_steps_sentence(
    steps: NextSteps, definition: Definition, expires_at: datetime | None = None
) -> str:
    """Where the request can go from a step, as sentences; open rules in words. `expires_at` is when
    the task goes on by itself."""
    if steps.is_human:
        return _outcomes_sentence(steps.ways, definition, expires_at)
    usual = [next_step.destination for next_step in steps.ways if not next_step.is_failure]
    failed = [next_step.destination for next_step in steps.ways if next_step.is_failure]
    places = {
        "usual": _alternatives_text(usual, definition),
        "failed": _alternatives_text(failed, definition),
    }
    if failed and failed != usual:
        return gettext("Then %(usual)s; if it fails, %(failed)s.") % places
    return gettext("Then %(usual)s.") % places


def _outcomes_sentence(
    next_steps: Sequence[NextStep], definition: Definition, expires_at: datetime | None
) -> str:
    sentences = [
        gettext("“%(outcome)s” leads to %(place)s.")
        % {
            "outcome": next_step.outcome,
            "place": destination_text(next_step.destination, definition),
        }
        for next_step in next_steps
        if not next_step.is_expiry
    ] or [gettext("With the values it has, no outcome can be chosen.")]
    expiry = [next_step for next_step in next_steps if next_step.is_expiry]
    return " ".join([*sentences, *(expiry_sentence(way, definition, expires_at) for way in expiry)])


def expiry_sentence(way: NextStep, definition: Definition, expires_at: datetime | None) -> str:
    """When a task expires, and where the request goes then; without a moment (its clock stands
    still) only where."""
    place = {"place": destination_text(way.destination, definition)}
    if expires_at is None:
        return gettext("When its time is up, it goes on to %(place)s.") % place
    return gettext("If nobody does it by %(moment)s, it expires and goes on to %(place)s.") % (
        place | {"moment": moment_text(expires_at)}
    )


def destination_text(destination: Destination, definition: Definition) -> str:
    """A place to go, in words; where it comes only by an open rule, with the rule."""
    place = _place_to_go_text(destination, definition)
    if destination.is_otherwise:
        return gettext("otherwise %(place)s") % {"place": place}
    if destination.by_rows:
        return _by_rows_text(place, destination.by_rows)
    if destination.rules:
        rules = join_alternatives([rule_text(definition, rule) for rule in destination.rules])
        return gettext("%(place)s if %(rule)s") % {"place": place, "rule": rules}
    return place


def _by_rows_text(place: str, rows: Sequence[str]) -> str:
    """A place that a table leads to: with the rows that do, where they have a name."""
    named = [row for row in rows if row]
    if len(named) < len(rows):
        return gettext("%(place)s if its table says so") % {"place": place}
    return gettext("%(place)s by its table (%(rows)s)") % {"place": place, "rows": "; ".join(named)}


def _place_to_go_text(destination: Destination, definition: Definition) -> str:
    match destination.kind:
        case DestinationKind.END:
            return gettext("“%(result)s” (which ends the request)") % {"result": destination.title}
        case DestinationKind.MERGE:
            return gettext("“%(step)s” (where it waits for what goes on beside it)") % {
                "step": destination.title
            }
        case DestinationKind.ALL_OF:
            return join_words([destination_text(place, definition) for place in destination.places])
        case DestinationKind.ONE_OF:
            return _alternatives_text(destination.places, definition)
    return gettext("“%(step)s”") % {"step": destination.title}


def _alternatives_text(places: Sequence[Destination], definition: Definition) -> str:
    """Places of which one comes; those that have a rule, or are several at once, are set apart."""
    texts = list(dict.fromkeys(destination_text(place, definition) for place in places))
    if any(place.rules or place.by_rows for place in places):
        return pgettext("between places of which one comes, each with its rule", ", ").join(texts)
    if not any(place.kind == DestinationKind.ALL_OF for place in places):
        return join_alternatives(texts)
    text = texts[0]
    for other in texts[1:]:
        text = gettext("%(place)s, or %(other)s") % {"place": text, "other": other}
    return text


# -- when it will be done ---------------------------------------------------------------------


def completion_sentences(estimate: CompletionEstimate | None, now: datetime) -> str:
    """Until when it may be done, and what that rests on; nothing where nothing is known."""
    if estimate is None:
        return ""
    places: dict[str, object] = {
        "step": estimate.step,
        "requests": count_text(estimate.requests),
        "alike": count_text(estimate.alike),
    }
    if estimate.half is None or estimate.most is None:
        longer = gettext(
            "It has been at “%(step)s” longer than most: of %(requests)s finished requests"
            " that stood there, %(alike)s stood as long. What was does not say when it will be"
            " done."
        )
        return longer % places
    places |= {
        "half_day": date_text(now + estimate.half),
        "most_day": date_text(now + estimate.most),
        "half": duration_text(estimate.half),
        "most": duration_text(estimate.most),
    }
    if estimate.judged:
        places |= {"held": count_text(estimate.held), "judged": count_text(estimate.judged)}
        foretold = gettext(
            "Perhaps by %(half_day)s, most likely by %(most_day)s: simulated from where everything"
            " that is open stands. Of %(judged)s such forecasts that fell due in the last month,"
            " %(held)s held."
        )
        return foretold % places
    perhaps = gettext(
        "Perhaps by %(half_day)s, most likely by %(most_day)s. Of %(alike)s finished requests"
        " that stood at “%(step)s” as long as this one has, half were done within another"
        " %(half)s, nine of ten within another %(most)s."
    )
    return perhaps % places
