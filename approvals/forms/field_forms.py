"""Forms made from a map's declared fields.

Each form field asks the engine's own `clean`, so a page refuses exactly what a service would,
beside the field and with what was typed kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy

from approvals.forms.conditional_fields import (
    condition_hint,
    graph_of_form,
    leave_unasked,
    mark_conditions,
    mark_field,
    require_under_condition,
)
from approvals.forms.constraint_hints import constraint_hint, control_attributes
from approvals.forms.field_presentations import EMPTY_CHOICE, FIELD_PRESENTATIONS
from approvals.forms.files_box import ChosenFiles, DocumentField, DocumentsField
from approvals.forms.number_boxes import NumberBox
from approvals.forms.people_boxes import PersonBox
from approvals.forms.rows_box import RowsBox
from approvals.forms.rows_field import RowsField
from approvals.forms.sent_texts import sent_texts, typed_value
from workflows.engine.authority.row_columns import ANYWHERE, field_on_form
from workflows.engine.format.definition import Definition, FieldDef, display_title
from workflows.engine.texts import Text
from workflows.engine.timing.dates import local_day_of
from workflows.engine.values.constraints import refused_values
from workflows.engine.values.field_types.base import ValueRefused, type_of_field
from workflows.execution.services.field_values.values import read_unnamed_value
from workflows.people.models import User


class DeclaredField(forms.Field):
    """A form field that reads what the engine reads, into the same canonical value.

    `shown` is the value that stands in it when the form opens. What is sent back as it stood
    there is that value, also where its text could be read in two ways or says less than it.
    """

    def __init__(
        self, key: str, spec: FieldDef, *, opening_value: Any = None, **options: Any
    ) -> None:
        self.key, self.spec, self.opening_value = key, spec, opening_value
        self.presentation = FIELD_PRESENTATIONS[spec.type]
        super().__init__(label=display_title(key, spec.label), **options)

    def to_python(self, value: Any) -> Any:
        """The canonical value. The message stands beside the field, so it does not name it."""
        if self.opening_value is not None and value == self.prepare_value(self.opening_value):
            return self.opening_value
        asked = self.widget.asks_about(value) if isinstance(self.widget, NumberBox) else ""
        if asked:
            raise forms.ValidationError(asked)
        try:
            return read_unnamed_value(
                self.spec, self.presentation.spec_sent_value(self.spec, value)
            )
        except ValueRefused as refused:
            raise forms.ValidationError(capfirst(str(refused))) from None

    def prepare_value(self, value: Any) -> Any:
        """How a canonical value, or what was typed, stands in the form."""
        return self.presentation.spec_form_value(self.spec, value)


class DeclaredForm(forms.Form):
    """The declared fields of a map, as far as one page asks for them.

    `shown` are the values that stand in the form when it opens; `required` whether required
    fields must be filled in here (an exception outcome of a step may leave them). `known` are the
    values of the request, against which what is typed is held. `at` is the step whose form it is,
    or AT_START.
    """

    def __init__(
        self,
        definition: Definition,
        keys: Iterable[str],
        data: Any = None,
        files: Any = None,
        *,
        opening_values: Mapping[str, Any] | None = None,
        required: bool = True,
        known: Mapping[str, Any] | None = None,
        at: str = ANYWHERE,
    ) -> None:
        self.definition, self.known = definition, dict(known or {})
        self.graph, self.requires = graph_of_form(definition), required
        self.opening_values = dict(opening_values or {})
        super().__init__(
            data, files, initial=self.opening_values, prefix="f", use_required_attribute=False
        )
        for key in keys:
            spec = field_on_form(self.graph, key, at, self.opening_values.get(key))
            if spec.value is not None:
                continue
            opening_value = self.opening_values.get(key)
            has_file = isinstance(opening_value, dict) and type_of_field(spec).holds_document
            self.fields[key] = _form_field(
                key, spec, required=required and not has_file, opening_value=opening_value
            )
            mark_field(
                self.fields[key],
                asked=bool(spec.required) and not has_file,
                section=spec.section,
                condition=condition_hint(definition, spec),
            )
        mark_conditions(self, {**self.known, **self.opening_values})

    def clean(self) -> dict[str, Any]:
        """Beside each field what its value is not, among the others of the form and the request;
        what is not asked for is left."""
        leave_unasked(self, self.values_now())
        data = self.values_now()
        mark_conditions(self, data)
        if self.requires:
            require_under_condition(self, data)
        self._refuse_unfit(data)
        return self.cleaned_data

    def values_now(self) -> dict[str, Any]:
        """The request's values with what was filled in; files as far as they were chosen."""
        values = {**self.known, **self.opening_values, **self.values(), **self._files_as_values()}
        return self.graph.worked_out.completed(values)

    def _refuse_unfit(self, data: Mapping[str, Any]) -> None:
        values, zone = self.values(), timezone.get_default_timezone()
        changed = [key for key, value in values.items() if value != self.opening_values.get(key)]
        today = local_day_of(timezone.now(), zone)
        refusals = refused_values(self.definition.all_fields, data, changed, today=today, zone=zone)
        for key, refused in refusals:
            self._add_refusal(key, refused)

    def _add_refusal(self, key: str, refused: Text) -> None:
        if key in self.fields and key not in self.errors:
            self.add_error(key, capfirst(str(refused)))
        elif key not in self.fields:
            title = display_title(key, self.definition.all_fields[key].label)
            self.add_error(None, f"{title}: {refused}")

    @property
    def is_reshaped(self) -> bool:
        """Whether the form was sent only to get a row more or less in one of its tables."""
        return self.is_bound and any(
            isinstance(field.widget, RowsBox)
            and field.widget.is_button_pressed(self.data, self.add_prefix(key))
            for key, field in self.fields.items()
        )

    def is_valid(self) -> bool:
        """Never where the form is on its way to another shape: then nothing is checked."""
        if self.is_reshaped:
            self.leave_unchecked()
            return False
        return super().is_valid()

    def leave_unchecked(self) -> None:
        """Show what was typed without saying what is wrong with it."""
        self._errors = ErrorDict()

    def values(self) -> dict[str, Any]:
        """What was filled in, as services take it; new documents apart, and of several those that
        stay."""
        return {
            key: self._staying(field, key)
            if isinstance(field, DocumentsField)
            else self.cleaned_data.get(key)
            for key, field in self.fields.items()
            if not isinstance(field, DocumentField)
        }

    def _staying(self, field: DocumentsField, key: str) -> Any:
        chosen = self._chosen(key)
        return (chosen.staying(field.present) if chosen is not None else field.present) or None

    def _chosen(self, key: str) -> ChosenFiles | None:
        """What is chosen of several files; None where the field is not asked for, or wrong."""
        chosen = self.cleaned_data.get(key)
        return chosen if isinstance(chosen, ChosenFiles) else None

    def _files_as_values(self) -> dict[str, Any]:
        """The files that were chosen, as conditions look at them."""
        values: dict[str, Any] = {}
        for key, field in self.fields.items():
            if isinstance(field, DocumentsField) and (chosen := self._chosen(key)) is not None:
                values[key] = chosen.as_values(field.present)
            elif isinstance(field, DocumentField) and self.cleaned_data.get(key):
                values[key] = self.cleaned_data[key]
        return values

    @property
    def document_keys(self) -> list[str]:
        """The fields of files."""
        kinds = (DocumentField, DocumentsField)
        return [key for key, field in self.fields.items() if isinstance(field, kinds)]

    def answers(self) -> dict[str, Any]:
        """What a new request is started with. What opens with a value and was emptied is empty."""
        return {
            key: self._as_answer(key, value)
            for key, value in self.values().items()
            if value is not None or self.definition.all_fields[key].default is not None
        }

    def _as_answer(self, key: str, value: Any) -> Any:
        field = self.fields[key]
        return field.with_emptied(value) if isinstance(field, RowsField) and value else value

    def fill_in_values(self, values: Mapping[str, Any]) -> None:
        """Let these values stand in the form as if they had been typed: they are not there yet."""
        self.initial.update({key: value for key, value in values.items() if key in self.fields})
        mark_conditions(self, {**self.known, **self.initial})

    def changed(self) -> dict[str, Any]:
        """What differs from what the form showed: a step writes only what its person changed, and
        what was not sent at all is as it was."""
        return {
            key: value
            for key, value in self.values().items()
            if value != self.opening_values.get(key) and not self._was_not_sent(key)
        }

    def changed_texts(self) -> list[tuple[str, str]]:
        """What was typed, unchecked, where it differs from what the form showed: names in the form
        and texts. Files are no texts."""
        return [
            pair
            for key in self.changed_data
            if not isinstance(self.fields[key], DocumentField) and not self._was_not_sent(key)
            for pair in sent_texts(self.fields[key].widget, self.data, self.add_prefix(key))
        ]

    def fill_in(self, typed: Mapping[str, Any], files: Any = None) -> None:
        """Let texts that `changed_texts` gave stand in a form that was not sent, and files that
        wait for it; all else is as it shows it."""
        sent = files or {}
        for key, field in self.fields.items():
            name = self.add_prefix(key)
            if key in self.document_keys:
                if not field.widget.value_omitted_from_data(typed, sent, name):
                    self.initial[key] = field.widget.value_from_datadict(typed, sent, name)
                continue
            if not field.widget.value_omitted_from_data(typed, {}, name):
                self.initial[key] = typed_value(field.widget, typed, name)

    def _was_not_sent(self, key: str) -> bool:
        widget, name = self.fields[key].widget, self.add_prefix(key)
        return bool(widget.value_omitted_from_data(self.data, self.files, name))

    def uploads(self) -> dict[str, UploadedFile | Sequence[UploadedFile]]:
        """The files that were chosen, by field: one, or several."""
        files: dict[str, UploadedFile | Sequence[UploadedFile]] = {}
        for key, chosen in self.cleaned_data.items():
            if isinstance(chosen, ChosenFiles) and chosen.files:
                files[key] = chosen.files
            elif isinstance(self.fields[key], DocumentField) and chosen:
                files[key] = chosen
        return files


