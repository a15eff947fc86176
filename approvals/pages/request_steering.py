"""Who changed a request's course, how and why, and whom the clock reminded or added: for everybody
who may see the request."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Final

from django.utils.translation import gettext, gettext_noop

from approvals.ui.formats import capacity_text, date_sentences, person_name
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.format.definition import display_title
from workflows.execution.models import WorkItem
from workflows.execution.queries.instance_record import find_last_extension
from workflows.execution.queries.position import InstancePosition
from workflows.execution.services.bypassed_approvals import BYPASSED_KEY
from workflows.language.formats import count_text, join_words, moment_text
from workflows.trail.changes import (
    ApproverJoined,
    AssigneeChanged,
    DueMoved,
    VersionChanged,
    read_changes,
)
from workflows.trail.choices import TrailCommand
from workflows.trail.messages import describe_recorded_facts
from workflows.trail.models import TrailEvent

Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CourseChange:
    """One change of course: a sentence with who did it, as what (or how often), why, what else led
    to it, and when."""

    sentence: str
    manner: str
    reason: str
    causes: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class ApprovalBypass:
    """Approvals that somebody sent the request past by hand, and why."""

    who: str
    steps: str
    reason: str
    at: datetime


def describe_course_changes(
    position: InstancePosition, rows: Iterable[TrailEvent], names: Names
) -> list[CourseChange]:
    """The changes of course that these rows of the trail record, in their order; reminders of one
    task that follow one another are one. `names` are full names by username. No statement."""
    return [
        _describe_reminders(position.map, together, names)
        if is_reminder
        else _describe_change(position.map, row, names)
        for (is_reminder, _), group in groupby(rows, key=_task_of_reminder)
        for together in [list(group)]
        for row in (together[-1:] if is_reminder else together)
    ]


def _task_of_reminder(row: TrailEvent) -> tuple[bool, int | None]:
    is_reminder = row.command == TrailCommand.REMIND
    return is_reminder, row.work_item if is_reminder else None


def _describe_change(version_map: VersionMap, row: TrailEvent, names: Names) -> CourseChange:
    return CourseChange(
        COURSE_SENTENCES[TrailCommand(row.command)](version_map, row, names),
        capacity_text(row.capacity),
        row.comment,
        [
            *describe_recorded_facts(row.changes),
            *date_sentences(row.changes, version_map.graph.definition),
        ],
        row.recorded_at,
    )


def _describe_reminders(
    version_map: VersionMap, rows: Sequence[TrailEvent], names: Names
) -> CourseChange:
    last = _describe_change(version_map, rows[-1], names)
    if len(rows) == 1:
        return last
    since = gettext("%(count)s times since %(moment)s") % {
        "count": count_text(len(rows)),
        "moment": moment_text(rows[0].recorded_at),
    }
    return replace(last, manner=since)


def describe_approval_bypasses(
    position: InstancePosition, rows: Iterable[TrailEvent]
) -> list[ApprovalBypass]:
    """Every time that the request was sent on past approvals. No statement."""
    graph = position.map.graph
    return [
        ApprovalBypass(
            _actor_text(row),
            join_words(
                [
                    gettext("“%(step)s”") % {"step": graph.title(key)}
                    for key in read_changes(row).facts.past_approvals or ()
                ]
            ),
            row.comment,
            row.recorded_at,
        )
        for row in rows
        if BYPASSED_KEY in row.changes
    ]


def usernames_in(rows: Iterable[TrailEvent]) -> Iterator[str]:
    """Whom these rows name: between whom tasks went, who was reminded, and who was added."""
    for row in rows:
        changes = read_changes(row)
        for change in changes.notes_of(AssigneeChanged):
            yield from (name for name in (change.before, change.to) if name)
        for added in changes.notes_of(ApproverJoined):
            yield from (name for name in (added.person, added.instead_of) if name)
        facts = changes.facts
        if row.command == TrailCommand.WITHDRAW_VOTE and row.acted_for:
            yield row.acted_for
        for names in (facts.reminded, facts.added, facts.deputies_asked):
            yield from names or ()


def _actor_text(row: TrailEvent) -> str:
    return person_name(row.actor, row.actor_name or gettext("The system"))


def _simple(sentence: str) -> Callable[[VersionMap, TrailEvent, Names], str]:
    """A sentence that names who did it and, where there is one, the step."""

    def describe(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
        return gettext(sentence) % _places(version_map, row)

    return describe


def _places(version_map: VersionMap, row: TrailEvent) -> dict[str, str]:
    return {"person": _actor_text(row), "step": _title(version_map, row.step)}


def _title(version_map: VersionMap, key: str) -> str:
    return version_map.graph.title(key) if key in version_map.graph.steps else key


def _describe_reassignment(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    changed = read_changes(row).notes_of(AssigneeChanged)
    if not changed:
        return gettext("%(person)s reassigned “%(step)s”.") % _places(version_map, row)
    last = changed[-1]
    places = _places(version_map, row) | {
        "before": names.get(last.before, last.before),
        "to": names.get(last.to, last.to),
    }
    if last.stands_in:
        return gettext("%(person)s gave “%(step)s” to %(to)s, who stands in.") % places
    if last.before:
        return gettext("%(person)s gave “%(step)s” of %(before)s to %(to)s.") % places
    return gettext("%(person)s gave “%(step)s” to %(to)s.") % places


def _describe_added_approver(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    (note,) = read_changes(row).notes_of(ApproverJoined)
    places = _places(version_map, row) | {
        "to": names.get(note.person, note.person),
        "before": names.get(note.instead_of, note.instead_of),
    }
    if note.instead_of:
        return (
            gettext("%(person)s asked %(to)s to agree to “%(step)s” in the place of %(before)s.")
            % places
        )
    return gettext("%(person)s asked %(to)s to agree to “%(step)s” besides.") % places


def _describe_withdrawn_vote(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    places = _places(version_map, row)
    if row.acted_for:
        places["other"] = names.get(row.acted_for, row.acted_for)
        return gettext("%(person)s, for %(other)s, took back having agreed to “%(step)s”.") % places
    return gettext("%(person)s took back having agreed to “%(step)s”.") % places


def _describe_correction(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    places = {"person": _actor_text(row), "fields": corrected_titles(version_map, row)}
    return gettext("%(person)s corrected %(fields)s.") % places


def corrected_titles(version_map: VersionMap, row: TrailEvent) -> str:
    """Which fields a row gives values to, by their labels."""
    fields = version_map.graph.definition.all_fields
    given = read_changes(row).facts.given or {}
    titles = [display_title(key, fields[key].label if key in fields else None) for key in given]
    return join_words([gettext("“%(field)s”") % {"field": title} for title in titles])


def _describe_reroute(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    places = _places(version_map, row) | {"to": _title(version_map, row.outcome)}
    return gettext("%(person)s sent the work at “%(step)s” on to “%(to)s”.") % places


def _describe_reminder(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    if row.work_item is None:
        return gettext("It is overdue as a whole; who answers for the workflow was told.")
    reminded = read_changes(row).facts.reminded or ()
    places = _places(version_map, row) | {"people": _people_text(reminded, names)}
    return gettext("Reminded of “%(step)s”: %(people)s.") % places


def _describe_extension(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    places = _places(version_map, row)
    moved = read_changes(row).notes_of(DueMoved)
    places["moment"] = moment_text(datetime.fromisoformat(moved[0].to)) if moved else ""
    if row.work_item is None:
        return gettext("%(person)s gave the request more time, until %(moment)s.") % places
    return gettext("%(person)s gave “%(step)s” more time, until %(moment)s.") % places


def describe_last_extension(task: WorkItem) -> str:
    """Who gave an open task more time last, when and why; nothing where nobody did."""
    row = find_last_extension(task) if task.is_open else None
    if row is None:
        return ""
    return gettext("%(person)s gave it more time on %(moment)s: %(reason)s") % {
        "person": person_name(row.actor, row.actor_name),
        "moment": moment_text(row.recorded_at),
        "reason": row.comment,
    }


def _describe_escalation(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    facts = read_changes(row).facts
    places = _places(version_map, row)
    if facts.deputies_asked:
        places["people"] = _people_text(facts.deputies_asked, names)
        return gettext("“%(step)s” is late; asked, standing in: %(people)s.") % places
    if facts.added:
        places["people"] = _people_text(facts.added, names)
        return gettext("“%(step)s” is late and was escalated to %(people)s.") % places
    return gettext("“%(step)s” is late and was escalated.") % places


def _describe_version_change(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    places = _version_places(row)
    passes = [
        gettext("“%(step)s”") % {"step": _title(version_map, key)}
        for note in read_changes(row).notes_of(VersionChanged)
        for key in note.passes
    ]
    if not passes:
        return gettext("%(person)s moved it from version %(before)s to version %(to)s.") % places
    return gettext(
        "%(person)s moved it from version %(before)s to version %(to)s, where these approvals lie"
        " behind it and were not asked: %(steps)s."
    ) % {**places, "steps": join_words(passes)}


def _describe_put_back(version_map: VersionMap, row: TrailEvent, names: Names) -> str:
    return gettext("%(person)s put it back on version %(to)s.") % _version_places(row)


def _version_places(row: TrailEvent) -> dict[str, str]:
    notes = read_changes(row).notes_of(VersionChanged)
    before, to = (notes[0].before, notes[0].to) if notes else (0, row.version or 0)
    return {"person": _actor_text(row), "before": count_text(before), "to": count_text(to)}


def _people_text(usernames: Sequence[str], names: Names) -> str:
    return join_words([names.get(name, name) for name in usernames]) or gettext("nobody")


COURSE_SENTENCES: Final[Mapping[TrailCommand, Callable[[VersionMap, TrailEvent, Names], str]]] = {
    TrailCommand.CANCEL: _simple(gettext_noop("%(person)s cancelled the request.")),
    TrailCommand.SUSPEND: _simple(gettext_noop("%(person)s suspended the request.")),
    TrailCommand.RESUME: _simple(gettext_noop("%(person)s let the request go on.")),
    TrailCommand.REOPEN: _simple(gettext_noop("%(person)s reopened the request.")),
    TrailCommand.SKIP: _simple(gettext_noop("%(person)s skipped “%(step)s”.")),
    TrailCommand.RESOLVE_MERGE: _simple(
        gettext_noop("%(person)s chose which values hold at “%(step)s”.")
    ),
    TrailCommand.SET_VALUES: _describe_correction,
    TrailCommand.REASSIGN: _describe_reassignment,
    TrailCommand.REROUTE: _describe_reroute,
    TrailCommand.ADD_APPROVER: _describe_added_approver,
    TrailCommand.WITHDRAW_VOTE: _describe_withdrawn_vote,
    TrailCommand.REMIND: _describe_reminder,
    TrailCommand.ESCALATE: _describe_escalation,
    TrailCommand.EXTEND: _describe_extension,
    TrailCommand.EXPIRE: _simple(gettext_noop("The time of “%(step)s” was up, and it expired.")),
    TrailCommand.CHANGE_VERSION: _describe_version_change,
    TrailCommand.PUT_BACK: _describe_put_back,
}
