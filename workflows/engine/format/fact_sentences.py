"""In words what rules ask beside fields: who asked, and what was decided so far."""

from typing import Final

from workflows.engine.format.definition import EXPIRED, Definition, display_title
from workflows.engine.format.person_facts import REQUESTER_WORDS
from workflows.engine.rules.fact_names import OUTCOME_OF, fact_words
from workflows.engine.texts import Text, text

REQUESTERS_GROUPS: Final = "requester.groups"


def fact_text(definition: Definition, name: str) -> Text | None:
    """What is asked, as a part of a sentence; None for a name that is no fact of this map."""
    if name in REQUESTER_WORDS:
        return REQUESTER_WORDS[name]
    head, *words = fact_words(name) or ("",)
    if not words or words[0] not in definition.steps:
        return None
    step = display_title(words[0], definition.steps[words[0]].name)
    if head == OUTCOME_OF:
        return text("the last outcome of “%(step)s”", step=step)
    return text(
        "the number of times that “%(step)s” ended with “%(outcome)s”",
        step=step,
        outcome=outcome_label(definition, words[0], words[-1]),
    )


def fact_value(definition: Definition, name: str, written: str) -> Text | str:
    """What a fact is compared with: an outcome by its button."""
    head, *words = fact_words(name)
    return outcome_label(definition, words[0], written) if head == OUTCOME_OF else written


def outcome_label(definition: Definition, step: str, outcome: str) -> Text | str:
    """An outcome of a step as people read it."""
    route = getattr(definition.steps[step], "outcomes", {}).get(outcome)
    if route is None and outcome == EXPIRED:
        return text("Expired")
    return display_title(outcome, route.label if route is not None else None)
