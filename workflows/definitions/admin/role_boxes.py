"""Boxes of the map editor for role finders that a company has added.

The built-in finders have columns of their own. Any other has the box that is registered under its
name, or one that takes its setting as JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms

from workflows.definitions.admin.form_fields import DataField
from workflows.definitions.models import ROLE_COLUMNS
from workflows.engine.format.role_finders import REQUESTER, ROLE_FINDERS
from workflows.engine.registries import Registry

PREFIX: Final = "finder_"


@dataclass(frozen=True)
class RoleBox:
    """Makes the form field in which a finder's setting is written; it gives None for nothing."""

    build: Callable[[], forms.Field]


ROLE_BOXES: Final = Registry("role_boxes", RoleBox, noun="role box")


def build_role_boxes() -> dict[str, forms.Field]:
    """A form field for each finder that has no column, by the form's name for it."""
    names = [name for name in ROLE_FINDERS if name not in (*ROLE_COLUMNS, REQUESTER.name)]
    return {f"{PREFIX}{name}": _build_box(name) for name in names}


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
