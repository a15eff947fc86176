"""A calendar: the office in the north is open on four days."""

from datetime import time

from workflows.extensions.api import AddedCalendar, Calendar

OFFICE_NORTH = AddedCalendar(
    title="Office north",
    build=lambda zone: Calendar.weekly(zone, {day: [(time(8), time(17))] for day in range(4)}),
)
