"""What the page of each kind of step shows: its columns, its ways, boxes for settings of its own.

Each kind is declared once. A company's package may put another form in the place of a kind's
(`STEP_FORMS.replace`); what an action declares of its settings has its boxes by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from workflows.definitions.admin.field_boxes.row_fields import Column, PairsField, RowsField
from workflows.definitions.admin.field_boxes.table_cells import (
    NOTE,
    SET,
    TO,
    WHEN,
    cells_of_row,
    row_of_cells,
    said_cells,
)
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
    choice_field,
)
from workflows.definitions.admin.table_view import field_labels, table_heading
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


# -- tables -----------------------------------------------------------------------------------

MOST_CELLS: Final = 1_500
"""A table of more cells is not shown as a form."""
HIT_WORDS: Final = (
    ("unique", gettext_lazy("the one that holds; no two may")),
    ("first", gettext_lazy("the first that holds")),
    ("collect", gettext_lazy("all that hold, put together")),
)


COLLECT_WORDS: Final = (
    ("sum", gettext_lazy("their sum")),
    ("min", gettext_lazy("the least of them")),
    ("max", gettext_lazy("the most of them")),
    ("count", gettext_lazy("how many they are")),
    ("list", gettext_lazy("a list of all")),
)


class TableRowsField(RowsField):
    """The rows of a table. A cell that is not touched stays what it is, to the letter."""

    def __init__(self, step: Step, **kwargs: Any) -> None:
        self.before: list[Mapping[str, Any]] = list((step.config or {}).get("rows") or [])
        super().__init__(_columns_of_table(step, self.before), blank=3, **kwargs)

    def offer(self, options: Sequence[Any], current: Any) -> None:
        """The steps that a row may lead to."""
        self.widget.choices[TO] = [("", "—"), *options]

    def prepare_value(self, value: Any) -> Any:
        """Rows of the file as rows of cells."""
        is_file = [any(name in row for name in ("when", "set")) for row in value or ()]
        rows = zip(value or (), is_file, strict=True)
        return [cells_of_row(row) if as_file else row for row, as_file in rows] or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether a cell says something else."""
        shown, sent = self.prepare_value(initial), self.to_python(data)
        return said_cells(shown) != said_cells(sent)

    def clean(self, value: Any) -> Any:
        """The rows as the file has them; None where there is none."""
        rows = self.to_python(value)
        if rows is None:
            return None
        before = [*self.before, *[{}] * len(rows)]
        return [row_of_cells(row, was) for row, was in zip(rows, before, strict=False)]


class KeptRowsField(forms.Field):
    """The rows of a table that is too large for a page: they stay as they are."""

    def __init__(self, count: int, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"readonly": True})
        super().__init__(**{"required": False, "disabled": True, "widget": widget, **kwargs})
        self.count = count

    def prepare_value(self, value: Any) -> str:
        """How many there are."""
        return gettext("%(count)s rows: too many for a page. Edit them as a file.") % {
            "count": self.count
        }

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Never here."""
        return False


def _columns_of_table(step: Step, rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns, headed as whoever reads the table reads them. One statement."""
    labels = field_labels(step)
    return [
        Column(
            name=name,
            label=table_heading(name, labels),
            placeholder="-" if name.startswith(WHEN) else "",
            choices=[("", "—")] if name == TO else None,
        )
        for name in _column_names(step, rows)
    ]


def _column_names(step: Step, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    asked = [*(step.inputs or []), *(key for row in rows for key in row.get("when") or {})]
    given = [*(step.outputs or []), *(key for row in rows for key in row.get("set") or {})]
    names = [*(f"{WHEN}{key}" for key in asked), *(f"{SET}{key}" for key in given)]
    is_led = (step.config or {}).get("hit") != "collect"
    return [*dict.fromkeys(names), *([TO] if is_led else []), NOTE]


def build_table_boxes(step: Step) -> list[SettingBox]:
    """The boxes of a table."""
    rows = (step.config or {}).get("rows") or []
    boxes = [
        SettingBox(
            path=("hit",),
            build=lambda: choice_field(gettext_lazy("Which row counts"), HIT_WORDS),
        )
    ]
    is_large = len(rows) * len(_column_names(step, rows)) > MOST_CELLS
    return [
        *boxes,
        _kept_rows_box(len(rows)) if is_large else _table_rows_box(step),
        SettingBox(
            path=("defaults",),
            offers="fields",
            holds=_holds_pairs,
            build=lambda: PairsField(
                label=gettext_lazy("Results where no row holds"), name=gettext_lazy("field")
            ),
        ),
        SettingBox(
            path=("collect",),
            offers="fields",
            holds=_holds_pairs,
            group=gettext_lazy("Where all rows that hold count"),
            build=lambda: PairsField(
                label=gettext_lazy("What is made of their results"),
                name=gettext_lazy("field"),
                value=gettext_lazy("how"),
                values=(("", "—"), *COLLECT_WORDS),
            ),
        ),
        SettingBox(
            path=("exceptions",),
            offers="step_keys",
            holds=lambda value: isinstance(value, list),
            build=lambda: NamesField(
                label=gettext_lazy("Exception paths"),
                help_text=gettext_lazy("Steps to which a way is no usual one."),
            ),
        ),
    ]


def _table_rows_box(step: Step) -> SettingBox:
    return SettingBox(
        path=("rows",),
        offers="step_keys",
        holds=lambda value: isinstance(value, list),
        build=lambda: TableRowsField(
            step,
            label=gettext_lazy("Rows"),
            help_text=gettext_lazy(
                "Empty is any value. A value, several parted by commas, < 5000, [0..5000),"
                " not(EU), null for an empty field. A column more: add the field above and save."
            ),
        ),
    )


def _kept_rows_box(count: int) -> SettingBox:
    return SettingBox(
        path=("rows",),
        holds=lambda value: isinstance(value, list),
        build=lambda: KeptRowsField(count, label=gettext_lazy("Rows")),
    )


def _holds_pairs(value: Any) -> bool:
    return isinstance(value, Mapping)
