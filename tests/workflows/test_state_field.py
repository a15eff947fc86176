"""What a state's column is to a migration."""

from django.apps import apps
from django_fsm import FSMField

from workflows.persistence.state_field import StateField


def test_every_state_is_a_column_of_text_to_migrations_and_guarded_everywhere_else() -> None:
    states = [
        field
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, FSMField) and not model.__name__.startswith("Historical")
    ]
    assert len(states) >= 8
    for field in states:
        assert isinstance(field, StateField), field
        assert field.protected, field
        assert field.deconstruct()[1] == "django.db.models.CharField", field
