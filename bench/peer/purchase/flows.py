"""Manager; over 10,000 also finance; legal and compliance at once; join; done."""

from typing import Any

from viewflow import this
from viewflow.workflow import flow, lock
from viewflow.workflow.models import Process

PERSON: dict[str, Any] = {}


def person(activation: Any) -> Any:
    """Whoever decides: found without a statement, as bare as it gets."""
    return PERSON["user"]


def no_view(request: Any) -> None:
    """Pages are not measured."""


class PurchaseFlow(flow.Flow):
    """The five steps, on Viewflow's own process row, which holds the amount."""

    process_class = Process
    lock_impl = lock.select_for_update_lock

    start = flow.StartHandle(this.begin).Next(this.manager)
    manager = flow.View(no_view).Assign(person).Next(this.size)
    size = flow.If(lambda activation: activation.process.data["amount"] > 10000)
    size = size.Then(this.finance).Else(this.checks)
    finance = flow.View(no_view).Assign(person).Next(this.checks)
    checks = flow.Split().Next(this.legal).Next(this.compliance)
    legal = flow.View(no_view).Assign(person).Next(this.joined)
    compliance = flow.View(no_view).Assign(person).Next(this.joined)
    joined = flow.Join().Next(this.done)
    done = flow.End()

    def begin(self, activation: Any, amount: int) -> Any:
        """Start with this amount."""
        activation.process.data = {"amount": amount}
        return activation.process
