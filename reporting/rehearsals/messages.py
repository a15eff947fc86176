"""What a rehearsal's page says of codes."""

from collections.abc import Mapping

from django.utils.translation import gettext, gettext_lazy

from approvals.ui.tables import Sentence
from workflows.engine.format.definition import Definition, HumanStep, display_title
from workflows.engine.rehearsal.what_if import Change

KIND_TITLES: Mapping[str, Sentence] = {
    "never_ends": gettext_lazy("Never ends"),
    "nobody": gettext_lazy("Nobody there"),
    "quorum_unreachable": gettext_lazy("Too few people"),
    "barred": gettext_lazy("Everybody is kept away"),
    "automation_fails": gettext_lazy("Fails, with no way on"),
    "incident": gettext_lazy("Cannot go on"),
    "merge_conflict": gettext_lazy("Branches disagree"),
    "too_many_rounds": gettext_lazy("Round and round"),
    "role_overloaded": gettext_lazy("A role drowns"),
    "overdue": gettext_lazy("Late"),
    "rule_never": gettext_lazy("A condition never holds"),
    "rule_always": gettext_lazy("A condition always holds"),
    "dead_step": gettext_lazy("Never reached"),
    "single_person": gettext_lazy("One person only"),
}

_OTHER_OUTCOMES: Mapping[str, Sentence] = {
    "start": gettext_lazy("starts"),
    "done": gettext_lazy("done"),
    "failed": gettext_lazy("failed"),
    "retry": gettext_lazy("tried again"),
    "merge_resolved": gettext_lazy("the owner chose between the branches"),
}


def outcome_words(definition: Definition, step: str | None, outcome: str) -> str:
    """How a step was decided, as its button says it."""
    said = definition.steps.get(step or "")
    if isinstance(said, HumanStep) and outcome in said.outcomes:
        return display_title(outcome, said.outcomes[outcome].label)
    return str(_OTHER_OUTCOMES.get(outcome, outcome))


def change_words(definition: Definition, change: Change) -> str:
    """A change at the head of its column."""

    def title(key: str) -> str:
        step = definition.steps.get(key)
        return display_title(key, step.name if step else None)

    if change.kind == "person":
        return gettext("One more in %(role)s") % {"role": display_title(change.name, None)}
    if change.kind == "volume":
        return (
            gettext("Half as many requests")
            if change.factor < 1
            else gettext("Twice as many requests")
        )
    if change.kind == "without":
        return gettext("Without “%(step)s”") % {"step": title(change.name)}
    if change.kind == "automate":
        return gettext("“%(step)s” by an automation") % {"step": title(change.name)}
    if change.kind == "parallel":
        first, second = change.names
        places = {"first": title(first), "second": title(second)}
        return gettext("“%(first)s” and “%(second)s” at once") % places
    places = {"step": title(change.name), "before": change.before, "after": change.after}
    return gettext("“%(step)s”: %(after)s instead of %(before)s") % places
