"""What a row of a map may be, with the words that people read for it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from workflows.engine.values.field_types.base import FIELD_TYPES

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


def field_type_choices() -> list[tuple[str, str]]:
    """The registered field types, with what people read for each."""
    return [(field_type.name, str(field_type.title)) for field_type in FIELD_TYPES.entries()]


class StepKind(TextChoices):
    """What a step of a map is."""

    APPROVAL = "approval", gettext_lazy("approval (a person decides)")
    TASK = "task", gettext_lazy("task (a person does something)")
    DECISION = "decision", gettext_lazy("decision (rules choose the way)")
    TABLE = "table", gettext_lazy("table (rows choose the way and set fields)")
    PARALLEL = "parallel", gettext_lazy("parallel (several branches at once)")
    JOIN = "join", gettext_lazy("join (merge check)")
    AUTOMATION = "automation", gettext_lazy("automation")
    WAIT = "wait", gettext_lazy("wait")
    SUBWORKFLOW = "subworkflow", gettext_lazy("subworkflow")
    END = "end", gettext_lazy("end")


KIND_TITLES: Mapping[str, "_StrOrPromise"] = {
    StepKind.APPROVAL: gettext_lazy("Somebody approves"),
    StepKind.TASK: gettext_lazy("Somebody does something"),
    StepKind.DECISION: gettext_lazy("A rule decides the way"),
    StepKind.TABLE: gettext_lazy("A table decides"),
    StepKind.PARALLEL: gettext_lazy("Things at the same time"),
    StepKind.JOIN: gettext_lazy("Where they come together"),
    StepKind.AUTOMATION: gettext_lazy("Handoff does it"),
    StepKind.WAIT: gettext_lazy("Wait"),
    StepKind.SUBWORKFLOW: gettext_lazy("Another workflow"),
    StepKind.END: gettext_lazy("End"),
}
"""What kinds of steps are called where they are chosen."""


class RouteKind(TextChoices):
    """What a way between two steps is."""

    OUTCOME = "outcome", gettext_lazy("outcome")
    RULE = "rule", gettext_lazy("rule")
    ROW = "row", gettext_lazy("row")
    OTHERWISE = "otherwise", gettext_lazy("otherwise")
    BRANCH = "branch", gettext_lazy("branch")
    TO = "to", gettext_lazy("next")
    ON_ERROR = "on_error", gettext_lazy("on error")
    EXPIRES = "expires", gettext_lazy("when time is up")
    REOPEN = "reopen", gettext_lazy("reopen at")


KIND_WORDS = (
    *(gettext_noop("approval"), gettext_noop("task"), gettext_noop("decision")),
    *(gettext_noop("table"), gettext_noop("row")),
    *(gettext_noop("parallel"), gettext_noop("join"), gettext_noop("automation")),
    *(gettext_noop("wait"), gettext_noop("subworkflow"), gettext_noop("end")),
    *(gettext_noop("outcome"), gettext_noop("rule"), gettext_noop("otherwise")),
    *(gettext_noop("branch"), gettext_noop("next"), gettext_noop("error"), gettext_noop("reopen")),
)
"""What kinds of steps and of ways are called in one word."""


def kind_word(code: str) -> str:
    """A kind of steps or of ways in a word; one that a company has added, by its code."""
    return gettext(code) if code in KIND_WORDS else code
