"""What a step has of resources, in lines for its page: what is held, and what is not free; and what
of a form's values is taken, named before it is asked for."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext

from approvals.forms.field_forms import DeclaredForm
from approvals.ui.formats import requester_of
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.errors import InvalidInput
from workflows.engine.routing.holds import (
    HoldKey,
    fields_behind_hold,
    holding_steps,
    purposes_of,
)
from workflows.engine.routing.step_troubles import NoRoom
from workflows.engine.values.resource_amounts import amount_of_units
from workflows.execution.messages import describe_trouble
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.holding.foreseeing import (
    HoldOutlook,
    foresee_holds,
    foresee_typed_holds,
)
from workflows.language.formats import moment_text, money_text
from workflows.people.models import User
from workflows.resources.models import Hold, Resource
from workflows.resources.queries.holders import bookings_of
from workflows.resources.queries.visible_holds import visible_holds


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLine:
    """One thing that a step has or cannot have; `others` have it then, as far as one may know."""

    text: str
    is_wrong: bool = False
    href: str = ""
    others: Sequence[str] = ()


def describe_holds(
    user: User,
    instance: WorkflowInstance,
    version_map: VersionMap,
    step: str,
    rows: str,
    hidden: Collection[str],
    now: datetime,
) -> list[HoldLine]:
    """How it stands with what a step (of these rows) books and spends, as far as its fields are not
    hidden."""
    lines: list[HoldLine] = []
    for outlook in foresee_holds(instance, version_map, step, rows, now):
        if not hidden or not set(hidden) & _fields_of(version_map, outlook.key):
            lines += _lines_of(outlook, user)
    return lines


def describe_held(
    user: User, instance: WorkflowInstance, version_map: VersionMap
) -> list[HoldLine]:
    """What the whole request has now, as far as its fields are not hidden. No statement on maps
    that hold nothing."""
    return [_held_line(hold) for hold in visible_holds(user, instance, version_map)]


def _held_line(hold: Hold) -> HoldLine:
    href = "" if hold.resource.is_budget else _address(hold.resource, hold.starts_at)
    return HoldLine(text=_hold_text(hold), href=href)


def _fields_of(version_map: VersionMap, key: HoldKey) -> set[str]:
    return set(fields_behind_hold(version_map.graph, key.step, key.purpose))


def _lines_of(outlook: HoldOutlook, user: User) -> Iterator[HoldLine]:
    if outlook.hold is not None:
        yield _held_line(outlook.hold)
    elif isinstance(outlook.trouble, NoRoom):
        yield _conflict_line(outlook.trouble, user)
    elif outlook.trouble is not None:
        yield HoldLine(text=str(describe_trouble(outlook.trouble)), is_wrong=True)


def _address(resource: Resource, moment: datetime | None) -> str:
    week = f"?week={moment:%Y-%m-%d}" if moment is not None else ""
    return reverse("approvals:resource", args=[resource.key]) + week


def _hold_text(hold: Hold) -> str:
    names = {"resource": hold.resource.name, "state": hold.get_state_display()}
    if hold.starts_at is None or hold.ends_at is None:
        currency = hold.resource.currency
        amount = money_text(amount_of_units(hold.units or 0, currency), currency)
        return gettext("%(amount)s of %(resource)s: %(state)s") % {**names, "amount": amount}
    return gettext("%(resource)s from %(from)s until %(until)s: %(state)s") % {
        **names,
        "from": moment_text(hold.starts_at),
        "until": moment_text(hold.ends_at),
    }


def _conflict_line(trouble: NoRoom, user: User) -> HoldLine:
    starts, ends = (datetime.fromisoformat(moment) for moment in (trouble.starts, trouble.ends))
    resource = Resource.objects.filter(key=trouble.key).first()
    if resource is None:
        return HoldLine(text=str(describe_trouble(trouble)), is_wrong=True)
    others = [
        gettext("%(from)s until %(until)s: %(who)s")
        % {
            "from": moment_text(holding.hold.starts_at or starts),
            "until": moment_text(holding.hold.ends_at or ends),
            "who": f"{holding.hold.request.reference}, {requester_of(holding.hold.request)}",
        }
        for holding in bookings_of(resource, starts, ends, user)
        if holding.is_named  # when others have it, the sentence says
    ]
    href = _address(resource, starts)
    return HoldLine(text=str(describe_trouble(trouble)), is_wrong=True, href=href, others=others)


# -- while a form is filled in ------------------------------------------------------------------
#
# With a script the page asks at each change. Without it a form that is sent comes back once with
# what is taken, and nothing of it is lost; sent again as it is, it goes on.

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
    return TypedHolds([line for one in shown for line in _lines_of(one, user)])


def says_what_is_held(version_map: VersionMap, fields: Iterable[str]) -> bool:
    """Whether a form has a field that says what a step takes."""
    graph, asked = version_map.graph, frozenset(fields)
    return any(
        not fields_behind_hold(graph, name, purpose).isdisjoint(asked)
        for name, step in holding_steps(graph).items()
        for purpose in purposes_of(step)
    )
