"""A company's own calendars: rows, holidays, closures, and due dates that count in them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.urls import reverse

from tests.factories import make_user
from tests.workflows import drawn
from tests.workflows.support import again, make_people, publish
from workflows.engine.errors import DefinitionProblem
from workflows.models import BusinessCalendar, Closure, TemplateVersion
from workflows.services.calendars import forget_calendars, public_holidays, site_calendar

pytestmark = pytest.mark.django_db

EARLY = {day: [["07:00", "15:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def berlin(**more: Any) -> BusinessCalendar:
    values = {"zone": "Europe/Berlin", "hours": EARLY, "country": "DE", "subdivision": "BE"}
    return BusinessCalendar.objects.create(key="berlin", name="Berlin", **values | more)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(start: str, duration: str = "2h") -> datetime:
    from workflows.engine.calendar import parse_duration

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


# -- the admin ----------------------------------------------------------------------------------

ADD = reverse("admin:workflows_businesscalendar_add")
FORM = {
    "key": "berlin", "name": "Berlin", "zone": "Europe/Berlin", "country": "DE",
    "subdivision": "BE", "hours": '{"mon": [["09:00", "17:00"]]}',
    "closures-TOTAL_FORMS": "0", "closures-INITIAL_FORMS": "0",
}  # fmt: skip


@pytest.mark.usefixtures("lenient_templates")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"zone": "Berlin"}, "no time zone"),
        ({"hours": "[]"}, "Write the hours"),
        ({"hours": '{"monday": [["09:00", "17:00"]]}'}, "no weekday"),
        ({"hours": '{"mon": [["17:00", "09:00"]]}'}, "opens before it closes"),
        ({"hours": '{"mon": [["9 am", "17:00"]]}'}, "no span"),
        ({"hours": '{"mon": [["09:00", "12:00"], ["11:00", "17:00"]]}'}, "without overlapping"),
        ({"hours": '{"mon": []}'}, "at least one weekday"),
        ({"country": "XX"}, "No holidays are known"),
        ({"subdivision": "ZZ"}, "No holidays are known"),
        ({"country": ""}, "Choose the country"),
        ({"key": "business"}, "built in"),
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
