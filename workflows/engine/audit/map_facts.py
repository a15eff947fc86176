"""What several checks ask of a map, worked out once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import networkx as nx

from workflows.engine.audit.flow.assigned_fields import (
    FilledFields,
    branch_of_link,
    filled_by_asking,
    filled_in_rows,
    possibly_filled,
    surely_filled,
    with_results,
)
from workflows.engine.audit.flow.known_numbers import KnownNumbers
from workflows.engine.audit.people import People
from workflows.engine.format.definition import (
    Definition,
    HumanStep,
    JoinStep,
    Link,
    ParallelStep,
    RoleDef,
    roles_of_step,
)
from workflows.engine.routing.graph import Graph

ROOT = ""
"""Stands before the first step and before every step that a request is reopened at."""


@dataclass(frozen=True)
class ParallelBlock:
    """A parallel step with its join, where both are what they should be."""

    key: str
    step: ParallelStep
    join: str
    inside: frozenset[str]


@dataclass(frozen=True)
class Survey:
    """A map with its people, ready for questions."""

    graph: Graph
    people: People

    @property
    def definition(self) -> Definition:
        """The definition under audit."""
        return self.graph.definition

    def called(self, key: str) -> str:
        """The step as a message names it."""
        return f"'{self.graph.title(key)}'"

    def humans(self) -> Iterator[tuple[str, HumanStep]]:
        """The steps that people do."""
        for key, step in self.graph.steps.items():
            if isinstance(step, HumanStep):
                yield key, step

    def role(self, name: str | None) -> RoleDef | None:
        """The role of this name."""
        return self.definition.roles.get(name) if name else None

    def step_with_role(self, name: str) -> str | None:
        """The first step of people that a role owns."""
        return next((key for key, step in self.humans() if name in roles_of_step(step)), None)

    def roles_of(self, step: HumanStep) -> list[RoleDef]:
        """The roles of a step of people: of a quorum by roles all of them."""
        return [role for name in roles_of_step(step) if (role := self.role(name)) is not None]

    @cached_property
    def _members_by_role(self) -> dict[str, frozenset[str]]:
        return {}

    def members(self, name: str | None) -> frozenset[str] | None:
        """The active people of a role; None where they are found in each request."""
        role = self.role(name)
        if role is None or name is None or not role.is_static:
            return None
        if name not in self._members_by_role:
            self._members_by_role[name] = self.people.members(role)
        return self._members_by_role[name]

    def members_of_step(self, step: HumanStep) -> frozenset[str] | None:
        """The active people of a step's roles; None where they are found in each request."""
        members = [self.members(role) for role in roles_of_step(step)] or [None]
        known = [people for people in members if people is not None]
        return frozenset().union(*known) if len(known) == len(members) else None

    @cached_property
    def blocks(self) -> tuple[ParallelBlock, ...]:
        """The parallel steps that name a join, smallest block first."""
        parallel_blocks = [
            ParallelBlock(key, step, step.join, self.graph.body[key])
            for key, step in self.graph.steps.items()
            if isinstance(step, ParallelStep)
            and step.join
            and isinstance(self.graph[step.join], JoinStep)
        ]
        return tuple(sorted(parallel_blocks, key=lambda block: len(block.inside)))

    @cached_property
    def filled(self) -> FilledFields:
        """The fields that are surely filled in at each step."""
        return surely_filled(self.graph)

    def filled_for(self, link: Link) -> frozenset[str]:
        """The fields that are surely filled in where the condition of a way is asked: of a branch
        for each row those of the row as well, of a rule those for which an earlier one has asked.
        """
        step = self.graph[link.source]
        rows = filled_in_rows(self.graph, step, link) if isinstance(step, ParallelStep) else ()
        known = self.filled[link.source].union(rows, filled_by_asking(self.graph, link))
        return with_results(self.graph, known) if rows else known

    @cached_property
    def numbers(self) -> KnownNumbers:
        """Between which numbers fields lie at each step."""
        return KnownNumbers(self.graph)

    @cached_property
    def fillable(self) -> FilledFields:
        """The fields that may be filled in at each step, by some way there."""
        return possibly_filled(self.graph)

    def may_know(self, key: str, field: str) -> bool:
        """Whether something can have filled in the field before the step, or people do there."""
        step = self.graph[key]
        own = step.outputs if isinstance(step, HumanStep) else None
        return field in self.fillable[key] or field in (own or ())

    def may_be_empty(self, key: str, field: str, asked: Link | None = None) -> bool:
        """Whether a request may come to the step (or be asked about one of its ways) without the
        field, though something before can have filled it in. Where nothing can, that is another
        finding."""
        sure = self.filled[key] if asked is None else self.filled_for(asked)
        is_declared = field in self.definition.all_fields
        is_known = self.may_know(key, field) or (asked is not None and self.is_of_row(asked, field))
        return is_declared and field not in sure and is_known

    def is_of_row(self, link: Link, field: str) -> bool:
        """Whether a way is a branch for each row, and the field a column of that row (or the row
        itself)."""
        step = self.graph[link.source]
        branch = branch_of_link(step, link) if isinstance(step, ParallelStep) else None
        return (
            branch is not None
            and branch.each is not None
            and field.partition(".")[0] == branch.row_name
        )

    @cached_property
    def step_network(self) -> Any:
        """The map as a networkx graph, reopening included, with a root before it."""
        graph: Any = nx.DiGraph()
        graph.add_nodes_from((ROOT, *self.graph.steps))
        graph.add_edges_from(
            (source, target)
            for source, targets in self.graph.following.items()
            for target in targets
        )
        graph.add_edges_from((ROOT, key) for key in self.entries)
        return graph

    @cached_property
    def entries(self) -> frozenset[str]:
        """Where a request comes into the map: the first step, and where it is reopened."""
        reopened = {link.to for link in self.graph.links if link.kind == "reopen"}
        return frozenset(reopened | ({self.graph.first} if self.graph.first else set()))

    @cached_property
    def _dominators(self) -> dict[str, str]:
        return dict(nx.immediate_dominators(self.step_network, ROOT))

    def always_before(self, earlier: str, later: str) -> bool:
        """Whether no request can come to `later` without `earlier` before it."""
        at: str | None = self._dominators.get(later)
        while at is not None and at != ROOT:
            if at == earlier:
                return True
            at = self._dominators.get(at)
        return False

    def may_come_before(self, earlier: str, later: str) -> bool:
        """Whether a request can have been at `earlier` when it is at `later`."""
        shared = set(self.graph.chain[earlier]) & set(self.graph.chain[later])
        return bool(shared) or later in self._steps_after(earlier)

    def _steps_after(self, key: str) -> set[str]:
        after: set[str] = nx.descendants(self.step_network, key)
        if any(link.kind == "reopen" and link.source in after for link in self.graph.links):
            for entry in self.entries:
                after |= {entry} | nx.descendants(self.step_network, entry)
        return after | ({key} if self.step_network.has_edge(key, key) else set())
