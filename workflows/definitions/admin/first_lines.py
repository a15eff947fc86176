"""A map from a few lines: what is done in order and by whom, and what the form asks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext, gettext_lazy
from pydantic import ValidationError

from workflows.definitions.admin.add_step import put_role_in, read_labels
from workflows.definitions.admin.field_boxes.row_fields import Column, Row, RowsField
from workflows.definitions.admin.form_fields import WorkingTimeField
from workflows.definitions.admin.map_forms import RULE_WORDS
from workflows.definitions.choices import KIND_TITLES, StepKind, field_type_choices
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.bpmn.vocabulary import make_key, make_slug
from workflows.engine.editing.new_steps import EXPECTED, NewStep
from workflows.engine.editing.sequences import Line, StepSequence, write_sequence
from workflows.engine.editing.ways import Form
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import explain_validation_error
from workflows.engine.values.field_types.base import FIELD_TYPES

LINE_KINDS: Final = (StepKind.APPROVAL, StepKind.TASK, StepKind.AUTOMATION, StepKind.WAIT)
TASK_LINES: Final = 6
QUESTION_LINES: Final = 8
CURRENCY_LETTERS: Final = 3


class _LazyChoices:
    """Choices that are asked for when they are shown: what is registered, in the reader's words."""

    def __iter__(self) -> Any:
        return iter(field_type_choices())

    def __len__(self) -> int:
        return len(field_type_choices())


def build_tasks_field() -> RowsField:
    """Steps in order; the owners are to be offered by the form."""
    kinds = [(kind.value, KIND_TITLES[kind]) for kind in LINE_KINDS]
    columns = (
        Column(name="name", label=gettext_lazy("Step")),
        Column(
            name="kind",
            label=gettext_lazy("What happens"),
            choices=kinds,
            first=StepKind.APPROVAL.value,
        ),
        Column(name="owner", label=gettext_lazy("Who"), choices=[]),
        Column(name="expected", label=gettext_lazy("Takes"), first=EXPECTED),
        Column(name="beside", label=gettext_lazy("Same time as the one above"), is_tick=True),
    )
    return RowsField(
        columns,
        blank=TASK_LINES,
        label=gettext_lazy("Steps"),
        help_text=gettext_lazy(
            "One line a step; empty lines are ignored. An approval comes with approve and reject,"
            " everything else can be changed on the map."
        ),
    )


def build_questions_field() -> RowsField:
    """The fields of the start form."""
    columns = (
        Column(name="label", label=gettext_lazy("Field")),
        Column(
            name="type",
            label=gettext_lazy("Kind"),
            choices=_LazyChoices(),  # type: ignore[arg-type]
            first="text",
        ),
        Column(
            name="more",
            label=gettext_lazy("Choices, columns or currency"),
            placeholder=gettext_lazy("EU, US, APAC"),
        ),
        Column(name="required", label=gettext_lazy("Required"), is_tick=True),
    )
    return RowsField(
        columns,
        blank=QUESTION_LINES,
        label=gettext_lazy("Fields"),
        help_text=gettext_lazy("What whoever starts it fills in; empty lines are ignored."),
    )


def find_free_slug(name: str) -> str:
    """A workflow's key for its name, that no other workflow has."""
    slug = base = make_slug(name, otherwise="workflow")
    number = 1
    while WorkflowTemplate.objects.filter(key=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


def write_parts(start: str, tasks: Sequence[Row] | None, questions: Sequence[Row] | None) -> Form:
    """Roles, fields, start and steps of the file. Raises ValidationError."""
    form: Form = {}
    form, start_role = put_role_in(form, start)
    form, lines = read_task_lines(form, tasks or [_first_line()])
    labels = read_labels()
    said = StepSequence(
        steps=[Line(step=step, beside=beside) for step, beside in lines],
        roles=form.get("roles") or {},
        fields=read_questions(questions or (), {}),
        start_role=start_role,
        labels=labels,
    )
    return write_sequence(said)


def _first_line() -> Row:
    """The step of a workflow of which nothing else is said yet."""
    return {"name": gettext("First step"), "kind": StepKind.APPROVAL.value}


def read_task_lines(
    form: Form, tasks: Sequence[Mapping[str, str]]
) -> tuple[Form, list[tuple[NewStep, bool]]]:
    """The steps that the lines say, and the map with the roles that these make."""
    lines = []
    for row in tasks:
        if not row.get("name"):
            raise forms.ValidationError(gettext("Give each step a name."))
        form, role = put_role_in(form, row.get("owner") or "")
        step = NewStep(
            kind=row.get("kind") or StepKind.TASK.value,
            name=row["name"][:200],
            role=role,
            expected=WorkingTimeField().clean(row.get("expected") or ""),
            labels=read_labels(),
        )
        lines.append((step, row.get("beside") == "on"))
    return form, lines


def read_questions(rows: Sequence[Row], there: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the lines say, by keys made of their names."""
    fields: dict[str, Any] = dict(there)
    for row in rows:
        if not row["label"]:
            raise forms.ValidationError(gettext("Give each field a name."))
        if row["type"] not in FIELD_TYPES:
            raise forms.ValidationError(gettext("Choose the kind of each field."))
        key = make_key(row["label"], {*fields, *RULE_WORDS}, otherwise="field")
        required = {"required": True} if row["required"] else {}
        label = {"label": row["label"][:200]}
        fields[key] = {"type": row["type"], **label, **required, **_more_of(row)}
    return fields


def _more_of(row: Row) -> dict[str, Any]:
    field_type, said = FIELD_TYPES[row["type"]], row["more"]
    if field_type.has_choices:
        choices = [choice.strip() for choice in said.split(",") if choice.strip()]
        if not choices:
            words = gettext("Write the choices of “%(field)s”, with commas between them.")
            raise forms.ValidationError(words % {"field": row["label"]})
        return {"choices": choices}
    if field_type.names_resource:
        group = make_slug(said, otherwise="") if said else ""
        if not group:
            words = gettext("Write the group of resources that “%(field)s” is one of.")
            raise forms.ValidationError(words % {"field": row["label"]})
        return {"of": group}
    if field_type.holds_rows:
        return {"columns": _columns_of(row)}
    is_currency = len(said) == CURRENCY_LETTERS and said.isascii() and said.isalpha()
    return {"currency": said.upper()} if field_type.has_currency and is_currency else {}


def _columns_of(row: Row) -> dict[str, Any]:
    """The columns of a list, texts to begin with, by keys made of their names."""
    columns: dict[str, Any] = {}
    for name in filter(None, map(str.strip, row["more"].split(","))):
        key = make_key(name, {*columns, *RULE_WORDS}, otherwise="column")
        columns[key] = {"type": "text", "label": name[:200]}
    if not columns:
        words = gettext("Write the columns of “%(field)s”, with commas between them.")
        raise forms.ValidationError(words % {"field": row["label"]})
    return columns


def read_form(form: Form) -> Definition:
    """The definition that a form's parts make. Raises ValidationError in words."""
    try:
        return Definition.model_validate({"format": 1, **form})
    except ValidationError as problem:
        raise forms.ValidationError(str(explain_validation_error(problem))) from problem