def _form_field(
    key: str, spec: FieldDef, *, required: bool, opening_value: Any = None
) -> forms.Field:
    presentation = FIELD_PRESENTATIONS[spec.type]
    widget = presentation.widget(spec)
    widget.attrs.update(control_attributes(spec))
    hints = [presentation.hint(spec), constraint_hint(spec)]
    options: dict[str, Any] = {
        "required": required and bool(spec.required) and spec.when is None,
        "help_text": _in_sentences(spec.help or "", hints),
        "error_messages": {"required": presentation.required_message},
        "widget": widget,
    }
    if type_of_field(spec).holds_document and type_of_field(spec).holds_several:
        return DocumentsField(key, spec, opening_value=opening_value, **options)
    if type_of_field(spec).holds_document:
        return DocumentField(key, spec, **options)
    if type_of_field(spec).holds_rows:
        return RowsField(key, spec, opening_value=opening_value, **options)
    return DeclaredField(key, spec, opening_value=opening_value, **options)


def _in_sentences(own_words: str, hints: Iterable[str]) -> str:
    """What the map says of a field and, as sentences of their own, what is said of its kind."""
    said = [str(hint) for hint in hints if hint]
    is_open = said and own_words and own_words.rstrip()[-1:] not in (*".!?:…",)
    return " ".join(filter(None, [f"{own_words.rstrip()}." if is_open else own_words, *said]))


