"""The calendars that a map names and that are nowhere any more: no row of the site, no package."""

from collections.abc import Mapping
from typing import Any

from workflows.calendars.queries.working_calendars import find_site_calendar
from workflows.engine.format.gone_parts import gone_calendar, named_calendars
from workflows.engine.texts import Text
from workflows.engine.timing.working_time import BUILT_IN_CALENDARS


def find_gone_calendars(form: Mapping[str, Any]) -> list[Text]:
    """The calendars that a map's data names, and that neither the site nor a package has now."""
    named = (name for name in named_calendars(form) if name not in BUILT_IN_CALENDARS)
    return [gone_calendar(name) for name in named if find_site_calendar(name) is None]
