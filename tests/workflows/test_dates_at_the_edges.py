"""Dates that nobody means are refused at every door, and those in old records stop nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from approvals.forms.field_forms import DeclaredForm
from tests.approvals.api.calls import Api, open_api_office, problem, unchanged
from tests.approvals.office import signed_in
from tests.automation.driving import Course, plain
from tests.engine.driving import task
from tests.factories import NOW, make_user, publish_map, start_request
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import everything, person
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import incidents
from workflows.execution.services import instances as requests

pytestmark = pytest.mark.django_db

FAR = ("0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31")
FAR_MOMENTS = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")


def visit(**wait: Any) -> dict[str, Any]:
    """A wait until a date or a moment, and a task after it."""
    fields = HEAD["fields"] | {"day": {"type": "date"}, "at": {"type": "datetime"}}
    rest = {"kind": "wait", "to": "greet", **wait}
    greet = task(done="done", no=NO, stop=STOP)
    data = plain("visit", {"rest": rest, "greet": greet}, fields=fields)
    data["start"]["fields"] += ["day", "at"]
    return data


def old_record(course: Course, **values: str) -> None:
    """Values in the row as an older version let them in."""
    rows = WorkflowInstance.objects.filter(pk=course.flow.request.pk)
    rows.update(data=rows.get().data | values)


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_a_start_with_a_date_that_nobody_means_is_refused(
    settings: Any, day: str, zone: str
) -> None:
    settings.TIME_ZONE = zone
    Course.of(visit(until="day"), day="2026-03-10")
    before = everything()
    with pytest.raises(InvalidInput, match="day: write a date between the years 1900 and 2199"):
        requests.start("visit", actor=person("rita"), now=NOW, data={"amount": "1", "day": day})
    for at in FAR_MOMENTS:
        with pytest.raises(InvalidInput, match="at: write a date between the years"):
            requests.start("visit", actor=person("rita"), now=NOW, data={"amount": "1", "at": at})
    assert everything() == before


@pytest.mark.parametrize(
    ("key", "value"),
    [("day", "0001-01-01"), ("day", "9999-12-31"), ("at", FAR_MOMENTS[0]), ("at", FAR_MOMENTS[1])],
)
def test_a_wait_until_such_a_date_of_an_old_record_is_an_incident(
    settings: Any, key: str, value: str
) -> None:
    """The first wait is over, and a second one comes to the value that the row has."""
    settings.TIME_ZONE = "Europe/Berlin"
    data = visit(**{"for": "1d"})
    data["steps"]["rest"]["to"] = "again"
    data["steps"]["again"] = {"kind": "wait", "until": key, "to": "greet"}
    bad = Course.of(data)
    right = {"amount": "1", key: "2026-03-04" if key == "day" else NOW}
    good = requests.start("visit", actor=person("rita"), now=NOW, data=right)
    old_record(bad, **{key: value})
    assert bad.work(days=3) == "again"
    incident = bad.flow.incident()
    assert (incident.code, value in incident.message) == ("no_date", True)
    assert WorkItem.objects.open().get(request=good).step.key == "greet"
    incidents.retry(
        incident.pk,
        actor=person("olga"),
        reason="A slip.",
        now=bad.now,
        data={key: "2026-03-05" if key == "day" else "2026-03-05T00:00:00Z"},
    )
    assert bad.work() == "greet"


def test_pages_and_lists_show_such_a_date_of_an_old_record(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    data = visit(**{"for": "1d"})
    data["steps"]["greet"] |= {"inputs": ["day", "at"], "outputs": ["day", "at"]}
    course = Course.of(data)
    old_record(course, day="0001-01-01", at="9999-12-31T23:59:59Z")
    course.work(days=1)
    reference = course.flow.request.reference
    item = course.flow.request.work_items.get(step__key="greet")
    for who, path in (
        ("rita", f"/requests/{reference}/"),
        ("rita", "/requests/"),
        ("ann", "/"),
        ("ann", f"/tasks/{item.pk}/"),
        ("olga", f"/requests/{reference}/"),
        ("olga", f"/requests/{reference}/?asof=9999-12-31"),
    ):
        answer = signed_in(person(who)).get(path)
        assert answer.status_code == (422 if "asof" in path else 200), path
    said = signed_in(person("ann")).get(f"/tasks/{item.pk}/").content.decode()
    assert "9999" in said
    answer = signed_in(person("ann")).post(
        f"/tasks/{item.pk}/decide/", {"outcome": "done", "f-day": "0001-01-01", "f-at": ""}
    )
    assert answer.status_code < 500


def test_a_wait_until_a_date_ends_with_the_night_before_it_at_the_sites_midnight(
    settings: Any,
) -> None:
    """Berlin, 3 March: the wait, a rule and a sum mean the same midnight."""
    settings.TIME_ZONE = "Europe/Berlin"
    data = visit(until="day")
    data["steps"]["rest"]["to"] = "sum"
    data["steps"] = {
        "rest": data["steps"].pop("rest"),
        "sum": {
            "kind": "automation",
            "action": "set_fields",
            "to": "same",
            "with": {"at": "day", "day": "at"},
            "on_error": {"to": "stopped", "exception": True},
        },
        "same": {
            "kind": "decision",
            "rules": [{"when": "at == day", "to": "greet"}],
            "otherwise": "stopped",
        },
        **data["steps"],
    }
    course = Course.of(data, day="2026-03-03", at="2026-03-02T23:30:00Z")
    course.flow.now = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)
    assert course.work() == "rest"
    assert course.work(minutes=1) == "greet"
    kept = course.flow.refresh().data
    assert (kept["at"], kept["day"]) == ("2026-03-02T23:00:00Z", "2026-03-03")


def test_a_form_keeps_a_far_date_that_was_typed_and_says_what_to_write() -> None:
    steps = {"end": {"kind": "end", "result": "x"}}
    head = {"format": 1, "key": "x", "name": "X", "fields": {"day": {"type": "date"}}}
    definition = Definition.model_validate(head | {"steps": steps})
    form = DeclaredForm(definition, ["day"], {"f-day": "0001-01-01"})
    assert form.errors == {"day": ["Write a date between the years 1900 and 2199."]}
    assert 'value="0001-01-01"' in str(form["day"])


def test_the_api_refuses_a_far_date_in_words() -> None:
    people = open_api_office()
    api = Api(people["sam"])
    body = {
        "workflow": "purchase-approval",
        "data": {"amount": "1", "region": "EU", "manager": "mia", "needed_by": "9999-12-31"},
    }
    with unchanged():
        problem(api.post("/instances", body), 422, "between the years 1900 and 2199")


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59-05:00"])
def test_a_report_of_such_a_period_is_refused_in_words(day: str) -> None:
    request = start_request(publish_map())
    client = signed_in(make_user("olivia"))
    for path in (
        f"/reports/workflow/{request.template.key}/",
        "/reports/audit.csv",
        "/reports/trail/",
    ):
        for name in ("since", "until"):
            answer = client.get(path, {name: day})
            assert answer.status_code in (400, 404), (path, name, answer.status_code)
