"""Between which numbers fields lie at a step, by what every way there has asked before: behind
`pieces == 0` one may divide by the pieces."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from rule_engine import ast

from workflows.engine.audit.flow.assigned_fields import fields_written_by
from workflows.engine.audit.flow.table_ways import excludes_negative, excludes_zero
from workflows.engine.format.definition import (
    AutomationStep,
    HumanStep,
    Link,
    ParallelStep,
    TableStep,
)
from workflows.engine.routing.graph import Graph
from workflows.engine.rules.fact_names import COUNT_OF
from workflows.engine.rules.number_ranges import (
    ANY_NUMBER,
    NOT_NEGATIVE,
    NOT_ZERO,
    NumberRange,
    meet,
    only,
)
from workflows.engine.rules.number_reasoning import (
    Known,
    NumberReader,
    difference_key,
    either,
    names_any,
    part_key,
    without_names,
)
from workflows.engine.values.field_types.base import type_of_field

_MOST_ROUNDS: Final = 20
"""After so many, what still changes counts as not known: sums in loops grow for ever."""


@dataclass(frozen=True)
class KnownNumbers:
    """What is known of numbers at the steps of a map."""

    graph: Graph

    @cached_property
    def reader(self) -> NumberReader:
        """Reads rules over all fields and facts of the map."""
        definition = self.graph.definition
        return NumberReader({**definition.facts, **definition.all_fields})

    def asked_at(self, link: Link) -> Known:
        """What is known where the condition of a way is asked: earlier rules have not held, and a
        form has been filled in."""
        known = self._written_at(link.source, self.at(link.source))
        return self._behind_earlier(link, known)

    def at(self, step: str) -> Known:
        """What is known when a request comes to a step."""
        return self._by_step.get(step) or {}

    def range_at(self, step: str, name: str) -> NumberRange:
        """Between which numbers a field lies at a step."""
        told = self.at(step).get(name, ANY_NUMBER)
        return meet(self.reader.declared(name), told)

    @cached_property
    def _by_step(self) -> Mapping[str, Known]:
        found: dict[str, Known | None] = dict.fromkeys(self.graph.steps)
        if self.graph.first:
            found[self.graph.first] = {}
        todo, rounds = [key for key, known in found.items() if known is not None], 0
        while todo:
            rounds += 1
            source, todo = todo[0], todo[1:]
            for link in self._links_from.get(source, ()):
                after, before = self._after(link, found[source] or {}), found[link.to]
                now = after if before is None else either(before, after)
                if before is not None and rounds > _MOST_ROUNDS * len(found):
                    now = {key: each for key, each in now.items() if before.get(key) == each}
                if now != before:
                    found[link.to] = now
                    todo += [link.to] if link.to not in todo else []
        return {key: known or {} for key, known in found.items()}

    @cached_property
    def _links_from(self) -> Mapping[str, list[Link]]:
        links: dict[str, list[Link]] = {}
        for link in self.graph.links:
            links.setdefault(link.source, []).append(link)
        return links

    def _after(self, link: Link, known: Known) -> Known:
        """What is known once this way was taken."""
        found = self._behind_earlier(link, self._written_at(link.source, known))
        found = self._behind_table(link, found)
        if link.route.when is not None:
            found = self._narrowed(link.route.when, found, holds=True)
        return without_names(found, self._unsteady[link.to])

    def _behind_earlier(self, link: Link, known: Known) -> Known:
        if link.kind in ("rule", "otherwise") and self.graph[link.source].kind == "decision":
            for other in self._links_from[link.source]:
                if other == link:
                    break
                if other.kind == "rule":
                    known = self._narrowed(other.route.when or "", known, holds=False)
        return known

    def _behind_table(self, link: Link, known: Known) -> Known:
        step = self.graph[link.source]
        if not isinstance(step, TableStep):
            return known
        found = dict(known)
        for name in {*(step.inputs or ())} - {*(step.outputs or ())}:
            spec = self.graph.definition.all_fields.get(name)
            if spec is None or type_of_field(spec).kind != "number":
                continue
            told = found.get(name, ANY_NUMBER)
            if excludes_negative(self.graph, link, name):
                told = meet(told, NOT_NEGATIVE)
            if excludes_zero(self.graph, link, name):
                told = meet(told, NOT_ZERO)
            if told != ANY_NUMBER:
                found[name] = told
        return found

    def _narrowed(self, rule: str, known: Known, *, holds: bool) -> Known:
        tree = self.reader.read(rule)
        return known if tree is None else self.reader.narrowed(tree, known, holds=holds)

    # -- what is written --------------------------------------------------------------------

    def _written_at(self, key: str, known: Known) -> Known:
        step = self.graph[key]
        written = fields_written_by(self.graph, step)
        if isinstance(step, HumanStep):
            written |= {f"{COUNT_OF}.{key}"}
        found = without_names(known, self._with_dependents(written))
        is_sum = isinstance(step, AutomationStep) and step.action == "set_fields"
        return self._with_sums(step, known, found) if is_sum else found

    def _with_sums(self, step: Any, before: Known, known: dict[str, NumberRange]) -> Known:
        """What `set_fields` gives is known by its expressions."""
        written = [*(step.with_ or {})]
        for name, said in (step.with_ or {}).items():
            spec = self.graph.definition.all_fields.get(name)
            tree = self.reader.read(said) if isinstance(said, str) else None
            if spec is None:
                continue
            if tree is not None:
                rounding = (step.round or {}).get(name)
                given = self.reader.kept(spec, self.reader.range_of(tree, before), rounding)
                base = base_of_later(tree)
                if base is not None and not names_any(base, written):
                    known[difference_key(name, base)] = NOT_NEGATIVE
            else:
                is_number = isinstance(said, int | float) and not isinstance(said, bool)
                given = only(Decimal(str(said))) if is_number else ANY_NUMBER
            if given != ANY_NUMBER:
                known[name] = given
        return known

    def _with_dependents(self, written: Iterable[str]) -> frozenset[str]:
        """These fields, the lists in whose rows they stand, and what is worked out from them."""
        sources = self.graph.definition.row_sources
        named = {*written}
        named |= {sources[row] for name in named if (row := name.partition(".")[0]) in sources}
        return frozenset(named) | self.graph.worked_out.dependents(named)

    @cached_property
    def _unsteady(self) -> Mapping[str, frozenset[str]]:
        """By step, what other branches of the blocks around it may write meanwhile."""
        found: dict[str, set[str]] = {key: set() for key in self.graph.steps}
        for inside in self.graph.body.values():
            written = self._with_dependents(
                name for key in inside for name in fields_written_by(self.graph, self.graph[key])
            )
            for key in inside:
                found[key] |= written
        for key, step in self.graph.steps.items():
            if isinstance(step, ParallelStep):  # each of its branches begins with another row
                found[key] |= fields_written_by(self.graph, step)
        return {key: frozenset(names) for key, names in found.items()}


def base_of_later(node: Any) -> str | None:
    """What something is reckoned from that is later by periods that are written beside it."""
    while node.cls is ast.AddExpression:
        _, _, left, right = node.args
        periods = [side for side in (left, right) if side.cls is ast.TimedeltaExpression]
        if len(periods) != 1:
            return None
        node = left if periods[0] is right else right
        if node.cls is ast.SymbolExpression:
            return part_key(node)
    return None


def base_of_earlier(node: Any) -> str | None:
    """What something is reckoned from that is earlier by periods that are written beside it."""
    while node.cls is ast.SubtractExpression:
        _, _, node, period = node.args
        if period.cls is not ast.TimedeltaExpression:
            return None
        if node.cls is ast.SymbolExpression:
            return part_key(node)
    return None
