"""The map as a graph: who follows whom, and which parallel block each step stands in.

Built once from a definition and never changed. A published version's graph is cached in the
process, so routing a decision needs no query.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Any

from workflows.engine.format.branches import ChainDef
from workflows.engine.format.definition import (
    HUMAN_KINDS,
    BranchDef,
    Definition,
    HumanStep,
    JoinStep,
    Link,
    ParallelStep,
    RouteDef,
    RowScope,
    Step,
    TableStep,
    WaitStep,
    display_title,
)
from workflows.engine.format.directory_finders import field_of_word
from workflows.engine.format.parts import DueDef
from workflows.engine.format.person_facts import PERSON_FACTS
from workflows.engine.routing.rows import Chains, Rows, values_of_rows, with_chains
from workflows.engine.rules.asked_cells import AskedCells
from workflows.engine.rules.evaluation import Rule, RuleCannotBeEvaluated, RuleProblem, compile_rule
from workflows.engine.rules.worked_out import WorkedOut, order_worked_out
from workflows.engine.tables.compiling import TableProblem, compile_table
from workflows.engine.tables.decision import DecisionTable, TableDecision
from workflows.engine.texts import text


@dataclass(frozen=True)
class Graph:
    """A definition seen as steps and ways, with what routing asks of it.

    `zone` is the site's time zone, in which the dates of its requests count.
    """

    definition: Definition
    zone: tzinfo = UTC

    def __getitem__(self, key: str) -> Step:
        return self.definition.steps[key]

    @property
    def steps(self) -> Mapping[str, Step]:
        """All steps by key, in the file's order."""
        return self.definition.steps

    @property
    def first(self) -> str | None:
        """The step a started request goes to."""
        return self.definition.start.first if self.definition.start else None

    def human(self, key: str) -> HumanStep:
        """The step, known to be an approval or a task."""
        step = self.steps[key]
        assert isinstance(step, HumanStep), key
        return step

    def is_human(self, key: str) -> bool:
        """Whether people act on this step."""
        return self.steps[key].kind in HUMAN_KINDS

    def title(self, key: str) -> str:
        """The step's name as people read it."""
        return display_title(key, self.steps[key].name)

    def branches_of(self, key: str) -> Sequence[BranchDef]:
        """The branches of a step, if it is a parallel one of this map."""
        step = self.steps.get(key)
        return step.branches if isinstance(step, ParallelStep) else ()

    def rule(self, text: str) -> Rule:
        """A compiled rule of this map (compiled once per text and set of fields)."""
        compiled = self._rules.get(text)
        if compiled is None:
            compiled = self._rules[text] = compile_rule(
                text, self.definition.rule_fields(text), zone=self.zone
            )
        return compiled

    def chain_rule(self, chain: ChainDef) -> Rule:
        """The compiled rule of a chain of managers: over the map's fields, and what is known of a
        manager, which goes before a field of that name. Raises RuleProblem."""
        fields = {**self.definition.rule_fields(chain.until), **PERSON_FACTS}
        return compile_rule(chain.until, fields, zone=self.zone)

    def holds(self, rule_text: str, data: Mapping[str, Any]) -> bool:
        """Whether a condition of this map is true of these values.

        Raises RuleCannotBeEvaluated, also for one that was let in by an older version and would
        be refused today: a request that runs waits on an incident then.
        """
        try:
            rule = self.rule(rule_text)
        except RuleProblem as problem:
            raise RuleCannotBeEvaluated(
                text(
                    "The rule `%(rule)s` cannot be used: %(problem)s",
                    rule=rule_text,
                    problem=problem,
                )
            ) from None
        return rule.holds(data)

    def table(self, key: str) -> DecisionTable:
        """The decision table of a step, compiled once. Raises TableProblem."""
        compiled = self._tables.get(key)
        if compiled is None:
            step = self.steps[key]
            assert isinstance(step, TableStep), key
            fields = self.definition.table_fields
            compiled = self._tables[key] = compile_table(step, fields, zone=self.zone)
        return compiled

    def decide_by_table(self, key: str, data: Mapping[str, Any]) -> TableDecision:
        """What the table of a step says of these values. Raises RuleCannotBeEvaluated, also for a
        table that was let in by an older version and would be refused today."""
        try:
            return self.table(key).decide(data)
        except TableProblem as problem:
            raise RuleCannotBeEvaluated(
                text("The table cannot be used: %(problem)s", problem=problem.text)
            ) from None

    def cells_of(self, key: str) -> AskedCells:
        """What is asked for in the rows of a list; made once."""
        if key not in self._cells:
            columns = self.definition.fields[key].columns or {}
            self._cells[key] = AskedCells(columns, self.zone)
        return self._cells[key]

    @cached_property
    def _cells(self) -> dict[str, AskedCells]:
        return {}

    @cached_property
    def _tables(self) -> dict[str, DecisionTable]:
        return {}

    @cached_property
    def _rules(self) -> dict[str, Rule]:
        return {}

    @cached_property
    def fields_kept_apart(self) -> Mapping[str, str]:
        """The fields whose people are kept from some step, by what `not_by` calls them."""
        steps = (step for step in self.steps.values() if isinstance(step, HumanStep))
        words = dict.fromkeys(word for step in steps for word in step.not_by or ())
        return {word: field for word in words if (field := field_of_word(word)) is not None}

    @cached_property
    def date_fields(self) -> Mapping[str, str]:
        """The field from whose date each step is reckoned whose due date, or whose end as a wait,
        hangs on one."""
        found = {}
        for key, step in self.steps.items():
            rule = step.until if isinstance(step, WaitStep) else getattr(step, "due", None)
            if isinstance(rule, DueDef):
                found[key] = rule.field
            elif isinstance(step, WaitStep) and rule is not None:
                found[key] = rule
        return found

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every way, with the one that a parallel step has to its join when no branch applies."""
        all_links = list(self.definition.links())
        for key, step in self.steps.items():
            if isinstance(step, ParallelStep) and step.join and _may_open_none(step):
                all_links.append(
                    Link.model_construct(
                        source=key, kind="branch", name="none", route=RouteDef(to=step.join)
                    )
                )
        return tuple(all_links)

    @cached_property
    def leaving(self) -> Mapping[str, tuple[Link, ...]]:
        """The ways out of each step, in the file's order."""
        result: dict[str, list[Link]] = {key: [] for key in self.steps}
        for link in self.links:
            result[link.source].append(link)
        return {key: tuple(value) for key, value in result.items()}

    @cached_property
    def following(self) -> Mapping[str, frozenset[str]]:
        """The steps that may come right after each step (reopening apart)."""
        result: dict[str, set[str]] = {key: set() for key in self.steps}
        for link in self.links:
            if link.kind != "reopen":
                result[link.source].add(link.to)
        return {key: frozenset(value) for key, value in result.items()}

    @cached_property
    def preceding(self) -> Mapping[str, frozenset[str]]:
        """The steps that may come right before each step (reopening apart)."""
        result: dict[str, set[str]] = {key: set() for key in self.steps}
        for source, targets in self.following.items():
            for target in targets:
                result[target].add(source)
        return {key: frozenset(value) for key, value in result.items()}

    @cached_property
    def body(self) -> Mapping[str, frozenset[str]]:
        """For each parallel step the steps inside its block.

        Inside is what a branch can reach without passing the join, from where the join can be
        reached without starting the block again. A step that a branch can only leave by (a
        rejection, a send-back) is not inside: going there leaves the block.
        """
        return {
            key: self._body_of(key, step.join)
            for key, step in self.steps.items()
            if isinstance(step, ParallelStep) and step.join
        }

    def _body_of(self, parallel: str, join: str) -> frozenset[str]:
        walls = {parallel, join}
        step = self.steps[parallel]
        assert isinstance(step, ParallelStep)
        ahead = find_reachable({branch.to for branch in step.branches}, self.following, walls)
        back = find_reachable(self.preceding[join], self.preceding, walls)
        return frozenset(ahead & back)

    @cached_property
    def chain(self) -> Mapping[str, tuple[str, ...]]:
        """The parallel steps whose blocks each step stands in, outermost first."""
        by_size = sorted(self.body.items(), key=lambda item: -len(item[1]))
        return {
            key: tuple(parallel for parallel, inside in by_size if key in inside)
            for key in self.steps
        }

    def data_at(
        self, step: str, rows: Rows, data: Mapping[str, Any], chains: Chains
    ) -> Mapping[str, Any]:
        """The values of a request as work at a step sees them: in an each-branch with its row's.
        `chains` are those of the request's marking."""
        if not rows:
            return data
        return {
            **data,
            **values_of_rows(self.row_scopes[step], rows, with_chains(data, chains)),
        }

    @cached_property
    def row_scopes(self) -> Mapping[str, tuple[RowScope, ...]]:
        """The each-branches that each step stands in, outermost first."""
        scopes = list(self.definition.row_scopes())
        insides = {scope: self.inside_branch(scope.parallel, scope.index) for scope in scopes}
        depth = {key: len(self.chain[key]) for key in self.steps}
        scopes.sort(key=lambda scope: depth[scope.parallel])
        return {
            key: tuple(scope for scope in scopes if key in insides[scope]) for key in self.steps
        }

    def inside_branch(self, parallel: str, index: int) -> frozenset[str]:
        """The steps of a parallel block to which one of its branches leads."""
        step, body = self.steps[parallel], self.body.get(parallel, frozenset())
        assert isinstance(step, ParallelStep)
        walls = {parallel, *([step.join] if step.join else [])}
        start = step.branches[index].to
        return frozenset(find_reachable({start}, self.following, walls) & body)

    @cached_property
    def reachable(self) -> frozenset[str]:
        """Every step that a request can come to, from the start or by reopening."""
        if self.first is None:
            return frozenset()
        reached = find_reachable({self.first}, self.following, set())
        while True:
            reopened = {
                link.to for link in self.links if link.kind == "reopen" and link.source in reached
            }
            if reopened <= reached:
                return frozenset(reached)
            reached |= find_reachable(reopened, self.following, set())

    @cached_property
    def worked_out(self) -> WorkedOut:
        """The fields that are worked out from others."""
        return order_worked_out(self.definition.fields, self.zone)

    @cached_property
    def memo(self) -> dict[str, frozenset[str]]:
        """What was worked out of the map once, by step."""
        return {}

    def ways_out(self, step: str, *, beside: bool = False) -> tuple[str, ...]:
        """The steps that work at `step` may be sent to by hand: those whose parallel blocks are
        open around it, with these blocks' joins, so that no block is entered from its side.

        `beside`: the step was opened again beside the request's way, with no block around it."""
        around = set() if beside else set(self.chain[step])
        own_joins = {self[key].join for key in around}  # type: ignore[union-attr]
        return tuple(
            key
            for key, other in self.steps.items()
            if key != step
            and set(self.chain[key]) <= around
            and self._is_about_same_rows(step, key)
            and (not isinstance(other, JoinStep) or key in own_joins)
        )

    def _is_about_same_rows(self, step: str, other: str) -> bool:
        """Whether work may go from one to the other without losing, or lacking, its row: in no
        each-branch that it is not in, and into no other branch beside its own."""
        own, others = self.row_scopes[step], self.row_scopes[other]
        return set(others) <= set(own) and all(
            scope in others or scope.parallel not in self.chain[other] for scope in own
        )

    def joins(self) -> dict[str, JoinStep]:
        """The joins by key."""
        return {key: step for key, step in self.steps.items() if isinstance(step, JoinStep)}


def _may_open_none(step: ParallelStep) -> bool:
    """Whether it may be that no branch is opened: each has a condition, or goes through rows."""
    return all(branch.when or branch.listed for branch in step.branches)


def find_reachable(
    starts: Iterable[str], successors: Mapping[str, Iterable[str]], walls: set[str] | frozenset[str]
) -> set[str]:
    """What can be reached from `starts` along `ways` without stepping on a wall."""
    reached: set[str] = set()
    todo = [key for key in starts if key not in walls]
    while todo:
        key = todo.pop()
        if key not in reached:
            reached.add(key)
            todo.extend(
                other for other in successors[key] if other not in walls and other not in reached
            )
    return reached
