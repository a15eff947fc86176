"""The values of a request: what a declared field takes in, and what rules see of it.

Whatever comes in (a form, JSON, a CSV cell) leaves `clean` in one canonical JSON shape, so
that two ways of writing the same value are equal in the record and in the merge check. How each
type of fields does so is in `field_types`.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from workflows.engine.errors import InvalidInput
from workflows.engine.timing.dates import is_allowed_moment
from workflows.engine.values.constraints import ConstrainedSpec, constraint_schema
from workflows.engine.values.field_types.base import FieldSpec, ValueRefused, type_of_field
from workflows.engine.values.field_types.rows import columns_of
from workflows.engine.values.field_types.storable import refuse_unstorable


def clean_unnamed_value(spec: FieldSpec, raw: object, *, zone: tzinfo = UTC) -> Any:
    """The canonical JSON value of what was written into a field; None where it was left empty.

    `zone` is the site's, in which dates count. Raises ValueRefused, which says what to write and
    does not name the field.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    field_type = type_of_field(spec)
    refuse_unstorable(raw)
    value = field_type.read(spec, raw, zone)
    return None if value == [] else value


def clean_field_value(key: str, spec: FieldSpec, raw: object, *, zone: tzinfo = UTC) -> Any:
    """The same, for what does not stand beside the field: raises InvalidInput with a sentence
    that names the field and says what to write."""
    try:
        return clean_unnamed_value(spec, raw, zone=zone)
    except ValueRefused as refused:
        raise InvalidInput(
            "%(label)s: %(refused)s", label=spec.label or key, refused=refused
        ) from None


def canonical_field_value(spec: FieldSpec, value: Any) -> Any:
    """A value of a record as `clean` would write it today; as it is where it cannot be read."""
    if value is None:
        return None
    field_type = type_of_field(spec)
    try:
        is_number = isinstance(value, str) and field_type.shape(spec) is not None
        return field_type.clean(spec, Decimal(value) if is_number else value)
    except (ValueRefused, ArithmeticError):
        return value


def typed_field_value(spec: FieldSpec, value: Any, *, zone: tzinfo = UTC) -> Any:
    """The Python value of a canonical value, for rules: Decimal, bool, str or aware datetime.

    A date is the moment with which it begins in this zone; a document is its version; None stays
    None. Raises ValueError, TypeError or an ArithmeticError where the value is not canonical.
    """
    return None if value is None else type_of_field(spec).python_value(value, zone)


def field_moment(spec: FieldSpec, value: Any, *, zone: tzinfo) -> datetime:
    """The moment that a date or a date and time stands for, to be waited for.

    Raises ValueError, TypeError or OverflowError where none can be worked out, or one that no
    field takes today.
    """
    moment = typed_field_value(spec, value, zone=zone)
    if not isinstance(moment, datetime) or not is_allowed_moment(moment, zone):
        raise ValueError(value)
    return moment


def json_schema_of_fields(
    keys: Iterable[str], fields: Mapping[str, ConstrainedSpec], required: Iterable[str]
) -> dict[str, Any]:
    """What canonical values of these fields look like, as the JSON schema of one object."""
    properties = {
        key: {
            "title": fields[key].label or key,
            **_value_schema(fields[key]),
        }
        for key in keys
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _value_schema(spec: ConstrainedSpec) -> dict[str, Any]:
    """Of a list with what its columns ask for."""
    field_type = type_of_field(spec)
    schema = dict(field_type.json_schema(spec))
    if field_type.holds_rows:
        cells = schema["items"]["properties"]
        for key, column in columns_of(spec).items():
            cells[key] = {**cells[key], **_constraints_of(column)}
    return schema | _constraints_of(spec)


def _constraints_of(spec: Any) -> dict[str, Any]:
    return constraint_schema(spec) if hasattr(spec, "max_length") else {}


def missing_required_fields(
    keys: Iterable[str], fields: Mapping[str, FieldSpec], data: Mapping[str, Any]
) -> list[str]:
    """Those of `keys` whose field is required and has no value in `data`, in their order."""
    return [key for key in keys if fields[key].required and data.get(key) is None]
