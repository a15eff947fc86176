"""The start form of people without an account: whether a map has one, and what it asks for."""

from collections.abc import Sequence

from workflows.engine.format.definition import Definition, FieldDef
from workflows.engine.format.field_parts import DefaultDef
from workflows.engine.format.parts import TriggerDef
from workflows.engine.format.trigger_kinds import PUBLIC_FORM
from workflows.engine.values.field_types.base import FIELD_TYPES, type_of_field


def public_form_of(definition: Definition) -> TriggerDef | None:
    """The trigger by which strangers start requests; None where the map has no such form."""
    triggers = (definition.start.triggers if definition.start else None) or ()
    return next((trigger for trigger in triggers if trigger.kind == PUBLIC_FORM), None)


def public_fields(definition: Definition) -> list[str]:
    """The fields that the form asks a stranger for, in the order of the start form.

    Those that choose people or resources are left out, for a box to choose from is a directory;
    and those that the trigger fills in itself.
    """
    trigger = public_form_of(definition)
    if trigger is None or definition.start is None:
        return []
    return [
        key
        for key in definition.start.fields or ()
        if key in definition.fields
        and key not in (trigger.data or {})
        and not opens_directory(definition.fields[key])
    ]


def unasked_fields(definition: Definition) -> Sequence[str]:
    """The fields of the start form that are required, always or in some requests, and that neither
    a stranger nor the map fills in."""
    trigger = public_form_of(definition)
    if trigger is None or definition.start is None:
        return ()
    filled_in = {*public_fields(definition), *(trigger.data or {})}
    return [
        key
        for key in definition.start.fields or ()
        if key in definition.fields
        and key not in filled_in
        and _has_to_be_given(definition.fields[key])
    ]


def _has_to_be_given(field: FieldDef) -> bool:
    """A default that is looked up for the requester finds nothing where nobody asks."""
    has_constant = field.default is not None and not isinstance(field.default, DefaultDef)
    is_required = bool(field.required) or field.required_when is not None
    return is_required and field.value is None and not has_constant


def opens_directory(field: FieldDef) -> bool:
    """Whether the field, or a column of it, is filled in from a list of people or of resources."""
    types = [type_of_field(field), *(FIELD_TYPES[c.type] for c in (field.columns or {}).values())]
    return any(kind.names_anybody or kind.names_resource for kind in types)
