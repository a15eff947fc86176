"""What is edited on a draft goes through one service, which says in the trail what changed."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from tests.factories import NOW, load_map, make_user, map_data, publish_map, purchase_people
from tests.workflows.support import nothing_changed, refused
from tests.workflows.test_admin_maps import as_filled_in, make_staff_of, page_of, prefix_of, saved
from workflows.access.services.accounts import save_account
from workflows.definitions.models import Field, TemplateVersion
from workflows.definitions.services.draft_edits import edit_draft
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


@pytest.fixture
def olivia(db: None) -> User:
    purchase_people()
    return make_staff_of("olivia")


@pytest.fixture
def owner(client: Client, olivia: User) -> Client:
    client.force_login(olivia)
    return client


def edits() -> list[TrailEvent]:
    return list(TrailEvent.objects.filter(command="edit_draft").order_by("pk"))


def test_a_save_leaves_one_row_that_says_what_changed(owner: Client, olivia: User) -> None:
    draft = load_map()
    step = prefix_of(owner, draft, "steps", "order")
    saved(owner, page_of(draft), **{"purpose": "Better.", f"{step}-expected": "6h"})
    (row,) = edits()
    assert (row.actor, row.workflow, row.version) == (olivia, draft.template.key, draft.number)
    assert (row.capacity, row.channel) == ("owner", "admin")
    changed = {(fact["kind"], fact["key"]): fact["columns"] for fact in row.changes["rows"]}
    assert changed[("version", draft.template.key)]["purpose"][1] == "Better."
    assert changed[("step", "order")]["expected"][1] == "6h"
    assert len(changed) == 2


def test_a_save_that_changes_nothing_leaves_no_row_and_no_history(owner: Client) -> None:
    draft = load_map()
    history = TemplateVersion.history.count()
    assert saved(owner, page_of(draft)).status_code == 302
    assert edits() == []
    assert TemplateVersion.history.count() == history


def test_a_row_that_is_deleted_is_named(owner: Client) -> None:
    draft = load_map()
    field = draft.fields.order_by("pk").last()
    assert field is not None
    prefix = prefix_of(owner, draft, "fields", field.key)
    saved(owner, page_of(draft), **{f"{prefix}-DELETE": "on"})
    assert edits()[-1].changes["rows"] == [{"done": "deleted", "kind": "field", "key": field.key}]
    assert not Field.objects.filter(pk=field.pk).exists()


def test_a_draft_that_is_deleted_is_in_the_trail(owner: Client) -> None:
    publish_map()
    draft = load_map(map_data(purpose="The next one."))
    assert owner.post(page_of(draft, "delete"), {"post": "yes"}).status_code == 302
    row = TrailEvent.objects.get(command="delete_draft")
    assert (row.version, row.actor_name) == (draft.number, "olivia")


def edit(version: TemplateVersion, actor: User, **rows: Any) -> None:
    edit_draft(version.pk, RowEdits(**rows), actor=actor, now=NOW)


def test_who_does_not_manage_a_workflow_edits_no_draft_of_it(olivia: User) -> None:
    draft = load_map()
    step = draft.steps.get(key="order")
    step.expected = "9h"
    with refused(NotAllowed, "owner or deputy"):
        edit(draft, make_user("sam"), changed=[step])


def test_what_is_published_is_edited_by_nobody(olivia: User) -> None:
    step = publish_map().steps.get(key="order")
    step.expected = "9h"
    with refused(WrongState, "cannot be changed"):
        edit(step.version, olivia, changed=[step])


def test_a_row_of_another_map_is_refused(olivia: User) -> None:
    draft, other = load_map(), load_map(map_data(purpose="Another."))
    with refused(NotFound, "no such row"):
        edit(draft, olivia, deleted=[other.steps.get(key="order")])


def test_what_a_column_does_not_take_is_refused(olivia: User) -> None:
    draft = load_map()
    step = draft.steps.get(key="order")
    step.key = "not a key"
    with nothing_changed(), pytest.raises(InvalidInput):
        edit(draft, olivia, changed=[step])


# -- accounts ---------------------------------------------------------------------------------

JOINED = {"date_joined_0": "2026-01-01", "date_joined_1": "09:00"}


def test_what_a_directory_says_is_filled_in_on_the_page_of_an_account(client: Client) -> None:
    root = make_user("root", is_staff=True, is_superuser=True)
    sam = make_user("sam")
    client.force_login(root)
    page = f"/admin/workflows/user/{sam.pk}/change/"
    form = as_filled_in(client.get(page)) | {
        **JOINED,
        "time_zone": "Europe/Berlin",
        "department": "Sales",
        "manager": str(root.pk),
        "approval_limit": "100.00",
    }
    assert client.post(page, form).status_code == 302
    sam.refresh_from_db()
    assert (sam.time_zone, sam.department, sam.manager) == ("Europe/Berlin", "Sales", root)
    fact = TrailEvent.objects.filter(command="change_account").latest("pk")
    assert set(fact.changes["changed"]) == {"manager", "department", "approval_limit"}


def test_nobody_is_put_above_themselves_on_the_page_of_an_account(client: Client) -> None:
    root = make_user("root", is_staff=True, is_superuser=True)
    sam = make_user("sam")
    ann = make_user("ann", manager=make_user("bob", manager=sam))
    client.force_login(root)
    page = f"/admin/workflows/user/{sam.pk}/change/"
    form = as_filled_in(client.get(page)) | JOINED | {"manager": str(ann.pk)}
    with nothing_changed():
        answer = client.post(page, form)
    assert "would be above themselves" in answer.content.decode()
    sam.manager = ann
    with nothing_changed(), pytest.raises(InvalidInput):
        save_account(sam, by=root, now=timezone.now())


def test_nobody_but_a_superuser_sets_their_own_limit(client: Client) -> None:
    clerk = make_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=("view_user", "change_user")))
    client.force_login(clerk)
    page = f"/admin/workflows/user/{clerk.pk}/change/"
    client.post(page, as_filled_in(client.get(page)) | JOINED | {"approval_limit": "9999.00"})
    clerk.refresh_from_db()
    assert clerk.approval_limit is None
