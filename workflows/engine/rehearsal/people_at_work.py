"""Who takes which task when, what they fill in, and how they decide."""

from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any

from workflows.engine.authority.eligibility import (
    EligibilityGap,
    TaskPeople,
    find_eligibility_gap,
)
from workflows.engine.format.definition import HumanStep, RouteDef, roles_of_step
from workflows.engine.format.quorums import quorum_roles
from workflows.engine.rehearsal.clocks import OpenTime, to_seconds
from workflows.engine.rehearsal.crew import Crew, Person, Vote
from workflows.engine.rehearsal.delays import Delays
from workflows.engine.rehearsal.open_requests import OpenTask
from workflows.engine.rehearsal.records import Trouble, TroubleKind
from workflows.engine.rehearsal.scenario import RunningTask, Scenario, Shares, StepTimes
from workflows.engine.rehearsal.values import ValueMaker, Writer
from workflows.engine.routing.known_facts import with_facts
from workflows.engine.routing.separation import barred_people, forward_outcome
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated

_KINDS: Mapping[EligibilityGap, TroubleKind] = {
    EligibilityGap.NOBODY: "nobody",
    EligibilityGap.HOLDER: "nobody",
    EligibilityGap.BARRED: "barred",
    EligibilityGap.QUORUM: "quorum_unreachable",
}
Later = Callable[..., None]
"""Does something at a later moment: the moment, what, and with what."""


