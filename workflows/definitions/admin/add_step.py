"""Adding a step where the picture shows it: behind another, on a way, or at the same time."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from workflows.definitions.admin.field_boxes.row_fields import with_group
from workflows.definitions.admin.map_options import VersionOptions
from workflows.definitions.admin.owners import NEW, key_of_role, read_owner
from workflows.definitions.admin.rule_field import RuleField
from workflows.definitions.choices import KIND_TITLES, RouteKind, StepKind
from workflows.definitions.diagrams.labels import route_label
from workflows.definitions.models import Route, Step
from workflows.engine.editing.adding import (
    ORDINARY,
    Added,
    AtStart,
    Behind,
    Beside,
    OnWay,
    Place,
    add_step,
)
from workflows.engine.editing.new_steps import NewStep
from workflows.engine.editing.ways import Form
from workflows.engine.format.definition import display_title

OWNED: Final = (StepKind.APPROVAL, StepKind.TASK, StepKind.AUTOMATION, StepKind.SUBWORKFLOW)
ROUTING: Final = (StepKind.DECISION, StepKind.TABLE)
ADDED_KINDS: Final = tuple(kind for kind in StepKind if kind != StepKind.JOIN)
ROLE: Final = "role:"


def read_labels() -> dict[str, str]:
    """What the outcomes and ends of a new step are called in the language of whoever adds it;
    nothing where that is what their keys say already."""
    words = {
        "approve": gettext("Approve"),
        "reject": gettext("Reject"),
        "done": gettext("Done"),
        "approved": gettext("Approved"),
        "rejected": gettext("Rejected"),
    }
    return {key: word for key, word in words.items() if word != display_title(key, None)}


def place_choices(step: Step, routes: Sequence[Route]) -> list[tuple[str, Any]]:
    """Where a step can be added around this one."""
    name = str(step)
    choices: list[tuple[str, Any]] = []
    if step.kind not in (StepKind.END, *ROUTING):
        choices.append(("behind", gettext("behind “%(step)s”") % {"step": name}))
    if step.kind in (*ORDINARY, StepKind.JOIN):
        choices.append(("beside", gettext("at the same time as “%(step)s”") % {"step": name}))
    ways = [route for route in routes if route.kind != RouteKind.REOPEN]
    for number, (route, place) in enumerate(_number_ways(ways), start=1):
        label = route_label(route) or gettext("way %(number)s") % {"number": number}
        words = gettext("between, on “%(way)s” to “%(step)s”")
        choices.append((place, words % {"way": label, "step": route.to_step}))
    if step.pk == step.version.first_step_id:
        choices.append(("start", gettext("before “%(step)s”") % {"step": name}))
    return choices


def _number_ways(routes: Sequence[Route]) -> list[tuple[Route, str]]:
    """Each way with how its place is written: outcomes by name, rules, branches and rows by
    number."""
    numbers: dict[str, int] = {}
    placed = []
    for route in routes:
        numbers[route.kind] = numbers.get(route.kind, 0) + 1
        is_listed = route.kind in (RouteKind.RULE, RouteKind.BRANCH, RouteKind.ROW)
        name = str(numbers[route.kind]) if is_listed else route.name
        placed.append((route, f"way:{route.kind}:{name}"))
    return placed


class AddStepForm(forms.Form):
    """What a new step is, and where it goes; the rest has defaults."""

    place = forms.ChoiceField(
        label=gettext_lazy("Where"), widget=UnfoldAdminSelectWidget, required=True
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What happens"),
        choices=[(kind.value, KIND_TITLES[kind]) for kind in ADDED_KINDS],
        widget=UnfoldAdminSelectWidget,
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    owner = forms.ChoiceField(
        label=gettext_lazy("Who"), required=False, widget=UnfoldAdminSelectWidget
    )
    rule = RuleField(
        label=gettext_lazy("The rule"),
        help_text=gettext_lazy("Only where a rule decides the way: when this holds …"),
    )
    rule_to = forms.ChoiceField(
        label=gettext_lazy("… it goes to"), required=False, widget=UnfoldAdminSelectWidget
    )

    def __init__(
        self, step: Step, routes: Sequence[Route], offer: VersionOptions, **kwargs: Any
    ) -> None:
        super().__init__(**{"prefix": "new", **kwargs})
        self.step, self.offer = step, offer
        roles = [(f"{ROLE}{key}", name) for key, name in offer.role_keys]
        fields: dict[str, Any] = self.fields
        fields["place"].choices = place_choices(step, routes)
        fields["owner"].choices = [
            ("", "—"),
            *with_group(gettext("Roles of this map"), roles),
            *offer.owners,
        ]
        steps = [(said.key, str(said)) for said in offer.step_list]
        fields["rule_to"].choices = [("", gettext("the same step, for now")), *steps]
        fields["rule"].offer_fields(offer.asked_fields, offer.read_facts)

    def clean(self) -> dict[str, Any]:
        """A rule that is given fits the fields."""
        cleaned = super().clean() or self.cleaned_data
        rule: Any = self.fields["rule"]
        try:
            rule.check(cleaned.get("rule"))
        except forms.ValidationError as problem:
            self.add_error("rule", problem)
        if not cleaned.get("name") and cleaned.get("kind") not in ROUTING:
            self.add_error("name", gettext("Give the step a name."))
        return cleaned

    def add_to(self, form: Form) -> Added:
        """The map with the step. Raises InvalidInput."""
        said = self.cleaned_data
        form, role = put_role_in(form, said["owner"] if said["kind"] in OWNED else "")
        new = NewStep(
            kind=said["kind"],
            name=said["name"],
            role=role,
            rule=said["rule"],
            rule_to=said["rule_to"],
            workflow=next((key for key, _ in self._other_workflows()), ""),
            labels=read_labels(),
        )
        return add_step(form, self._place(said["place"]), new)

    def _other_workflows(self) -> Sequence[tuple[str, Any]]:
        if self.cleaned_data["kind"] != StepKind.SUBWORKFLOW:
            return ()
        return self.offer.workflows

    def _place(self, written: str) -> Place:
        if written == "start":
            return AtStart()
        if written == "behind":
            return Behind(step=self.step.key)
        if written == "beside":
            return Beside(step=self.step.key)
        _, kind, name = written.split(":", 2)
        return OnWay(step=self.step.key, kind=kind, name=name)


def put_role_in(form: Form, chosen: str) -> tuple[Form, str | None]:
    """The map with the role that was chosen, and its key; made where it is not there."""
    if not chosen:
        return form, None
    if not chosen.startswith(NEW):
        return form, chosen.removeprefix(ROLE)
    read = read_owner(chosen)
    assert read is not None
    name, settings = read
    roles = dict(form.get("roles") or {})
    key = key_of_role(name, roles, settings)
    return {**form, "roles": {**roles, key: settings}}, key
