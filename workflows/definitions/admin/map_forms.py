"""Forms for the rows of a map, with what the same version offers to choose from."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy
from pydantic import TypeAdapter
from pydantic import ValidationError as PydanticValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from workflows.definitions.admin.field_boxes.column_box import ColumnsField
from workflows.definitions.admin.field_boxes.constraint_box import (
    ConstraintsField,
    constraints_of,
    require_fitting,
    with_constraints,
)
from workflows.definitions.admin.field_boxes.row_fields import PairsField
from workflows.definitions.admin.form_fields import (
    NOT_SAID,
    CountField,
    DataField,
    KeyField,
    LinesField,
    NameField,
    NamesField,
    OptionalYesNoField,
    Options,
    SpanField,
    TextField,
    WorkingTimeField,
    drop_line_breaks,
    normalize_line_ends,
)
from workflows.definitions.admin.map_options import VersionOptions
from workflows.definitions.admin.owners import OwnerField
from workflows.definitions.admin.role_boxes import PREFIX, build_role_boxes, read_role_boxes
from workflows.definitions.admin.setting_box import SettingBox, with_box_values, without_boxes
from workflows.definitions.admin.step_forms import find_setting_boxes, find_step_form
from workflows.definitions.choices import StepKind
from workflows.definitions.models import Field, Role, Step, TemplateVersion
from workflows.engine.bpmn.vocabulary import make_key
from workflows.engine.format.quorums import Quorum, read_quorum, write_quorum
from workflows.engine.values.field_types.documents import MOST_FILES
from workflows.engine.values.file_kinds import FILE_KINDS

RULE_WORDS = frozenset(
    (
        *("and", "or", "not", "in", "for", "if", "elif", "else", "while"),
        *("true", "false", "null", "inf", "nan"),
    )
)
"""Words of the rules themselves: no rule could name a field that is called so."""


class MapForm(forms.ModelForm):
    """A row of a map. `offer` and `version` are set by the admin, on a class for each page."""

    offer = VersionOptions()
    version: TemplateVersion | None = None

    names: Mapping[str, str] = {}
    rows: Mapping[str, str] = {}
    only: Sequence[str] = ()
    """The fields that a stage of the guide asks; all where none are named."""
    named_by: str | None = None
    """The field of which a new row's key is made, where the key is left empty."""
    siblings = ""
    """What the offer calls the rows that are there, whose keys are taken."""

    @classmethod
    def further_boxes(cls, row: Any) -> dict[str, forms.Field]:
        """Form fields beside those of the model, for the page of this row."""
        return {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in [name for name in self.fields if self.only and name not in self.only]:
            del self.fields[name]
        is_table = getattr(self.instance, "kind", None) == StepKind.TABLE
        asked = {"inputs": "asked_keys"} if is_table and "inputs" in self.names else {}
        for name, offered in {**self.names, **asked}.items():
            if name in self.fields:
                current = getattr(self.instance, name, None)
                field: Any = self.fields[name]
                field.offer(getattr(self.offer, offered), current)
        for name, offered in self.rows.items():
            if name in self.fields:
                self._offer_rows(name, getattr(self.offer, offered))
        if self.named_by and "key" in self.fields and self.instance.pk is None:
            self.fields["key"].required = False

    def _offer_rows(self, name: str, options: Options) -> None:
        """Only rows of this version, from the list that was read once."""
        field: Any = self.fields[name]
        field.queryset = field.queryset.filter(version=self.version)
        first = [] if field.required else [("", NOT_SAID)]
        field.choices = [*([("", gettext("choose…"))] if field.required else first), *options]
        for offered in ("add", "change", "delete", "view"):
            setattr(field.widget, f"can_{offered}_related", False)
        if isinstance(field, OwnerField):
            field.offer_new(
                self.offer.owners,
                version=self.version,
                roles=self.offer.role_settings,
                made=self.offer.made_roles,
            )

    def clean(self) -> dict[str, Any]:
        """What was not touched stays as it was, to the letter."""
        cleaned = super().clean() or self.cleaned_data
        if self.named_by and self.instance.pk is None and not cleaned.get("key"):
            cleaned["key"] = self._make_key(str(cleaned.get(self.named_by) or ""))
        return {name: self._keep_if_untouched(name, value) for name, value in cleaned.items()}

    def _make_key(self, name: str) -> str:
        taken = {row.key for row in getattr(self.offer, self.siblings)} | RULE_WORDS
        return make_key(name, taken, otherwise=self._meta.model._meta.model_name)

    def _keep_if_untouched(self, name: str, value: Any) -> Any:
        """A browser changes line ends, and nothing said may be null or empty: that is no change."""
        normalized = normalize_line_ends(value) if isinstance(value, str) else value
        if name not in self.initial or isinstance(self.fields[name], NamesField):
            return normalized
        initial_value = self.initial[name]
        is_same = (
            normalized == self._value_sent_back(name, initial_value)
            or (normalized or None) == (initial_value or None) is None
        )
        return initial_value if is_same else normalized

    def _value_sent_back(self, name: str, initial_value: Any) -> Any:
        """What comes from a browser that was shown this value."""
        field = self.fields[name]
        if isinstance(field, LinesField):
            return field.to_python(field.prepare_value(initial_value))
        if not isinstance(initial_value, str):
            return initial_value
        is_area = isinstance(field.widget, forms.Textarea)
        return normalize_line_ends(initial_value) if is_area else drop_line_breaks(initial_value)


class RoleForm(MapForm):
    """Who owns steps."""

    key = KeyField(label=gettext_lazy("Key"))
    groups = NamesField(label=gettext_lazy("Groups"))
    users = NamesField(label=gettext_lazy("People"))
    named_by, siblings = "source_name", "role_list"
    field = NameField(
        label=gettext_lazy("Or: a person field"),
        help_text=gettext_lazy("The person whom the request names."),
    )
    names = {"groups": "groups", "users": "users", "field": "person_fields"}

    class Meta:
        model = Role
        fields = ("position", "key", "groups", "users", "field", "requester")
        labels = {"requester": gettext_lazy("Or: the requester")}

    @classmethod
    def further_boxes(cls, row: Any) -> dict[str, forms.Field]:
        """Boxes for the role finders of this site."""
        return build_role_boxes()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, setting in (self.instance.other_finders or {}).items():
            self.initial.setdefault(f"{PREFIX}{name}", setting)

    def clean(self) -> dict[str, Any]:
        """What the finders of this site are told is kept together."""
        cleaned = super().clean()
        if cleaned.get("groups") and cleaned.get(f"{PREFIX}groups"):
            self.add_error(
                f"{PREFIX}groups", gettext("Name groups, or let fields name one; not both.")
            )
        self.instance.other_finders = read_role_boxes(cleaned, self.instance.other_finders)
        return cleaned

    def _make_key(self, name: str) -> str:
        said = self.cleaned_data
        listed = [*(said.get("groups") or ()), *(said.get("users") or ()), said.get("field")]
        asked = "requester" if said.get("requester") else "role"
        return super()._make_key(next(filter(None, listed), asked))


def _validate_file_kinds(kinds: list[str]) -> None:
    unknown = [kind for kind in kinds if kind not in FILE_KINDS]
    if unknown:
        raise ValidationError(
            gettext("There is no kind of files '%(kind)s'; write one of: %(kinds)s.")
            % {"kind": unknown[0], "kinds": ", ".join(FILE_KINDS)}
        )


COUNTS = ("min_rows", "max_rows", "min_files", "max_files")


def _with_counts(
    config: Mapping[str, Any] | None, cleaned: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What a field says besides, with how many rows or files it has."""
    counts = {name: cleaned.get(name) for name in COUNTS}
    kept = {name: said for name, said in (config or {}).items() if name not in COUNTS}
    return kept | {name: count for name, count in counts.items() if count is not None} or None


class FieldForm(MapForm):
    """A declared input or output."""

    key = KeyField(label=gettext_lazy("Key"))
    required = OptionalYesNoField(label=gettext_lazy("Required"))
    choices = LinesField(label=gettext_lazy("Choices"))
    public = OptionalYesNoField(label=gettext_lazy("On status links"))
    help = TextField(rows=1, label=gettext_lazy("Help"))
    accept = LinesField(
        label=gettext_lazy("Kinds of files: pdf, png, docx, …"),
        validators=[_validate_file_kinds],
    )
    of = NameField(label=gettext_lazy("Resources of the group"))
    rows = {"role": "role_rows"}
    names = {"of": "resource_groups"}
    named_by, siblings = "label", "field_list"
    searchable = OptionalYesNoField(label=gettext_lazy("Searchable"))
    constraints = ConstraintsField(label=gettext_lazy("Asks of values"))
    listed = ColumnsField(label=gettext_lazy("Columns"))
    min_rows = CountField(label=gettext_lazy("Rows, at least"))
    max_rows = CountField(label=gettext_lazy("Rows, at most"))
    min_files = CountField(max_value=MOST_FILES, label=gettext_lazy("Files, at least"))
    max_files = CountField(max_value=MOST_FILES, label=gettext_lazy("Files, at most"))

    class Meta:
        model = Field
        fields = (
            *("position", "key", "type", "label", "required", "choices", "currency"),
            *("accept", "max_size", "role", "of", "public", "searchable", "help"),
            "constraints",
        )
        widgets = {"currency": UnfoldAdminTextInputWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and "type" in self.fields:
            self.initial.setdefault("type", "text")  # an empty row says nothing
        config = self.instance.config or {}
        self.initial["constraints"] = constraints_of(config)
        self.initial["listed"] = self.instance.columns
        if "listed" in self.fields:
            columns_box: Any = self.fields["listed"]
            columns_box.keep(self.instance.columns)
        for name in COUNTS:
            self.initial[name] = config.get(name)

    def clean(self) -> dict[str, Any]:
        """With what the field asks of its values, which goes with its type."""
        cleaned = super().clean()
        if "listed" in cleaned:
            self.instance.columns = cleaned["listed"]
            self.instance.config = _with_counts(self.instance.config, cleaned)
        if "constraints" not in cleaned:
            return cleaned
        constraints = cleaned["constraints"]
        try:
            if constraints:
                require_fitting(cleaned.get("type") or self.instance.type, constraints)
        except ValidationError as problem:
            self.add_error("constraints", problem)
        else:
            self.instance.config = with_constraints(self.instance.config, constraints)
        return cleaned


class BoxedForm(MapForm):
    """A row of a map with boxes for settings of its column `boxed`; the rest of that column stays a
    box of keys and values."""

    boxed = "config"

    @classmethod
    def boxes_of(cls, row: Any) -> Sequence[SettingBox]:
        """The boxes for the page of this row."""
        return ()

    @classmethod
    def further_boxes(cls, row: Any) -> dict[str, forms.Field]:
        """Their form fields."""
        return {box.name: box.build() for box in cls.boxes_of(row)}

    def show_boxes(self) -> None:
        """Fill each box from the row, and leave the rest to the column's own."""
        self.boxed_before = getattr(self.instance, self.boxed)
        self.boxes = [box for box in self.boxes_of(self.instance) if box.name in self.fields]
        for box in self.boxes:
            self.initial[box.name] = box.read(self.boxed_before)
            field: Any = self.fields[box.name]
            if box.offers:
                field.offer(getattr(self.offer, box.offers), self.initial[box.name])
            elif isinstance(field, PairsField):
                field.keep(self.initial[box.name])
        self.initial[self.boxed] = without_boxes(self.boxed_before, self.boxes)

    def clean(self) -> dict[str, Any]:
        """With what stands in boxes of its own; what was not touched stays as it was written."""
        cleaned = super().clean()
        is_wrong = any(box.name in self.errors for box in self.boxes)
        if is_wrong or not self.boxes or self.boxed not in cleaned:
            return cleaned
        values = {box.path: cleaned.get(box.name) for box in self.boxes}
        try:
            settings = with_box_values(cleaned[self.boxed], values)
        except forms.ValidationError as problem:
            self.add_error(self.boxed, problem)
            return cleaned
        is_same = settings == self.boxed_before
        return cleaned | {self.boxed: self.boxed_before if is_same else settings}

    def require_settings(self, example: str) -> dict[str, Any] | None:
        """What the column's own box says, if it is keys and values as in the file."""
        settings: Any = self.cleaned_data[self.boxed]
        if settings is not None and not isinstance(settings, dict):
            raise forms.ValidationError(
                gettext("Write keys and values, such as %(example)s.") % {"example": example}
            )
        return settings or None


class StepRowForm(MapForm):
    """A step in the table of steps: what every step has; the rest is on its own page."""

    key = KeyField(dashes=True, label=gettext_lazy("Key"))
    expected = WorkingTimeField(label=gettext_lazy("Expected"))
    due = SpanField(label=gettext_lazy("Due after"))
    role = OwnerField()
    rows = {"role": "role_rows"}
    named_by, siblings = "name", "step_list"

    class Meta:
        model = Step
        fields = ("position", "key", "kind", "name", "role", "expected", "due")


class StepForm(BoxedForm, StepRowForm):
    """All of a step."""

    instructions = TextField(label=gettext_lazy("Instructions"))
    inputs = NamesField(
        label=gettext_lazy("Shows"),
        unsaid=gettext_lazy("not said: all fields"),
        none=gettext_lazy("none: nothing is shown"),
        help_text=gettext_lazy("Fields that this step looks at."),
    )
    outputs = NamesField(
        label=gettext_lazy("Fills in"),
        unsaid=gettext_lazy("not said: nothing"),
        none=gettext_lazy("none"),
        help_text=gettext_lazy("Fields that this step may change."),
    )
    not_by = NamesField(
        label=gettext_lazy("Not by"), help_text=gettext_lazy("Whose people may not act here.")
    )
    not_by_reason = TextField(
        rows=1,
        max_length=500,
        label=gettext_lazy("Why the requester is not kept away"),
        help_text=gettext_lazy(
            "An approval that its requester may decide is published only with a reason."
        ),
    )
    config = DataField(
        label=gettext_lazy("More"),
        help_text=gettext_lazy(
            "What only this kind has, as in the file: action, with, on_overdue, reassign, …"
        ),
    )
    names = {"inputs": "fields", "outputs": "fields", "not_by": "steps"}
    rows = {"role": "role_rows", "join": "join_rows"}

    class Meta:
        model = Step
        fields = (
            *StepRowForm.Meta.fields,
            *("instructions", "inputs", "outputs", "not_by", "not_by_reason", "quorum"),
            *("join", "wait_for", "result", "config"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "not_by" in self.fields:
            field: Any = self.fields["not_by"]
            field.say(*find_step_form(self.instance.kind).unsaid_not_by)
        if self.instance.kind == StepKind.TABLE:
            self._say_columns_of_table()
        self.show_boxes()

    def _say_columns_of_table(self) -> None:
        """A table asks fields and sets others."""
        words = {
            "inputs": (gettext("Asks"), gettext("The fields that its rows are chosen by.")),
            "outputs": (gettext("Sets"), gettext("The fields that its rows give values to.")),
        }
        for name, (label, help_text) in words.items():
            if name in self.fields:
                field: Any = self.fields[name]
                field.label, field.help_text = label, help_text
                field.say(gettext("not said: none"), gettext("none"))

    @classmethod
    def boxes_of(cls, row: Any) -> Sequence[SettingBox]:
        """Boxes for the settings of this kind of step, and of its action."""
        return find_setting_boxes(row) if row is not None else ()

    def clean_quorum(self) -> str | None:
        """A number, all, a share, roles with numbers, or a field."""
        line = self.cleaned_data["quorum"]
        if not line:
            return None
        quorum = read_quorum(str(line))
        try:
            TypeAdapter(Quorum).validate_python(quorum)
        except PydanticValidationError:
            raise forms.ValidationError(
                gettext(
                    "Write a whole number from 1, all, a share with a percent sign, roles such as"
                    " finance: 1, legal: 1, or a field such as field: how_many."
                )
            ) from None
        return write_quorum(quorum)

    def clean_wait_for(self) -> str | None:
        """A whole number from 1, all, any, or a share."""
        written = self.cleaned_data["wait_for"]
        if written and re.fullmatch(r"(100|[1-9][0-9]?)%", written):
            return str(written)
        return _validate_count(written, ("all", "any"))

    def clean_config(self) -> dict[str, Any] | None:
        """Keys and values, as in the file."""
        return self.require_settings('{"for": "2d"}')


def _validate_count(text: str | None, words: Sequence[str]) -> str | None:
    if not text or text in words or (text.isascii() and text.isdigit() and text.lstrip("0")):
        return text or None
    raise forms.ValidationError(
        gettext("Write %(words)s or a whole number from 1.") % {"words": ", ".join(words)}
    )
