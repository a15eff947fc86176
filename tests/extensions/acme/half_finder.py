"""A role finder that says it is a list, and has no way into it."""

from workflows.access.conditions.role_lookups import ROLE_LOOKUPS, RoleLookup
from workflows.engine.format.role_finders import ROLE_FINDERS, RoleFinder
from workflows.engine.texts import text


class ShiftsFinder(RoleFinder):
    name, title, setting_type = "shifts", text("shifts"), list[str]
    is_listed = True


ROLE_FINDERS.register("shifts", ShiftsFinder())
ROLE_LOOKUPS.register("shifts", RoleLookup())
