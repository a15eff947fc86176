"""What is wrong with a member of a call, by pydantic's type of error, in sentences of our own."""

from collections.abc import Mapping
from typing import Any

from workflows.engine.texts import Text, text

_WHOLE_NUMBER = text("this must be a whole number")
_NUMBER = text("this must be a number")
_YES_OR_NO = text("this must be true or false")
_OBJECT = text("this must be an object with names and values")
_MOMENT = text("this must be a moment such as 2026-03-31T14:05:00Z")
_DAY = text("this must be a day such as 2026-03-31")

_SENTENCES: Mapping[str, Text] = {
    "missing": text("this is missing; add it"),
    "extra_forbidden": text("this is not asked for; leave it out"),
    "string_type": text("this must be a text"),
    "string_pattern_mismatch": text("this does not have the form that is asked for"),
    "list_type": text("this must be a list"),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _WHOLE_NUMBER
    ),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number", "decimal_parsing"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _YES_OR_NO),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _OBJECT),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "timezone_aware"), _MOMENT),
    **dict.fromkeys(("datetime_from_date_parsing", "datetime_object_invalid"), _MOMENT),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), _DAY),
}
_BOUNDED: Mapping[str, tuple[str, Text]] = {
    "greater_than_equal": ("ge", text("this must be %(limit)s or more")),
    "less_than_equal": ("le", text("this must be %(limit)s or less")),
    "string_too_short": ("min_length", text("this is too short; at least %(limit)s")),
    "string_too_long": ("max_length", text("this is too long; at most %(limit)s")),
    "too_short": ("min_length", text("there are too few entries; at least %(limit)s")),
    "too_long": ("max_length", text("there are too many entries; at most %(limit)s")),
}
"""The sentences that name a limit, and what pydantic calls it."""
_ANYTHING_ELSE = text("this cannot be used as it is; the description of the API says what can")


def describe_validation_error(entry: Mapping[str, Any]) -> Text:
    """The sentence for one of the errors that pydantic lists."""
    kind, context = entry["type"], entry.get("ctx", {})
    name, sentence = _BOUNDED.get(kind, ("", _ANYTHING_ELSE))
    if name in context:
        return sentence.filled({"limit": context[name]})
    return _SENTENCES.get(kind, _ANYTHING_ELSE)
