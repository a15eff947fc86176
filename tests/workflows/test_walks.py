"""Long random walks through the real services: random maps, random people, every command.

`HANDOFF_MAPS` counts the maps of the engine's properties; here a tenth of them is walked.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.engine.random_maps import sound_maps
from tests.factories import NOW, load_map, make_user
from workflows.automation.services.delivery import deliver_due
from workflows.definitions.queries.compiled_versions import cached_map, forget_maps
from workflows.definitions.services import publishing as definitions
from workflows.engine.audit import audit_definition
from workflows.engine.authority.decision_guards import acting_refusal
from workflows.engine.errors import HandoffError
from workflows.engine.format.actions import ActionFailed, ActionResult, Job, action
from workflows.engine.format.definition import Definition
from workflows.engine.routing.marking import Marking
from workflows.engine.routing.token_walk import ExternalStep
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import incidents, merges
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.messages import incoming as messages
from workflows.execution.services.staffing_watch import watch_queues
from workflows.execution.services.task_standing import available_outcomes, decision_situation
from workflows.execution.services.unit_of_work import UnitOfWork, open_unit_of_work
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User
from workflows.people.queries.directory import SitePeople
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

MAPS = max(int(os.environ.get("HANDOFF_MAPS", "100")) // 10, 10)
LENGTH = 25
GROUPS = {
    "p1": ("crew", "board", "staff"),
    "p2": ("crew", "board"),
    "p3": ("crew", "staff"),
    "p4": ("board",),
    "p5": (),
}
Move = Callable[[], object]


@action("tests.flaky")
def flaky(job: Job) -> ActionResult:
    """Works for some requests' values and keys, and not for others."""
    if int(job.idempotency_key[0], 16) < 6:
        raise ActionFailed("flaky", "It does not work today.")
    return ActionResult(field_values={"note": "done outside"})


@dataclass
class Walk:
    """One request, moved at random by random people."""

    random: Random
    now: datetime = NOW
    request: WorkflowInstance = field(init=False)

    def start(self, version: Any) -> None:
        self.people = {name: make_user(name, groups=groups) for name, groups in GROUPS.items()}
        self.request = requests.start_on_version(
            version, actor=self.somebody(), now=self.now, data=self.values(), complete=False
        )

    def somebody(self) -> User:
        return self.people[self.random.choice(list(GROUPS))]

    def values(self) -> dict[str, Any]:
        """What a form or a step gives to fields."""
        return {
            "amount": self.random.choice(["100.00", "900.00"]),
            "urgent": self.random.random() < 0.5,
            "site": self.random.choice(["Oslo", "Lyon"]),
            "boss": self.random.choice([None, "p1", "p5"]),
        } | self.random.choice([{}, {"note": "x"}, {"note": "y"}])

    def people_move_on(self) -> None:
        """Somebody leaves a group, or the company."""
        who = self.somebody()
        if self.random.random() < 0.5:
            who.groups.clear()
        else:
            User.objects.filter(pk=who.pk).update(is_active=False)
            who.is_active = False

    def looking(self, who: User) -> UnitOfWork:
        self.now += timedelta(minutes=7)
        return open_unit_of_work(actor=who, now=self.now, instance_id=self.request.pk)

    def decisions(self) -> Iterator[tuple[WorkItem, User, str]]:
        """Everything that anybody could decide now."""
        for who in self.people.values():
            if not who.is_active:
                continue
            case = self.looking(who)
            for item in case.items.values():
                if not case.map.graph.is_human(case.map.step_keys[item.step_id]):
                    continue
                if acting_refusal(decision_situation(case, item, item.pk, who, "", {})) is None:
                    for outcome in available_outcomes(case, item, who):
                        yield item, who, outcome

    def decide(self, item: WorkItem, who: User, outcome: str) -> None:
        step = self.looking(who).map.human(item.step.key)
        made = self.values()
        tasks.decide(
            item.pk,
            actor=who,
            outcome=outcome,
            now=self.now,
            comment="So be it.",
            data={key: made[key] for key in step.outputs or [] if key in made},
        )

    def moves(self) -> Iterator[Move]:
        """A few commands that might be allowed now."""
        request, reason, now = self.request, "At random.", self.now
        items = list(request.work_items.open())
        if items:
            item, who = self.random.choice(items), self.somebody()
            for command in (tasks.claim, tasks.start_work, tasks.pause, tasks.release):
                yield lambda command=command: command(item.pk, actor=who, now=now)
            yield lambda: tasks.reassign(item.pk, actor=None, to=who, reason=reason, now=now)
        for merge in request.merges.filter(state="conflict"):
            chosen = {key: self.random.choice(list(by)) for key, by in merge.conflicts.items()}
            for _ in range(5):
                yield lambda merge=merge, chosen=chosen: merges.resolve_merge(
                    merge.pk, actor=None, choices=chosen, reason=reason, now=now
                )
        for incident in request.incidents.filter(state="open"):
            yield lambda incident=incident: incidents.retry(
                incident.pk, actor=None, reason=reason, now=now, data={"note": "z"}
            )
            yield lambda incident=incident: incidents.skip(
                incident.pk, actor=None, reason=reason, now=now
            )
            ways = incidents.find_reroute_targets(incident) or [("nowhere", "")]
            to, _ = self.random.choice(ways)
            yield lambda incident=incident, to=to: incidents.reroute(
                incident.pk, actor=None, to=to, reason=reason, now=now
            )
        yield lambda: messages.receive_message(
            request.reference, "arrived", actor=make_user("olga"), now=now
        )
        for command in (requests.suspend, requests.resume, requests.resume, requests.reopen):
            yield lambda command=command: command(request.pk, actor=None, reason=reason, now=now)
        if self.random.random() < 0.03:
            yield lambda: requests.cancel(request.pk, actor=None, reason=reason, now=now)

    def go(self) -> bool:
        """One move; whether something happened."""
        decisions = list(self.decisions())
        if decisions and self.random.random() < 0.7:
            chosen = self.random.choice(decisions)
            if self._try(lambda: self.decide(*chosen)):  # its values may be refused
                return True
        rest = list(self.moves())
        self.random.shuffle(rest)
        return any(self._try(move) for move in rest)

    def time_passes(self) -> None:
        """The clock comes by, sometimes hours later, and delivers what is due."""
        self.now += timedelta(hours=self.random.choice([0, 1, 5]))
        deliver_due(lambda: self.now, most=200)

    def _try(self, move: Move) -> bool:
        trail = TrailEvent.objects.count()
        try:
            move()
        except HandoffError:
            assert TrailEvent.objects.count() == trail, "a refusal was recorded"
            return False
        assert TrailEvent.objects.count() == trail + 1, "one command, one row"
        return True

    def check(self) -> None:
        """What holds of every request at every moment."""
        request = self.request = WorkflowInstance.objects.get(pk=self.request.pk)
        marking = Marking.from_json(request.marking)
        assert rebuild_from_trail(request) == (marking, request.data)
        tasks_open = set(request.work_items.open().values_list("activation", flat=True))
        graph = cached_map(request.version_id).graph
        outside = {t.id for t in marking.tokens if isinstance(graph[t.step], ExternalStep)}
        assert tasks_open == outside | {t.id for t in marking.tokens if not t.stuck}
        running = set(
            request.merges.filter(state__in=["waiting", "conflict"]).values_list(
                "activation", flat=True
            )
        )
        assert running == {block.id for block in marking.blocks}
        self.check_merges()
        troubled = set(request.incidents.filter(state="open").values_list("activation", flat=True))
        stuck = {token.id for token in marking.tokens if token.stuck}
        at_odds = {block.id for block in marking.blocks if block.conflict}
        assert stuck | at_odds <= troubled
        assert all(incident.owner_id for incident in request.incidents.all())
        if not request.is_live:
            assert not tasks_open
            assert not running
            assert not troubled
        else:
            assert tasks_open | troubled, "the request waits for nobody and nothing"

    def check_merges(self) -> None:
        """Each merge fired at most once."""
        trail = self.request.trail.values_list("changes", flat=True)
        firings = sum(len(changes.get("merged", ())) for changes in trail)
        assert firings == self.request.merges.filter(state="fired").count()

    def waits(self) -> bool:
        """Whether something is still to come from the clock or from outside."""
        return self.request.messages.filter(state="waiting").exists()

    def check_that_somebody_can(self) -> None:
        """Each open task of a running request has somebody who can decide it, or an incident: by
        the clock's next round at the latest, where who decided elsewhere is barred by it here."""
        if self.request.state == "running" and self.tasks_of_nobody():
            event("found by the clock")
            watch_queues(now=self.now)
            assert self.tasks_of_nobody() == set()

    def tasks_of_nobody(self) -> set[int]:
        """The open tasks that nobody can decide and no incident tells of, by activation."""
        human = self.request.work_items.open().filter(step__kind__in=("task", "approval"))
        waiting = set(human.values_list("activation", flat=True))
        able = {item.activation for item, _, _ in self.decisions()}
        troubled = self.request.incidents.filter(state="open")
        return waiting - able - set(troubled.values_list("activation", flat=True))


