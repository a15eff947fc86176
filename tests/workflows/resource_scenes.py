"""Rooms, cars and budgets for the tests of resources, and maps that book and spend."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.factories import NOW, make_user, publish_map
from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.definitions.models import TemplateVersion
from workflows.engine.values.resource_amounts import units_of_amount
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits
from workflows.resources.models import BudgetPeriod, Resource
from workflows.resources.services.resources import save_resource


def build_resource(key: str, *, owner: User, group: str = "rooms", **values: Any) -> Resource:
    """A resource that is not written yet: a room for one at a time, unless said otherwise."""
    columns = {"kind": "bookable", "name": key.title(), "group": group, "owner": owner, **values}
    return Resource(key=key, **columns)


def build_period(resource: Resource, amount: str, first: date, last: date) -> BudgetPeriod:
    """A period of a budget that is not written yet."""
    units = units_of_amount(Decimal(amount), resource.currency)
    return BudgetPeriod(resource=resource, first_day=first, last_day=last, units=units)


def make_room(key: str = "blue", **values: Any) -> Resource:
    """A room in use."""
    owner = values.pop("owner", None) or make_user("rita")
    with suppress_fact_recording():
        room = build_resource(key, owner=owner, **values)
        return save_resource(room, RowEdits(), by=owner, now=NOW)


def make_budget(key: str = "4711", amount: str = "1000.00", **values: Any) -> Resource:
    """A budget for the year of the tests."""
    owner = values.pop("owner", None) or make_user("rita")
    columns = {"kind": "budget", "group": "cost-centres", "currency": "EUR", **values}
    with suppress_fact_recording():
        budget = build_resource(key, owner=owner, **columns)
        year = build_period(budget, amount, date(2026, 1, 1), date(2026, 12, 31))
        return save_resource(budget, RowEdits(added=[year]), by=owner, now=NOW)


def year_of(budget: Resource) -> BudgetPeriod:
    """The only period of a budget as it is now."""
    return budget.periods.get()


ROOM_FIELDS: Mapping[str, Any] = {
    "room": {"type": "resource", "of": "rooms"},
    "starts": {"type": "datetime"},
    "ends": {"type": "datetime"},
    "cost_centre": {"type": "resource", "of": "cost-centres"},
    "total": {"type": "money", "currency": "EUR"},
}


ENDS: Mapping[str, Any] = {
    "over": {"kind": "end", "result": "done"},
    "dropped": {"kind": "end", "result": "dropped"},
}


def desk_step(to: str = "over", **more: Any) -> dict[str, Any]:
    """A step of the desk that leads on when it is done, and drops the request where it is not."""
    refused = {"to": "dropped", "exception": True}
    outcomes = {"done": to, "drop": refused, "withdraw": refused}
    return {"kind": "task", "role": "desk", "expected": "1d", "outcomes": outcomes, **more}


def room_map(
    steps: Mapping[str, Any], *, fields: Mapping[str, Any] = ROOM_FIELDS, **more: Any
) -> dict[str, Any]:
    """A map that asks for a room and an amount as it begins."""
    return {
        "format": 1,
        "key": "event",
        "name": "Event",
        "owner": "olga",
        "deputy": "dora",
        "roles": {"desk": {"users": ["dana", "dirk"]}, "asks": {"users": ["rosa"]}},
        "fields": dict(fields),
        "start": {"role": "asks", "fields": list(fields), "first": next(iter(steps))},
        "steps": deepcopy({**steps, **ENDS}),
        **more,
    }


def start_event(version: TemplateVersion, *, now: datetime = NOW, **data: Any) -> WorkflowInstance:
    """A request of Rosa's."""
    return requests.start_on_version(version, actor=make_user("rosa"), now=now, data=data)


def publish_room_map(data: Mapping[str, Any]) -> TemplateVersion:
    """The map in use, with the people whom it names."""
    for login in ("olga", "dora", "dana", "dirk", "rosa"):
        make_user(login)
    return publish_map(data)
