"""What `set_fields` gives a field: the value of its expression, as the field takes it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from workflows.engine.rules.evaluation import Expression
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.rounding import RoundingRule, round_for_field


def evaluate_for_field(
    expression: Expression, spec: FieldSpec, data: Mapping[str, Any], rounding: RoundingRule | None
) -> Any:
    """The value, rounded as the map says. Raises RuleCannotBeEvaluated."""
    value = expression.value(data)
    if isinstance(value, Decimal):
        return round_for_field(spec, value, rounding)
    return type_of_field(spec).take_result(value)
