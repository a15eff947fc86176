"""The news in a row of the trail: which events it is, and who stands how to each of them.

A row says in codes what a command did. What it opened is looked at as it stands now: nobody is
told of a task that is over by the time when they would be.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.conversation.models import Comment
from workflows.conversation.queries.following import follows_of_request
from workflows.conversation.queries.mentions import people_who_see
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.engine.format.definition import display_title
from workflows.execution.choices import IncidentCode, QuestionKind, QuestionState, TaskState
from workflows.execution.models import Incident, WorkflowInstance, WorkItem
from workflows.notices.choices import NoticeEvent, NoticeRelation
from workflows.notices.models import Notice
from workflows.notices.queries.task_people import People, TaskAudience, find_task_audience
from workflows.people.models import User
from workflows.people.queries.logins import find_logins
from workflows.people.queries.owners import find_step_owners
from workflows.people.queries.person_names import full_names_of
from workflows.people.services.recipients import notification_recipients
from workflows.trail import changes as notes
from workflows.trail.changes import TrailChanges, read_changes
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import LateAnswerKept, StatusLinkChanged, read_fact
from workflows.trail.models import TrailEvent

_E, _R = NoticeEvent, NoticeRelation


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One event, and the people around it (ids) by what they are to it. `team_ids` are the groups
    that are told of it as a whole; `place` tells apart what happened twice in one command, and
    `stood_in_for` are those of the people for whom somebody stands in just now."""

    event: NoticeEvent
    people: People
    team_ids: tuple[int, ...] = ()
    task: WorkItem | None = None
    place: str = ""
    stood_in_for: frozenset[int] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict)


