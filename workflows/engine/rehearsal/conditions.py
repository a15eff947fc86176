"""The conditions of a map, and values under which each of them holds.

A rehearsal of a hundred runs would meet a rule about a rare case by chance or not at all. So the
values that make each condition the one that is taken are looked for first, and some of the runs
are sent with them. Where none are found, no run can show it either.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import product
from math import prod
from random import Random
from typing import Any, Final, Literal

from workflows.engine.format.definition import (
    AutomationStep,
    DecisionStep,
    FieldDef,
    Link,
    TableStep,
)
from workflows.engine.rehearsal.boundaries import collect_literals, values_around
from workflows.engine.rehearsal.table_conditions import TableGroup, collect_table_literals
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.known_facts import asked_facts
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated, RuleProblem
from workflows.engine.tables.compiling import TableProblem
from workflows.engine.values.field_types.base import type_of_field

MOST_COMBINATIONS: Final = 2500
SOMEBODY: Final = "somebody"
"""Stands for whoever is named in a field for a person."""
ConditionKind = Literal["rule", "otherwise", "branch", "outcome"]
ConditionKey = tuple[str, str, str]
"""The step, the kind of way, and its name there."""


@dataclass(frozen=True, kw_only=True)
class ConditionGroup:
    """Conditions that are asked one after the other, the first that holds being taken; those of
    branches and outcomes are asked each by itself."""

    step: str
    links: tuple[Link, ...]
    has_otherwise: bool
    fields: tuple[str, ...]

    @property
    def keys(self) -> tuple[ConditionKey, ...]:
        """Each condition of the group, and `otherwise` where there is one."""
        keys = tuple((self.step, link.kind, link.name) for link in self.links)
        return (*keys, (self.step, "otherwise", "otherwise")) if self.has_otherwise else keys


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What trying values told: under which each condition is taken, and which did not always
    hold, each looked at by itself."""

    witnesses: Mapping[ConditionKey, Mapping[str, Any]]
    refuted: frozenset[ConditionKey]


