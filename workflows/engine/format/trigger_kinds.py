"""What starts requests besides the form: the kinds of triggers that a map may name."""

from dataclasses import dataclass
from typing import Final, Literal

from workflows.engine.registries import Registry
from workflows.engine.texts import Text, text

WEBHOOK: Final = "webhook"
SCHEDULE: Final = "schedule"
WORKFLOW_END: Final = "workflow_end"
PUBLIC_FORM: Final = "public_form"


@dataclass(frozen=True, kw_only=True)
class TriggerKind:
    """One kind of triggers.

    `own_key` is the key of the file that goes with this kind and no other; `takes_settings` says
    that it may have keys and values under `with`. Where it `brings_values`, what stands in the form
    is known only when something comes in.
    """

    title: Text
    own_key: Literal["cron", "workflow"] | None = None
    takes_settings: bool = False
    brings_values: bool = False


TRIGGER_KINDS: Final = Registry("triggers", TriggerKind, noun="kind of trigger")
TRIGGER_KINDS.register(WEBHOOK, TriggerKind(title=text("Webhook"), brings_values=True))
TRIGGER_KINDS.register(SCHEDULE, TriggerKind(title=text("Schedule"), own_key="cron"))
TRIGGER_KINDS.register(
    WORKFLOW_END, TriggerKind(title=text("Another workflow's end"), own_key="workflow")
)
TRIGGER_KINDS.register(PUBLIC_FORM, TriggerKind(title=text("A public form"), brings_values=True))
