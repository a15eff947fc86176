"""Four months of the company's work, driven through the real services in the order of time.

Everything is drawn from one seeded source, so the same seed at the same moment gives the same
company. Each decision is one call of the services, as if its page had made it then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from django.db.models import QuerySet

from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import VersionMap, get_version_map
from workflows.demo.company import EMPLOYEES
from workflows.demo.decision_inputs import draw_decision_input, new_account_of
from workflows.demo.event_queue import EventQueue
from workflows.demo.habits import DAY, HABITS, REQUESTS, SLOW_PEOPLE, STARTERS, USUAL, draw_minutes
from workflows.demo.message_delivery import (
    deliver_due_messages,
    forget_old_notices,
    next_message_due_at,
)
from workflows.demo.performers import DemoTask, PerformerPool
from workflows.demo.sample_texts import COMMENTS, FORMS, comment_for
from workflows.demo.workshops import WORKFLOW as WORKSHOPS
from workflows.demo.workshops import WorkshopDiary
from workflows.engine.errors import WrongState
from workflows.engine.format.definition import WaitStep
from workflows.engine.timing.working_time import parse_duration
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.execution.services import incidents, merges
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.messages import incoming as messages
from workflows.outbox.models import Attempt
from workflows.people.models import User
from workflows.people.services.recipients import incident_owner_for
from workflows.persistence.prepared_queries import ANY_ROW, PreparedQuery

DAYS = 120
LATELY = timedelta(days=16)
LEFT_LYING = 0.18
"""How much of the latest work nobody takes up or finishes in time: what is overdue now."""


def _open_tasks_of_any() -> QuerySet[WorkItem]:
    return WorkItem.objects.open().filter(request=ANY_ROW).select_related("assignee")


_OPEN_TASKS = PreparedQuery(_open_tasks_of_any)
EVERYBODY = tuple(employee.username for employee in EMPLOYEES)


@dataclass(frozen=True, slots=True)
class PlannedDecision:
    """Who will do a task and how: when they take it up, when it is done, and its outcome."""

    task: DemoTask
    actor: User
    taken_up: datetime
    done: datetime
    outcome: str


class DemoSimulation:
    """Makes the company's past; each method is something that happens or is planned."""

    def __init__(
        self,
        rng: Random,
        now: datetime,
        people: Mapping[str, User],
        versions: Sequence[TemplateVersion],
    ) -> None:
        self.rng, self.now, self.people = rng, now, people
        self.queue = EventQueue(now)
        self.performers = PerformerPool(rng)
        self.diary = WorkshopDiary(rng)
        self._maps = {version.pk: get_version_map(version) for version in versions}
        self._by_key = {m.graph.definition.key: m for m in self._maps.values()}
        self._planned: set[int] = set()
        self._mended: set[int] = set()
        self._scripted: set[int] = set()
        self._awaited: set[datetime] = set()

    def plan_requests(self, volume: float) -> None:
        """Plan the start of every request; a volume of 1 is some hundreds."""
        for workflow, number in REQUESTS.items():
            for _ in range(max(3, round(number * volume))):
                when = self._office_moment(workflow)
                username = self.rng.choice(STARTERS.get(workflow, EVERYBODY))
                self.queue.at(when, partial(self.start, workflow, username, when))

    def run(self) -> None:
        """Do everything that is planned, and deliver the outbox in between, each at its time."""
        self.queue.run(self._note_next_delivery)
        forget_old_notices(self.now)

    # -- time ------------------------------------------------------------------------------

    def moment_after(self, workflow: str, since: datetime, working_minutes: int) -> datetime:
        """The moment after so much working time, not to the very second."""
        calendar = self._by_key[workflow].calendar
        moment = calendar.add(since, parse_duration(f"{working_minutes}m"))
        earlier = max(since, moment - timedelta(seconds=self.rng.randrange(60)))
        in_office = calendar.between(earlier, moment) == moment - earlier
        return earlier if in_office else moment

    def moment_before_now(self, workflow: str, working_minutes: int) -> datetime:
        """The moment in office hours so much working time before now."""
        calendar = self._by_key[workflow].calendar
        begin = self.now - timedelta(days=DAYS)
        span = calendar.between(begin, self.now) // timedelta(minutes=1)
        return calendar.add(begin, parse_duration(f"{max(1, span - working_minutes)}m"))

    def _office_moment(self, workflow: str) -> datetime:
        calendar = self._by_key[workflow].calendar
        begin = self.now - timedelta(days=DAYS)
        span = calendar.between(begin, self.now) // timedelta(minutes=1)
        return self.moment_after(workflow, begin, 1 + self.rng.randrange(span))

    # -- what happens ----------------------------------------------------------------------

    def start(
        self, workflow: str, username: str, when: datetime, *, scripted: bool = False, **values: Any
    ) -> WorkflowInstance:
        """Somebody starts a request; what follows is planned, unless a script says it."""
        title, data, files = FORMS[workflow](self.rng, username)
        if workflow == "travel-declaration":
            first = (when - timedelta(days=self.rng.randrange(3, 10))).date()
            last = first + timedelta(days=self.rng.randrange(3))
            data |= {"trip_from": first.isoformat(), "trip_to": last.isoformat()}
        elif workflow == WORKSHOPS and "starts" not in values:
            data |= self.diary.draw_visit(when)
        instance = requests.start(
            workflow,
            actor=self.people[username],
            now=when,
            data=data | values,
            files=files,
            title=title,
            source=WorkflowInstance.DEMO,
        )
        if scripted:
            self._scripted.add(instance.pk)
        else:
            self._plan_open_tasks(instance, when)
        return instance

    def _take_up(self, plan: PlannedDecision) -> None:
        """Somebody claims a task, if it is still there to be claimed."""
        try:
            tasks.claim(plan.task.item.pk, actor=plan.actor, now=plan.taken_up)
        except WrongState:
            return

    def _decide(self, plan: PlannedDecision) -> None:
        """Somebody decides, if the task is still needed by then."""
        task, outcome = plan.task, plan.outcome
        data, files = draw_decision_input(self.rng, task, outcome)
        route = task.step.outcomes[outcome]
        try:
            item = tasks.decide(
                task.item.pk,
                actor=plan.actor,
                outcome=outcome,
                now=plan.done,
                comment=comment_for(self.rng, outcome, required=route.comment == "required"),
                data=data,
                files=files,
                opened_at=plan.taken_up,
            )
        except WrongState:
            return
        self._plan_open_tasks(item.request, plan.done)

    def decide_as(
        self,
        instance: WorkflowInstance,
        step: str,
        username: str,
        outcome: str,
        when: datetime,
        **values: Any,
    ) -> None:
        """One line of a script: this person decides this step so."""
        item = WorkItem.objects.open().get(request=instance, step__key=step)
        tasks.decide(
            item.pk,
            actor=self.people[username],
            outcome=outcome,
            now=when,
            comment=comment_for(self.rng, outcome, required=outcome in COMMENTS),
            data=values,
        )

    # -- what happens by itself ------------------------------------------------------------

    def _note_next_delivery(self) -> None:
        """Note when the outbox has something to do next."""
        due = next_message_due_at()
        if due is not None and due not in self._awaited:
            self._awaited.add(due)
            self.queue.at(due, partial(self._deliver, due))

    def _deliver(self, moment: datetime) -> None:
        self._awaited.discard(moment)
        for instance in deliver_due_messages(moment):
            if instance.pk not in self._scripted:
                self._plan_open_tasks(instance, moment)

    def _send_awaited_message(
        self, instance: WorkflowInstance, message: str, when: datetime
    ) -> None:
        """Somebody says that what a request waits for has come."""
        self.send_message_as(instance, message, self._steered_by(instance).username, when)
        self._plan_open_tasks(instance, when)

    def send_message_as(
        self, instance: WorkflowInstance, message: str, username: str, when: datetime
    ) -> None:
        """This person sends a request the message that it waits for."""
        messages.receive_message(
            instance.reference,
            message,
            actor=self.people[username],
            now=when,
            data={"papers_on": when.date().isoformat()},
        )
        instance.refresh_from_db()

    def _resolve_incident(self, incident: Incident, attempt_count: int, when: datetime) -> None:
        """The owner helps an automation that came to the end of its attempts."""
        actor = incident.owner
        if attempt_count % 2:
            incidents.reroute(
                incident.pk,
                actor=actor,
                to="account_by_hand",
                now=when,
                reason="The directory does not answer; IT support makes the account by hand.",
            )
        else:
            incidents.skip(
                incident.pk,
                actor=actor,
                now=when,
                data={"account": new_account_of(incident.request)},
                reason="The plant has made the account; they told me on the phone.",
            )
        self._plan_open_tasks(WorkflowInstance.objects.get(pk=incident.request_id), when)

    # -- what is planned -------------------------------------------------------------------

    def _plan_open_tasks(self, instance: WorkflowInstance, when: datetime) -> None:
        """Plan what people will do with the tasks that have just come up."""
        if not instance.is_live:
            return
        version_map = self._maps[instance.version_id]
        items = _OPEN_TASKS.rows({ANY_ROW: instance.pk})
        for item in items:
            if item.pk not in self._planned:
                self._planned.add(item.pk)
                self._plan_step(version_map, instance, item)
        if any(step.kind == "automation" for step in version_map.graph.steps.values()):
            self._plan_mending(instance)
        if not items:
            self._plan_choice(version_map, instance, when)

    def _plan_step(
        self, version_map: VersionMap, instance: WorkflowInstance, item: WorkItem
    ) -> None:
        """People do tasks and send messages; what else there is happens by itself."""
        step = version_map.graph[version_map.step_keys[item.step_id]]
        since = item.enabled_at or self.now
        if version_map.graph.is_human(version_map.step_keys[item.step_id]):
            self._plan_task(DemoTask(version_map, instance, item))
        elif isinstance(step, WaitStep) and step.message:
            workflow = version_map.graph.definition.key
            comes = self.moment_after(workflow, since, draw_minutes(self.rng, 2 * DAY))
            self.queue.at(comes, partial(self._send_awaited_message, instance, step.message, comes))

    def _plan_mending(self, instance: WorkflowInstance) -> None:
        """An automation that failed for good is mended a day later; the latest is not, yet."""
        stuck = Incident.objects.filter(request=instance, state=Incident.OPEN)
        for incident in stuck.filter(step__kind="automation").select_related("owner", "request"):
            first = Attempt.objects.filter(request=instance, activation=incident.activation).first()
            if incident.pk in self._mended or first is None:
                continue
            attempt_count = len(self._mended)
            self._mended.add(incident.pk)
            when = self.moment_after(instance.template.key, first.started_at, DAY)
            self.queue.at(when, partial(self._resolve_incident, incident, attempt_count, when))

    def _plan_task(self, task: DemoTask) -> None:
        since = task.item.enabled_at or self.now
        is_left = since > self.now - LATELY and self.rng.random() < LEFT_LYING
        habit = HABITS.get((task.workflow, task.key), USUAL)
        outcome = self.performers.outcome_of(task, habit)
        for actor in self.performers.performers_of(task, outcome):
            waits = habit.waits * SLOW_PEOPLE.get(actor.username, 1.0)
            taken_up = self.moment_after(task.workflow, since, draw_minutes(self.rng, waits))
            done = self.moment_after(task.workflow, taken_up, draw_minutes(self.rng, habit.takes))
            plan = PlannedDecision(task, actor, taken_up, done, outcome)
            claims = done > self.now or self.rng.random() < (0.6 if is_left else 0.3)
            if task.can_be_claimed and claims:
                self.queue.at(taken_up, partial(self._take_up, plan))
            if not is_left:
                self.queue.at(done, partial(self._decide, plan))

    def _plan_choice(
        self, version_map: VersionMap, instance: WorkflowInstance, when: datetime
    ) -> None:
        """Where branches disagree, the owner chooses a day later; of the latest, not yet."""
        merge = MergeRecord.objects.filter(request=instance, state=MergeRecord.CONFLICT).first()
        if merge is not None and when < self.now - LATELY:
            workflow = version_map.graph.definition.key
            chosen_at = self.moment_after(workflow, when, draw_minutes(self.rng, 480))
            self.queue.at(chosen_at, partial(self._resolve_conflict, merge, chosen_at))

    @staticmethod
    def _steered_by(instance: WorkflowInstance) -> User:
        """The workflow's owner; of what the owner asked for, the deputy."""
        person = incident_owner_for(instance)
        assert person is not None, "every workflow of the demo has an owner"
        return person

    def _resolve_conflict(self, merge: MergeRecord, when: datetime) -> None:
        choices = {key: sorted(by_branch)[0] for key, by_branch in merge.conflicts.items()}
        instance = merges.resolve_merge(
            merge.pk,
            actor=self._steered_by(merge.request),
            choices=choices,
            reason="Asked both reviewers; this is what was agreed on.",
            now=when,
        )
        self._plan_open_tasks(instance, when)