@dataclass
class Conditions:
    """All conditions of a map. `today` is the day around which dates are tried."""

    graph: Graph
    today: date
    groups: tuple[ConditionGroup, ...] = field(init=False)
    tables: tuple[TableGroup, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.groups = tuple(self._find_groups())
        self.tables = tuple(self._find_tables())

    @cached_property
    def literals(self) -> Mapping[str, frozenset[str]]:
        """What the map's rules and sums set each field against."""
        found = collect_literals(_texts_of(self.graph), self.asked)
        for group in self.tables:
            for key, written in collect_table_literals(group.table).items():
                found[key] = found.get(key, frozenset()) | written
        return found

    @cached_property
    def judgement(self) -> Judgement:
        """What trying values told of each condition."""
        witnesses: dict[ConditionKey, Mapping[str, Any]] = {}
        refuted: set[ConditionKey] = set()
        for group in self.groups:
            self._try_group(group, witnesses, refuted)
        for table in self.tables:
            witnesses |= table.find_witnesses()
            refuted |= table.keys if len(table.rows) > 1 else set()
        return Judgement(witnesses=witnesses, refuted=frozenset(refuted))

    @cached_property
    def asked(self) -> Mapping[str, FieldDef]:
        """What rules may ask: the fields, and those facts that some rule asks."""
        facts = {key: self.graph.definition.facts[key] for key in asked_facts(self.graph)}
        return {**facts, **self.graph.definition.all_fields}

    def candidates(self, key: str) -> list[Any]:
        """Values of a field that are worth trying, or of a fact."""
        spec, written = self.asked[key], self.literals.get(key, frozenset())
        if getattr(spec, "is_fact", False) and type_of_field(spec).kind in ("text", "list"):
            words = sorted(spec.choices or written)
            return [[word] for word in words] if type_of_field(spec).kind == "list" else words
        return values_around(spec, written, self.today)

    def _find_groups(self) -> Iterator[ConditionGroup]:
        for key, step in self.graph.steps.items():
            links = [link for link in self.graph.leaving[key] if link.route.when is not None]
            if isinstance(step, DecisionStep):
                yield self._group(key, links, has_otherwise=bool(step.otherwise))
            else:
                for link in links:
                    yield self._group(key, [link], has_otherwise=False)

    def _find_tables(self) -> Iterator[TableGroup]:
        for key, step in self.graph.steps.items():
            if isinstance(step, TableStep):
                with suppress(TableProblem):
                    yield TableGroup(key, self.graph.table(key), self.graph.leaving[key])

    def group_of(self, key: ConditionKey) -> ConditionGroup | TableGroup | None:
        """What a condition is asked with."""
        groups: tuple[ConditionGroup | TableGroup, ...] = (*self.groups, *self.tables)
        return next((group for group in groups if key in group.keys), None)

    def meets(
        self, group: ConditionGroup | TableGroup, values: Mapping[str, Any], key: ConditionKey
    ) -> bool:
        """Whether a condition is taken under these values."""
        if isinstance(group, TableGroup):
            return key in group.holding(values)
        return self.taken(group, values) == key

    def _group(self, key: str, links: Sequence[Link], *, has_otherwise: bool) -> ConditionGroup:
        named: dict[str, None] = {}
        for link in links:
            try:
                rule = self.graph.rule(link.route.when or "")
                named |= dict.fromkeys(sorted(rule.fields | rule.facts))
            except RuleProblem:
                continue
        return ConditionGroup(
            step=key, links=tuple(links), has_otherwise=has_otherwise, fields=tuple(named)
        )

    def _try_group(
        self,
        group: ConditionGroup,
        witnesses: dict[ConditionKey, Mapping[str, Any]],
        refuted: set[ConditionKey],
    ) -> None:
        for values in self._combinations(group):
            taken = self.taken(group, values, refuted)
            if taken is not None:
                witnesses.setdefault(taken, values)
            rules = group.keys[: len(group.links)]
            if all(key in witnesses for key in group.keys) and refuted.issuperset(rules):
                return

    def taken(
        self,
        group: ConditionGroup,
        values: Mapping[str, Any],
        refuted: set[ConditionKey] | None = None,
    ) -> ConditionKey | None:
        """The condition that is taken under these values; None where that cannot be said. Those
        that do not hold are added to `refuted`."""
        holding = []
        for key, link in zip(group.keys, group.links, strict=False):
            try:
                if self.graph.holds(link.route.when or "", values):
                    holding.append(key)
                elif refuted is not None:
                    refuted.add(key)
            except RuleCannotBeEvaluated:
                return holding[0] if holding else None
        if group.has_otherwise and not holding:
            return group.keys[-1]
        return holding[0] if holding else None

    def _combinations(self, group: ConditionGroup) -> Iterable[dict[str, Any]]:
        tried = {name: self.values_to_combine(name) for name in group.fields}
        random = Random(len(group.fields))
        if prod(len(values) for values in tried.values()) > MOST_COMBINATIONS:
            for _ in range(MOST_COMBINATIONS):
                yield {name: values[randrange(random, values)] for name, values in tried.items()}
            return
        for combination in sorted(product(*tried.values()), key=lambda _: random.random()):
            yield dict(zip(tried, combination, strict=True))

    def values_to_combine(self, name: str) -> list[Any]:
        """Values of a field, and none where it may stay empty."""
        spec = self.asked[name]
        values = self.candidates(name) or [SOMEBODY]
        return values if spec.required else [*values, None]


def randrange(random: Random, values: Sequence[Any]) -> int:
    """A place in a list that has something in it."""
    return random.randrange(len(values))


def _texts_of(graph: Graph) -> Iterator[str]:
    """Every rule of the map, and every sum that sets a field which rules may ask for."""
    for link in graph.links:
        if link.route.when is not None:
            yield link.route.when
    for step in graph.steps.values():
        if isinstance(step, AutomationStep) and step.action == "set_fields":
            yield from (text for text in (step.with_ or {}).values() if isinstance(text, str))
