"""Two maps of one workflow, and how the parts of the one are found in the other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from workflows.engine.format.branches import chain_source, split_chain_source
from workflows.engine.format.definition import ParallelStep
from workflows.engine.routing.graph import Graph, find_reachable
from workflows.engine.routing.marking import Approval, Block, Marking, Person
from workflows.engine.routing.rows import branch_index, slot_key, split_slot
from workflows.engine.rules.fact_names import rename_in_rule
from workflows.engine.versions.step_mapping import StepMapping


@dataclass(frozen=True)
class MapRelations:
    """An older map, a newer one, and which step is which."""

    old: Graph
    new: Graph
    steps: StepMapping

    def renamed(self, old: str) -> str:
        """What an old step is called now; a step that is gone keeps its name in the record."""
        return self.steps.target(old) or old

    # -- branches -------------------------------------------------------------------------

    def entry(self, parallel: str, branch: int) -> str:
        """The first step of a branch of the new map."""
        return _parallel(self.new, parallel).branches[branch_index(branch)].to

    def branches_with(self, parallel: str, step: str) -> frozenset[int]:
        """The branches of a parallel step of the new map on which a step is."""
        branches = _parallel(self.new, parallel).branches
        return frozenset(
            number
            for number in range(len(branches))
            if step in branch_steps(self.new, parallel, number)
        )

    def branches(self, old_parallel: str, new_parallel: str) -> dict[int, int] | None:
        """The new branch that each old one is; None where the new map has one that is none of
        the old ones, or the step is no parallel step any more."""
        if not isinstance(self.new[new_parallel], ParallelStep):
            return None
        found: dict[int, int] = {}
        for number in range(len(_parallel(self.old, old_parallel).branches)):
            alike = self._new_branches(old_parallel, number, new_parallel)
            free = [branch for branch in alike if branch not in found.values()]
            if free:
                found[number] = number if number in free else free[0]
        is_whole = len(found) == len(_parallel(self.new, new_parallel).branches)
        return found if is_whole else None

    def _new_branches(self, old_parallel: str, number: int, new_parallel: str) -> list[int]:
        """Those with the same first step, else the one that has steps of it."""
        branches = _parallel(self.new, new_parallel).branches
        entry = self.steps.target(_parallel(self.old, old_parallel).branches[number].to)
        same = [n for n, branch in enumerate(branches) if entry == branch.to]
        if same:
            return same
        inside = {
            target
            for key in branch_steps(self.old, old_parallel, number)
            if (target := self.steps.target(key))
        }
        alike = [
            branch
            for branch in range(len(branches))
            if inside & branch_steps(self.new, new_parallel, branch)
        ]
        return alike if len(alike) == 1 else []

    def branch_of(self, block: Block, branch: int, new_parallel: str) -> int:
        """The new number of a running branch."""
        branches = self.branches(block.step, new_parallel)
        assert branches is not None
        return branches[branch]

    # -- the record -----------------------------------------------------------------------

    def renamed_block(
        self, block: Block, parallel: str, branches: Mapping[int, int], outer_branch: int | None
    ) -> Block:
        """A running block under its new name, its branches by their new numbers."""
        numbers = {str(old): str(new) for old, new in branches.items()}
        return replace(
            block,
            step=parallel,
            waits_for=tuple(branches[branch] for branch in block.waits_for),
            arrived=tuple(branches[branch] for branch in block.arrived),
            branch=outer_branch,
            written=self._renumbered(block.written, numbers),
            seen=self._renumbered(block.seen, numbers),
        )

    def _renumbered(
        self, notes: Mapping[str, Mapping[str, Any]], numbers: Mapping[str, str]
    ) -> dict[str, dict[str, Any]]:
        fields = self.new.definition.fields
        return {
            numbers[branch]: {key: value for key, value in values.items() if key in fields}
            for branch, values in notes.items()
            if branch in numbers
        }

    def renamed_record(self, marking: Marking) -> Marking:
        """Rounds, who decided and what was approved, under the names that the steps have now.

        Whoever decided at a step that was split has decided at each of its parts; what they
        approved there is no approval of a part.
        """
        rounds: dict[str, int] = {}
        for slot, number in marking.rounds.items():
            step, rows = split_slot(slot)
            key = slot_key(self.renamed(step), rows)
            rounds[key] = max(rounds.get(key, 0), number)
        return replace(
            marking,
            rounds=rounds,
            deciders=self._renamed_deciders(marking.deciders),
            approved=self._renamed_approvals(marking),
            chains=self._renamed_chains(marking.chains),
            facts=self._renamed_facts(marking.facts),
        )

    def _renamed_facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What is known, under the names that steps have now. What was decided at a step that is
        gone, or was split, stays under its old name and is asked by nobody."""
        names = {step: self.renamed(step) for step in self.old.steps}
        return {_renamed_fact(slot, names): value for slot, value in facts.items()}

    def _renamed_chains(self, chains: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The chains of managers of branches that there still are."""
        renamed: dict[str, tuple[str, ...]] = {}
        for slot, logins in chains.items():
            source, rows = split_slot(slot)
            old, index = split_chain_source(source)
            key = self.steps.target(old)
            branches = self.branches(old, key) if key else None
            if key is not None and branches is not None and index in branches:
                renamed[slot_key(chain_source(key, branches[index]), rows)] = logins
        return renamed

    def _renamed_deciders(
        self, deciders: Mapping[str, tuple[Person, ...]]
    ) -> dict[str, tuple[Person, ...]]:
        renamed: dict[str, tuple[Person, ...]] = {}
        for slot, people in deciders.items():
            step, rows = split_slot(slot)
            for part in self.steps.parts(step) or (step,):
                key = slot_key(part, rows)
                renamed[key] = tuple(dict.fromkeys((*renamed.get(key, ()), *people)))
        return renamed

    def _renamed_approvals(self, marking: Marking) -> dict[str, Approval]:
        """The approvals of steps that are approvals still, of fields that there still are."""
        renamed: dict[str, Approval] = {}
        fields = self.new.definition.all_fields
        for slot, approval in marking.approved.items():
            step, rows = split_slot(slot)
            key = self.steps.target(step)
            if key is None or self.new[key].kind != "approval":
                continue
            new_slot = slot_key(key, rows)
            if new_slot in renamed or len(self.new.row_scopes[key]) != len(rows):
                continue
            renamed[new_slot] = replace(
                approval,
                fields={name: part for name, part in approval.fields.items() if name in fields},
                outdated=tuple(name for name in approval.outdated if name in fields),
                branch=self._branch_of_approval(marking, approval),
            )
        return renamed

    def _branch_of_approval(self, marking: Marking, approval: Approval) -> int | None:
        block = marking.block(approval.block) if approval.block is not None else None
        if block is None or approval.branch is None:
            return approval.branch
        key = self.steps.target(block.step)
        branches = self.branches(block.step, key) if key else None
        return branches.get(approval.branch) if branches else approval.branch


def _renamed_fact(slot: str, names: Mapping[str, str]) -> str:
    name, rows = split_slot(slot)
    return slot_key(rename_in_rule(name, names), rows)


def branch_steps(graph: Graph, parallel: str, branch: int) -> frozenset[str]:
    """The steps of one branch of a parallel step, those of blocks inside it too."""
    step = _parallel(graph, parallel)
    walls = {parallel, *([step.join] if step.join else [])}
    ahead = find_reachable({step.branches[branch].to}, graph.following, walls)
    return frozenset(ahead & graph.body.get(parallel, frozenset()))


def _parallel(graph: Graph, key: str) -> ParallelStep:
    step = graph[key]
    assert isinstance(step, ParallelStep), key
    return step
