"""The box of a field's constraints: one a line, each as in the file."""

from collections.abc import Mapping
from typing import Any, Final

import yaml
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy
from pydantic import ValidationError as PartProblem
from unfold.widgets import UnfoldAdminTextareaWidget

from workflows.engine.format.definition import FieldDef
from workflows.engine.format.explanations import explain_validation_error
from workflows.engine.format.field_parts import FIELD_SETTINGS
from workflows.engine.format.plain_data import UnreadableText, read_plain

END_OF_DOCUMENT: Final = "\n..."
"""What the writer puts behind a value that stands alone."""
EXAMPLE: Final = "min: 1\nmax: 10000"


class ConstraintsField(forms.CharField):
    """What a field asks of its values, one constraint a line; no line is null."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2, "placeholder": EXAMPLE})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "required": False,
                "strip": False,
                "help_text": gettext_lazy("One a line, as in the file: %(names)s.")
                % {"names": ", ".join(FIELD_SETTINGS)},
                **kwargs,
            }
        )

    def prepare_value(self, value: Any) -> Any:
        """Settings as lines."""
        if not isinstance(value, Mapping):
            return value
        return "\n".join(lines_of(value))

    def to_python(self, value: Any) -> Any:
        """Lines as settings."""
        if value is None or isinstance(value, Mapping):
            return value
        written = str(value).replace("\r\n", "\n")
        if not written.strip():
            return None
        try:
            settings = read_plain(written).data
        except UnreadableText as problem:
            raise ValidationError(f"{problem.why}.") from None
        if not isinstance(settings, dict):
            raise ValidationError(gettext("Write a name and a value on each line: `min: 1`."))
        unknown = [name for name in settings if name not in FIELD_SETTINGS]
        if unknown:
            raise ValidationError(
                gettext("There is no “%(name)s” here; write one of: %(names)s.")
                % {"name": unknown[0], "names": ", ".join(FIELD_SETTINGS)}
            )
        return settings or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the lines say something else."""
        try:
            return bool((initial or None) != self.to_python(data))
        except ValidationError:
            return True


def lines_of(constraints: Mapping[str, Any] | None) -> list[str]:
    """Settings as they stand in the box."""
    return [_write_line(name, said) for name, said in (constraints or {}).items()]


def _write_line(name: str, said: Any) -> str:
    return f"{name}: {write_flow(said)}"


def write_flow(said: Any) -> str:
    """A value as it stands behind its name in a file, on one line."""
    written: str = yaml.safe_dump(
        said, allow_unicode=True, default_flow_style=True, width=10_000, sort_keys=False
    )
    return written.removesuffix("\n").removesuffix(END_OF_DOCUMENT)


def constraints_of(config: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a field's row says that stands in this box."""
    said = {name: (config or {})[name] for name in FIELD_SETTINGS if name in (config or {})}
    return said or None


def with_constraints(
    config: Mapping[str, Any] | None, constraints: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """What a row keeps when the box says this."""
    others = {name: said for name, said in (config or {}).items() if name not in FIELD_SETTINGS}
    return {**others, **(constraints or {})} or None


_NEEDED: Final[Mapping[str, Mapping[str, Any]]] = {
    "choice": {"choices": ["a", "b"]},
    "choices": {"choices": ["a", "b"]},
    "resource": {"of": "some"},
    "list": {"columns": {"some": {"type": "text"}}},
}
"""What fields of a type cannot do without, which other boxes say."""


def require_fitting(type_name: str, constraints: Mapping[str, Any]) -> None:
    """Refuse constraints that do not go with the type. Raises ValidationError."""
    needed = _NEEDED.get(type_name, {})
    try:
        FieldDef.model_validate({"type": type_name, **needed, **constraints})
    except PartProblem as problem:
        raise ValidationError(f"{explain_validation_error(problem)}.") from None
