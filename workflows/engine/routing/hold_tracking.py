"""When a walk asks for resources, needs them, confirms them and gives them back."""

from workflows.engine.format.definition import BaseStep
from workflows.engine.routing import effects as fx
from workflows.engine.routing.holds import (
    confirmed_by,
    held_behind,
    holding_steps,
    purposes_of,
)
from workflows.engine.routing.marking import Token
from workflows.engine.routing.void_approvals import ApprovalTracker


class HoldTracker(ApprovalTracker):
    """What a walk says of resources; the services know what is free."""

    def _ask_holds(self, token: Token) -> None:
        """The step was reached: what it wants is held from now on, if it is free."""
        if any(purposes_of(self.graph[token.step])):
            self.effects.append(fx.HoldsAsked(token.id, token.step))

    def _keep_holds(self, key: str, step: BaseStep) -> None:
        """The step is left by a usual way: what it wants must be held; what it confirms is."""
        if any(purposes_of(step)):
            self.effects.append(fx.HoldsRequired(key))
        self._confirm_holds(step)

    def _confirm_holds(self, step: BaseStep) -> None:
        if confirmed_by(step):
            self.effects.append(fx.HoldsConfirmed(confirmed_by(step)))

    def _give_back_holds(self, key: str, why: fx.HoldEnd) -> None:
        """The step did not come to what it wanted the resources for."""
        if any(purposes_of(self.graph[key])):
            self.effects.append(fx.HoldsGivenBack(key, why))

    def _give_back_holds_ahead(self, target: str) -> None:
        """The request went back before steps that hold something: they will ask anew."""
        for key in held_behind(self.graph, target):
            if self.rounds.get(key):
                self.effects.append(fx.HoldsGivenBack(key, "went_back"))

    def _give_back_all_holds(self, why: fx.HoldEnd) -> None:
        """Nothing of the request goes on: what nobody confirmed is free again."""
        if holding_steps(self.graph):
            self.effects.append(fx.HoldsGivenBack(None, why))
