"""Boxes of the map editor for role finders that have no column.

The oldest built-in finders have columns of their own. Any other has the box that is registered
under its name, or one that takes its setting as JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from pydantic import TypeAdapter
from pydantic import ValidationError as PydanticValidationError

from workflows.definitions.admin.form_fields import DataField, TextField
from workflows.definitions.models import ROLE_COLUMNS
from workflows.engine.format.directory_finders import COLUMN, MANAGER_OF
from workflows.engine.format.role_finders import (
    GROUPS,
    GROUPS_BY_FIELDS,
    REQUESTER,
    ROLE_FINDERS,
    RoleFinder,
)
from workflows.engine.registries import Registry

PREFIX: Final = "finder_"
Words = str | Promise


@dataclass(frozen=True)
class RoleBox:
    """Makes the form field in which a finder's setting is written; it gives None for nothing."""

    build: Callable[[], forms.Field]


ROLE_BOXES: Final = Registry("role_boxes", RoleBox, noun="role box")


def build_role_boxes() -> dict[str, forms.Field]:
    """A form field for each finder that has no column, by the form's name for it: that of the key
    under which it is told."""
    names = [name for name in ROLE_FINDERS if name not in (*ROLE_COLUMNS, REQUESTER.name)]
    return {f"{PREFIX}{_KEYS.get(name, name)}": _build_box(name) for name in names}


_KEYS: Final[Mapping[str, str]] = {GROUPS_BY_FIELDS.name: GROUPS.name}


def _setting_box(finder: RoleFinder, label: Words, help_text: Words) -> RoleBox:
    """A line whose text the finder can be told."""

    def validate(value: str) -> None:
        try:
            TypeAdapter(finder.setting_type).validate_python(value)
        except PydanticValidationError:
            raise ValidationError(str(help_text)) from None

    return RoleBox(
        lambda: TextField(rows=1, label=label, help_text=help_text, validators=[validate])
    )


ROLE_BOXES.register(
    MANAGER_OF.name,
    _setting_box(
        MANAGER_OF,
        gettext_lazy("Or: the manager of"),
        gettext_lazy(
            "requester, field: and a person field, or the key of a step: of who decided it last."
        ),
    ),
)
ROLE_BOXES.register(
    COLUMN.name,
    _setting_box(
        COLUMN,
        gettext_lazy("Or: everybody in a column"),
        gettext_lazy("A list and one of its columns of people, such as lines.reviewer."),
    ),
)
ROLE_BOXES.register(
    GROUPS_BY_FIELDS.name,
    _setting_box(
        GROUPS_BY_FIELDS,
        gettext_lazy("Or: the group named by fields"),
        gettext_lazy("With fields of type choice in it, such as finance-{{ region }}."),
    ),
)


def _build_box(name: str) -> forms.Field:
    box = ROLE_BOXES.find(name)
    return box.build() if box is not None else DataField(label=str(ROLE_FINDERS[name].title))


def read_role_boxes(
    values: Mapping[str, Any], before: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """What the finders are told by the form's values; one that is not there now keeps what it
    was told."""
    settings = dict(before or {})
    for name, value in values.items():
        if name.startswith(PREFIX):
            settings[name.removeprefix(PREFIX)] = value
    return {name: value for name, value in settings.items() if value not in (None, "", [])} or None
