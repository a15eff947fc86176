"""A simulated request while it runs, and its open tasks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.engine.format.definition import HumanStep
from workflows.engine.format.quorums import quorum_roles
from workflows.engine.rehearsal.crew import Vote
from workflows.engine.rehearsal.goals import Goal
from workflows.engine.rehearsal.records import RunRecord, TaskRecord, Trouble
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.routing.quorum import base_vote_roles, filled_parts
from workflows.engine.routing.rows import Rows, rounds_by_step
from workflows.engine.routing.separation import RowView, barred_people
from workflows.engine.timing.due_records import DueRecord

MOST_ROUNDS: Final = 200
"""A request that comes to a step more often than this does not end."""
NOTHING_WANTED: Mapping[str, Any] = {}


@dataclass(slots=True, kw_only=True)
class OpenRequest:
    """Where a request stands, and what is in it."""

    record: RunRecord
    requester: str | None
    goal: Goal | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    marking: Marking = field(default_factory=Marking)
    tasks: dict[int, "OpenTask"] = field(default_factory=dict)
    outside: dict[int, TaskRecord] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    """When the work outside is done that was begun last, by activation."""
    tried_again: set[int] = field(default_factory=set)
    rounds_before: Mapping[str, int] = field(default_factory=dict)
    """The rounds of each step when the last wait was over."""
    deadline: DueRecord | None = None
    """How its own due date came to be."""
    is_over: bool = False

    @property
    def wanted(self) -> Mapping[str, Any]:
        """The values that it is given on purpose."""
        return self.goal.wanted if self.goal else NOTHING_WANTED

    @property
    def disagrees(self) -> bool:
        """Whether people write something else than what is there."""
        return self.goal is not None and self.goal.disagrees

    def outcome_on_the_way(self, step: str, number: int) -> str | None:
        """What is decided at a step in order to come to the goal; None where that is free."""
        goal = self.goal
        if goal is None or number > 1 + goal.disagrees:  # who is asked again agrees again
            return None
        arrived = goal.step in self.record.visited and step != goal.step
        if arrived and not goal.disagrees:
            return None
        return goal.outcomes.get(step, "")

    def count_rounds(self, most: int) -> bool:
        """Keep how often each step was come to; whether one was come to more often than `most`."""
        record, is_endless = self.record, False
        for step, number in rounds_by_step(self.marking).items():
            if number > record.visited.get(step, 0):
                record.visited[step] = number
                since = number - self.rounds_before.get(step, 0)
                record.rework[step] = max(record.rework.get(step, 0), since)
                is_endless |= number > most
        return is_endless

    def note(self, trouble: Trouble) -> None:
        """Keep what went wrong, once for each step and kind of it."""
        known = {(each.kind, each.step, each.cause) for each in self.record.troubles}
        if (trouble.kind, trouble.step, trouble.cause) not in known:
            self.record.troubles.append(trouble)


@dataclass(slots=True, kw_only=True)
class OpenTask:
    """One open activation of a step of people. `added` are those to whom it was escalated;
    `asked_since` is the moment since which the requester has a question."""

    request: OpenRequest
    activation: int
    key: str
    step: HumanStep
    record: TaskRecord
    came_from: str | None
    is_ready: bool = False
    is_stuck: bool = False
    is_over: bool = False
    votes: list[Vote] = field(default_factory=list)
    added: tuple[str, ...] = ()
    is_escalated: bool = False
    asked_since: int | None = None
    expires_at: int | None = None
    due_record: DueRecord | None = None
    roles_of: Callable[[str], tuple[str, ...]] | None = None
    graph: Graph
    rows: Rows = ()

    @property
    def data(self) -> Mapping[str, Any]:
        """The request's values, and those of the row that it is about."""
        return self.graph.data_at(
            self.key, self.rows, self.request.data, self.request.marking.chains
        )

    @property
    def view(self) -> RowView:
        """From where separation of duties is asked."""
        return RowView(self.graph, self.key, self.rows)

    def may_take(self, name: str) -> bool:
        """Whether separation of duties lets this person, who is in the role, take it, and they
        have not agreed already and are not about to."""
        if self.is_over or self.is_stuck:
            return False
        if any(vote.by == name for vote in self.votes):
            return False
        token = self.request.marking.token(self.activation)
        if token is None or name in token.votes or not self._counts(token, name):
            return False
        return name not in barred_people(self.step, self.request.marking, self.view)

    def _counts(self, token: Token, name: str) -> bool:
        """Whether they count for a role of a quorum by roles, beside those who are at it."""
        parts = quorum_roles(self.step.quorum)
        if not parts or self.roles_of is None:
            return True
        busy = [self.roles_of(vote.by) for vote in self.votes if vote.by and not vote.is_over]
        given = [*base_vote_roles(token), *busy]
        return filled_parts(parts, [*given, self.roles_of(name)]) > filled_parts(parts, given)

    @property
    def outstanding(self) -> int:
        """How many votes are still wanted that nobody is asked for yet."""
        token = self.request.marking.token(self.activation)
        if token is None or self.is_stuck or self.is_over or not self.is_ready:
            return 0
        asked = sum(not vote.is_over for vote in self.votes)
        return max(0, token.needed - len(token.votes) - asked)
