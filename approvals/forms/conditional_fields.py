"""Fields that a form asks for under a condition: what it is in words, and which hold now.

With a script the page asks the server at each change, and shows what is asked for; without it all
fields are shown, each with its condition, and what is not asked for is left when the form is sent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext

from approvals.forms.rule_texts import column_rule_text, rule_text
from workflows.engine.authority.asked_fields import is_required, is_shown
from workflows.engine.format.definition import ColumnDef, Definition, FieldDef, ValueDef
from workflows.engine.routing.graph import Graph

if TYPE_CHECKING:
    from approvals.forms.field_forms import DeclaredForm

WHICH_FIELDS: Final = "which_fields"
"""What a page's script puts into the form when it asks which fields are to be shown."""


def graph_of_form(definition: Definition) -> Graph:
    """The map, to work out its conditions."""
    return Graph(definition, timezone.get_default_timezone())


def condition_hint(definition: Definition, spec: FieldDef) -> str:
    """Under which conditions the field is asked for, in words."""
    return _conditions_in_words(spec, partial(rule_text, definition))


def column_condition_hint(columns: Mapping[str, ColumnDef], spec: ColumnDef) -> str:
    """The same of a column, among those of its row."""
    return _conditions_in_words(spec, partial(column_rule_text, columns))


def _conditions_in_words(spec: ValueDef, in_words: Callable[[str], str]) -> str:
    sentences = []
    if spec.when is not None:
        places = {"condition": in_words(spec.when)}
        sentences.append(
            gettext("Only asked for where %(condition)s; else it is not kept.") % places
        )
    if spec.required_when is not None:
        places = {"condition": in_words(spec.required_when)}
        sentences.append(gettext("Required where %(condition)s.") % places)
    return " ".join(sentences)


def mark_field(field: forms.Field, **marks: Any) -> None:
    """Let a field know what its page says of it."""
    for name, mark in marks.items():
        setattr(field, name, mark)


def mark_conditions(form: "DeclaredForm", data: Mapping[str, Any]) -> None:
    """Let each field of a form know whether it is asked for, and required, among these values."""
    for key, field in form.fields.items():
        spec = form.definition.all_fields[key]
        has_condition = spec.when is not None or spec.required_when is not None
        state: dict[str, Any] = {"is_conditional": has_condition, "is_shown": True}
        if has_condition:
            state["is_shown"] = is_shown(form.graph, key, data)
            state["asked"] = is_required(form.graph, key, data)
        mark_field(field, **state)


def leave_unasked(form: "DeclaredForm", data: Mapping[str, Any]) -> None:
    """Drop what is not asked for, with what is wrong in it."""
    for key in unasked_fields(form, form.fields, data):
        form.errors.pop(key, None)
        form.cleaned_data[key] = None


def unasked_fields(form: "DeclaredForm", keys: Iterable[str], data: Mapping[str, Any]) -> list[str]:
    """The fields of a form that are not asked for, one after the other: what is left out of one is
    not there for the conditions of another."""
    left: list[str] = []
    while True:
        rest = {key: value for key, value in data.items() if key not in left}
        more = [key for key in keys if key not in left and not is_shown(form.graph, key, rest)]
        if not more:
            return left
        left += more


def require_under_condition(form: "DeclaredForm", data: Mapping[str, Any]) -> None:
    """Say beside a field that has to be filled in among these values that it is empty."""
    for key, field in form.fields.items():
        spec = form.definition.all_fields[key]
        is_open = key not in form.errors and data.get(key) in (None, "")
        if is_open and (spec.when or spec.required_when) and is_required(form.graph, key, data):
            form.add_error(key, forms.ValidationError(field.error_messages["required"]))


def which_fields_response(
    form: "DeclaredForm", more: Callable[[], Mapping[str, Any]] = dict
) -> JsonResponse:
    """Which fields of the form that was sent are asked for, and which are required, and what `more`
    says of its values; nothing is written."""
    form.is_valid()
    fields = {form.add_prefix(key): field for key, field in form.fields.items()}
    return JsonResponse(
        {
            "shown": [name for name, field in fields.items() if vars(field).get("is_shown", True)],
            "required": [name for name, field in fields.items() if vars(field).get("asked")],
            "unasked_cells": list(_unasked_cells(fields)),
            **more(),
        }
    )


def _unasked_cells(fields: Mapping[str, forms.Field]) -> Iterator[str]:
    """The controls in tables of rows that are not asked for where they stand."""
    for name, field in fields.items():
        for number, column in sorted(getattr(field.widget, "unasked", ())):
            yield f"{name}-{number - 1}-{column}"


def asks_which_fields(request: HttpRequest) -> bool:
    """Whether a page's script asks, and nobody sends the form."""
    return request.method == "POST" and WHICH_FIELDS in request.POST
