"""The type of fields that name a person."""

from typing import Any, Final

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    ValueRefused,
    single_line,
)
from workflows.engine.values.field_types.texts import TextType

MAX_USERNAME: Final = 150


class UserType(TextType):
    """A person, by username."""

    name = "user"
    title = text("person")
    names_person = True

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """A username; whether there is such a person is for who knows people to say."""
        username = single_line(raw, MAX_USERNAME)
        if username is None:
            raise ValueRefused(
                "write a username, at most %(longest)s characters.", longest=MAX_USERNAME
            )
        return username

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A username."""
        return {"type": "string", "maxLength": MAX_USERNAME}


USER = FIELD_TYPES.register(UserType.name, UserType())
