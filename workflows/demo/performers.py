"""Who does a task and how it goes out: the people of its role whom nothing keeps from it."""

from dataclasses import dataclass
from random import Random

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.demo.habits import Habit
from workflows.engine.format.definition import HumanStep, RoleDef
from workflows.engine.routing.known_facts import with_facts
from workflows.engine.routing.rows import read_rows
from workflows.engine.routing.separation import barred_people, forward_outcome
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.people.models import User

PATIENCE = 2
"""Rounds after which a step goes forward, so that no request goes round for ever."""


@dataclass(frozen=True, slots=True)
class DemoTask:
    """An open task with what the map says of it."""

    map: VersionMap
    request: WorkflowInstance
    item: WorkItem

    @property
    def workflow(self) -> str:
        """The workflow's key."""
        return self.map.graph.definition.key

    @property
    def key(self) -> str:
        """The step's key."""
        return self.map.step_keys[self.item.step_id]

    @property
    def step(self) -> HumanStep:
        """What the map says of the step."""
        return self.map.human(self.key)

    @property
    def can_be_claimed(self) -> bool:
        """Whether it lies in a queue that one person takes it from."""
        return self.item.assignee_id is None and self.item.needed == 1

    def role_for(self, outcome: str) -> RoleDef | None:
        """The role that chooses this outcome: its own, else the step's."""
        name = self.step.outcomes[outcome].role or self.step.role
        return self.map.graph.definition.roles.get(name or "")


class PerformerPool:
    """Draws people and outcomes; the company's groups are read once."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._members: dict[str, list[User]] = {}

    def outcome_of(self, task: DemoTask, habit: Habit) -> str:
        """How it goes out: by the step's habit, among the outcomes that are open."""
        weights = {
            name: weight
            for name, weight in habit.outcome_weights.items()
            if self._is_open(task, name)
        }
        if task.item.round > PATIENCE or not weights:
            return forward_outcome(task.step)
        return self._rng.choices(list(weights), list(weights.values()))[0]

    def performers_of(self, task: DemoTask, outcome: str) -> list[User]:
        """The people who decide it so: several for a quorum, none where nobody is there."""
        role = task.role_for(outcome)
        if role is None or not role.is_static:
            return [task.item.assignee] if task.item.assignee else []
        barred_ids = barred_people(
            task.step,
            task.request.read_marking(),
            task.map.view_of_task(task.item.step_id, task.item.rows),
        )
        candidates = [user for user in self._members_of_role(role) if user.pk not in barred_ids]
        agreeing = outcome == forward_outcome(task.step)
        performer_count = task.item.needed if agreeing else 1
        return self._rng.sample(candidates, min(performer_count, len(candidates)))

    def _is_open(self, task: DemoTask, outcome: str) -> bool:
        when = task.step.outcomes[outcome].when
        if when is None:
            return True
        item, graph, request = task.item, task.map.graph, task.request
        data = task.map.data_of_task(item.step_id, item.rows, request.data, request.chains)
        key, facts = task.map.step_keys[item.step_id], request.read_marking().facts
        return graph.rule(when).holds(with_facts(graph, key, read_rows(item.rows), data, facts))

    def _members_of_role(self, role: RoleDef) -> list[User]:
        members = {user.pk: user for name in role.groups for user in self._members_of_group(name)}
        return list(members.values())

    def _members_of_group(self, name: str) -> list[User]:
        if name not in self._members:
            active = User.objects.filter(groups__name=name, is_active=True)
            self._members[name] = list(active.order_by("username"))
        return self._members[name]
