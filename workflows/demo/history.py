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

from django.contrib.auth.models import User

from workflows.demo.agenda import Agenda
from workflows.demo.company import EMPLOYEES
from workflows.demo.crew import Crew, Task
from workflows.demo.habits import DAY, HABITS, REQUESTS, SLOW_PEOPLE, STARTERS, USUAL, minutes
from workflows.demo.outputs import account_of, given_at
from workflows.demo.outside import deliver_at, forget_old_notices, next_due
from workflows.demo.words import COMMENTS, FORMS, comment_for
from workflows.engine.calendar import parse_duration
from workflows.engine.definition import WaitStep
from workflows.engine.errors import WrongState
from workflows.models import (
    Attempt,
    Incident,
    MergeRecord,
    TemplateVersion,
    WorkflowInstance,
    WorkItem,
)
from workflows.services import incidents, messages, requests, tasks
from workflows.services.maps import VersionMap, map_of

DAYS = 120
LATELY = timedelta(days=16)
LEFT_LYING = 0.18
"""How much of the latest work nobody takes up or finishes in time: what is overdue now."""


EVERYBODY = tuple(employee.username for employee in EMPLOYEES)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who will do a task and how: when they take it up, when it is done, and its outcome."""

    task: Task
    actor: User
    taken_up: datetime
    done: datetime
    outcome: str


class History:
    """Makes the company's past; each method is something that happens or is planned."""

    def __init__(
        self,
        rng: Random,
        now: datetime,
        people: Mapping[str, User],
        versions: Sequence[TemplateVersion],
    ) -> None:
        self.rng, self.now, self.people = rng, now, people
        self.agenda = Agenda(now)
        self.crew = Crew(rng)
        self._maps = {version.pk: map_of(version) for version in versions}
        self._by_key = {m.graph.definition.key: m for m in self._maps.values()}
        self._planned: set[int] = set()
        self._mended: set[int] = set()
        self._scripted: set[int] = set()
        self._awaited: set[datetime] = set()

    def fill(self, volume: float) -> None:
        """Plan the start of every request; a volume of 1 is some hundreds."""
        for workflow, number in REQUESTS.items():
            for _ in range(max(3, round(number * volume))):
                when = self._office_moment(workflow)
                who = self.rng.choice(STARTERS.get(workflow, EVERYBODY))
                self.agenda.at(when, partial(self.start, workflow, who, when))

    def happen(self) -> None:
        """Do everything that is planned, and deliver the outbox in between, each at its time."""
        self.agenda.run(self._listen)
        forget_old_notices(self.now)

    # -- time ------------------------------------------------------------------------------

    def later(self, workflow: str, since: datetime, working_minutes: int) -> datetime:
        """The moment after so much working time, not to the very second."""
        calendar = self._by_key[workflow].calendar
        moment = calendar.add(since, parse_duration(f"{working_minutes}m"))
        earlier = max(since, moment - timedelta(seconds=self.rng.randrange(60)))
        in_office = calendar.between(earlier, moment) == moment - earlier
        return earlier if in_office else moment

    def ago(self, workflow: str, working_minutes: int) -> datetime:
        """The moment in office hours so much working time before now."""
        calendar = self._by_key[workflow].calendar
        begin = self.now - timedelta(days=DAYS)
        span = calendar.between(begin, self.now) // timedelta(minutes=1)
        return calendar.add(begin, parse_duration(f"{max(1, span - working_minutes)}m"))

    def _office_moment(self, workflow: str) -> datetime:
        calendar = self._by_key[workflow].calendar
        begin = self.now - timedelta(days=DAYS)
        span = calendar.between(begin, self.now) // timedelta(minutes=1)
        return self.later(workflow, begin, 1 + self.rng.randrange(span))

    # -- what happens ----------------------------------------------------------------------

    def start(
        self, workflow: str, who: str, when: datetime, *, scripted: bool = False, **values: Any
    ) -> WorkflowInstance:
        """Somebody starts a request; what follows is planned, unless a script says it."""
        title, data, files = FORMS[workflow](self.rng, who)
        if workflow == "travel-declaration":
            first = (when - timedelta(days=self.rng.randrange(3, 10))).date()
            last = first + timedelta(days=self.rng.randrange(3))
            data |= {"trip_from": first.isoformat(), "trip_to": last.isoformat()}
        request = requests.start(
            workflow,
            actor=self.people[who],
            now=when,
            data=data | values,
            files=files,
            title=title,
            source=WorkflowInstance.DEMO,
        )
        if scripted:
            self._scripted.add(request.pk)
        else:
            self._follow(request, when)
        return request

    def _take_up(self, plan: Plan) -> None:
        """Somebody claims a task, if it is still there to be claimed."""
        try:
            tasks.claim(plan.task.item.pk, actor=plan.actor, now=plan.taken_up)
        except WrongState:
            return

    def _decide(self, plan: Plan) -> None:
        """Somebody decides, if the task is still needed by then."""
        task, outcome = plan.task, plan.outcome
        data, files = given_at(self.rng, task, outcome)
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
        self._follow(item.request, plan.done)

    def decide_as(
        self,
        request: WorkflowInstance,
        step: str,
        who: str,
        outcome: str,
        when: datetime,
        **values: Any,
    ) -> None:
        """One line of a script: this person decides this step so."""
        item = WorkItem.objects.open().get(request=request, step__key=step)
        tasks.decide(
            item.pk,
            actor=self.people[who],
            outcome=outcome,
            now=when,
            comment=comment_for(self.rng, outcome, required=outcome in COMMENTS),
            data=values,
        )

    # -- what happens by itself ------------------------------------------------------------

    def _listen(self) -> None:
        """Note when the outbox has something to do next."""
        due = next_due()
        if due is not None and due not in self._awaited:
            self._awaited.add(due)
            self.agenda.at(due, partial(self._deliver, due))

    def _deliver(self, moment: datetime) -> None:
        self._awaited.discard(moment)
        for request in deliver_at(moment):
            if request.pk not in self._scripted:
                self._follow(request, moment)

    def _send(self, request: WorkflowInstance, message: str, when: datetime) -> None:
        """Somebody says that what a request waits for has come."""
        owner = self._maps[request.version_id].graph.definition.owner or ""
        self.say(request, message, owner, when)
        self._follow(request, when)

    def say(self, request: WorkflowInstance, message: str, who: str, when: datetime) -> None:
        """This person sends a request the message that it waits for."""
        messages.receive(
            request.reference,
            message,
            actor=self.people[who],
            now=when,
            data={"papers_on": when.date().isoformat()},
        )
        request.refresh_from_db()

    def _mend(self, incident: Incident, how_many: int, when: datetime) -> None:
        """The owner helps an automation that came to the end of its attempts."""
        actor = incident.owner
        if how_many % 2:
            incidents.reroute(
                incident.pk, actor=actor, to="account_by_hand", now=when,
                reason="The directory does not answer; IT support makes the account by hand.",
            )  # fmt: skip
        else:
            incidents.skip(
                incident.pk, actor=actor, now=when, data={"account": account_of(incident.request)},
                reason="The plant has made the account; they told me on the phone.",
            )  # fmt: skip
        self._follow(WorkflowInstance.objects.get(pk=incident.request_id), when)

    # -- what is planned -------------------------------------------------------------------

    def _follow(self, request: WorkflowInstance, when: datetime) -> None:
        """Plan what people will do with the tasks that have just come up."""
        if not request.is_live:
            return
        version_map = self._maps[request.version_id]
        items = list(WorkItem.objects.open().filter(request=request).select_related("assignee"))
        for item in items:
            if item.pk not in self._planned:
                self._planned.add(item.pk)
                self._plan_step(version_map, request, item)
        if any(step.kind == "automation" for step in version_map.graph.steps.values()):
            self._plan_mending(request)
        if not items:
            self._plan_choice(version_map, request, when)

    def _plan_step(
        self, version_map: VersionMap, request: WorkflowInstance, item: WorkItem
    ) -> None:
        """People do tasks and send messages; what else there is happens by itself."""
        step = version_map.graph[version_map.step_keys[item.step_id]]
        since = item.enabled_at or self.now
        if version_map.graph.is_human(version_map.step_keys[item.step_id]):
            self._plan(Task(version_map, request, item))
        elif isinstance(step, WaitStep) and step.message:
            workflow = version_map.graph.definition.key
            comes = self.later(workflow, since, minutes(self.rng, 2 * DAY))
            self.agenda.at(comes, partial(self._send, request, step.message, comes))

    def _plan_mending(self, request: WorkflowInstance) -> None:
        """An automation that failed for good is mended a day later; the latest is not, yet."""
        stuck = Incident.objects.filter(request=request, state=Incident.OPEN)
        for incident in stuck.filter(step__kind="automation").select_related("owner", "request"):
            first = Attempt.objects.filter(request=request, activation=incident.activation).first()
            if incident.pk in self._mended or first is None:
                continue
            how_many = len(self._mended)
            self._mended.add(incident.pk)
            when = self.later(request.template.key, first.started_at, DAY)
            self.agenda.at(when, partial(self._mend, incident, how_many, when))

    def _plan(self, task: Task) -> None:
        since = task.item.enabled_at or self.now
        is_left = since > self.now - LATELY and self.rng.random() < LEFT_LYING
        habit = HABITS.get((task.workflow, task.key), USUAL)
        outcome = self.crew.outcome_of(task, habit)
        for actor in self.crew.doers_of(task, outcome):
            waits = habit.waits * SLOW_PEOPLE.get(actor.username, 1.0)
            taken_up = self.later(task.workflow, since, minutes(self.rng, waits))
            done = self.later(task.workflow, taken_up, minutes(self.rng, habit.takes))
            plan = Plan(task, actor, taken_up, done, outcome)
            claims = done > self.now or self.rng.random() < (0.6 if is_left else 0.3)
            if task.can_be_claimed and claims:
                self.agenda.at(taken_up, partial(self._take_up, plan))
            if not is_left:
                self.agenda.at(done, partial(self._decide, plan))

    def _plan_choice(
        self, version_map: VersionMap, request: WorkflowInstance, when: datetime
    ) -> None:
        """Where branches disagree, the owner chooses a day later; of the latest, not yet."""
        merge = MergeRecord.objects.filter(request=request, state=MergeRecord.CONFLICT).first()
        if merge is not None and when < self.now - LATELY:
            workflow = version_map.graph.definition.key
            chosen_at = self.later(workflow, when, minutes(self.rng, 480))
            self.agenda.at(chosen_at, partial(self._choose, version_map, merge, chosen_at))

    def _choose(self, version_map: VersionMap, merge: MergeRecord, when: datetime) -> None:
        owner = version_map.graph.definition.owner or ""
        choices = {key: sorted(by_branch)[0] for key, by_branch in merge.conflicts.items()}
        request = requests.resolve_merge(
            merge.pk,
            actor=self.people[owner],
            choices=choices,
            reason="Asked both reviewers; this is what was agreed on.",
            now=when,
        )
        self._follow(request, when)
