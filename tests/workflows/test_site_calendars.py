"""A company's own calendars: rows, holidays, closures, and due dates that count in them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_user
from tests.workflows import drawn
from tests.workflows.support import Flow, again, make_people, person, publish
from tests.workflows.test_statements import statements
from workflows.calendars.models import BusinessCalendar, Closure
from workflows.calendars.queries import working_calendars as calendars
from workflows.calendars.queries.working_calendars import (
    forget_calendars,
    public_holidays,
    site_calendar,
)
from workflows.definitions.models import TemplateVersion
from workflows.engine.errors import DefinitionProblem
from workflows.engine.timing.working_time import parse_duration
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db

EARLY = {day: [["07:00", "15:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def berlin(**more: Any) -> BusinessCalendar:
    values = {"zone": "Europe/Berlin", "hours": EARLY, "country": "DE", "subdivision": "BE"}
    return BusinessCalendar.objects.create(key="berlin", name="Berlin", **values | more)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(start: str, duration: str = "2h") -> datetime:
    return site_calendar("berlin").add(at(start), parse_duration(duration))


def test_a_calendar_counts_in_its_hours_and_zone() -> None:
    berlin()
    assert due("2026-11-23 13:00") == at("2026-11-24 07:00")


def test_public_holidays_of_the_state_are_days_off() -> None:
    berlin()
    assert due("2026-03-06 13:00") == at("2026-03-09 07:00")
    assert public_holidays("DE", "BE")[date(2026, 3, 8)]
    assert due("2026-04-30 13:00") == at("2026-05-04 07:00")  # 1 May is a Friday


def test_closures_are_days_off_from_the_first_to_the_last() -> None:
    row = berlin(country="", subdivision="")
    Closure.objects.create(
        calendar=row, first_day=date(2026, 11, 24), last_day=date(2026, 11, 26), name="Stocktaking"
    )
    assert due("2026-11-23 13:00") == at("2026-11-27 07:00")


def test_an_empty_zone_is_the_sites(settings: Any) -> None:
    settings.TIME_ZONE = "America/New_York"
    timezone.get_default_timezone.cache_clear()
    try:
        berlin(zone="", country="", subdivision="")
        assert due("2026-11-23 19:00") == at("2026-11-24 13:00")
    finally:
        settings.TIME_ZONE = "UTC"
        timezone.get_default_timezone.cache_clear()


def test_a_night_in_which_the_clocks_change_is_as_long_as_it_is() -> None:
    berlin(hours={"sun": [["00:00", "06:00"]]}, country="", subdivision="")
    assert due("2026-03-28 22:00", "6h") == at("2026-04-04 23:00")
    assert due("2026-10-24 12:00", "7h") == at("2026-10-25 05:00")


def test_a_country_of_which_few_years_are_known_has_holidays_in_those_without_ado(
    recwarn: pytest.WarningsRecorder,
) -> None:
    public_holidays.cache_clear()
    assert {2002, 2026} <= {day.year for day in public_holidays("IN", "")}
    assert not recwarn.list


def test_a_calendar_is_asked_for_again_after_half_a_minute(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    berlin()
    clock = [1000.0]
    monkeypatch.setattr(calendars.time, "monotonic", lambda: clock[0])
    assert due("2026-11-23 13:00") == at("2026-11-24 07:00")
    BusinessCalendar.objects.update(hours={"wed": [["07:00", "15:00"]]})
    clock[0] += 29
    with django_assert_num_queries(0):
        assert due("2026-11-23 13:00") == at("2026-11-24 07:00")
    clock[0] += 2
    assert due("2026-11-23 13:00") == at("2026-11-25 08:00")


def test_a_calendar_that_cannot_be_read_counts_as_office_hours() -> None:
    berlin(hours={"mon": "always"})
    assert due("2026-11-23 09:00") == at("2026-11-23 11:00")


def test_a_calendar_that_has_gone_counts_as_office_hours() -> None:
    assert due("2026-11-23 09:00") == at("2026-11-23 11:00")


def test_built_in_calendars_ask_the_database_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        site_calendar(None)
        site_calendar("24/7")
    berlin()
    site_calendar("berlin")
    with django_assert_num_queries(0):
        site_calendar("berlin")


def test_a_map_that_names_no_calendar_of_the_site_is_not_published() -> None:
    make_people()
    with pytest.raises(DefinitionProblem, match="no calendar 'berlin'"):
        publish(drawn.sequential() | {"calendar": "berlin"})
    assert not TemplateVersion.objects.filter(state="published").exists()


def test_a_task_is_due_in_its_workflows_calendar() -> None:
    make_people()
    berlin()
    data = drawn.sequential() | {"calendar": "berlin"}
    version = publish(data)
    assert version.calendar == "berlin"
    task = again(data["key"]).task("review")
    assert task.enabled_at == at("2026-03-02 09:00")
    assert task.due_at == at("2026-03-03 09:00")
    BusinessCalendar.objects.update(hours={"mon": [["07:00", "15:00"]]})
    forget_calendars()
    assert again(data["key"]).task("review").due_at == at("2026-03-09 09:00")
    task.refresh_from_db(fields=["due_at"])
    assert task.due_at == at("2026-03-03 09:00"), "what was worked out stays"


def test_a_map_whose_calendar_cannot_be_counted_in_is_not_published() -> None:
    make_people()
    berlin(country="XX")
    with pytest.raises(DefinitionProblem, match="no calendar 'berlin'"):
        publish(drawn.sequential() | {"calendar": "berlin"})
    assert not TemplateVersion.objects.filter(state="published").exists()


def test_a_decision_in_a_calendar_of_ones_own_asks_no_more_of_the_database() -> None:
    make_people()
    berlin()
    built_in, own = drawn.sequential(), drawn.sequential() | {"key": "own", "calendar": "berlin"}
    costs = []
    for data in (built_in, own):
        publish(data)
        for _ in range(2):
            flow: Flow = again(data["key"])
        task, actor, now = flow.task("review"), person("ann"), flow.later()
        made = statements(
            lambda task=task, actor=actor, now=now: tasks.decide(
                task.pk, actor=actor, outcome="ok", now=now, comment="Fine."
            )
        )
        costs.append(len(made))
    assert costs[0] == costs[1]


# -- the admin ----------------------------------------------------------------------------------

ADD = reverse("admin:workflows_businesscalendar_add")
FORM = {
    "key": "berlin",
    "name": "Berlin",
    "zone": "Europe/Berlin",
    "country": "DE",
    "subdivision": "BE",
    "hours": '{"mon": [["09:00", "17:00"]]}',
    "closures-TOTAL_FORMS": "0",
    "closures-INITIAL_FORMS": "0",
}


@pytest.mark.usefixtures("lenient_templates")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"zone": "Berlin"}, "no time zone"),
        ({"hours": "[]"}, "Write the hours"),
        ({"hours": '{"monday": [["09:00", "17:00"]]}'}, "no weekday"),
        ({"hours": '{"mon": [["17:00", "09:00"]]}'}, "opens before it closes"),
        ({"hours": '{"mon": [["9 am", "17:00"]]}'}, "no span"),
        ({"hours": '{"mon": [["09:00+02:00", "17:00"]]}'}, "no span"),
        ({"hours": '{"mon": ["09:00", "17:00"]}'}, "no span"),
        ({"hours": '{"mon": 9}'}, "no span"),
        ({"hours": '{"mon": null}'}, "no span"),
        ({"hours": '{"mon": [[9, 17]]}'}, "no span"),
        ({"hours": "{"}, "valid JSON"),
        ({"hours": '{"mon": [["09:00", "12:00"], ["11:00", "17:00"]]}'}, "without overlapping"),
        ({"hours": '{"mon": []}'}, "at least one weekday"),
        ({"country": "XX"}, "No holidays are known"),
        ({"subdivision": "ZZ"}, "No holidays are known"),
        ({"country": ""}, "Choose the country"),
        ({"key": "business"}, "built in"),
        ({"key": "Berlin_late"}, "small letters"),
    ],
)
def test_a_calendar_that_cannot_be_counted_in_is_refused_in_words(
    client: Any, wrong: dict[str, str], words: str
) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    page = client.post(ADD, FORM | wrong)
    assert words in page.content.decode()
    assert not BusinessCalendar.objects.exists()


@pytest.mark.usefixtures("lenient_templates")
def test_a_calendar_is_saved_and_lists_its_days_off(client: Any) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    assert client.post(ADD, FORM).status_code == 302
    row = BusinessCalendar.objects.get()
    page = client.get(reverse("admin:workflows_businesscalendar_change", args=[row.pk]))
    assert "German Unity Day" in page.content.decode()
    assert "no published map" in page.content.decode()
    assert "1d is 8 h, 1w is 8 h" in page.content.decode()


CLOSED = {
    "closures-TOTAL_FORMS": "1",
    "closures-0-first_day": "2026-12-24",
    "closures-0-last_day": "2026-12-31",
    "closures-0-name": "Between the years",
}


@pytest.mark.usefixtures("lenient_templates")
def test_a_closure_added_to_a_calendar_counts_at_once(client: Any) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    row = berlin()
    assert due("2026-12-23 13:00") == at("2026-12-24 07:00")
    page = reverse("admin:workflows_businesscalendar_change", args=[row.pk])
    form = FORM | {"hours": '{"thu": [["07:00", "15:00"]]}'} | CLOSED
    assert client.post(page, form).status_code == 302
    assert row.closures.get().history.get().history_user.username == "root"
    assert due("2026-12-23 13:00") == at("2027-01-07 08:00")


@pytest.mark.usefixtures("lenient_templates")
@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("2026-12-23", "comes before the first"),
        ("2099-12-31", "three years at most"),
        ("9999-12-31", "rite a date between the years"),
    ],
)
def test_a_closure_that_is_a_slip_is_refused_in_words(client: Any, last: str, words: str) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    page = client.post(ADD, FORM | CLOSED | {"closures-0-last_day": last})
    assert words in page.content.decode()
    assert not BusinessCalendar.objects.exists()
    assert not Closure.objects.exists()


@pytest.mark.usefixtures("lenient_templates")
def test_a_calendar_that_a_map_names_is_not_deleted_and_keeps_its_key(client: Any) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    make_people()
    row = berlin()
    publish(drawn.sequential() | {"calendar": "berlin"})
    delete = reverse("admin:workflows_businesscalendar_delete", args=[row.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    change = reverse("admin:workflows_businesscalendar_change", args=[row.pk])
    assert client.post(change, FORM | {"key": "bonn", "name": "Bonn"}).status_code == 302
    row.refresh_from_db()
    assert (row.key, row.name) == ("berlin", "Bonn")


@pytest.mark.usefixtures("lenient_templates")
def test_a_calendar_that_no_map_names_is_deleted(client: Any) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    delete = reverse("admin:workflows_businesscalendar_delete", args=[berlin().pk])
    assert client.post(delete, {"post": "yes"}).status_code == 302
    assert not BusinessCalendar.objects.exists()


@pytest.mark.usefixtures("lenient_templates")
def test_the_page_of_a_calendar_that_cannot_be_read_opens_and_says_why(client: Any) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    row = berlin(country="XX", subdivision="")
    page = client.get(reverse("admin:workflows_businesscalendar_change", args=[row.pk]))
    assert "No holidays are known of XX" in page.content.decode()
    assert "office hours count instead" in page.content.decode()