def published(data: dict[str, Any]) -> Any:
    """The map's published version, or None where the audit finds an error in it."""
    for name, groups in GROUPS.items():
        make_user(name, groups=groups)
    make_user("olga")
    make_user("dan")
    if any(
        finding.severity == "error"
        for finding in audit_definition(Definition.model_validate(data), SitePeople())
    ):
        return None
    return definitions.publish(load_map(data).pk, actor=None, now=NOW)


def walked(data: dict[str, Any], seed: int, *, people_leave: bool) -> None:
    """Walk one map, then forget all about it."""
    with transaction.atomic():
        try:
            version = published(data)
            event("published" if version else "refused by the audit")
            if version is None:
                return
            walk = Walk(Random(seed))
            walk.start(version)
            walk.check()
            for number in range(LENGTH):
                if people_leave and number == 5:
                    walk.people_move_on()
                moved = walk.go()
                walk.check()
                walk.time_passes()
                walk.check()
                if not people_leave:
                    walk.check_that_somebody_can()
                if not moved and not walk.waits():
                    break
            event(f"ended: {not walk.request.is_live}")
        finally:
            transaction.set_rollback(True)
            forget_maps()


def randomly(maps: int) -> settings:
    """So many maps, however long a walk takes."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=maps, deadline=None, suppress_health_check=slow)


@randomly(MAPS)
@given(sound_maps, st.integers(0, 2**32))
def test_every_request_ends_or_waits_on_a_person_or_an_incident_and_the_trail_rebuilds_it(
    data: dict[str, Any], seed: int
) -> None:
    walked(data, seed, people_leave=False)


@randomly(MAPS // 2)
@given(sound_maps, st.integers(0, 2**32))
def test_the_record_holds_also_where_people_leave_on_the_way(
    data: dict[str, Any], seed: int
) -> None:
    walked(data, seed, people_leave=True)
