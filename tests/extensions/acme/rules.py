"""A function of rules, and a calendar."""

from datetime import time

from workflows.engine.rules.rule_functions import RULE_FUNCTIONS, RuleFunction
from workflows.engine.timing.added_calendars import ADDED_CALENDARS, AddedCalendar
from workflows.engine.timing.working_time import Calendar

RULE_FUNCTIONS.register(
    "is_even",
    RuleFunction(takes=("number",), gives="boolean", run=lambda number: number % 2 == 0),
)
ADDED_CALENDARS.register(
    "four-days",
    AddedCalendar(
        title="Four days",
        build=lambda zone: Calendar.weekly(zone, {day: [(time(8), time(17))] for day in range(4)}),
    ),
)
