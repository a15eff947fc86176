"""Which values fields were given, and how often."""

from collections import Counter
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from reporting.forecasts.history import History
from workflows.engine.format.definition import Definition, FieldDef
from workflows.engine.rehearsal.scenario import ValueShares
from workflows.engine.values.field_types.base import ValueRefused, type_of_field
from workflows.engine.values.fields import clean_unnamed_value

MOST_VALUES: Final = 500
"""So many values of a field are kept, the most frequent first."""


def learn_values(definition: Definition, history: History) -> dict[str, ValueShares]:
    """The values of each field that names nobody and is for everybody's eyes; of files only that
    there are some is known, and nothing is kept of them."""
    found: dict[str, ValueShares] = {}
    for key, spec in definition.fields.items():
        if type_of_field(spec).names_anybody or spec.visible_to is not None:
            continue
        counts = _count_values(key, spec, history)
        if counts:
            found[key] = ValueShares(
                values=tuple((value, float(n)) for value, n in counts.most_common(MOST_VALUES))
            )
    return found


def _count_values(key: str, spec: FieldDef, history: History) -> Counter[object]:
    counts: Counter[object] = Counter()
    zone = ZoneInfo(history.zone)
    for request in history.requests:
        value = request.values.get(key)
        if value is None or isinstance(value, Mapping | list):
            continue
        try:
            counts[clean_unnamed_value(spec, value, zone=zone)] += 1
        except (ValueRefused, TypeError):
            continue
    return counts
