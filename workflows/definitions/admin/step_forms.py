"""What the page of each kind of step shows: its columns, its ways, boxes for settings of its own.

Each kind is declared once. A company's package may put another form in the place of a kind's
(`STEP_FORMS.replace`); what an action declares of its settings has its boxes by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from workflows.definitions.admin.form_fields import NOT_SAID, OptionalYesNoField, TextField
from workflows.definitions.choices import RouteKind, StepKind
from workflows.definitions.models import Step
from workflows.engine.format.actions import ActionSetting, SettingKind, action_named
from workflows.engine.registries import Registry

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class SettingBox:
    """A box for one setting of a step: `path` is where it stands in what only this kind has.

    `build` makes the form field, which gives None where nothing is said; `holds` says which
    settings it can show, and the others stay under "More".
    """

    path: tuple[str, ...]
    build: Callable[[], forms.Field]
    holds: Callable[[Any], bool] = lambda value: isinstance(value, str)

    @property
    def name(self) -> str:
        """What the form calls it."""
        return f"setting_{'_'.join(self.path)}"

    def read(self, config: Mapping[str, Any] | None) -> Any:
        """The setting, or None where it is not said or cannot be shown."""
        value: Any = config
        for key in self.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if self.holds(value) else None


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
SYSTEM_FORM: Final = StepKindForm(
    columns=("role", "expected", "config"), ways=(RouteKind.TO, RouteKind.ON_ERROR)
)


def _build_reaction_box(title: "_StrOrPromise") -> forms.Field:
    return forms.TypedChoiceField(
        choices=[
            ("", NOT_SAID),
            ("require", gettext_lazy("the approval is asked again")),
            ("warn", gettext_lazy("it holds; owner and deputy are told")),
            ("keep", gettext_lazy("it holds")),
        ],
        required=False,
        empty_value=None,
        label=title,
        widget=UnfoldAdminSelectWidget,
    )


def _takes_reaction(value: Any) -> bool:
    return value in ("require", "warn", "keep")


APPROVAL_BOXES: Final = (
    SettingBox(
        path=("on_change",),
        build=lambda: _build_reaction_box(gettext_lazy("When what it showed changes")),
        holds=_takes_reaction,
    ),
    SettingBox(
        path=("on_new_version",),
        build=lambda: _build_reaction_box(gettext_lazy("When a document has a new version")),
        holds=_takes_reaction,
    ),
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
        ways=(RouteKind.OUTCOME,),
        is_for_people=True,
    ),
)
STEP_FORMS.register(StepKind.DECISION, StepKindForm(ways=(RouteKind.RULE, RouteKind.OTHERWISE)))
STEP_FORMS.register(StepKind.PARALLEL, StepKindForm(columns=("join",), ways=(RouteKind.BRANCH,)))
STEP_FORMS.register(StepKind.JOIN, StepKindForm(columns=("wait_for",), ways=(RouteKind.TO,)))
STEP_FORMS.register(StepKind.AUTOMATION, SYSTEM_FORM)
STEP_FORMS.register(StepKind.WAIT, SYSTEM_FORM)
STEP_FORMS.register(StepKind.SUBWORKFLOW, SYSTEM_FORM)
STEP_FORMS.register(StepKind.END, StepKindForm(columns=("result",), ways=(RouteKind.REOPEN,)))


def find_step_form(kind: str) -> StepKindForm:
    """The form of a kind of step; one that shows nothing of its own where there is none."""
    return STEP_FORMS.find(kind) or StepKindForm()


def find_setting_boxes(step: Step) -> list[SettingBox]:
    """The boxes of a step: those of its kind, and those of its action's settings."""
    boxes = list(find_step_form(step.kind).boxes)
    action = action_named(str((step.config or {}).get("action") or ""))
    if step.kind == StepKind.AUTOMATION and action is not None:
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


def without_boxes(
    config: Mapping[str, Any] | None, boxes: Sequence[SettingBox]
) -> dict[str, Any] | None:
    """What is left for "More" when each box shows its setting."""
    settings: dict[str, Any] = dict(config or {})
    for box in boxes:
        if box.read(config) is not None:
            settings = _without_path(settings, box.path)
    return settings or None


def with_box_values(
    config: Mapping[str, Any] | None, values: Mapping[tuple[str, ...], Any]
) -> dict[str, Any] | None:
    """What "More" says with the settings of the boxes by their paths. Raises ValidationError where
    both say something of one."""
    whole: dict[str, Any] = dict(config or {})
    for path, value in values.items():
        if value is not None:
            whole = _with_path(whole, path, value)
    return whole or None


def _without_path(settings: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    key, *rest = path
    inner = _without_path(settings[key], tuple(rest)) if rest else {}
    changed = {**settings, key: inner}
    return {name: value for name, value in changed.items() if name != key or inner}


def _with_path(settings: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    key, *rest = path
    before = settings.get(key)
    if (before is not None and not rest) or (rest and not isinstance(before or {}, dict)):
        raise forms.ValidationError(
            gettext("'%(setting)s' has a box of its own; take it out of “More”.") % {"setting": key}
        )
    return {**settings, key: _with_path(before or {}, tuple(rest), value) if rest else value}
