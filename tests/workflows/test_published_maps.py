"""A published version never changes: refused in the models, and in the database to everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from tests.factories import NOW, load_map
from tests.workflows import drawn
from tests.workflows.support import make_people, nothing_changed, publish
from workflows.definitions.models import Field, Role, Route, Step, TemplateVersion
from workflows.definitions.services import publishing as definitions
from workflows.engine.errors import WrongState
from workflows.history_import.services import importing as past

pytestmark = pytest.mark.django_db

PARTS = [Role, Field, Step, Route]
OF_PUBLISHED = ["superseded", "published", "observed"]


@pytest.fixture(params=OF_PUBLISHED)
def closed(request: pytest.FixtureRequest) -> TemplateVersion:
    """A version in each state in which it may not change."""
    make_people()
    if request.param == "observed":
        version = load_map(drawn.branches())
        past.mark_version_observed(version, {}, actor=None, now=NOW)
    else:
        version = publish(drawn.branches())
    if request.param == "superseded":
        publish(drawn.branches() | {"purpose": "Changed."})
    version.refresh_from_db()
    assert version.state == request.param
    return version


def part_of(version: TemplateVersion, model: type[models.Model]) -> Any:
    """One row of this kind."""
    if model is Route:
        return Route.objects.filter(step__version=version)[0]
    return model._default_manager.filter(version=version)[0]


# -- in the models ----------------------------------------------------------------------------


def test_the_models_refuse_to_change_add_or_delete_a_part(closed: TemplateVersion) -> None:
    for model in PARTS:
        row = part_of(closed, model)
        row.position = 99
        with nothing_changed():
            with pytest.raises(WrongState, match="Make a new draft"):
                row.save()
            with pytest.raises(WrongState, match="cannot be changed"):
                row.delete()
            row.pk = None
            with pytest.raises(WrongState, match="cannot be changed"):
                row.save()


def test_the_models_refuse_to_change_or_delete_the_version(closed: TemplateVersion) -> None:
    closed.purpose = "Something else."
    with nothing_changed():
        with pytest.raises(WrongState, match="cannot be changed"):
            closed.save()
        with pytest.raises(WrongState, match="cannot be changed"):
            closed.delete()


# -- in the database --------------------------------------------------------------------------


def refuses(act: Callable[..., object], *values: Any) -> bool:
    """Whether the database refuses this, and says why."""
    with nothing_changed():
        try:
            with transaction.atomic():
                act(*values)
        except DatabaseError as refusal:
            return "published version cannot be changed" in str(refusal)
    return False


def execute(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_the_database_refuses_plain_sql_on_every_part(closed: TemplateVersion) -> None:
    for model in PARTS:
        pk, table = part_of(closed, model).pk, model._meta.db_table
        names = [f.column for f in model._meta.concrete_fields if not f.primary_key]
        columns = ", ".join(f'"{name}"' for name in names)
        copying = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE id = %s"
        assert refuses(execute, f"UPDATE {table} SET position = 9 WHERE id = %s", pk)
        assert refuses(execute, f"DELETE FROM {table} WHERE id = %s", pk)
        assert refuses(execute, copying, pk)


def test_the_database_refuses_to_move_a_part_from_or_to_a_closed_version(
    closed: TemplateVersion,
) -> None:
    draft = load_map(drawn.branches() | {"purpose": "A third one."})
    for model in (Role, Field, Step):
        moving = f"UPDATE {model._meta.db_table} SET version_id = %s, position = 99 WHERE id = %s"
        out, into = part_of(closed, model), part_of(draft, model)
        assert refuses(execute, moving, draft.pk, out.pk)
        assert refuses(execute, moving, closed.pk, into.pk)


CHANGES: dict[str, object] = {
    "name": "x",
    "purpose": None,
    "number": 77,
    "owner_name": "ann",
    "start_fields": "[]",
    "first_step_id": None,
    "created_at": NOW.replace(year=1999),
    "published_at": NOW.replace(year=1999),
    "published_by_id": 1,
    "state": "draft",
}


def test_the_database_refuses_plain_sql_on_the_version(closed: TemplateVersion) -> None:
    table = TemplateVersion._meta.db_table
    for column, value in CHANGES.items():
        changing = f"UPDATE {table} SET {column} = %s WHERE id = %s"
        assert refuses(execute, changing, value, closed.pk), column


def test_the_database_refuses_to_delete_the_version(closed: TemplateVersion) -> None:
    table = TemplateVersion._meta.db_table
    execute(f"UPDATE {table} SET purpose = purpose WHERE id = %s", closed.pk)
    assert refuses(execute, f"DELETE FROM {table} WHERE id = %s", closed.pk)


def test_bulk_writes_do_not_get_round_it(closed: TemplateVersion) -> None:
    step = part_of(closed, Step)
    step.position = 99
    assert refuses(lambda: Step.objects.filter(version=closed).update(name="x"))
    assert refuses(lambda: Step.objects.bulk_update([step], ["position"]))
    assert refuses(lambda: Step.objects.bulk_create([Step(version=closed, key="x", kind="end")]))
    assert refuses(lambda: Route.objects.filter(step__version=closed)._raw_delete("default"))


def test_a_draft_may_be_changed_and_deleted_with_all_its_rows() -> None:
    make_people()
    publish(drawn.branches())
    draft = load_map(drawn.branches() | {"purpose": "Changed."})
    step = draft.steps.get(key="review")
    step.name = "Look at it"
    step.save()
    Step.objects.filter(pk=step.pk).update(expected="3h")
    assert definitions.definition_of(draft).steps["review"].name == "Look at it"
    draft.delete()
    assert TemplateVersion.objects.count() == 1
    assert set(Step.objects.values_list("version__state", flat=True)) == {"published"}
