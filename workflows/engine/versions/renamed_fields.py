"""Which field of a newer map is a field of the older one under another key."""

from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

from workflows.engine.format.field_parts import ColumnDef, FieldDef

Spec = TypeVar("Spec", ColumnDef, FieldDef, ColumnDef | FieldDef)


def renamed_fields(old: Mapping[str, Spec], new: Mapping[str, Spec]) -> dict[str, str]:
    """Old keys by new ones: of the fields that went and came, those of one type and label, where
    there is one of them on either side alone. Without a label nothing says that it is the same."""
    went = {key: field for key, field in old.items() if key not in new and field.label}
    came = {key: field for key, field in new.items() if key not in old and field.label}
    pairs = {(field.type, field.label): key for key, field in went.items()}
    counts = [
        Counter((field.type, field.label) for field in fields.values()) for fields in (went, came)
    ]
    return {
        key: pairs[what]
        for key, field in came.items()
        if all(count[what := (field.type, field.label)] == 1 for count in counts)
    }


def under_new_keys(old: Mapping[str, Spec], renamed: Mapping[str, str]) -> dict[str, Spec]:
    """The older fields by the keys that they have now."""
    now = {before: key for key, before in renamed.items()}
    return {now.get(key, key): field for key, field in old.items()}
