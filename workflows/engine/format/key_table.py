"""Every key of a definition file in one table, made from the schema that files are read by.

The page on the format holds this table, and a test that it is the one that is made here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_HEAD: Final = ("| key | stands in | takes |", "|---|---|---|")
_LONGEST_LIST: Final = 8
"""Of more words than these only the first few are written out."""


def format_key_table(schema: Mapping[str, Any]) -> str:
    """The table in Markdown: a row for each key and what it takes, with the parts it stands in.

    `schema` is the JSON Schema of definition files.
    """
    rows: dict[tuple[str, str], list[str]] = {}
    for part, key, taken in _keys(schema):
        rows.setdefault((key, taken), []).append(part)
    lines = [
        f"| `{key}` | {', '.join(parts)} | {taken} |"
        for (key, taken), parts in sorted(rows.items())
    ]
    return "\n".join((*_HEAD, *lines))


def _keys(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each part's name, key, and what the key takes."""
    parts = {"the head": schema, **{_part_name(n): part for n, part in schema["$defs"].items()}}
    for name, part in parts.items():
        written = _written_out(part)
        for key, value in written.get("properties", {}).items():
            needed = " (needed)" if key in written.get("required", ()) else ""
            yield name, key, _describe(value) + needed


def _written_out(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part with its keys, where it may also be written as one value alone."""
    alternatives = part.get("anyOf") or part.get("oneOf") or ()
    return next((one for one in alternatives if "properties" in one), part)


def _part_name(model: str) -> str:
    """`ApprovalStep` is `approval step`, `OverdueDef` is `overdue`."""
    words = re.findall("[A-Z][a-z]+", model)
    return " ".join(word.lower() for word in words if word != "Def")


def _describe(value: Mapping[str, Any]) -> str:
    """What a value may be, in a few words."""
    if "$ref" in value:
        return _part_name(value["$ref"].rsplit("/", 1)[-1])
    if alternatives := value.get("anyOf") or value.get("oneOf"):
        kinds = [_describe(one) for one in alternatives if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "const" in value:
        return f"`{str(value['const']).lower() if value['const'] is True else value['const']}`"
    if "enum" in value:
        return _enumerate(value["enum"])
    return _describe_type(value)


def _enumerate(words: list[Any]) -> str:
    shown = ", ".join(f"`{word}`" for word in words[:_LONGEST_LIST])
    return shown + (", …" if len(words) > _LONGEST_LIST else "")


def _describe_type(value: Mapping[str, Any]) -> str:
    kind = value.get("type")
    if kind == "array":
        return f"list of: {_describe(value.get('items', {}))}"
    if kind == "object":
        inner = next(iter(value.get("patternProperties", {}).values()), None)
        inner = inner or value.get("additionalProperties")
        return f"by name: {_describe(inner)}" if isinstance(inner, Mapping) else "keys of its own"
    if kind in ("integer", "number"):
        return _describe_number(value, "whole number" if kind == "integer" else "number")
    return {"string": "text", "boolean": "`true` or `false`"}.get(str(kind), "anything")


def _describe_number(value: Mapping[str, Any], noun: str) -> str:
    low = value.get("minimum", value.get("exclusiveMinimum"))
    high = value.get("maximum")
    bounds = [f"from {low}" if low is not None else "", f"to {high}" if high is not None else ""]
    return " ".join(filter(None, (noun, *bounds)))
