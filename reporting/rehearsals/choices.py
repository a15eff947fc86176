"""The forms of a rehearsal's page: how many runs, and what would be different."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from django import forms
from django.utils.translation import gettext_lazy

from workflows.engine.format.definition import Definition, HumanStep, display_title
from workflows.engine.rehearsal.what_if import Change
from workflows.engine.routing.separation import forward_outcome

FEWEST: Final = 10
USUAL: Final = 100
MOST: Final = 300
LARGEST_SEED: Final = 999_999
NUMBER: Final = re.compile(r"(?<![\w.'])[0-9]+(?:\.[0-9]+)?(?![\w.'])")


class RehearsalForm(forms.Form):
    """How a rehearsal goes, and what it is compared with. It is sent by GET: nothing changes."""

    runs = forms.IntegerField(
        label=gettext_lazy("Requests"), min_value=FEWEST, max_value=MOST, initial=USUAL
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Course of chance"),
        min_value=0,
        max_value=LARGEST_SEED,
        initial=1,
        help_text=gettext_lazy("The same number, the same course."),
    )
    person = forms.ChoiceField(label=gettext_lazy("One more person in the role"), required=False)
    volume = forms.ChoiceField(label=gettext_lazy("Requests that come in"), required=False)
    without = forms.ChoiceField(label=gettext_lazy("Without the step"), required=False)
    automate = forms.ChoiceField(label=gettext_lazy("An automation does the step"), required=False)
    parallel = forms.ChoiceField(label=gettext_lazy("Both at once"), required=False)
    threshold = forms.ChoiceField(label=gettext_lazy("A limit in a rule"), required=False)
    limit = forms.RegexField(
        label=gettext_lazy("The limit is then"),
        regex=r"^[0-9]{1,15}(\.[0-9]{1,10})?$",
        required=False,
        error_messages={"invalid": gettext_lazy("Write a number such as 20000 or 2.5.")},
    )

    def __init__(self, definition: Definition, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        steps = list(_human_steps(definition))
        titles = {key: display_title(key, step.name) for key, step in steps}
        roles = [name for name, role in definition.roles.items() if role.is_static]
        self._offer("person", [(name, display_title(name, None)) for name in roles])
        self._offer(
            "volume",
            [("0.5", gettext_lazy("half as many")), ("2", gettext_lazy("twice as many"))],
        )
        self._offer("without", list(titles.items()))
        self._offer("automate", list(titles.items()))
        self._offer("parallel", list(_pairs(steps, titles)))
        self._offer("threshold", list(_limits(definition)))

    def _offer(self, name: str, choices: Sequence[tuple[str, object]]) -> None:
        none = gettext_lazy("as today")
        self.fields[name].choices = [("", none), *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        """A limit goes with the rule that it is of."""
        cleaned: dict[str, object] = super().clean() or {}
        if bool(cleaned.get("threshold")) != bool(cleaned.get("limit")) and not self.errors:
            self.add_error("limit", gettext_lazy("Choose a limit, and write what it is then."))
        return cleaned

    @property
    def alternatives(self) -> list[tuple[Change, ...]]:
        """Each change that was chosen, by itself."""
        said = self.cleaned_data
        changes = []
        if said["person"]:
            changes.append(Change(kind="person", name=said["person"]))
        if said["volume"]:
            changes.append(Change(kind="volume", factor=float(said["volume"])))
        for kind in ("without", "automate"):
            if said[kind]:
                changes.append(Change(kind=kind, name=said[kind]))
        if said["parallel"]:
            changes.append(Change(kind="parallel", names=tuple(said["parallel"].split(","))))
        if said["threshold"]:
            step, before = said["threshold"].split(":")
            changes.append(Change(kind="threshold", name=step, before=before, after=said["limit"]))
        return [(change,) for change in changes]


def _human_steps(definition: Definition) -> Iterator[tuple[str, HumanStep]]:
    for key, step in definition.steps.items():
        if isinstance(step, HumanStep):
            yield key, step


def _pairs(
    steps: Sequence[tuple[str, HumanStep]], titles: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Two steps of people of which one follows right after the other."""
    for key, step in steps:
        after = step.outcomes[forward_outcome(step)].to
        if after in titles and after != key:
            yield f"{key},{after}", f"{titles[key]}, {titles[after]}"


def _limits(definition: Definition) -> Iterator[tuple[str, str]]:
    """The numbers that the rules of each step speak of."""
    seen = set[str]()
    for link in definition.links():
        for number in NUMBER.findall(link.route.when or ""):
            name = f"{link.source}:{number}"
            if name not in seen:
                seen.add(name)
                title = display_title(link.source, definition.steps[link.source].name)
                yield name, f"{title}: {number}"
