"""What an activity of a log may be on a map, to choose from, and what is proposed by its name."""

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from django.utils.translation import gettext

from reporting.replay.activity_mapping import (
    IGNORE,
    START,
    ActivityMapping,
    MappedActivity,
    MappedDecision,
    Meaning,
    is_logged_step,
)
from workflows.engine.format.definition import Definition, HumanStep, display_title

NOTHING = ""
LIKE_ENOUGH = 0.6
"""From which likeness of two names one is proposed for the other (1: the same)."""

Choice = tuple[str, str]
Choices = list[tuple[str, str | list[Choice]]]


def meaning_choices(definition: Definition) -> Choices:
    """All that an activity may be; steps with each of their outcomes."""
    choices: Choices = [
        (NOTHING, gettext("nothing on the map")),
        (IGNORE, gettext("to be ignored")),
        (START, gettext("the start")),
    ]
    return [*choices, *_step_choices(definition)]


def _step_choices(definition: Definition) -> Iterator[tuple[str, list[Choice]]]:
    for key, step in definition.steps.items():
        if not is_logged_step(step):
            continue
        title = display_title(key, step.name)
        options = [(f"{key}/", title)]
        if isinstance(step, HumanStep) and len(step.outcomes) > 1:
            options = [(f"{key}/", gettext("%(step)s: any outcome") % {"step": title})]
            options += [
                (f"{key}/{name}", f"{title}: {display_title(name, route.label)}")
                for name, route in step.outcomes.items()
            ]
        yield title, options


def propose_meaning(activity: str, definition: Definition) -> str:
    """What an activity probably is: as it is written, else the step whose name is most like it."""
    written = ActivityMapping(definition, {}, infers_outcomes=True).meaning(activity, last=False)
    if isinstance(written, tuple):
        return f"{written[0].step}/{written[0].outcome}"
    if written is not None:
        return written
    scores = {
        f"{key}/": max(_likeness(activity, key), _likeness(activity, display_title(key, step.name)))
        for key, step in definition.steps.items()
        if is_logged_step(step)
    }
    best = max(scores, key=lambda choice: scores[choice], default=NOTHING)
    return best if best and scores[best] >= LIKE_ENOUGH else NOTHING


def _likeness(first: str, second: str) -> float:
    """How alike two names are, whatever the order of their words."""
    return SequenceMatcher(None, _sorted_words(first), _sorted_words(second)).ratio()


def _sorted_words(name: str) -> str:
    return " ".join(sorted(re.findall(r"\w+", name.lower().replace("_", " "))))


def mapping_of_choices(chosen: Mapping[str, str], definition: Definition) -> ActivityMapping:
    """The mapping that was chosen, activity by activity."""
    mapping = {
        activity: MappedActivity(meaning)
        for activity, choice in chosen.items()
        if (meaning := _meaning(choice)) is not None
    }
    return _ChosenMapping(definition, mapping, infers_outcomes=True)


def _meaning(choice: str) -> Meaning | None:
    if choice == START:
        return START
    if choice == IGNORE:
        return IGNORE
    step, _, outcome = choice.partition("/")
    return (MappedDecision(step, outcome),) if step else None


class _ChosenMapping(ActivityMapping):
    """What was not chosen is nothing on the map, however it is written."""

    def meaning(self, activity: str, *, last: bool) -> Meaning | None:
        """What was chosen."""
        return super().meaning(activity, last=last) if activity in self._mapping else None
