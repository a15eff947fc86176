"""What the page of each kind of step shows: its columns, its ways, boxes for settings of its own.

Each kind is declared once. A company's package may put another form in the place of a kind's
(`STEP_FORMS.replace`); what an action declares of its settings has its boxes by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from workflows.definitions.admin.form_fields import (
    NOT_SAID,
    NameField,
    NamesField,
    OptionalYesNoField,
    TextField,
)
from workflows.definitions.admin.setting_box import SettingBox
from workflows.definitions.admin.setting_boxes import (
    ACTION_BOXES,
    APPROVAL_BOXES,
    AUTOMATION_BOXES,
    OWNER_BOXES,
    SUBWORKFLOW_BOXES,
    TASK_BOXES,
    WAIT_BOXES,
)
from workflows.definitions.admin.table_boxes import build_table_boxes
from workflows.definitions.choices import RouteKind, StepKind
from workflows.definitions.models import Step
from workflows.engine.format.actions import ActionSetting, SettingKind, action_named
from workflows.engine.registries import Registry

__all__ = ["STEP_FORMS", "SettingBox", "StepKindForm", "find_setting_boxes", "find_step_form"]

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class StepKindForm:
    """The form of one kind of step.

    `columns` are shown in this order; `more_columns` apart from them. `ways` are the kinds of way
    that lead on from it; `boxes` are for settings in `config`. `unsaid_not_by` says what it comes
    to where `not_by` is left out, and where it is empty.
    """

    columns: Sequence[str] = ()
    more_columns: Sequence[str] = ()
    ways: Sequence[str] = ()
    boxes: Sequence[SettingBox] = ()
    is_for_people: bool = False
    unsaid_not_by: tuple[Words, Words] = (
        gettext_lazy("not said: nobody"),
        gettext_lazy("nobody"),
    )


STEP_FORMS: Final = Registry("step_forms", StepKindForm, noun="step form")

PEOPLE_COLUMNS: Final = (
    *("role", "instructions", "expected", "due", "inputs", "outputs"),
    *("not_by", "not_by_reason", "quorum"),
)


def _system_form(boxes: Sequence[SettingBox]) -> StepKindForm:
    return StepKindForm(
        columns=("role", "expected"),
        more_columns=("config",),
        ways=(RouteKind.TO, RouteKind.ON_ERROR),
        boxes=boxes,
    )


HOLDS = gettext_lazy("What it books or spends")


def _hold_box(*path: str, offers: str, label: Any, help_text: Any = "") -> SettingBox:
    return SettingBox(
        path=path,
        group=HOLDS,
        offers=offers,
        build=lambda: NameField(label=label, help_text=help_text),
    )


CONFIRM_BOX = SettingBox(
    path=("confirms",),
    group=HOLDS,
    offers="step_keys",
    build=lambda: NamesField(
        label=gettext_lazy("Confirms what is held by"),
        unsaid=gettext_lazy("not said: nothing"),
        none=gettext_lazy("none"),
    ),
    holds=lambda value: isinstance(value, list),
)
HOLD_BOXES = (
    _hold_box("books", "resource", offers="resource_fields", label=gettext_lazy("Books")),
    _hold_box("books", "from", offers="date_fields", label=gettext_lazy("from")),
    _hold_box("books", "until", offers="date_fields", label=gettext_lazy("until")),
    _hold_box(
        "spends", "budget", offers="budget_fields", label=gettext_lazy("Draws on the budget")
    ),
    _hold_box("spends", "amount", offers="number_fields", label=gettext_lazy("so much")),
    _hold_box(
        *("spends", "day"),
        offers="date_fields",
        label=gettext_lazy("for the day"),
        help_text=gettext_lazy("Not said: the day on which it is drawn."),
    ),
    CONFIRM_BOX,
)
"""What a step holds of resources. How many are booked, which may be a number or a field, and the
group of a budget that is no resource field, stay under "More"."""
HOLDING_KINDS = frozenset(
    (
        *(StepKind.APPROVAL, StepKind.TASK, StepKind.AUTOMATION),
        *(StepKind.WAIT, StepKind.SUBWORKFLOW),
    )
)


STEP_FORMS.register(
    StepKind.APPROVAL,
    StepKindForm(
        columns=PEOPLE_COLUMNS,
        more_columns=("config",),
        ways=(RouteKind.OUTCOME,),
        boxes=APPROVAL_BOXES,
        is_for_people=True,
        unsaid_not_by=(
            gettext_lazy("not said: the requester"),
            gettext_lazy("nobody; say why below"),
        ),
    ),
)
STEP_FORMS.register(
    StepKind.TASK,
    StepKindForm(
        columns=PEOPLE_COLUMNS,
        more_columns=("config",),
        ways=(RouteKind.OUTCOME, RouteKind.EXPIRES),
        boxes=TASK_BOXES,
        is_for_people=True,
    ),
)
STEP_FORMS.register(StepKind.DECISION, StepKindForm(ways=(RouteKind.RULE, RouteKind.OTHERWISE)))
STEP_FORMS.register(
    StepKind.TABLE,
    StepKindForm(
        columns=("inputs", "outputs"),
        more_columns=("config",),
        ways=(RouteKind.TO, RouteKind.OTHERWISE),
    ),
)
STEP_FORMS.register(StepKind.PARALLEL, StepKindForm(columns=("join",), ways=(RouteKind.BRANCH,)))
STEP_FORMS.register(StepKind.JOIN, StepKindForm(columns=("wait_for",), ways=(RouteKind.TO,)))
STEP_FORMS.register(StepKind.AUTOMATION, _system_form(AUTOMATION_BOXES))
STEP_FORMS.register(StepKind.WAIT, _system_form(WAIT_BOXES))
STEP_FORMS.register(StepKind.SUBWORKFLOW, _system_form(SUBWORKFLOW_BOXES))
STEP_FORMS.register(StepKind.END, StepKindForm(columns=("result",), ways=(RouteKind.REOPEN,)))


def find_step_form(kind: str) -> StepKindForm:
    """The form of a kind of step; one that shows nothing of its own where there is none."""
    return STEP_FORMS.find(kind) or StepKindForm()


def find_setting_boxes(step: Step) -> list[SettingBox]:
    """The boxes of a step: those of its kind, and those of its action's settings."""
    boxes = [*find_step_form(step.kind).boxes, *OWNER_BOXES]
    if step.kind == StepKind.TABLE:
        boxes = [*build_table_boxes(step), *boxes]
    if step.kind in HOLDING_KINDS:
        boxes += HOLD_BOXES
    elif step.kind == StepKind.END:
        boxes.append(CONFIRM_BOX)
    action = action_named(str((step.config or {}).get("action") or ""))
    if step.kind == StepKind.AUTOMATION and action is not None:
        boxes += ACTION_BOXES.get(str((step.config or {}).get("action")), ())
        boxes += [_box_of_action_setting(setting) for setting in action.settings or ()]
    return boxes


def _box_of_action_setting(setting: ActionSetting) -> SettingBox:
    return SettingBox(
        path=("with", setting.name),
        build=lambda: _BUILD_BY_SETTING_KIND[setting.kind](setting),
        holds=setting.takes,
    )


def _build_text_box(setting: ActionSetting) -> forms.Field:
    return TextField(rows=1, label=str(setting.title))


def _build_yes_no_box(setting: ActionSetting) -> forms.Field:
    return OptionalYesNoField(label=str(setting.title))


def _build_choice_box(setting: ActionSetting) -> forms.Field:
    return forms.TypedChoiceField(
        choices=[("", NOT_SAID), *((choice, choice) for choice in setting.choices)],
        required=False,
        empty_value=None,
        label=str(setting.title),
        widget=UnfoldAdminSelectWidget,
    )


_BUILD_BY_SETTING_KIND: Mapping[SettingKind, Callable[[ActionSetting], forms.Field]] = {
    SettingKind.TEXT: _build_text_box,
    SettingKind.YES_NO: _build_yes_no_box,
    SettingKind.CHOICE: _build_choice_box,
}
