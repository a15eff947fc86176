"""Six processes of companies, drawn with all that their sources say, each driven to its end."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.factories import MAPS, make_user
from tests.workflows.resource_scenes import make_budget, make_room
from tests.workflows.support import Flow, digest_now, paper, person, refused
from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.automation.services.delivery import deliver_due
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services import publishing
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.engine.format.files import read_definition
from workflows.engine.routing.marking import Marking
from workflows.execution.models import WorkItem
from workflows.execution.services import instances, work_items
from workflows.execution.services.extensions import extend_task
from workflows.execution.services.signing import Signature, SignatureMethod
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User
from workflows.resources.models import Hold, HoldState
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COMPANY = MAPS / "company"
SAID = {  # what the audit says of a map that is as its source is: whoever publishes reads it
    "access": [],
    "capa": [],
    "change": ["hold_never_confirmed", "requester_may_decide"],
    "document": ["rule_field_may_be_empty"],  # who declines to review says no verdict
    "requisition": ["not_by_field_may_be_empty", "otherwise_never", "rule_field_may_be_empty"],
    "subject-access": [],
}
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "olga": (),
    "dan": (),
    "mona": ("peers", "infra-managers", "privacy-desk"),
    "max": ("privacy-officer", "security"),
    "rita": ("staff", "privacy-desk"),
    "ann": ("legal", "change-managers", "capa-desk", "payable", "document-control"),
    "bob": ("quality", "board", "emergency-board", "buyers"),
    "cat": ("quality", "board", "emergency-board", "grants-grant"),
    "eve": ("board", "operations", "capa-desk", "vice-presidents"),
    "fay": ("vice-presidents", "payroll", "grants-local", "grants-student"),
    "gus": (),
    "hal": (),
}


@pytest.fixture(autouse=True)
def company() -> None:
    """Rita asks; Mona is above her and Max above Mona."""
    with suppress_fact_recording():
        people = {name: make_user(name, groups=groups) for name, groups in PEOPLE.items()}
        for name, manager in (("rita", "mona"), ("mona", "max")):
            people[name].manager = people[manager]
            people[name].save()


def start(process: str, *, by: str = "rita", now: datetime = NOW, **values: Any) -> Flow:
    """A request of one of the maps, published first."""
    definition = read_definition((COMPANY / f"{process}.yaml").read_text(), name=process)
    version = publishing.load_definition(definition, actor=None, now=NOW)[0]
    if version.is_editable:
        version = publishing.publish(version.pk, actor=None, now=NOW)
    files = {key: values.pop(key) for key in list(values) if hasattr(values[key], "chunks")}
    request = instances.start_on_version(
        version, actor=person(by), now=now, data=values, files=files
    )
    return Flow(request, now)


def rows_of(flow: Flow, step: str) -> Iterator[WorkItem]:
    """The open tasks of a step's rows, in the rows' order."""
    yield from flow.request.work_items.open().filter(step__key=step).order_by("activation")


def decide_rows(
    flow: Flow, step: str, outcome: str, by: Callable[[int], str], **given: Callable[[int], Any]
) -> None:
    """Each row is decided by whom it is for."""
    for number, item in enumerate(rows_of(flow, step)):
        data = {key.replace("__", "."): value(number) for key, value in given.items()}
        work_items.decide(
            item.pk, actor=person(by(number)), outcome=outcome, data=data, now=flow.later()
        )


def sign(flow: Flow, step: str, outcome: str, by: str, **more: Any) -> None:
    """Decide as somebody who has just given their password again."""
    item = flow.task(step)
    signature = Signature(signer=person(by).pk, task=item.pk, method=SignatureMethod.PASSWORD)
    flow.decide(step, outcome, by=by, seen=digest_now(flow, step), signature=signature, **more)


def let_time_pass(until: datetime) -> None:
    """The clock comes round at this moment."""
    deliver_due(clock=lambda: until)


def ended(flow: Flow, result: str) -> bool:
    """Over with this result, and the trail alone leads to the same state."""
    request = flow.refresh()
    again = rebuild_from_trail(request)
    return request.result == result and again == (Marking.from_json(request.marking), request.data)


@pytest.mark.parametrize("name", sorted(SAID))
def test_a_company_map_is_sound_and_comes_back_as_it_was_written(name: str) -> None:
    definition = read_definition((COMPANY / f"{name}.yaml").read_text(), name=name)
    findings = audit_definition(definition, AnyPeople())
    assert sorted(finding.code for finding in findings) == SAID[name], findings
    draft = publishing.load_definition(definition, actor=None, now=NOW)[0]
    assert definition_of(draft).dump() == definition.dump()


# -- a demand for one's own data ----------------------------------------------------------------

DEMAND = {
    "subject": "Ida Lund",
    "reply_to": "ida@example.org",
    "kind": "access",
    "sources": [{"system": "CRM", "searcher": "gus"}, {"system": "Payroll", "searcher": "hal"}],
}


def test_a_demand_of_the_last_of_january_is_due_on_the_last_of_february() -> None:
    got = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
    flow = start("subject-access", now=got, received_on="2026-01-31", id_doubt=False, **DEMAND)
    assert flow.request.deadline_at.date() == date(2026, 2, 28)
    assert [item.assignee for item in rows_of(flow, "search")] == [person("gus"), person("hal")]
    with refused(NotAllowed):
        item = next(rows_of(flow, "search"))
        work_items.decide(item.pk, actor=person("hal"), outcome="searched", now=flow.later())
    pages = (12, 30)
    decide_rows(
        flow,
        "search",
        "searched",
        lambda n: ("gus", "hal")[n],
        source__found=lambda n: "found",
        source__pages=lambda n: pages[n],
    )
    assert flow.refresh().data["pages"] == 42
    assert flow.task("redact").due_at.date() == date(2026, 2, 28)
    extend_task(flow.task("redact").pk, actor=person("max"), reason="Many.", now=flow.later())
    assert flow.task("redact").due_at.date() == date(2026, 4, 30)
    copies = [paper("crm", "crm.txt"), paper("payroll", "payroll.txt")]
    flow.decide("redact", "ready", by="max", files={"letter": paper(), "copies": copies})
    sent = flow.decide("send", "sent", by="mona")
    assert sent.document_versions == {"letter": 1, "copies": [1, 2]}
    assert ended(flow, "answered")


def test_whom_nobody_can_identify_is_not_kept_for_ever() -> None:
    flow = start(
        "subject-access",
        received_on="2026-03-01",
        id_doubt=True,
        id_doubt_why="No copy of a passport.",
        **DEMAND,
    )
    assert flow.where == "verify"
    let_time_pass(NOW + timedelta(days=20))
    assert flow.where == "verify"
    let_time_pass(NOW + timedelta(days=33))
    assert ended(flow, "lapsed")
    assert TrailEvent.objects.filter(request=flow.request, actor=None, command="expire").exists()


# -- a purchase of a university -----------------------------------------------------------------


def lines(*rows: tuple[str, int, str]) -> list[dict[str, Any]]:
    return [{"item": item, "quantity": count, "price": price} for item, count, price in rows]


def purchase(*rows: tuple[str, int, str], **more: Any) -> Flow:
    values = {"why": "Teaching.", "vendor": "Lab Ltd", "fund": "local", "department": "science"}
    who = {"holder": "gus", "dean": "hal", "account": "4711"}
    return start("requisition", **{**values, **who, **more}, lines=lines(*rows))


def test_a_small_purchase_needs_its_holder_alone_and_is_taken_from_the_budget() -> None:
    budget = make_budget(amount="1000.00", currency="USD", group="budgets")
    flow = purchase(("Chair", 3, "33.33"), ("Desk", 1, "100.01"))
    assert flow.request.data["net"] == "200.00"
    assert flow.request.data["total"] == "238.00"
    flow.decide("holder_agrees", "approve", by="gus")
    flow.decide("check_code", "coded", by="ann", data={"code": "1234-567"})
    flow.decide("order", "ordered", by="bob", data={"order_number": "PO-1"})
    assert ended(flow, "ordered")
    hold = Hold.objects.get(resource=budget)
    assert (hold.state, hold.units) == (HoldState.CONFIRMED, 23800)


def test_what_the_budget_does_not_hold_cannot_be_asked_for_until_something_is_given_back() -> None:
    budget = make_budget(amount="300.00", currency="USD", group="budgets")
    first = purchase(("Desk", 1, "200.00"))
    with refused(InvalidInput, "62.00 USD"):
        purchase(("Desk", 1, "200.00"))
    first.decide("holder_agrees", "reject", by="gus", comment="Not this year.")
    second = purchase(("Desk", 1, "200.00"))
    second.decide("holder_agrees", "approve", by="gus")
    states = Hold.objects.filter(resource=budget).order_by("pk").values_list("state", flat=True)
    assert list(states) == [HoldState.RELEASED, HoldState.HELD]


def test_a_large_purchase_climbs_to_the_vice_presidents_and_the_dean_does_not_approve_her_own() -> (
    None
):
    make_budget(amount="900000.00", currency="USD", group="budgets")
    flow = purchase(("Microscope", 2, "60000.00"), dean="fay")
    flow.decide("holder_agrees", "approve", by="gus")
    flow.decide("dean_agrees", "approve", by="fay")
    assert flow.where == "chief_agrees"
    with refused(NotAllowed):
        flow.decide("chief_agrees", "approve", by="fay")
    flow.decide("chief_agrees", "approve", by="eve")
    assert flow.where == "check_code"


def test_a_grant_is_looked_at_by_the_office_of_its_fund() -> None:
    make_budget(amount="9000.00", currency="USD", group="budgets")
    flow = purchase(("Probe", 1, "10.00"), fund="grant", investigator="mona")
    flow.decide("holder_agrees", "approve", by="gus")
    flow.decide("grants_agree", "approve", by="cat")
    flow.decide("dean_agrees", "approve", by="hal")
    assert flow.where == "check_code"


# -- access to systems --------------------------------------------------------------------------

SYSTEMS = [
    {"system": "crm", "level": "read", "provisioner": "gus"},
    {"system": "erp", "level": "read", "provisioner": "hal"},
]


def access(**more: Any) -> Flow:
    values = {"people": ["rita", "gus"], "systems": SYSTEMS, "infra_owned": False} | more
    return start("access", **values, rationale="Daily work.")


def test_access_is_agreed_by_the_manager_and_by_security_and_set_up_system_by_system() -> None:
    flow = access(until="2026-06-30", grade="E13")
    assert flow.task("manager_agrees").assignee == person("mona")
    flow.decide("manager_agrees", "approve", by="mona")
    assert flow.where == "security_agrees"
    flow.decide("security_agrees", "approve", by="max")
    decide_rows(
        flow, "set_up", "done", lambda n: ("gus", "hal")[n], system__ticket=lambda n: f"OPS-{n}"
    )
    assert [row["ticket"] for row in flow.refresh().data["systems"]] == ["OPS-0", "OPS-1"]
    assert ended(flow, "granted")


def test_whoever_gets_access_does_not_agree_to_it() -> None:
    flow = access()
    with suppress_fact_recording():
        make_user("gus", groups=["security"])
    flow.decide("manager_agrees", "approve", by="mona")
    with refused(NotAllowed):
        flow.decide("security_agrees", "approve", by="gus")


def test_infrastructure_does_not_ask_itself_and_much_sent_back_is_looked_at_by_security() -> None:
    plain = [{"system": "crm", "level": "read", "provisioner": "gus"}]
    flow = access(systems=plain, infra_owned=True)
    flow.decide("manager_agrees", "approve", by="mona")
    assert flow.where == "infra_agrees"
    with suppress_fact_recording():
        User.objects.filter(username="rita").update(department="Infrastructure")
    flow = access(systems=plain, infra_owned=True)
    for _ in range(2):
        flow.decide("manager_agrees", "change", by="mona", comment="Say why.")
        flow.decide("revise", "resubmit", by="rita")
    with suppress_fact_recording():
        User.objects.filter(username="rita").update(department="Sales")
    flow.decide("manager_agrees", "approve", by="mona")
    assert flow.where == "security_agrees"
    flow.decide("security_agrees", "approve", by="max")
    decide_rows(flow, "set_up", "done", lambda n: "gus", system__ticket=lambda n: "OPS-1")
    assert ended(flow, "granted")


# -- a corrective action ------------------------------------------------------------------------


def test_actions_are_done_each_by_its_owner_and_the_effect_is_looked_at_later() -> None:
    flow = start("capa", what="Wrong label.", source="audit")
    flow.decide("evaluate", "open", by="ann", data={"priority": "critical", "investigator": "gus"})
    assert flow.refresh().data["days"] == 15
    found = {"root_cause": "Old template.", "methods": ["other"], "other_method": "Interviews"}
    flow.decide("investigate", "done", by="gus", data=found)
    actions = [
        {"action": "New template", "owner": "hal", "by": "2026-03-20"},
        {"action": "Train", "owner": "eve", "by": "2026-03-31"},
    ]
    flow.decide("plan", "proposed", by="gus", data={"actions": actions})
    with refused(NotAllowed):
        flow.decide("plan_agreed", "approve", by="gus")
    with refused(NotAllowed, "signed"):
        flow.decide("plan_agreed", "approve", by="bob")
    sign(flow, "plan_agreed", "approve", "bob")
    due = [item.due_at.date() for item in rows_of(flow, "do_action")]
    assert due == [date(2026, 3, 21), date(2026, 4, 1)]
    decide_rows(
        flow,
        "do_action",
        "implemented",
        lambda n: ("hal", "eve")[n],
        action__evidence=lambda n: f"Record {n}",
    )
    flow.decide("plan_check", "planned", by="ann", data={"check_on": "2026-09-01"})
    assert flow.where == "wait_check"
    let_time_pass(datetime(2026, 9, 1, 0, 5, tzinfo=UTC))
    flow.now = datetime(2026, 9, 2, 9, 0, tzinfo=UTC)
    flow.decide("check", "effective", by="bob", data={"effect": "None since."})
    with refused(NotAllowed):
        flow.decide("close", "close", by="bob")
    sign(flow, "close", "close", "cat")
    assert ended(flow, "closed")


# -- a change with a board ----------------------------------------------------------------------


def change(kind: str, risk: str = "low", **more: Any) -> Flow:
    room = {"starts": "2026-03-06T20:00Z", "ends": "2026-03-06T22:00Z", "window": "night"}
    owned = [{"service": "CRM", "owner": "gus"}, {"service": "ERP", "owner": "hal"}]
    values = {"what": "Upgrade.", "kind": kind, "risk": risk, "services": owned}
    text = {"implementer": "gus", "backout": "Restore."}
    return start("change", **{**values, **room, **text, **more})


def test_a_risky_change_needs_three_of_the_board_both_offices_and_its_own_window() -> None:
    make_room("night", group="windows")
    flow = change("normal", "high")
    flow.decide("assess", "ok", by="mona")
    decide_rows(flow, "owner_agrees", "ok", lambda n: ("gus", "hal")[n])
    for who in ("bob", "cat"):
        flow.decide("board_agrees", "authorise", by=who)
    assert flow.where == "board_agrees"
    flow.decide("board_agrees", "authorise", by="eve")
    flow.decide("both_agree", "authorise", by="ann")
    assert flow.where == "both_agree"
    flow.decide("both_agree", "authorise", by="eve")
    assert flow.where == "wait_window"
    assert Hold.objects.get().state == HoldState.HELD
    let_time_pass(datetime(2026, 3, 6, 20, 1, tzinfo=UTC))
    flow.now = datetime(2026, 3, 6, 21, 0, tzinfo=UTC)
    flow.decide("implement", "done", by="gus", data={"result": "Well."})
    flow.decide("review", "close", by="ann")
    assert ended(flow, "closed")


def test_an_emergency_counts_its_hours_at_night_too() -> None:
    make_room("night", group="windows")
    flow = change("emergency", "high")
    item = flow.task("emergency_agrees")
    assert item.due_at - item.enabled_at == timedelta(hours=4)


def test_a_change_that_ends_before_it_begins_is_refused() -> None:
    make_room("night", group="windows")
    with pytest.raises(InvalidInput):
        change("normal", ends="2026-03-06T19:00Z")


# -- a controlled document ----------------------------------------------------------------------


def document(**more: Any) -> Flow:
    reviewers = [{"reviewer": "gus"}, {"reviewer": "hal"}]
    values = {"number": "SOP-007", "name": "Cleaning", "procedure": paper(), "reviews": reviewers}
    return start("document", **values, approver="eve", trainees=["ann", "bob", "fay"], **more)


def review_all(flow: Flow, *verdicts: str) -> None:
    decide_rows(
        flow,
        "read",
        "reviewed",
        lambda n: ("gus", "hal")[n],
        review__verdict=lambda n: verdicts[n],
        review__remarks=lambda n: "Read it.",
    )
    flow.decide("quality_reads", "fine", by="bob")


def test_all_reviews_are_collected_before_the_document_is_drawn_again() -> None:
    flow = document()
    review_all(flow, "fine", "changes")
    assert flow.where == "redraft"
    assert [row["verdict"] for row in flow.refresh().data["reviews"]] == ["fine", "changes"]


def test_a_document_is_in_force_when_enough_have_read_it_and_comes_up_after_a_year() -> None:
    flow = document()
    review_all(flow, "fine", "fine")
    sign(flow, "approve", "approve", "eve", data={"effective_on": "2026-04-01"})
    decide_rows(flow, "know", "read", lambda n: ("ann", "bob", "fay")[n])
    assert flow.where == "in_force"
    let_time_pass(datetime(2026, 4, 1, 0, 5, tzinfo=UTC))
    flow.now = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
    flow.decide("distribute", "done", by="ann")
    let_time_pass(datetime(2027, 3, 30, 0, 5, tzinfo=UTC))
    assert flow.where == "a_year"
    let_time_pass(datetime(2027, 4, 2, 0, 5, tzinfo=UTC))
    flow.now = datetime(2027, 4, 2, 9, 0, tzinfo=UTC)
    flow.decide("look_again", "obsolete", by="cat", data={"effective_on": "2027-04-05"})
    assert ended(flow, "retired")
