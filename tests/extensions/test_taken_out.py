"""An extension is taken out while requests need it: they wait, and nobody else's work stops."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.approvals.office import signed_in
from tests.automation.driving import plain, work_off
from tests.extensions.company import Load
from tests.extensions.test_extensions import IBAN, desk_map, refund
from tests.extensions.test_role_finders import leave, make_directory, waits_for
from tests.factories import NOW
from tests.workflows.drawn import NO
from tests.workflows.support import (
    Flow,
    again,
    begin,
    digest_now,
    make_people,
    person,
    publish,
    refused,
)
from workflows.definitions.models import MapFinding
from workflows.definitions.queries.compiled_versions import forget_maps
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services.map_watch import audit_published_maps
from workflows.engine.errors import DefinitionProblem, InvalidInput, NotAllowed
from workflows.execution.services.staffing_watch import watch_queues

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


def other_flow() -> Flow:
    """A request of a map that needs nothing of it."""
    step = {"kind": "approval", "role": "crew", "inputs": ["amount"], "expected": "4h", "due": "2d"}
    outcomes = {"approve": "done", "reject": NO, "stop": {"to": "stopped", "exception": True}}
    return begin(plain("other", {"look": {**step, "outcomes": outcomes}}))


def gone_in() -> list[str]:
    """The workflows whose owners are told that they need what is gone."""
    audit_published_maps(now=LATER)
    rows = MapFinding.objects.filter(closed_at=None, code="extension_gone")
    return list(rows.values_list("version__template__key", flat=True))


def test_a_field_of_a_type_that_is_gone_shows_its_values_and_takes_none(
    load: Load, take_out: Callable[[], None]
) -> None:
    load("iban", "iban_page")
    flow = begin(refund(), account=IBAN)
    other = other_flow()
    take_out()
    page = signed_in(person("olga")).get(f"/requests/{flow.request.reference}/")
    assert page.status_code == 200
    assert IBAN in page.content.decode()
    with refused(InvalidInput, "'iban' is not installed"):
        again("refund", account=IBAN)
    with pytest.raises(DefinitionProblem):
        definition_of(flow.request.version)
    assert waits_for("ann") == ["Review", "Look"]
    assert other.where == "look"
    assert gone_in() == ["refund"]
    load("iban", "iban_page")
    forget_maps()
    flow.decide("review", "approve", seen=digest_now(flow, "review"))
    assert flow.where == "= done"
    assert gone_in() == []


def test_a_rule_that_reads_such_a_field_opens_an_incident(
    load: Load, take_out: Callable[[], None]
) -> None:
    load("iban", "iban_page")
    map_ = refund()
    del map_["steps"]["review"]["outcomes"]["approve"]["when"]
    map_["steps"]["review"]["outcomes"]["approve"]["to"] = "check"
    map_["steps"]["check"] = {
        "kind": "decision",
        "rules": [{"when": f"account == '{IBAN}'", "to": "done"}],
        "otherwise": "stopped",
    }
    flow = begin(map_, account=IBAN)
    take_out()
    flow.decide("review", "approve", seen=digest_now(flow, "review"))
    assert "of a type that is not installed here" in flow.incident().message


def test_by_a_role_finder_that_is_gone_nobody_is_found_until_it_is_back(
    load: Load, take_out: Callable[[], None]
) -> None:
    load("managers")
    make_directory()
    flow = begin(leave())
    other_flow()
    take_out()
    assert (waits_for("mona"), waits_for("ann")) == ([], ["Look"])
    with refused(NotAllowed):
        flow.decide("review", "approve", by="mona", seen=digest_now(flow, "review"))
    assert watch_queues(now=flow.later()) == 1
    assert flow.incidents() == [("nobody", "open")]
    assert gone_in() == ["leave"]
    load("managers")
    forget_maps()
    watch_queues(now=flow.later())
    assert flow.incidents() == [("nobody", "resolved")]
    assert waits_for("mona") == ["Review"]


def test_a_trigger_of_a_kind_that_is_gone_starts_nothing_and_stops_nothing(
    load: Load, take_out: Callable[[], None]
) -> None:
    load("desks")
    make_people()
    trigger = {"kind": "acme.badge", "with": {"door": 7}, "mapping": {"amount": "$.price"}}
    publish(desk_map(triggers=[trigger]))
    take_out()
    flow = again("desk")
    work_off(LATER)
    assert flow.where == "review"
    assert gone_in() == ["desk"]
