"""The form of a way from a step: each kind of way asks for what it has."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from workflows.definitions.admin.form_fields import (
    KeyField,
    OptionalYesNoField,
)
from workflows.definitions.admin.map_forms import MapForm
from workflows.definitions.admin.rule_field import RuleField
from workflows.definitions.admin.step_forms import find_step_form
from workflows.definitions.choices import RouteKind
from workflows.definitions.diagrams.labels import route_label
from workflows.definitions.models import Route
from workflows.engine.bpmn.vocabulary import make_key

FRONT_BOXES: Mapping[str, Sequence[str]] = {
    RouteKind.OUTCOME: ("label", "to_step", "exception"),
    RouteKind.RULE: ("when", "to_step", "exception"),
    RouteKind.BRANCH: ("to_step",),
    RouteKind.ON_ERROR: ("to_step", "exception"),
    RouteKind.EXPIRES: ("to_step", "exception"),
}
"""What of a way is asked first; the rest stands behind."""
CHAIN_BOXES = ("chain_of", "chain_until", "chain_levels")
EACH_BOXES = ("each", *CHAIN_BOXES, "row_name", "one_at_a_time", "stop_on")
"""What a branch says that is one for each of several."""
OUTCOME_SETTINGS = ("when", "comment_required", "exception", "label", "role")
SETTINGS_OF_ROUTE_KIND: Mapping[str, Sequence[str]] = {
    RouteKind.RULE: ("when", "exception"),
    RouteKind.BRANCH: ("when", *EACH_BOXES),
    RouteKind.ROW: ("exception", "label"),
    RouteKind.ON_ERROR: ("exception",),
    RouteKind.EXPIRES: ("exception",),
    **dict.fromkeys((RouteKind.OTHERWISE, RouteKind.TO, RouteKind.REOPEN), ()),
}
"""What the ways besides outcomes may say; what the file has no place for would be lost."""


class RouteForm(MapForm):
    """A way from a step."""

    exception = OptionalYesNoField(label=gettext_lazy("Exception path"))
    one_at_a_time = OptionalYesNoField(label=gettext_lazy("One at a time"))
    when = RuleField(label=pgettext_lazy("a rule", "When"))
    chain_until = RuleField(label=gettext_lazy("Up to the first of whom"))
    rows = {"to_step": "step_rows", "role": "role_rows"}
    step_kind = ""

    class Meta:
        model = Route
        fields = (
            *("position", "kind", "name", "to_step", "when"),
            *("comment_required", "exception", "label", "role"),
            *EACH_BOXES,
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = (*find_step_form(self.step_kind).ways, self.instance.kind)
        kinds = [choice for choice in RouteKind.choices if choice[0] in allowed]
        field: Any = self.fields["kind"]
        field.choices = kinds
        when: Any = self.fields["when"]
        when.offer_fields(self.offer.asked_fields, self.offer.read_facts)
        self._offer_lists()
        self._offer_managers()
        if not self.instance.pk and kinds:
            field.initial = kinds[0][0]

    def _offer_lists(self) -> None:
        """The fields of the map that hold rows or several people."""
        lists = [field.key for field in self.offer.field_list if field.type in ("list", "users")]
        written = self.instance.each
        keys = list(dict.fromkeys([*lists, *([written] if written else [])]))
        self.fields["each"] = forms.TypedChoiceField(
            label=self.fields["each"].label,
            help_text=self.fields["each"].help_text,
            choices=[("", "---------"), *((key, key) for key in keys)],
            required=False,
            empty_value=None,
        )

    def _offer_managers(self) -> None:
        """From whom a chain of managers may start, and what its rule may name."""
        written = self.instance.chain_of
        offered = self.offer.chain_starts
        if written and written not in dict(offered):
            offered = [*offered, (written, written)]
        self.fields["chain_of"] = forms.TypedChoiceField(
            label=self.fields["chain_of"].label,
            help_text=self.fields["chain_of"].help_text,
            choices=[("", "---------"), *offered],
            required=False,
            empty_value=None,
        )
        until: Any = self.fields["chain_until"]
        until.help_text = Route._meta.get_field("chain_until").help_text
        until.offer_fields(self.offer.chain_fields)

    def clean(self) -> dict[str, Any]:
        """An outcome has a name, which is a key; the other ways have none, and say less."""
        cleaned = super().clean()
        for name in (*OUTCOME_SETTINGS, *EACH_BOXES):
            if cleaned.get(name) and name not in SETTINGS_OF_ROUTE_KIND.get(
                cleaned.get("kind", ""), OUTCOME_SETTINGS
            ):
                self.add_error(name, gettext("This kind of way does not say this; leave it empty."))
        self._check_each(cleaned)
        self._check_rule(cleaned)
        if cleaned.get("kind") != "outcome":
            return cleaned | {"name": ""}
        if not cleaned.get("name") and cleaned.get("label"):
            cleaned["name"] = make_key(cleaned["label"], (), otherwise="outcome")
        try:
            KeyField(dashes=True).clean(cleaned.get("name"))
        except forms.ValidationError as problem:
            self.add_error("name", problem)
        return cleaned

    @property
    def _kind(self) -> str:
        return str(self["kind"].value() or "")

    @property
    def way_title(self) -> str:
        """What a way that is there is called above its boxes."""
        return route_label(self.instance) or str(self.instance.get_kind_display())

    @property
    def front_boxes(self) -> list[Any]:
        """What is asked first of a way of this kind."""
        return [self[name] for name in FRONT_BOXES.get(self._kind, ("to_step",))]

    @property
    def tick_boxes(self) -> list[Any]:
        """What is ticked."""
        names = ["comment_required"] if self._kind == RouteKind.OUTCOME else []
        names += ["DELETE"] if "DELETE" in self.fields and self.instance.pk else []
        return [self[name] for name in names]

    @property
    def further_boxes_here(self) -> list[Any]:
        """What only some ways say."""
        front = FRONT_BOXES.get(self._kind, ("to_step",))
        names = [name for name in ("kind", "name", "when", "role", "label") if name not in front]
        if self._kind != RouteKind.OUTCOME:
            is_branch = self._kind == RouteKind.BRANCH
            names = ["when", *EACH_BOXES, "kind"] if is_branch else ["kind"]
        return [self[name] for name in (*names, "position") if name in self.fields]

    @property
    def has_more_said(self) -> bool:
        """Whether something stands there, or is wrong there."""
        wrong = any(box.errors for box in self.further_boxes_here)
        asked = {RouteKind.OUTCOME: ("when", "role"), RouteKind.BRANCH: ("when", *EACH_BOXES)}
        said = asked.get(RouteKind(self._kind), ()) if self._kind else ()
        return wrong or any(self[name].value() for name in said)

    def _check_each(self, cleaned: Mapping[str, Any]) -> None:
        """What belongs to rows stands only where there are some."""
        if cleaned.get("row_name"):
            try:
                KeyField().clean(cleaned["row_name"])
            except forms.ValidationError as problem:
                self.add_error("row_name", problem)
        self._check_chain(cleaned)
        for name in EACH_BOXES[len(CHAIN_BOXES) + 1 :]:
            if cleaned.get(name) and not (cleaned.get("each") or cleaned.get("chain_of")):
                self.add_error("each", gettext("Name the list or the people."))
                return

    def _check_chain(self, cleaned: Mapping[str, Any]) -> None:
        """A chain of managers says from whom and how far; it is no list besides."""
        if cleaned.get("each") and cleaned.get("chain_of"):
            self.add_error("chain_of", gettext("Choose either a list or managers."))
        elif cleaned.get("chain_of") and not cleaned.get("chain_until"):
            self.add_error("chain_until", gettext("Say up to which manager, by a rule."))
        elif not cleaned.get("chain_of") and any(cleaned.get(name) for name in CHAIN_BOXES):
            self.add_error("chain_of", gettext("Say whose managers."))

    def _check_rule(self, cleaned: Mapping[str, Any]) -> None:
        """What the audit would say of a rule, where the rule is changed."""
        for name in ("when", "chain_until"):
            field: Any = self.fields[name]
            if name in self.changed_data and name not in self.errors:
                try:
                    field.check(cleaned.get(name))
                except forms.ValidationError as problem:
                    self.add_error(name, problem)
