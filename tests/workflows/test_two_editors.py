"""Two people with one form open: the second is told what changed, and neither loses anything."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import signing
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.browser_form import browser_form
from tests.factories import NOW, load_map, make_group, make_user, map_data, purchase_people
from tests.workflows.admin_site import add_calendar
from tests.workflows.test_admin_maps import make_staff_of, page_of, problems_of
from workflows.admin_site.edit_conflicts import SEEN_STATE_FIELD, SEEN_STATE_SALT
from workflows.calendars.models import BusinessCalendar
from workflows.definitions.models import Step, TemplateVersion
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services import publishing as definitions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

VERSION = "templateversion_form"


@pytest.fixture
def both(db: None) -> tuple[Client, Client]:
    """Olivia and Omar, owner and deputy of the purchase map, each with a browser."""
    purchase_people()
    browsers = Client(), Client()
    for client, name in zip(browsers, ("olivia", "omar"), strict=True):
        client.force_login(make_staff_of(name))
    return browsers


def opened(client: Client, row: models.Model, form: str = "") -> dict[str, Any]:
    return browser_form(client.get(page_of(row)), form or f"{row._meta.model_name}_form")


def told(answer: HttpResponse) -> list[tuple[str, str, str, str, str]]:
    context: Any = answer.context  # type: ignore[attr-defined]
    return [(c.what, c.field, c.before, c.after, c.who) for c in context["meanwhile"]]


def said_by(draft: TemplateVersion) -> dict[str, Any]:
    return definition_of(TemplateVersion.objects.get(pk=draft.pk)).dump()


def row_of(draft: TemplateVersion, table: str, key: str) -> str:
    keys = list(getattr(draft, table).order_by("position", "id").values_list("key", flat=True))
    return f"{table}-{keys.index(key)}-"


def test_who_saves_second_is_told_and_nothing_is_overwritten(both: tuple[Client, Client]) -> None:
    first, second = both
    draft = load_map()
    theirs, mine = opened(first, draft), opened(second, draft)
    assert first.post(page_of(draft), theirs | {"purpose": "Hers."}).status_code == 302
    before = said_by(draft)
    answer = second.post(page_of(draft), mine | {"name": "His"})
    assert answer.status_code == 409
    assert said_by(draft) == before
    ((what, field, was, now, who),) = told(answer)
    assert (what, field, now, who) == ("", "Purpose", "Hers.", "olivia")
    assert was == map_data()["purpose"]
    shown = browser_form(answer, VERSION)
    assert (shown["name"], shown["purpose"]) == ("His", "Hers.")
    assert second.post(page_of(draft), shown).status_code == 302
    assert said_by(draft) == before | {"name": "His"}


def test_where_both_wrote_one_field_the_second_sees_both(both: tuple[Client, Client]) -> None:
    first, second = both
    step = load_map().steps.get(key="order")
    theirs, mine = opened(first, step), opened(second, step)
    assert first.post(page_of(step), theirs | {"expected": "6h"}).status_code == 302
    answer = second.post(page_of(step), mine | {"expected": "7h", "due": "soon"})
    assert [line[2:4] for line in told(answer)] == [("4h", "6h")]
    shown = browser_form(answer, "step_form")
    assert (shown["expected"], shown["due"]) == ("7h", "soon")  # what was typed, right or wrong
    step.refresh_from_db()
    assert step.expected == "6h"
    assert "'soon' is not a duration" in problems_of(second.post(page_of(step), shown))


def test_rows_of_tables_are_told_apart(both: tuple[Client, Client]) -> None:
    """One deletes a field, changes a role and adds one; the other changes the deleted field."""
    first, second = both
    draft = load_map()
    theirs, mine = opened(first, draft), opened(second, draft)
    gone, role = row_of(draft, "fields", "terms"), row_of(draft, "roles", "legal")
    number = int(theirs["roles-TOTAL_FORMS"])
    changes = {
        f"{gone}DELETE": "on",
        f"{role}groups": ["(these)", "finance"],
        "roles-TOTAL_FORMS": str(number + 1),
        f"roles-{number}-key": "board",
        f"roles-{number}-position": "0",
        f"roles-{number}-groups": ["(these)", "finance"],
        f"roles-{number}-version": str(draft.pk),
    }
    assert first.post(page_of(draft), theirs | changes).status_code == 302
    before = said_by(draft)
    answer = second.post(page_of(draft), mine | {f"{gone}label": "Conditions", "name": "His"})
    lines = {line[:2] + line[3:] for line in told(answer)}
    assert lines == {
        ("role “Legal”", "Groups", "finance", "olivia"),
        ("role “Board”", "", "is new", "olivia"),
        ("field “Terms”", "", "was deleted", "olivia"),
    }
    assert said_by(draft) == before
    shown = browser_form(answer, VERSION)
    assert second.post(page_of(draft), shown).status_code == 302
    after = said_by(draft)
    assert after["roles"] == before["roles"]
    assert after["fields"] == before["fields"] | {"terms": {"type": "text", "label": "Conditions"}}
    assert after["name"] == "His"


def test_a_row_that_was_deleted_and_not_touched_stays_away(both: tuple[Client, Client]) -> None:
    first, second = both
    draft = load_map()
    theirs, mine = opened(first, draft), opened(second, draft)
    gone = row_of(draft, "fields", "terms")
    assert first.post(page_of(draft), theirs | {f"{gone}DELETE": "on"}).status_code == 302
    shown = browser_form(second.post(page_of(draft), mine | {"name": "His"}), VERSION)
    assert second.post(page_of(draft), shown).status_code == 302
    assert "terms" not in said_by(draft)["fields"]


def test_the_page_of_the_version_and_that_of_a_step_see_each_other(
    both: tuple[Client, Client],
) -> None:
    first, second = both
    draft = load_map()
    step: Step = draft.steps.get(key="order")
    whole, one = opened(first, draft), opened(second, step)
    assert second.post(page_of(step), one | {"expected": "6h"}).status_code == 302
    answer = first.post(page_of(draft), whole | {"name": "Hers"})
    assert [line[1:] for line in told(answer)] == [("Expected", "4h", "6h", "omar")]
    way = "routes-0-label"
    one = opened(second, step)
    theirs = opened(first, step)
    assert first.post(page_of(step), theirs | {way: "Ordered it"}).status_code == 302
    answer = second.post(page_of(step), one | {way: "Done"})
    labelled = ("Button", "nothing said", "Ordered it", "olivia")
    assert [line[1:] for line in told(answer)] == [labelled]
    assert browser_form(answer, "step_form")[way] == "Done"


def test_untouched_forms_are_saved_one_after_the_other(both: tuple[Client, Client]) -> None:
    first, second = both
    draft = load_map()
    theirs, mine = opened(first, draft), opened(second, draft)
    assert first.post(page_of(draft), theirs).status_code == 302
    assert second.post(page_of(draft), mine | {"name": "His"}).status_code == 302


def test_an_error_does_not_make_the_form_forget_what_it_showed(
    both: tuple[Client, Client],
) -> None:
    first, second = both
    draft = load_map()
    theirs, mine = opened(first, draft), opened(second, draft)
    again = browser_form(second.post(page_of(draft), mine | {"name": ""}), VERSION)
    assert first.post(page_of(draft), theirs | {"purpose": "Hers."}).status_code == 302
    assert second.post(page_of(draft), again | {"name": "His"}).status_code == 409


def test_what_was_typed_into_a_draft_that_was_published_meanwhile_is_shown(
    both: tuple[Client, Client],
) -> None:
    _, second = both
    draft = load_map()
    mine = opened(second, draft)
    definitions.publish(draft.pk, actor=None, now=NOW)
    answer = second.post(page_of(draft), mine | {"purpose": "A long text of mine."})
    assert answer.status_code == 403
    assert "A long text of mine." in answer.content.decode()
    assert said_by(draft)["purpose"] == map_data()["purpose"]


def test_what_was_typed_into_a_step_that_was_deleted_meanwhile_is_shown(
    both: tuple[Client, Client],
) -> None:
    _, second = both
    step = load_map().steps.get(key="order")
    mine, page = opened(second, step), page_of(step)
    step.delete()
    answer = second.post(page, mine | {"instructions": "A long text of mine."})
    assert answer.status_code == 404
    assert "workflows/admin" in answer.content.decode().split("</head>")[0], "styles"
    assert "A long text of mine." in answer.content.decode()


@pytest.fixture
def admins(db: None) -> tuple[Client, Client]:
    browsers = Client(), Client()
    for client, name in zip(browsers, ("ada", "ben"), strict=True):
        user = make_user(name)
        user.is_staff = user.is_superuser = True
        user.save()
        client.force_login(user)
    return browsers


def page_anywhere(row: models.Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.mark.parametrize("kind", ["calendar", "user", "group"])
def test_other_forms_of_the_admin_tell_as_well(admins: tuple[Client, Client], kind: str) -> None:
    first, second = admins
    add_calendar("berlin")
    make_group("night")
    row, theirs, mine, field = {
        "calendar": (BusinessCalendar.objects.get(), "Berlin", "Berlin office", "name"),
        "user": (make_user("carl", first_name="C."), "Carl", "Karl", "first_name"),
        "group": (Group.objects.get(), "day", "evening", "name"),
    }[kind]
    form = f"{row._meta.model_name}_form"
    shown, stale = (browser_form(one.get(page_anywhere(row)), form) for one in admins)
    assert first.post(page_anywhere(row), shown | {field: theirs}).status_code == 302
    answer = second.post(page_anywhere(row), stale | {field: mine})
    assert answer.status_code == 409
    assert [(line[3], line[4]) for line in told(answer)] == [(theirs, "ada")]
    row.refresh_from_db()
    assert getattr(row, field) == theirs
    assert second.post(page_anywhere(row), browser_form(answer, form)).status_code == 302
    row.refresh_from_db()
    assert getattr(row, field) == mine


def test_a_form_carries_no_secret(admins: tuple[Client, Client]) -> None:

    person = make_user("carl")
    sent = browser_form(admins[0].get(page_anywhere(person)), "user_form")
    assert person.password not in str(signing.loads(sent[SEEN_STATE_FIELD], salt=SEEN_STATE_SALT))
