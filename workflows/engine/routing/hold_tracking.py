"""When a walk asks for resources, needs them, confirms them and gives them back.

Each row of an each-branch has its own: an effect says of which rows it speaks, and one that names
fewer rows than a step stands in speaks of all that lie within them.
"""

from collections.abc import Iterable

from workflows.engine.format.definition import BaseStep
from workflows.engine.routing import effects as fx
from workflows.engine.routing.holds import (
    confirmed_by,
    held_behind,
    holding_steps,
    purposes_of,
)
from workflows.engine.routing.marking import Block, Token
from workflows.engine.routing.rows import (
    Rows,
    branch_index,
    branch_row,
    shared_rows,
    write_rows,
)
from workflows.engine.routing.void_approvals import ApprovalTracker


class HoldTracker(ApprovalTracker):
    """What a walk says of resources; the services know what is free."""

    def _ask_holds(self, token: Token) -> None:
        """The step was reached: what it wants is held from now on, if it is free."""
        if any(purposes_of(self.graph[token.step])):
            self.effects.append(fx.HoldsAsked(token.id, token.step, write_rows(token.rows)))

    def _keep_holds(self, token: Token, step: BaseStep) -> None:
        """The step is left by a usual way: what it wants must be held; what it confirms is."""
        if any(purposes_of(step)):
            self.effects.append(fx.HoldsRequired(token.step, write_rows(token.rows)))
        self._confirm_holds(token.step, step, token.rows)

    def _confirm_holds(self, key: str, step: BaseStep, rows: Rows = ()) -> None:
        for other in confirmed_by(step):
            self.effects.append(fx.HoldsConfirmed(other, self._shared_place(key, rows, other)))

    def _give_back_holds(self, token: Token, why: fx.HoldEnd) -> None:
        """The step did not come to what it wanted the resources for."""
        if any(purposes_of(self.graph[token.step])):
            self.effects.append(fx.HoldsGivenBack(token.step, why, write_rows(token.rows)))

    def _give_back_holds_ahead(self, target: str, rows: Rows) -> None:
        """The request, or a row of it, went back before steps that hold something: they will ask
        anew."""
        for key in held_behind(self.graph, target):
            if self.rounds.get(key):
                place = self._shared_place(target, rows, key)
                self.effects.append(fx.HoldsGivenBack(key, "went_back", place))

    def _give_back_branches(self, block: Block, branches: Iterable[int]) -> None:
        """These branches are not needed any more: what their steps hold is free again, but for
        what a branch that has arrived had by the same step."""
        if not holding_steps(self.graph):
            return
        around, inside = self._rows_of_block(block), self._holding_inside(block)
        arrived = {branch for branch in block.arrived if branch_row(branch) is None}
        kept = {key for branch in arrived for key in inside[branch]}
        for branch in branches:
            row = branch_row(branch)
            place = write_rows(around if row is None else (*around, row))
            for key in inside[branch_index(branch)]:
                if row is not None or key not in kept:
                    self.effects.append(fx.HoldsGivenBack(key, "not_needed", place))

    def _holding_inside(self, block: Block) -> list[list[str]]:
        """The steps of each branch of the map that hold something, of those that were reached."""
        return [
            [key for key in holding_steps(self.graph) if key in own and self.rounds.get(key)]
            for index in range(len(self.graph.branches_of(block.step)))
            for own in [self.graph.inside_branch(block.step, index)]
        ]

    def _give_back_all_holds(self, why: fx.HoldEnd) -> None:
        """Nothing of the request goes on: what nobody confirmed is free again."""
        if holding_steps(self.graph):
            self.effects.append(fx.HoldsGivenBack(None, why))

    def _shared_place(self, key: str, rows: Rows, other: str) -> str:
        """The rows that a place has in common with another step."""
        scopes = self.graph.row_scopes
        shared = shared_rows(scopes.get(key, ()), scopes.get(other, ())) if rows else 0
        return write_rows(rows[:shared])
