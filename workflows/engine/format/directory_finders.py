"""Role finders that start from somebody in the request: their manager, or everybody in a column."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import StringConstraints

from workflows.engine.format.field_parts import FieldDef
from workflows.engine.format.parts import display_title
from workflows.engine.format.role_finders import ROLE_FINDERS, RoleFinder
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import FIELD_TYPES

REQUESTER_WORD: Final = "requester"
FIELD_WORD: Final = "field:"
PersonOfRequest = Annotated[
    str, StringConstraints(pattern=r"^(field:[a-z][a-z0-9_]{0,59}|[a-z][a-z0-9_-]{0,79})$")
]
"""The requester, the person in a field, or (the key of a step) who decided that step last."""
ColumnName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}\.[a-z][a-z0-9_]{0,59}$")
]


def field_of_word(word: str) -> str | None:
    """The field that `field:dean` names; None for other words."""
    return word.removeprefix(FIELD_WORD) if word.startswith(FIELD_WORD) else None


class ManagerFinder(RoleFinder):
    """The manager of somebody in the request, as the directory of people says it."""

    name = "manager_of"
    title = text("the manager of")
    setting_type = PersonOfRequest

    def person_field(self, setting: Any) -> str | None:
        """The field with the person whose manager it is."""
        return field_of_word(setting)

    def step_read(self, setting: Any) -> str | None:
        """The step whose last decider's manager it is."""
        is_step = setting != REQUESTER_WORD and not setting.startswith(FIELD_WORD)
        return str(setting) if is_step else None

    def with_steps(self, setting: Any, names: Mapping[str, str]) -> Any:
        """The step by its other key."""
        step = self.step_read(setting)
        return setting if step is None else names.get(step, step)

    def people_text(self, setting: Any, names: Mapping[str, str]) -> Text | str:
        """Whose manager."""
        field = field_of_word(setting)
        if field is not None:
            return text(
                "the manager of the person in “%(field)s”", field=display_title(field, None)
            )
        if setting == REQUESTER_WORD:
            return text("the requester's manager")
        return text("the manager of who did “%(step)s”", step=display_title(setting, None))


class ColumnFinder(RoleFinder):
    """Everybody whom a column of a list names."""

    name = "column"
    title = text("the people in a column")
    setting_type = ColumnName
    finds_several = True

    def may_find_several(self, setting: Any, data: Mapping[str, Any]) -> bool:
        """A column has as many as its list has rows."""
        return True

    def fields_read(self, setting: Any) -> Sequence[str]:
        """The list."""
        return (str(setting).partition(".")[0],)

    def people_text(self, setting: Any, names: Mapping[str, str]) -> Text | str:
        """By the list's and the column's key."""
        field, _, column = str(setting).partition(".")
        return text(
            "everybody in “%(column)s” of “%(field)s”",
            column=display_title(column, None),
            field=display_title(field, None),
        )

    def problems(self, setting: Any, fields: Mapping[str, FieldDef]) -> Iterable[Text]:
        """The list is declared, and its column is of people."""
        field, _, column = str(setting).partition(".")
        columns: Mapping[str, Any] = getattr(fields.get(field), "columns", None) or {}
        spec = columns.get(column)
        if spec is None or not FIELD_TYPES[spec.type].names_person:
            yield text("'%(setting)s' is no column of people", setting=str(setting))


def people_in_column(setting: str, data: Mapping[str, Any]) -> list[str]:
    """The logins in a column, each once, in the order of its rows."""
    field, _, column = setting.partition(".")
    rows = data.get(field) or ()
    found = (row.get(column) for row in rows if isinstance(row, Mapping))
    return list(dict.fromkeys(logins_in(found)))


def logins_in(value: Any) -> list[str]:
    """The logins that a value names: one, or several in a list."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return [login for part in value for login in logins_in(part)]
    return []


MANAGER_OF, COLUMN = (
    ROLE_FINDERS.register(finder.name, finder) for finder in (ManagerFinder(), ColumnFinder())
)
