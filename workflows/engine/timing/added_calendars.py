"""Calendars that a company's own packages add, beside those that a site keeps as rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from workflows.engine.registries import Registry
from workflows.engine.texts import Text
from workflows.engine.timing.working_time import Calendar


@dataclass(frozen=True, kw_only=True)
class AddedCalendar:
    """A calendar that maps name by its key; `build` makes it, counted in the zone that it is given
    where it has none of its own. It is asked again every minute at most."""

    title: Text | str
    build: Callable[[tzinfo], Calendar]


ADDED_CALENDARS: Final = Registry("calendars", AddedCalendar, noun="calendar")
