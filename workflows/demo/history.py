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
from workflows.demo.habits import HABITS, REQUESTS, SLOW_PEOPLE, USUAL, minutes
from workflows.demo.outputs import given_at
from workflows.demo.words import COMMENTS, FORMS, comment_for
from workflows.engine.calendar import parse_duration
from workflows.engine.errors import WrongState
from workflows.models import MergeRecord, TemplateVersion, WorkflowInstance, WorkItem
from workflows.services import requests, tasks
from workflows.services.maps import VersionMap, map_of

DAYS = 120
LATELY = timedelta(days=16)
LEFT_LYING = 0.18
"""How much of the latest work nobody takes up or finishes in time: what is overdue now."""


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

    def fill(self, volume: float) -> None:
        """Plan the start of every request; a volume of 1 is some hundreds."""
        for workflow, number in REQUESTS.items():
            for _ in range(max(3, round(number * volume))):
                when = self._office_moment(workflow)
                who = self.rng.choice(EMPLOYEES).username
                self.agenda.at(when, partial(self.start, workflow, who, when))

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
        if not scripted:
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
                self._plan(Task(version_map, request, item))
        if not items:
            self._plan_choice(version_map, request, when)

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
