"""The roles of a definition file: what each says, read by the role finders that there are."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    create_model,
    model_validator,
)
from pydantic_core import core_schema

import workflows.engine.format.directory_finders  # noqa: F401 (registers its finders)
from workflows.engine.format.parts import DefinitionPart
from workflows.engine.format.role_finders import ROLE_FINDERS, RoleFinder, sources_of
from workflows.engine.texts import text


class RoleDef(DefinitionPart):
    """Who owns a step: each key is the name of a role finder, its value what that is told."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _read_settings(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return role_settings_model().model_validate(value).model_dump(exclude_unset=True)

    @model_validator(mode="after")
    def _validate_single_source(self) -> "RoleDef":
        found_in_request = [finder for finder, _ in self.sources if not finder.is_listed]
        if found_in_request and len(self.sources) > 1:
            raise ValueError(
                text(
                    "a role is either groups and users, or a field, or the requester; keep one of"
                    " them"
                )
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        settings = handler(role_settings_model().__pydantic_core_schema__)
        return {
            **handler.resolve_ref_schema(handler(schema)),
            "additionalProperties": False,
            "properties": handler.resolve_ref_schema(settings)["properties"],
        }

    @property
    def settings(self) -> Mapping[str, Any]:
        """What each finder is told, by its name, as it is written."""
        return self.model_extra or {}

    @cached_property
    def sources(self) -> tuple[tuple[RoleFinder, Any], ...]:
        """The finders that say something, with what they are told."""
        return sources_of(self.settings)

    @cached_property
    def is_static(self) -> bool:
        """Whether the people are listed (groups, users) rather than found in each request."""
        return all(finder.is_listed for finder, _ in self.sources)

    @cached_property
    def person_field(self) -> str | None:
        """The field of the request that says from whom the role's person is found."""
        fields = (finder.person_field(setting) for finder, setting in self.sources)
        return next(filter(None, fields), None)

    @cached_property
    def fields_read(self) -> frozenset[str]:
        """The fields on whose change other people may be in the role."""
        return frozenset(
            field for finder, setting in self.sources for field in finder.fields_read(setting)
        )

    @cached_property
    def step_read(self) -> str | None:
        """The step from whose decider the role's people are found."""
        steps = (finder.step_read(setting) for finder, setting in self.sources)
        return next(filter(None, steps), None)

    def is_shared(self, data: Mapping[str, Any]) -> bool:
        """Whether its tasks may be several people's in a request with these values."""
        return self.is_static or any(
            finder.may_find_several(setting, data) for finder, setting in self.sources
        )

    @cached_property
    def may_be_several(self) -> bool:
        """Whether more than one person may be in it in some request."""
        return self.is_static or any(finder.finds_several for finder, _ in self.sources)

    @cached_property
    def is_requester(self) -> bool:
        """Whether it is the requester."""
        return any(finder.is_requester(setting) for finder, setting in self.sources)

    @property
    def listed_names(self) -> tuple[str, ...]:
        """What its lists name."""
        return tuple(
            name for finder, setting in self.sources for name in finder.listed_names(setting)
        )

    @property
    def groups(self) -> list[str]:
        """The groups that it names."""
        names = self.settings.get("groups") or ()
        return [] if isinstance(names, str) else list(names)

    @property
    def users(self) -> list[str]:
        """The people whom it names."""
        return list(self.settings.get("users") or ())


def role_settings_model() -> type[BaseModel]:
    """What a role may say: one key for each role finder that there is."""
    return _role_settings_model(ROLE_FINDERS.items())


@lru_cache(maxsize=8)
def _role_settings_model(finders: tuple[tuple[str, RoleFinder], ...]) -> type[BaseModel]:
    keys: dict[str, Any] = {
        name: (finder.setting_type | None, None)
        for name, finder in finders
        if not finder.is_variant
    }
    return create_model("RoleSettings", __base__=DefinitionPart, **keys)
