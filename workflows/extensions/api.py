"""All that an extension needs, in one place. What is here keeps its meaning as long as
`API_VERSION` does; anything else of Handoff may change at any time.

What stands on pages has its own modules beside it: `approvals.forms.field_presentations` (the
control of a field type) and `reporting.ui.site_reports` (report pages).
"""

from workflows.access.conditions.role_lookups import ROLE_LOOKUPS, RoleLookup, WayIntoRole
from workflows.automation.notice_channels import NOTICE_CHANNELS, NoticeChannel, OutgoingNotice
from workflows.automation.triggers.outside import find_published_triggers, start_by_trigger
from workflows.engine.format.actions import (
    ACTIONS,
    Action,
    ActionFailed,
    ActionResult,
    ActionSetting,
    Job,
    SettingKind,
    action,
)
from workflows.engine.format.role_finders import ROLE_FINDERS, RoleFinder
from workflows.engine.format.trigger_kinds import TRIGGER_KINDS, TriggerKind
from workflows.engine.rules.rule_functions import RULE_FUNCTIONS, RuleFunction
from workflows.engine.texts import Text, text
from workflows.engine.timing.added_calendars import ADDED_CALENDARS, AddedCalendar
from workflows.engine.timing.working_time import Calendar
from workflows.engine.values.field_types.base import FIELD_TYPES, FieldType, ValueRefused
from workflows.engine.values.placeholders import fill_placeholders
from workflows.extensions.origins import API_VERSION

__all__ = [
    "ACTIONS",
    "ADDED_CALENDARS",
    "API_VERSION",
    "FIELD_TYPES",
    "NOTICE_CHANNELS",
    "ROLE_FINDERS",
    "ROLE_LOOKUPS",
    "RULE_FUNCTIONS",
    "TRIGGER_KINDS",
    "Action",
    "ActionFailed",
    "ActionResult",
    "ActionSetting",
    "AddedCalendar",
    "Calendar",
    "FieldType",
    "Job",
    "NoticeChannel",
    "OutgoingNotice",
    "RoleFinder",
    "RoleLookup",
    "RuleFunction",
    "SettingKind",
    "Text",
    "TriggerKind",
    "ValueRefused",
    "WayIntoRole",
    "action",
    "fill_placeholders",
    "find_published_triggers",
    "start_by_trigger",
    "text",
]
