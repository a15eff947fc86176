"""The column of a state that is changed by transitions alone."""

from typing import Any

from django_fsm import FSMField


class StateField(FSMField):
    """A state of django-fsm's, which to migrations is the text that it is in the database.

    A django-fsm field listens to every model class that is made after it, and a migration makes
    each class many times over: with hundreds of old fields listening, that was most of its time.
    """

    def deconstruct(self) -> Any:
        """As Django's own column of text."""
        name, _, arguments, options = super().deconstruct()
        options.pop("protected", None)
        return name, "django.db.models.CharField", arguments, options
