"""Choosing who owns a step: a role of the map, or a group, a person, a field or whoever asked, of
which a role is made when the form is saved."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from workflows.definitions.admin.field_boxes.row_fields import with_group
from workflows.definitions.models import Role, TemplateVersion
from workflows.engine.bpmn.vocabulary import make_key
from workflows.engine.format.definition import display_title

NEW: Final = "new:"
SETTINGS: Final[Mapping[str, Any]] = {
    "group": lambda name: {"groups": [name]},
    "user": lambda name: {"users": [name]},
    "field": lambda name: {"field": name},
    "requester": lambda name: {"requester": True},
}
NAMES_OF_ROLES: Final[Mapping[str, str]] = {"requester": "requester"}
Options = Any


def owner_choices(
    groups: Options, users: Options, person_fields: Options, settings: Collection[Any] = ()
) -> list[Any]:
    """What a role can be made of, under headings; without what a role of the map is already."""

    def fresh(kind: str, options: Options) -> list[tuple[str, Any]]:
        return [
            (f"{NEW}{kind}:{name}", label)
            for name, label in options
            if SETTINGS[kind](name) not in settings
        ]

    asked = fresh("requester", [("", gettext("whoever asked"))])
    found = [*asked, *fresh("field", person_fields)]
    return [
        *with_group(gettext("New: a group"), fresh("group", groups)),
        *with_group(gettext("New: a person"), fresh("user", users)),
        *with_group(gettext("New: found in each request"), found),
    ]


def read_owner(value: str) -> tuple[str, dict[str, Any]] | None:
    """The name for a key, and what the role says, of a choice that makes one."""
    kind, colon, name = value.removeprefix(NEW).partition(":")
    if not value.startswith(NEW) or not colon or kind not in SETTINGS:
        return None
    return NAMES_OF_ROLES.get(kind, name), SETTINGS[kind](name)


def key_of_role(name: str, roles: Mapping[str, Any], settings: Any) -> str:
    """The key of the role that says this; a new one where the map has none."""
    for key, said in roles.items():
        if said == settings:
            return key
    return make_key(name, roles, otherwise="role")


class OwnerField(forms.ModelChoiceField):
    """A role of this map, or what one is made of. `made` holds what was made in this save, so that
    two steps with one new owner share the role."""

    widget = UnfoldAdminSelectWidget

    def __init__(self, **kwargs: Any) -> None:
        defaults = {"queryset": Role.objects.all(), "required": False}
        super().__init__(**{**defaults, "label": gettext_lazy("Who"), **kwargs})
        self.made: dict[str, Role] = {}
        self.version: TemplateVersion | None = None
        self.taken: Mapping[str, Any] = {}
        self.offered: set[str] = set()

    def offer_new(
        self,
        choices: list[Any],
        *,
        version: TemplateVersion | None,
        roles: Mapping[str, Any],
        made: dict[str, Role],
    ) -> None:
        """What roles can be made of, and where what is made is kept."""
        offered: Any = self.choices
        self.choices = [*offered, *choices]
        self.version, self.taken, self.made = version, roles, made
        self.offered = {value for _, group in choices for value, _ in group}

    def to_python(self, value: Any) -> Any:
        """The role's row; a new one is written with what names it."""
        if not isinstance(value, str) or value not in self.offered:
            return super().to_python(value)
        read = read_owner(value)
        assert read is not None
        if value not in self.made:
            name, settings = read
            taken = {**self.taken, **{role.key: role.settings for role in self.made.values()}}
            key = make_key(name, taken, otherwise="role")
            position = len(taken)
            columns: dict[str, Any] = dict(settings)
            self.made[value] = Role(version=self.version, key=key, position=position, **columns)
        return self.made[value]

    def validate(self, value: Any) -> None:
        """A row that is there was looked up; a new one is as it was offered."""
        if not (isinstance(value, Role) and value.pk is None):
            super().validate(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another is chosen."""
        return str(self.prepare_value(initial) or "") != str(data or "")

    def label_from_instance(self, obj: Any) -> str:
        """What the role is called."""
        return display_title(obj.key, None)