class TitleForm(forms.Form):
    """What a request is about, in its requester's words."""

    title = forms.CharField(
        max_length=200,
        required=False,
        strip=True,
        help_text=gettext_lazy("What it is about, in a few words, so that others recognise it."),
        label=gettext_lazy("Title"),
    )


class CommandReasonForm(forms.Form):
    """The reason that every change of a request's course must have."""

    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It is kept in the record."),
        error_messages={"required": gettext_lazy("Give a reason; it is kept in the record.")},
        label=gettext_lazy("Reason"),
    )


class TaskReassignForm(CommandReasonForm):
    """Whose hands a task is put into, and why."""

    field_order = ("to", "reason")
    to = forms.CharField(
        label=gettext_lazy("To"),
        max_length=150,
        error_messages={"required": gettext_lazy("Choose one.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].widget = PersonBox()

    def clean_to(self) -> User:
        """The active person with this username."""
        user = User.objects.filter(username=self.cleaned_data["to"], is_active=True).first()
        if user is None:
            raise forms.ValidationError(gettext("There is no active person with this username."))
        return user


class RerouteForm(CommandReasonForm):
    """The step to which work is sent, and why."""

    field_order = ("to", "reason")
    to = forms.ChoiceField(
        label=gettext_lazy("To the step"),
        error_messages={
            "required": gettext_lazy("Choose one."),
            "invalid_choice": gettext_lazy("Choose one of the list."),
        },
    )

    def __init__(self, *args: Any, routes: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [EMPTY_CHOICE, *routes]  # type: ignore[attr-defined]
