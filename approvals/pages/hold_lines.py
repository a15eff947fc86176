"""What a step has of resources, in lines for its page: what is held, and what is not free."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext

from approvals.ui.formats import requester_of
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.routing.holds import HoldKey, fields_behind_hold
from workflows.engine.routing.step_troubles import NoRoom
from workflows.engine.values.resource_amounts import amount_of_units
from workflows.execution.messages import describe_trouble
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.holding.foreseeing import HoldOutlook, foresee_holds
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
            lines += lines_of_outlook(outlook, user)
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


def lines_of_outlook(outlook: HoldOutlook, user: User) -> Iterator[HoldLine]:
    """What is held, or what cannot be had and who has it, as far as this person may know it."""
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
            "who": (
                f"{holding.hold.request.reference}, {requester_of(holding.hold.request)}"
                if holding.is_named
                else gettext("somebody")
            ),
        }
        for holding in bookings_of(resource, starts, ends, user)
    ]
    href = _address(resource, starts)
    return HoldLine(text=str(describe_trouble(trouble)), is_wrong=True, href=href, others=others)
