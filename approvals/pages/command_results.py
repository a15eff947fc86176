"""What to tell a person after what they did: what it did, by the trail, and who is next."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.utils.translation import gettext, ngettext

from approvals.pages.decisions import outcome_label
from approvals.pages.position_texts import describe_place
from approvals.pages.request_steering import corrected_titles
from approvals.ui.formats import person_name
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.execution.choices import QuestionKind
from workflows.execution.messages import describe_incident
from workflows.execution.models import TaskQuestion, WorkflowInstance, WorkItem
from workflows.execution.queries.instance_record import trail_rows_after
from workflows.execution.queries.position import find_position
from workflows.language.formats import join_words, moment_text
from workflows.people.queries.person_names import full_names_of
from workflows.trail.changes import (
    ApproverJoined,
    AssigneeChanged,
    DueMoved,
    IncidentOpened,
    JoinPassed,
    QuestionAsked,
    read_changes,
)
from workflows.trail.models import TrailEvent

SentenceBuilder = Callable[[VersionMap, TrailEvent], str]


def describe_decision_result(task: WorkItem, outcome: str, now: datetime) -> str:
    """'PA-7: “Manager review” → Approve. It is at …', for the person who decided."""
    request, version_map = task.request, cached_map(task.request.version_id)
    key = version_map.step_keys[task.step_id]
    sentence = gettext("%(reference)s: “%(step)s” → %(outcome)s.") % {
        "reference": request.reference,
        "step": version_map.graph.title(key),
        "outcome": outcome_label(version_map, key, outcome),
    }
    if not task.is_open:
        return f"{sentence} {describe_next_step(request, now)}"
    remaining = task.needed - len(task.votes)
    outlook = ngettext(
        "%(count)s more person has to agree before it goes on.",
        "%(count)s more people have to agree before it goes on.",
        remaining,
    ) % {"count": remaining}
    way_back = gettext("Until then you can take it back on the task's page.")
    return f"{sentence} {outlook} {way_back}"


def describe_task_command(task: WorkItem, command: str) -> str:
    """What taking a task, starting or pausing work on it or giving it back has done."""
    version_map = cached_map(task.request.version_id)
    sentences = {
        "claim": gettext("“%(step)s” is yours now. Decide it below when you are ready."),
        "start": gettext("Work on “%(step)s” has begun; its time counts from now."),
        "pause": gettext("Work on “%(step)s” is paused; the rest does not count as work."),
        "release": gettext("“%(step)s” is back in the queue for others to take."),
        "withdraw-vote": gettext(
            "You agree to “%(step)s” no longer. You may agree again, or refuse, below."
        ),
    }
    return sentences[command] % {"step": version_map.graph.title(task.step.key)}


def describe_answer(question: TaskQuestion) -> str:
    """What answering a question has done."""
    places = {"person": person_name(question.asked_by), "reference": question.request.reference}
    if question.kind == QuestionKind.REQUESTER:
        return gettext("%(reference)s goes on; %(person)s sees your answer.") % places
    if question.is_after_decision:
        return (
            gettext(
                "Your opinion on %(reference)s is kept. It came after the task was over, and the"
                " record says so."
            )
            % places
        )
    return gettext("%(person)s sees your opinion on %(reference)s.") % places


def describe_withdrawal(question: TaskQuestion) -> str:
    """What taking a question back has done."""
    places = {"person": person_name(question.asked_of), "reference": question.request.reference}
    if question.kind == QuestionKind.REQUESTER:
        return gettext("The question is taken back; %(reference)s goes on.") % places
    return gettext("The question to %(person)s is taken back.") % places


def describe_start_result(request: WorkflowInstance, now: datetime) -> str:
    """'PA-7 started. It is at …', for the person who started it."""
    sentence = gettext("%(reference)s started.") % {"reference": request.reference}
    return f"{sentence} {describe_next_step(request, now)}"


def describe_next_step(request: WorkflowInstance, now: datetime) -> str:
    """Where the request is now and who has it, in a sentence or two. Two statements, and three
    more where no person does a step."""
    return describe_place(find_position(request), now)


# -- after a change of a request's course ------------------------------------------------------


def describe_commands_done(request: WorkflowInstance, last: int, now: datetime) -> str:
    """What the commands did that were recorded after row `last` of the trail, each once, and
    where the request is then."""
    version_map = cached_map(request.version_id)
    rows = trail_rows_after(request, last, _COMMAND_SENTENCES.keys())
    sentences = [_COMMAND_SENTENCES[row.command](version_map, row) for row in rows]
    if request.state not in (WorkflowInstance.CANCELLED, WorkflowInstance.SUSPENDED):
        sentences.append(describe_next_step(request, now))
    return " ".join(dict.fromkeys(sentences))


def _describe_cancellation(version_map: VersionMap, row: TrailEvent) -> str:
    return gettext("%(reference)s was cancelled. All open work on it has stopped.") % {
        "reference": row.reference
    }


def _describe_suspension(version_map: VersionMap, row: TrailEvent) -> str:
    return gettext(
        "%(reference)s is suspended. Nobody can decide anything on it until it is resumed."
    ) % {"reference": row.reference}


def describe_extension(item: WorkItem) -> str:
    """That a task has more time."""
    assert item.due_at is not None
    return gettext("It is due %(moment)s now.") % {"moment": moment_text(item.due_at)}


def _describe_extension(version_map: VersionMap, row: TrailEvent) -> str:
    (note,) = read_changes(row).notes_of(DueMoved)
    return gettext("%(reference)s is due %(moment)s now.") % {
        "reference": row.reference,
        "moment": moment_text(datetime.fromisoformat(note.to)),
    }


def _describe_resumption(version_map: VersionMap, row: TrailEvent) -> str:
    return gettext("%(reference)s goes on.") % {"reference": row.reference}


def _describe_reopening(version_map: VersionMap, row: TrailEvent) -> str:
    return gettext("%(reference)s is open again.") % {"reference": row.reference}


def _describe_correction(version_map: VersionMap, row: TrailEvent) -> str:
    places = {"reference": row.reference, "fields": corrected_titles(version_map, row)}
    return gettext("%(reference)s: %(fields)s corrected.") % places


def _describe_retry(version_map: VersionMap, row: TrailEvent) -> str:
    graph = version_map.graph
    opened = read_changes(row).notes_of(IncidentOpened)
    incidents = [incident for incident in opened if incident.step == row.step]
    places = {"step": graph.title(row.step)}
    if incidents:
        return gettext("“%(step)s” was tried again and cannot go on yet: %(message)s") % {
            **places,
            "message": describe_incident(incidents[-1].code, incidents[-1].parameters),
        }
    if graph.is_human(row.step):
        return gettext("“%(step)s” has somebody again who can do it.") % places
    if graph[row.step].kind in ("decision", "table", "parallel"):
        return gettext("“%(step)s” was tried again.") % places
    return gettext("“%(step)s” is about to be tried again.") % places


def _describe_skip(version_map: VersionMap, row: TrailEvent) -> str:
    return gettext(
        "“%(step)s”: the step was skipped. What it would have done outside was not done."
    ) % {"step": version_map.graph.title(row.step)}


def _describe_reroute(version_map: VersionMap, row: TrailEvent) -> str:
    return gettext("The work at “%(step)s” was sent on.") % {
        "step": version_map.graph.title(row.step)
    }


def _describe_reassignment(version_map: VersionMap, row: TrailEvent) -> str:
    changed = read_changes(row).notes_of(AssigneeChanged)
    sentences = [
        gettext("“%(step)s” was reassigned.") % {"step": version_map.graph.title(row.step)}
    ]
    if changed and changed[-1].stands_in:
        username = changed[-1].to
        person = full_names_of({username}).get(username, username)
        sentences.append(gettext("%(person)s stands in.") % {"person": person})
    return " ".join(sentences)


def _describe_added_approver(version_map: VersionMap, row: TrailEvent) -> str:
    (note,) = read_changes(row).notes_of(ApproverJoined)
    return gettext("“%(step)s” does not go on now without %(person)s.") % {
        "step": version_map.graph.title(row.step),
        "person": full_names_of({note.person}).get(note.person, note.person),
    }


def _describe_opinion_question(version_map: VersionMap, row: TrailEvent) -> str:
    return gettext(
        "You asked %(people)s for an opinion. You can decide before the answer comes."
    ) % {"people": join_words(_names_of_asked(row))}


def _describe_requester_question(version_map: VersionMap, row: TrailEvent) -> str:
    return gettext("“%(step)s” rests until %(people)s has answered.") % {
        "step": version_map.graph.title(row.step),
        "people": join_words(_names_of_asked(row)),
    }


def _names_of_asked(row: TrailEvent) -> list[str]:
    logins = [note.to for note in read_changes(row).notes_of(QuestionAsked)]
    names = full_names_of(logins)
    return [names.get(login, login) for login in logins]


def _describe_merge(version_map: VersionMap, row: TrailEvent) -> str:
    places = {"step": version_map.graph.title(row.step)}
    if any(passed.join == row.step for passed in read_changes(row).notes_of(JoinPassed)):
        return gettext("“%(step)s”: the branches are merged.") % places
    return gettext("“%(step)s”: your choice is kept.") % places


_COMMAND_SENTENCES: Mapping[str, SentenceBuilder] = {
    "cancel": _describe_cancellation,
    "suspend": _describe_suspension,
    "resume": _describe_resumption,
    "reopen": _describe_reopening,
    "extend": _describe_extension,
    "retry": _describe_retry,
    "skip": _describe_skip,
    "reroute": _describe_reroute,
    "reassign": _describe_reassignment,
    "add_approver": _describe_added_approver,
    "ask_opinion": _describe_opinion_question,
    "ask_requester": _describe_requester_question,
    "resolve_merge": _describe_merge,
    "set_values": _describe_correction,
}
