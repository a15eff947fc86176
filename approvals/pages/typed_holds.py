"""What of a form's values cannot be had: named while somebody fills it in, and before it is sent.

With a script the page asks at each change. Without it a form that is sent comes back once with what
is taken, and nothing of it is lost; sent again as it is, it goes on.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from approvals.forms.field_forms import DeclaredForm
from approvals.pages.hold_lines import HoldLine, lines_of_outlook
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.errors import InvalidInput
from workflows.engine.routing.holds import fields_behind_hold, holding_steps, purposes_of
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.holding.foreseeing import foresee_typed_holds
from workflows.people.models import User

HOLDS_SEEN: Final = "holds_seen"
"""In which field a form sends back the seal of what it showed."""


@dataclass(frozen=True, slots=True)
class TypedHolds:
    """What of a form's values cannot be had, a line each."""

    lines: Sequence[HoldLine] = ()

    @property
    def seal(self) -> str:
        """What the form sends back of them: that they were seen."""
        said = "\n".join(line.text for line in self.lines)
        return sha256(said.encode()).hexdigest()[:16] if said else ""

    @property
    def answer(self) -> dict[str, Any]:
        """The same for a page's script."""
        lines = [
            {"text": line.text, "others": list(line.others), "href": line.href}
            for line in self.lines
        ]
        return {"holds": lines, HOLDS_SEEN: self.seal}

    def require_seen(self, sent: Mapping[str, Any]) -> None:
        """Raises InvalidInput where the form that was sent had not shown them."""
        if self.lines and sent.get(HOLDS_SEEN) != self.seal:
            raise InvalidInput(
                "Nothing was sent yet: not all of it can be had, as it says below. Change it, or"
                " send it as it is."
            )


def read_typed_holds(
    user: User,
    version_map: VersionMap,
    form: DeclaredForm,
    now: datetime,
    *,
    instance: WorkflowInstance | None = None,
    spending_step: str | None = None,
    hidden: Collection[str] = (),
) -> TypedHolds:
    """What of a form that was sent could not be had now, as far as no hidden field says it. Of a
    task's form as far as somebody changed it; what stands there already its page says."""
    typed = [*form.fields] if instance is None else [*form.changed()]
    outlooks = foresee_typed_holds(
        version_map, form.values_now(), typed, now, instance=instance, spending_step=spending_step
    )
    graph = version_map.graph
    shown = [
        one
        for one in outlooks
        if fields_behind_hold(graph, one.key.step, one.key.purpose).isdisjoint(hidden)
    ]
    return TypedHolds([line for one in shown for line in lines_of_outlook(one, user)])


def says_what_is_held(version_map: VersionMap, fields: Iterable[str]) -> bool:
    """Whether a form has a field that says what a step takes."""
    graph, asked = version_map.graph, frozenset(fields)
    return any(
        not fields_behind_hold(graph, name, purpose).isdisjoint(asked)
        for name, step in holding_steps(graph).items()
        for purpose in purposes_of(step)
    )
