"""Property: whoever leaves, moves, is renamed or closed, and whatever groups are deleted and made
anew, after the clock has come by every open task has somebody who can finish it, or an open
incident in the name of somebody who can act.

What is asked here is no function of ours: every person tries, and is rolled back. `HANDOFF_MAPS`
counts the maps.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from tests.factories import NOW, load_map, make_group, make_user
from workflows.automation.services.delivery import deliver_due
from workflows.definitions.queries.compiled_versions import cached_map, forget_maps
from workflows.definitions.services import publishing as definitions
from workflows.engine.errors import DefinitionProblem, HandoffError, NotAllowed, NotFound
from workflows.execution.models import Incident, WorkflowInstance, WorkItem
from workflows.execution.services import corrections, incidents
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.staffing_watch import watch_queues
from workflows.outbox.heartbeat_models import Trouble
from workflows.people.models import User

pytestmark = pytest.mark.django_db

MAPS = int(os.environ.get("HANDOFF_MAPS", "50"))
ENOUGH = 25
"""Of so many maps some have left somebody, and some nobody."""
PIECES = min(4, MAPS // ENOUGH)
MINUTES = 2
"""So often the clock comes by; one to three things happen before."""
GROUPS = ("crew", "board", "staff")
WORKERS = ("p1", "p2", "p3", "p4", "p5", "p6")
ROLES = {
    "staff": {"groups": ["staff"]},
    "crew": {"groups": ["crew"]},
    "board": {"groups": ["board"], "users": ["p1"]},
    "named": {"users": ["p2", "p3"]},
    "boss": {"field": "boss"},
    "asker": {"requester": True},
}


def random_map(random: Random) -> dict[str, Any]:
    """One to three steps of people, in a row or side by side."""
    keys = [f"s{number}" for number in range(random.randint(1, 3))]
    side_by_side = len(keys) > 1 and random.random() < 0.4
    steps: dict[str, Any] = {}
    for place, key in enumerate(keys):
        to = "join" if side_by_side else keys[place + 1] if place + 1 < len(keys) else "done"
        steps[key] = human(random, to, keys[:place])
    if side_by_side:
        branches = [{"to": key} for key in keys]
        steps["split"] = {"kind": "parallel", "branches": branches, "join": "join"}
        steps["join"] = {"kind": "join", "to": "done"}
    steps["done"] = {"kind": "end", "result": "done"}
    steps["refused"] = {"kind": "end", "result": "refused"}
    return {
        "format": 1,
        "key": "people",
        "name": "People",
        "purpose": "Who is there.",
        "owner": "olga",
        "deputy": "dan",
        "calendar": "24/7",
        "roles": ROLES,
        "fields": {"boss": {"type": "user"}},
        "start": {
            "role": "staff",
            "fields": ["boss"],
            "first": "split" if side_by_side else keys[0],
        },
        "steps": steps,
    }


def human(random: Random, to: str, before: Sequence[str]) -> dict[str, Any]:
    """A step of people with a role, and much that may come with it."""
    role = random.choice(["crew", "crew", "board", "named", "boss", "asker"])
    step: dict[str, Any] = {
        "kind": random.choice(["approval", "task"]) if role != "asker" else "task",
        "role": role,
        "expected": "1h",
        "due": "1d",
        "outcomes": {"ok": to, "no": {"to": "refused", "exception": True}},
    }
    if random.random() < 0.2:
        step["outcomes"]["ok"] = {"to": to, "role": random.choice(["board", "named", "boss"])}
    elif random.random() < 0.2:
        step["outcomes"]["other"] = {"to": to, "role": random.choice(["board", "named"])}
    if role in ("crew", "board", "named") and random.random() < 0.4:
        step["quorum"] = random.choice([2, 2, "all"])
    if before and random.random() < 0.4:
        step["not_by"] = random.sample(["requester", *before], 1) + (
            ["requester"] if step["kind"] == "approval" else []
        )
        step["not_by"] = list(dict.fromkeys(step["not_by"]))
    if random.random() < 0.4:
        step["on_overdue"] = {"escalate_to": random.choice(["board", "named"]), "after": "1h"}
    if random.random() < 0.2:
        step["reassign"] = "anyone"
    return step


@contextmanager
def rolled_back() -> Iterator[None]:
    """What is tried inside leaves nothing behind."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