class PeopleAtWork:
    """The simulated people at their desks: tasks are offered, taken when somebody is there, and
    decided when the work is done."""

    def __init__(
        self,
        *,
        scenario: Scenario,
        crew: Crew,
        values: ValueMaker,
        random: Random,
        calendar: OpenTime,
        later: Later,
        decided: Callable[[int, Vote], None],
        ask: Callable[[int, OpenTask], bool],
    ) -> None:
        self.scenario, self.crew, self.values, self.random = scenario, crew, values, random
        self.calendar, self.later, self.decided = calendar, later, decided
        self._ask = ask
        self.delays = Delays(scenario, crew=crew, calendar=calendar)
        self._number = 0
        self._even: dict[str, Shares] = {}

    # -- tasks come and go ----------------------------------------------------------------

    def open(self, task: OpenTask, now: int) -> None:
        """A task is there: somebody will look at it when its delay is over."""
        if self.check(task, now):
            self.later(self.delays.over_at(task, now, self.random), self._look, task)

    def check(self, task: OpenTask, now: int) -> bool:
        """Whether somebody can finish the task; if not, that is noted and it waits for ever."""
        if task.is_stuck or task.is_over:
            return False
        gap = find_eligibility_gap(task.step, self._task_people(task))
        if gap is None:
            return True
        token = task.request.marking.token(task.activation)
        task.is_stuck = True
        parameters = {"role": task.step.role or "", "needed": token.needed if token else 1}
        task.request.note(Trouble(kind=_KINDS[gap], step=task.key, at=now, parameters=parameters))
        return False

    def offer_outstanding(self, task: OpenTask, now: int) -> None:
        """Ask for every vote that is wanted and that nobody is asked for."""
        for _ in range(task.outstanding):
            self._offer(task, now)

    def close(self, task: OpenTask, now: int) -> None:
        """The task is over; whoever is at it turns to something else."""
        task.is_over = True
        for vote in task.votes:
            if not vote.is_over and vote.by is not None:
                person = self.crew.person(vote.by)
                person.active -= 1
                self.later(now, self.seek_work, person)
            vote.is_over = True

    def escalate(self, now: int, task: OpenTask) -> None:
        """It is late: the people of another role are added, and may take what nobody has."""
        overdue = task.step.on_overdue
        if task.is_over or overdue is None or overdue.escalate_to is None:
            return
        request = task.request
        names = self.crew.in_role(overdue.escalate_to, task.data, request.requester)
        task.added = tuple(name for name in names if name not in task.added)
        for vote in task.votes:
            if vote.by is None and not vote.is_over:
                self._wait_for_somebody(vote, task.added, now)

    # -- offering -------------------------------------------------------------------------

    def times_of(self, task: OpenTask) -> StepTimes:
        """What is supposed of the task's step."""
        return self.scenario.steps.get(task.key, StepTimes())

    def _look(self, now: int, task: OpenTask) -> None:
        """Somebody looks at it for the first time: they may have a question first."""
        if task.is_over or not self._ask(now, task):
            self.get_ready(now, task)

    def get_ready(self, now: int, task: OpenTask) -> None:
        """It can be worked at from now on."""
        task.is_ready = True
        self.offer_outstanding(task, now)

    def _offer(self, task: OpenTask, now: int) -> None:
        outcome = self._likely_outcome(task)
        names = self._people_for(task, task.step.outcomes[outcome])
        chosen = self.times_of(task).workers
        among = chosen.among(names) if chosen else None
        if among is not None:
            names = (among.draw(self.random),)
        vote = Vote(task=task, outcome=outcome, names=names)
        task.votes.append(vote)
        self._wait_for_somebody(vote, names, now)

    def _wait_for_somebody(self, vote: Vote, names: tuple[str, ...], now: int) -> None:
        """Whoever is there, free, and has worked least takes it; else it waits."""
        free = [person for name in names if (person := self.crew.person(name)).is_free]
        able = [
            person
            for person in free
            if person.time.is_open(now) and vote.task.may_take(person.name)
        ]
        if able:
            self._begin(min(able, key=lambda person: (person.busy, person.index)), vote, now)
            return
        self._number += 1
        due = vote.task.record.due
        order = (due if due is not None else vote.task.record.enabled + 10**9, now, self._number)
        self.crew.put(vote, names, order=order)
        for person in free:
            self._wake_later(person, now)

    def _wake_later(self, person: Person, now: int) -> None:
        if person.wakes_at is not None and person.wakes_at > now:
            return
        opens = person.time.next_open(now)
        if opens is not None and opens > now:
            person.wakes_at = opens
            self.later(opens, self.seek_work, person)

    def seek_work(self, now: int, person: Person) -> None:
        """Somebody is free: they take what is due first."""
        if person.wakes_at is not None and person.wakes_at <= now:
            person.wakes_at = None
        while person.is_free:
            if not person.time.is_open(now):
                if any(queue.heap for queue in person.queues):
                    self._wake_later(person, now)
                return
            vote = self.crew.next_for(person)
            if vote is None:
                return
            self._begin(person, vote, now)

    # -- what runs already ----------------------------------------------------------------

    def resume(self, now: int, task: OpenTask, running: RunningTask) -> None:
        """A task was there before the simulation began: it is waited for, or somebody is at it, no
        longer than such tasks take."""
        if not self.check(task, now):
            return
        if running.who is None or running.begun is None:
            self.later(self.delays.over_at(task, now, self.random), self._look, task)
            return
        task.is_ready = True
        vote = Vote(task=task, outcome=self._likely_outcome(task), names=(running.who,))
        task.votes.append(vote)
        self._begin(self.crew.person(running.who), vote, now, begun=to_seconds(running.begun))

    # -- working --------------------------------------------------------------------------

    def _begin(self, person: Person, vote: Vote, now: int, *, begun: int | None = None) -> None:
        task: OpenTask = vote.task
        vote.by, vote.begun = person.name, now if begun is None else begun
        filled_in = self._fill_in(task, now)
        outcome = self._outcome_for(task, vote.outcome, person.name, filled_in)
        if outcome is None:
            vote.by, task.is_stuck = None, True
            task.request.note(Trouble(kind="incident", step=task.key, at=now, cause="no_outcome"))
            return
        vote.outcome = outcome
        vote.writes = {} if task.step.outcomes[outcome].exception else filled_in
        person.active += 1
        if task.record.started is None:
            task.record.started = vote.begun
        times = self.times_of(task)
        work = times.draw_work(
            outcome, begun=vote.begun, now=now, time=person.time, random=self.random
        )
        ends = person.time.add(now, work) if times.counts == "work" else now + work
        if ends is not None:
            vote.worked = work
            self.later(ends, self._finish, vote, person)

    def _finish(self, now: int, vote: Vote, person: Person) -> None:
        if vote.is_over:
            return
        task: OpenTask = vote.task
        vote.is_over = True
        person.active -= 1
        person.busy += vote.worked
        task.record.worked += vote.worked
        by_person = task.request.record.worked
        by_person[person.name] = by_person.get(person.name, 0) + vote.worked
        if person.name in barred_people(task.step, task.request.marking, task.view):
            if self.check(task, now):
                self.offer_outstanding(task, now)
        else:
            self.decided(now, vote)
        self.seek_work(now, person)

    def _fill_in(self, task: OpenTask, now: int) -> dict[str, Any]:
        if not task.step.outputs:
            return {}
        request = task.request
        writer = Writer(
            run=request.record.number,
            moment=now,
            requester=request.requester,
            data=task.data,
            wanted=request.wanted,
            disagrees=request.disagrees,
        )
        leads_to = task.step.outcomes[forward_outcome(task.step)].to
        is_back = task.record.number > 1 or leads_to in request.record.visited
        return self.values.rewrite(task.step.outputs, writer, self.random, is_back=is_back)

    # -- outcomes -------------------------------------------------------------------------

    def _shares_of(self, task: OpenTask) -> Shares:
        shares = self.times_of(task).shares(came_from=task.came_from, number=task.record.number)
        if shares is None:
            shares = self._even.get(task.key)
        if shares is None:
            shares = Shares(tuple((name, 1.0) for name in task.step.outcomes))
            self._even[task.key] = shares
        return shares

    def _likely_outcome(self, task: OpenTask) -> str:
        """What is likely to be decided, of what somebody is there for."""
        planned = task.request.outcome_on_the_way(task.key, task.record.number)
        if planned is not None:
            return planned or forward_outcome(task.step)
        shares = self._shares_of(task)
        if any(route.role for route in task.step.outcomes.values()):
            open_to_somebody = [
                name
                for name, route in task.step.outcomes.items()
                if any(task.may_take(person) for person in self._people_for(task, route))
            ]
            shares = shares.among(open_to_somebody) or shares
        return shares.draw(self.random)

    def _outcome_for(
        self, task: OpenTask, likely: str, name: str, filled_in: Mapping[str, Any]
    ) -> str | None:
        """The outcome that this person chooses, of those whose condition holds."""
        routes = task.step.outcomes
        if routes[likely].when is None:
            return likely
        if self._is_open(task, likely, filled_in):
            return likely
        possible = [
            key
            for key, route in routes.items()
            if name in self._people_for(task, route) and self._is_open(task, key, filled_in)
        ]
        shares = self._shares_of(task).among(possible)
        if shares is not None:
            return shares.draw(self.random)
        return possible[0] if possible else None

    def _is_open(self, task: OpenTask, outcome: str, filled_in: Mapping[str, Any]) -> bool:
        route = task.step.outcomes[outcome]
        if route.when is None:
            return True
        data = {**task.data, **({} if route.exception else filled_in)}
        key = (task.key, "outcome", outcome)
        try:
            graph, marking = self.values.graph, task.request.marking
            asked = with_facts(graph, task.key, task.rows, data, marking.facts)
            holds = graph.holds(route.when, asked)
        except RuleCannotBeEvaluated:
            return False
        task.request.record.note_answer(key, holds=holds)
        return holds

    # -- people ---------------------------------------------------------------------------

    def _people_for(self, task: OpenTask, route: RouteDef) -> tuple[str, ...]:
        request = task.request
        roles = (route.role,) if route.role else roles_of_step(task.step) or (None,)
        found = [self.crew.in_role(role, task.data, request.requester) for role in roles]
        names = found[0] if len(found) == 1 else tuple(dict.fromkeys(sum(found, ())))
        if len(found) > 1 and task.roles_of is None:
            task.roles_of = partial(self._roles_in_quorum, task)
        if route.role or not task.added:
            return names
        return tuple(dict.fromkeys((*names, *task.added)))

    def _roles_in_quorum(self, task: OpenTask, name: str) -> tuple[str, ...]:
        """For which roles of a quorum by roles somebody counts; one who was added for any."""
        request, parts = task.request, quorum_roles(task.step.quorum)
        members = {r: self.crew.in_role(r, request.data, request.requester) for r in parts}
        return tuple(role for role in parts if name in members[role]) or tuple(parts)

    def _task_people(self, task: OpenTask) -> TaskPeople:
        request, step = task.request, task.step
        token = request.marking.token(task.activation)
        voted = token.voters if token else frozenset()
        return TaskPeople(
            roles={
                role: self.crew.as_set(self.crew.in_role(role, task.data, request.requester))
                for role in _roles_of(step)
            },
            added=frozenset(task.added),
            barred=barred_people(step, request.marking, task.view),
            voted=voted,
            votes=len(token.votes) if token else 0,
            needed=token.needed if token else 1,
            token=token,
        )


def _roles_of(step: HumanStep) -> list[str]:
    roles = (*roles_of_step(step), *(route.role for route in step.outcomes.values()))
    return [role for role in dict.fromkeys(roles) if role]
