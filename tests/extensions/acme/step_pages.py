"""A form of the company's own for waits, and settings of an action with boxes of their own."""

from dataclasses import replace

from workflows.definitions.admin.form_fields import TextField
from workflows.definitions.admin.step_forms import STEP_FORMS, SettingBox
from workflows.engine.format.actions import (
    ActionResult,
    ActionSetting,
    Job,
    SettingKind,
    action,
)
from workflows.engine.texts import text

STEP_FORMS.replace(
    "wait",
    replace(
        STEP_FORMS["wait"],
        boxes=(SettingBox(path=("for",), build=lambda: TextField(rows=1, label="Waits for")),),
    ),
)


@action(
    "acme.order_badge",
    settings=(
        ActionSetting(name="building", title=text("Building"), is_required=True),
        ActionSetting(
            name="colour",
            title=text("Colour"),
            kind=SettingKind.CHOICE,
            choices=("red", "green"),
        ),
        ActionSetting(name="urgent", title=text("Urgent"), kind=SettingKind.YES_NO),
    ),
)
def order_badge(job: Job) -> ActionResult:
    return ActionResult(answer={"badge": job.parameters["building"]})