@dataclass
class Site:
    """A site of a few people, to whom things happen."""

    random: Random
    now: datetime = NOW
    said: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for name in WORKERS:
            make_user(name)
        for name in ("olga", "dan"):
            make_user(name)
        make_user("root", is_superuser=True)
        for name in GROUPS:
            members = self.random.sample(WORKERS, self.random.randint(1, 3))
            make_group(name).user_set.set(User.objects.filter(username__in=members))
        Group.objects.get(name="staff").user_set.add(User.objects.get(username="p6"))

    def people(self) -> list[User]:
        return list(User.objects.order_by("pk"))

    def somebody(self) -> User:
        return self.random.choice(self.people())

    def group(self) -> Group | None:
        return self.random.choice([*Group.objects.all(), None])

    # -- what happens -------------------------------------------------------------------------

    def happen(self) -> None:
        """One thing, of those that happen to a company or in its requests."""
        name = self.random.choice([n for n in dir(self) if n.startswith("on_")])
        self.now += timedelta(minutes=self.random.choice([1, 60]))
        try:
            with transaction.atomic():
                getattr(self, name)()
        except HandoffError as refused:
            self.said.append(f"{name}: {refused}")
        else:
            self.said.append(name)

    def on_leaving_a_group(self) -> None:
        group = self.group()
        if group is not None and group.user_set.exists():
            group.user_set.remove(self.random.choice(list(group.user_set.all())))

    def on_moving(self) -> None:
        group = self.group()
        self.somebody().groups.set([group] if group else [])

    def on_closing_an_account(self) -> None:
        who = self.somebody()
        if not who.is_superuser:
            User.objects.filter(pk=who.pk).update(is_active=False)

    on_closing_another = on_closing_a_third = on_closing_an_account
    on_leaving_another_group = on_leaving_a_group

    def on_opening_an_account(self) -> None:
        User.objects.filter(pk=self.somebody().pk).update(is_active=True)

    def on_renaming_somebody(self) -> None:
        who = self.somebody()
        before, who.username = who.username, f"{who.username}x"
        who.save()
        if self.random.random() < 0.3:
            make_user(before)

    def on_renaming_a_group(self) -> None:
        group = self.group()
        if group is not None:
            group.name += "x"
            group.save()

    def on_deleting_a_group(self) -> None:
        group = self.group()
        if group is not None:
            self.gone = (group.name, list(group.user_set.all()))
            group.delete()

    def on_making_it_anew(self) -> None:
        name, people = getattr(self, "gone", ("", []))
        if name:
            make_group(name).user_set.set(people)

    def on_time_passing(self) -> None:
        self.now += timedelta(days=2)
        deliver_due(lambda: self.now)

    def task(self) -> WorkItem:
        rows = self.open_tasks()
        if not rows:
            raise NotFound("Nothing is open.")
        return self.random.choice(rows)

    def on_taking_a_task(self) -> None:
        tasks.claim(self.task().pk, actor=self.somebody(), now=self.now)

    def on_deciding(self) -> None:
        tasks.decide(self.task().pk, actor=self.somebody(), outcome="ok", now=self.now)

    on_deciding_more = on_deciding

    def on_reassigning(self) -> None:
        to = self.somebody()
        tasks.reassign(self.task().pk, actor=None, to=to, reason="x", now=self.now)

    def on_correcting(self) -> None:
        request = WorkflowInstance.objects.latest("pk")
        data = {"boss": self.somebody().username}
        corrections.set_values(request.pk, actor=None, data=data, reason="x", now=self.now)

    # -- what must hold -----------------------------------------------------------------------

    def open_tasks(self) -> list[WorkItem]:
        rows = WorkItem.objects.filter(is_open=True, request__state="running")
        return list(rows.select_related("request").order_by("pk"))

    def check(self) -> None:
        """The clock comes by; then the property holds."""
        self.now += timedelta(minutes=1)
        watch_queues(now=self.now)
        assert not Trouble.objects.exists(), Trouble.objects.values()
        people = [person for person in self.people() if person.is_active]
        for item in self.open_tasks():
            trouble = Incident.objects.filter(
                request=item.request_id, activation=item.activation, state=Incident.OPEN
            ).first()
            self.met["trouble" if trouble is not None else "people"] += 1
            if trouble is not None:
                assert self.can_mend(trouble), (item, trouble.owner, self.said)
            else:
                assert self.can_be_finished(item, people), (item, item.assignee, self.said)

    def can_mend(self, trouble: Incident) -> bool:
        """Whether the person in whose name it stands is let: trying again may be refused because
        still nobody is there, but not because of who tries."""
        assert trouble.owner is not None
        with rolled_back():
            try:
                incidents.retry(trouble.pk, actor=trouble.owner, reason="x", now=self.now)
            except NotAllowed:
                return False
            except HandoffError:
                pass
        return True

    def can_be_finished(self, item: WorkItem, people: Sequence[User]) -> bool:
        """Whether these people, one after the other, get it done by an ordinary outcome."""
        self.random.shuffle(people)  # type: ignore[arg-type]
        step = cached_map(item.request.version_id).human(item.step.key)
        ways = [name for name, way in step.outcomes.items() if not way.exception]
        return any(self._done(item, way, people) for way in ways)

    def _done(self, item: WorkItem, way: str, people: Sequence[User]) -> bool:
        with rolled_back():
            for person in people:
                try:
                    done = tasks.decide(item.pk, actor=person, outcome=way, now=self.now)
                except HandoffError:
                    continue
                if not done.is_open:
                    return True
        return False


def lived(seed: int) -> Counter[str] | None:
    """One map and what happens to its people: how many tasks had somebody, and how many an
    incident. None where the audit does not let it be published."""
    with transaction.atomic():
        try:
            random = Random(seed)
            site = Site(random)
            try:
                version = definitions.publish(load_map(random_map(random)).pk, actor=None, now=NOW)
            except DefinitionProblem:
                return None
            asker = User.objects.get(username="p6")
            boss = random.choice([None, "p4", "p5", "p6"])
            requests.start_on_version(version, actor=asker, now=NOW, data={"boss": boss})
            for _ in range(MINUTES):
                for _ in range(random.randint(1, 5) if site.open_tasks() else 0):
                    site.happen()
                site.check()
            return site.met
        finally:
            transaction.set_rollback(True)
            forget_maps()


@pytest.mark.parametrize("piece", range(PIECES))
def test_every_task_has_somebody_or_an_incident_with_somebody_who_can_act(piece: int) -> None:
    tried, met = 0, Counter[str]()
    for seed in range(piece * 1_000_000, (piece + 1) * 1_000_000):
        one = lived(seed)
        if one is not None:
            tried, met = tried + 1, met + one
        if tried * PIECES >= MAPS:
            break
    if tried >= ENOUGH:
        assert min(met["people"], met["trouble"]) > tried // 10, met