class TrailRowNews:
    """What one row of a request's trail has of news."""

    def __init__(self, row: TrailEvent) -> None:
        assert row.request is not None
        self.row, self.request = row, row.request
        self.changes: TrailChanges = read_changes(row)
        self.map: VersionMap = cached_map(self.request.version_id)
        self.open_tasks = {
            task.activation: task
            for task in WorkItem.objects.filter(request=self.request, is_open=True).select_related(
                "step"
            )
        }
        for task in self.open_tasks.values():
            task.request = self.request

    def events(self) -> Iterator[News]:
        """All news of the row."""
        yield from self._task_news()
        yield from self._late_news()
        yield from self._question_news()
        yield from self._request_news()
        yield from self._talk_news()
        yield from self._owner_news()

    # -- tasks --------------------------------------------------------------------------------

    def _task_news(self) -> Iterator[News]:
        reassigned = self._reassigned_task()
        if reassigned is not None:
            yield reassigned
        for note in self.changes.notes_of(notes.StepOpened):
            task = self.open_tasks.get(note.activation)
            is_reassigned = reassigned is not None and reassigned.task == task
            if task is not None and self.map.graph.is_human(note.step) and not is_reassigned:
                yield from self._reached_task(task)
        if self.row.command == TrailCommand.RELEASE:
            task = self._task_of_row()
            if task is not None:
                yield from self._reached_task(task)
        if self.row.command == TrailCommand.EXPIRE:
            yield from self._expired_task_news()
        if self.row.command == TrailCommand.CHANGE_VERSION:
            yield from self._moved_task_news()
        yield from self._approver_news()

    def _approver_news(self) -> Iterator[News]:
        """Somebody who must agree besides; who answers for the workflow hears of it too."""
        task = self._task_of_row()
        for note in self.changes.notes_of(notes.ApproverJoined):
            if task is not None:
                people = {
                    _R.ADDED_PERSON: frozenset({note.person_id}),
                    _R.OWNER: self._accountable_ids(),
                }
                asked = full_names_of([note.person]).get(note.person, note.person)
                audience = TaskAudience(people)
                yield self._task_item(_E.APPROVER_ADDED, task, audience, asked=asked)

    def _expired_task_news(self) -> Iterator[News]:
        """A task whose time was up, for whoever had it."""
        task = WorkItem.objects.select_related("step").filter(pk=self.row.work_item or 0).first()
        if task is not None and task.assignee_id is not None:
            people = {_R.FORMER_HOLDER: frozenset({task.assignee_id})}
            yield News(event=_E.TASK_EXPIRED, people=people, facts={"step": self._step_title()})

    def _moved_task_news(self) -> Iterator[News]:
        """A task that other people have by a move to another version: for those who have it now,
        and for whoever had it."""
        for note in self.changes.notes_of(notes.TaskMoved):
            task = self.open_tasks.get(note.activation)
            if note.is_others and task is not None and self.map.graph.is_human(note.step):
                yield from self._reached_task(task)
        for lost in self.changes.notes_of(notes.AssigneeChanged):
            former = self._holder_of(find_logins([lost.before]), lost.before)
            task = self.open_tasks.get(lost.activation) if lost.activation is not None else None
            if former is not None and task is not None and task.assignee_id != former.pk:
                people = {_R.FORMER_HOLDER: frozenset({former.pk})}
                yield self._task_item(_E.TASK_REASSIGNED, task, TaskAudience(people))

    def _reached_task(self, task: WorkItem) -> Iterator[News]:
        """A task that was opened: for its holder, or for its team; whoever did it in the round
        before is told that it came back. Whoever has taken it by now knows of it."""
        if task.state != TaskState.ENABLED:
            return
        audience = find_task_audience(task)
        holders = audience.people.get(_R.HOLDER, frozenset())
        before = self._performers_before(task, audience)
        if before:
            yield self._task_item(_E.TASK_SENT_BACK, task, TaskAudience({_R.HOLDER: before}))
        if holders - before:
            yield self._task_item(
                _E.TASK_REACHED, task, TaskAudience({_R.HOLDER: holders - before})
            )
        members = audience.people.get(_R.TEAM_MEMBER, frozenset()) - before
        if members or audience.team_ids:
            team = TaskAudience({_R.TEAM_MEMBER: members}, audience.team_ids)
            yield self._task_item(_E.TASK_QUEUED, task, team)

    def _performers_before(self, task: WorkItem, audience: TaskAudience) -> frozenset[int]:
        """Who did the step in the round before, as far as they can do it again. A step that comes
        back to one person by its role comes back to them."""
        if task.round < 2:
            return frozenset()
        reachable = audience.people.get(_R.HOLDER, frozenset()) | audience.people.get(
            _R.TEAM_MEMBER, frozenset()
        )
        done_before = WorkItem.objects.filter(
            request=self.request, step=task.step, decided_by__in=reachable, is_open=False
        )
        return frozenset(done_before.values_list("decided_by_id", flat=True))

    def _reassigned_task(self) -> News | None:
        """A task that went to somebody by a command, and from whom."""
        if self.row.command in (TrailCommand.RELEASE, TrailCommand.CHANGE_VERSION):
            return None
        for note in self.changes.notes_of(notes.AssigneeChanged):
            logins = find_logins([note.before, note.to])
            new, old = (self._holder_of(logins, name) for name in (note.to, note.before))
            task = self._task_of_row() or self._task_held_by(new)
            if new is not None and task is not None:
                return News(
                    event=_E.TASK_REASSIGNED,
                    people={
                        _R.HOLDER: frozenset({new.pk}),
                        _R.FORMER_HOLDER: frozenset({old.pk} if old is not None else ()),
                    },
                    task=task,
                    place=str(task.activation),
                )
        return None

    def _holder_of(self, logins: Mapping[str, Any], name: str) -> User | None:
        login = logins.get(name)
        return login.at(self.row.recorded_at) if login is not None else None

    def _task_held_by(self, person: User | None) -> WorkItem | None:
        held = (task for task in self.open_tasks.values() if person and task.assignee == person)
        return next(held, None)

    def _task_of_row(self) -> WorkItem | None:
        """The task that the command was about, where it is still open."""
        return next(
            (task for task in self.open_tasks.values() if task.pk == self.row.work_item), None
        )

    def _task_item(
        self, event: NoticeEvent, task: WorkItem, audience: TaskAudience, **facts: Any
    ) -> News:
        return News(
            event=event,
            people=audience.people,
            team_ids=audience.team_ids,
            task=task,
            place=str(task.activation),
            facts=facts,
        )

    # -- late work ----------------------------------------------------------------------------

    def _late_news(self) -> Iterator[News]:
        task, facts = self._task_of_row(), self.changes.facts
        if self.row.command == TrailCommand.EXTEND:
            yield self._extension_news(task)
        if self.row.command == TrailCommand.REMIND and self.row.work_item is None:
            yield News(event=_E.REQUEST_OVERDUE, people={_R.OWNER: self._accountable_ids()})
        if task is None:
            return
        if self.row.command == TrailCommand.REMIND:
            audience = find_task_audience(task)
            reminded = self._people_named(facts.reminded or [])
            people: dict[NoticeRelation, frozenset[int]] = {
                relation: ids & reminded
                for relation, ids in audience.people.items()
                if relation != _R.OWNER
            }
            around = frozenset[int]().union(*people.values())
            people[_R.OWNER] = reminded - around
            yield self._task_item(_E.TASK_REMINDED, task, TaskAudience(people, audience.team_ids))
        if self.row.command == TrailCommand.ESCALATE:
            yield from self._escalation_news(task, facts)

    def _extension_news(self, task: WorkItem | None) -> News:
        """More time for a task, or for the request as a whole."""
        tasks = self.open_tasks.values() if task is None else [task]
        holders = (each.assignee_id for each in tasks)
        return News(
            event=_E.DUE_EXTENDED,
            people={
                _R.REQUESTER: self._requester(),
                _R.HOLDER: frozenset(holder for holder in holders if holder is not None),
                _R.WATCHER: self._watchers(),
            },
            facts={"step": self._step_title()},
        )

    def _escalation_news(self, task: WorkItem, facts: notes.SingleFacts) -> Iterator[News]:
        if facts.nobody_in_role:
            yield News(
                event=_E.ESCALATED_TO_NOBODY,
                people={_R.OWNER: self._accountable_ids()},
                task=task,
                facts={"role": facts.nobody_in_role},
            )
            return
        holder = frozenset({task.assignee_id} if task.assignee_id is not None else ())
        people = {
            _R.ADDED_PERSON: self._people_named(facts.added or []),
            _R.HOLDER: holder,
            _R.DEPUTY: self._people_named(facts.deputies_asked or []),
        }
        yield self._task_item(_E.TASK_ESCALATED, task, TaskAudience(people))

    def _people_named(self, usernames: list[str]) -> frozenset[int]:
        logins = find_logins(usernames)
        people = (self._holder_of(logins, name) for name in usernames)
        return frozenset(person.pk for person in people if person is not None)

    # -- questions ----------------------------------------------------------------------------

    def _question_news(self) -> Iterator[News]:
        """What somebody was asked, or has answered."""
        task = self._task_of_row()
        for note in self.changes.notes_of(notes.QuestionAsked):
            is_opinion = note.kind == QuestionKind.OPINION
            yield News(
                event=_E.OPINION_ASKED if is_opinion else _E.REQUESTER_ASKED,
                people={_R.ASKED_PERSON: self._people_named([note.to])},
                task=task,
                place=str(note.question),
                facts={"step": self._step_title(), "question": note.question},
            )
        for closed in self.changes.notes_of(notes.QuestionClosed):
            if closed.state == QuestionState.ANSWERED:
                yield self._answer_news(closed, task)

    def _answer_news(self, closed: notes.QuestionClosed, task: WorkItem | None) -> News:
        is_opinion = closed.kind == QuestionKind.OPINION
        holder = task.assignee_id if task is not None and not is_opinion else None
        return News(
            event=_E.OPINION_GIVEN if is_opinion else _E.REQUESTER_ANSWERED,
            people={
                _R.ASKER: self._people_named([closed.asked_by]),
                _R.HOLDER: frozenset({holder} if holder is not None else ()),
            },
            task=task,
            place=str(closed.question),
            facts={"step": self._step_title()},
        )

    # -- the request --------------------------------------------------------------------------

    def _request_news(self) -> Iterator[News]:
        yield from self._status_link_news()
        event = self._request_event()
        if event is None:
            return
        yield News(
            event=event,
            people={
                _R.REQUESTER: self._requester(),
                _R.HOLDER: self._holders_touched(event),
                _R.WATCHER: self._watchers(),
            },
            facts={
                "step": self._step_title(),
                "outcome": self._outcome_label(),
                "has_expired": self.row.command == TrailCommand.EXPIRE,
            },
        )

    def _requester(self) -> frozenset[int]:
        requester = self.request.requester_id
        return frozenset({requester} if requester is not None else ())

    def _status_link_news(self) -> Iterator[News]:
        """A link that the workflow itself made is its requester's. Of one that a person made, that
        person knows."""
        if self.row.command != TrailCommand.MAKE_STATUS_LINK or self.row.actor_id is not None:
            return
        link_change = read_fact(self.row)
        assert isinstance(link_change, StatusLinkChanged)
        yield News(
            event=_E.STATUS_LINK_SENT,
            people={_R.REQUESTER: self._requester()},
            facts={"status_link": link_change.status_link},
        )

    def _request_event(self) -> NoticeEvent | None:
        """What the command was to the request as a whole."""
        plain = _EVENTS_OF_COMMANDS.get(TrailCommand(self.row.command))
        if plain is not None:
            return plain
        has_ended = bool(self.changes.notes_of(notes.EndReached))
        route = self._route_taken()
        is_exception = route is not None and bool(route.exception)
        if has_ended:
            return _E.REQUEST_REFUSED if is_exception else _E.REQUEST_FINISHED
        if route is None or self.map.graph[self.row.step].kind != "approval":
            return None
        return _E.REQUEST_SENT_BACK if is_exception else _E.REQUEST_APPROVED

    def _route_taken(self) -> Any:
        """The way of the outcome by which a task was finished; None where none was."""
        is_decided = self.row.command == TrailCommand.DECIDE and self.row.to_state == "done"
        step = self.map.graph.steps.get(self.row.step)
        if not is_decided or step is None or not self.map.graph.is_human(self.row.step):
            return None
        return self.map.human(self.row.step).outcomes.get(self.row.outcome)

    def _step_title(self) -> str:
        is_on_map = self.row.step in self.map.graph.steps
        return self.map.graph.title(self.row.step) if is_on_map else ""

    def _outcome_label(self) -> str:
        route = self._route_taken()
        return display_title(self.row.outcome, route.label) if route is not None else ""

    def _holders_touched(self, event: NoticeEvent) -> frozenset[int]:
        """Who had what was called off, or has what is halted or goes on."""
        if event == _E.REQUEST_CANCELLED:
            called_off = [note.activation for note in self.changes.notes_of(notes.WorkCancelled)]
            held = WorkItem.objects.filter(
                request=self.request, activation__in=called_off, assignee__isnull=False
            )
            return frozenset(held.values_list("assignee_id", flat=True))
        if event not in (_E.REQUEST_SUSPENDED, _E.REQUEST_RESUMED):
            return frozenset()
        return frozenset(
            task.assignee_id for task in self.open_tasks.values() if task.assignee_id is not None
        )

    def _watchers(self) -> frozenset[int]:
        """Who follows the request and may see it now."""
        return frozenset(follow.person_id for follow in follows_of_request(self.request))

    # -- comments -----------------------------------------------------------------------------

    def _talk_news(self) -> Iterator[News]:
        """A comment that stands, for whom it mentions and those around the request; a comment that
        was edited only for whom it mentions and did not before. None who may not see it now."""
        commands = (TrailCommand.COMMENT, TrailCommand.EDIT_COMMENT)
        written = self.changes.notes_of(notes.CommentRecorded)
        if self.row.command not in commands or not written:
            return
        comment = Comment.objects.filter(pk=written[0].comment, withdrawn_at=None).first()
        if comment is None:
            return
        facts = {"comment_id": comment.pk}
        earlier_notices = Notice.objects.filter(event=_E.MENTIONED, facts__comment_id=comment.pk)
        mentioned = self._people_named(written[0].mentioned) - frozenset(
            earlier_notices.values_list("person", flat=True)
        )
        yield News(event=_E.MENTIONED, people={_R.MENTIONED: self._seeing(mentioned)}, facts=facts)
        if self.row.command == TrailCommand.COMMENT:
            yield News(event=_E.COMMENTED, people=self._people_around(comment), facts=facts)

    def _people_around(self, comment: Comment) -> People:
        before = Comment.objects.filter(request=self.request, pk__lt=comment.pk)
        holders = (task.assignee_id for task in self.open_tasks.values())
        return {
            _R.COMMENTER: self._seeing(before.values_list("writer", flat=True)),
            _R.REQUESTER: self._requester(),
            _R.HOLDER: frozenset(holder for holder in holders if holder is not None),
            _R.WATCHER: self._watchers(),
        }

    def _seeing(self, ids: Iterable[int]) -> frozenset[int]:
        """Those of these people who may see the request now."""
        rows = people_who_see(self.request).filter(pk__in=set(ids))
        return frozenset(rows.values_list("pk", flat=True))

    # -- owners -------------------------------------------------------------------------------

    def _owner_news(self) -> Iterator[News]:
        for incident in self.changes.notes_of(notes.IncidentOpened):
            yield self._incident_news(incident)
        for handed_on in self.changes.notes_of(notes.IncidentHandedOn):
            yield News(
                event=_E.INCIDENT_HANDED_ON,
                people={_R.OWNER: self._people_named([handed_on.to])},
                facts={"step": self._step_title()},
            )
        for changed in self.changes.notes_of(notes.ChangedAfterApproval):
            yield News(
                event=_E.CHANGED_AFTER_APPROVAL,
                people={_R.OWNER: self._accountable_ids()},
                place=changed.step,
                facts={
                    "step": self.map.graph.title(changed.step),
                    "fields": [self._field_label(key) for key in changed.fields],
                },
            )
        if self.row.command == TrailCommand.LATE_ANSWER:
            yield self._late_answer_news()
        passed = self.changes.facts.past_approvals
        if passed:
            yield News(
                event=_E.APPROVAL_BYPASSED,
                people={_R.OWNER: self._accountable_ids()},
                facts={"steps": [self.map.graph.title(key) for key in passed]},
            )

    def _late_answer_news(self) -> News:
        kept = read_fact(self.row)
        assert isinstance(kept, LateAnswerKept)
        is_on_map = kept.step in self.map.graph.steps
        return News(
            event=_E.ANSWERED_LATE,
            people={_R.OWNER: self._accountable_ids()},
            place=f"{kept.step} {kept.attempt}",
            facts={"step": self.map.graph.title(kept.step) if is_on_map else kept.step},
        )

    def _incident_news(self, note: notes.IncidentOpened) -> News:
        is_conflict = note.code == IncidentCode.MERGE_CONFLICT
        opened = Incident.objects.filter(
            request=self.request,
            step_id=self.map.step_ids[note.step],
            opened_at=self.row.recorded_at,
        )
        owner = opened.values_list("owner_id", flat=True).first()
        return News(
            event=_E.MERGE_CONFLICT if is_conflict else _E.INCIDENT_OPENED,
            people={
                _R.OWNER: self._accountable_ids()
                | {person.pk for person in find_step_owners(self.map.step_ids[note.step])}
                | ({owner} if owner else frozenset())
            },
            place=note.step,
            facts={
                "step": self.map.graph.title(note.step),
                "incident": {"code": note.code, "parameters": note.parameters},
            },
        )

    def _accountable_ids(self) -> frozenset[int]:
        return frozenset(person.pk for person in notification_recipients(self.request.template))

    def _field_label(self, key: str) -> str:
        return display_title(key, self.map.graph.definition.all_fields[key].label)


_EVENTS_OF_COMMANDS: Mapping[TrailCommand, NoticeEvent] = {
    TrailCommand.CANCEL: _E.REQUEST_CANCELLED,
    TrailCommand.SUSPEND: _E.REQUEST_SUSPENDED,
    TrailCommand.RESUME: _E.REQUEST_RESUMED,
    TrailCommand.REOPEN: _E.REQUEST_REOPENED,
}


def find_news(row: TrailEvent) -> list[News]:
    """All news of a row of the trail, the more urgent first; none of a request that stands for the
    past."""
    if row.request is None or row.request.source in WorkflowInstance.PAST:
        return []
    order = list(NoticeEvent)
    return sorted(TrailRowNews(row).events(), key=lambda news: order.index(news.event))
