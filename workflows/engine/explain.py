"""What pydantic found wrong with a definition, in words for whoever wrote it.

The first problem is explained: where it is, what is wrong, what to write instead; the others
are counted.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from workflows.engine.definition import (
    ApprovalStep,
    AutomationStep,
    BaselineDef,
    BranchDef,
    DecisionStep,
    Definition,
    EndStep,
    ErrorRouteDef,
    FieldDef,
    JoinStep,
    OverdueDef,
    ParallelStep,
    RetryDef,
    RoleDef,
    RoundingDef,
    RouteDef,
    RuleDef,
    StartDef,
    SubworkflowStep,
    TaskStep,
    TriggerDef,
    WaitStep,
)

Place = tuple[str | int, ...]

STEPS: Final[Mapping[str, type[BaseModel]]] = {
    "approval": ApprovalStep,
    "task": TaskStep,
    "decision": DecisionStep,
    "parallel": ParallelStep,
    "join": JoinStep,
    "automation": AutomationStep,
    "wait": WaitStep,
    "subworkflow": SubworkflowStep,
    "end": EndStep,
}
_PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "baseline": BaselineDef,
    "start": StartDef,
    "roles.*": RoleDef,
    "fields.*": FieldDef,
    "start.triggers.*": TriggerDef,
    "steps.*.outcomes.*": RouteDef,
    "steps.*.rules.*": RuleDef,
    "steps.*.branches.*": BranchDef,
    "steps.*.on_overdue": OverdueDef,
    "steps.*.retry": RetryDef,
    "steps.*.round.*": RoundingDef,
    "steps.*.on_error": ErrorRouteDef,
}
_EITHER: Final[Mapping[str, str]] = {
    "quorum": "write a whole number from 1 to 1000, or all",
    "wait_for": "write all, any or a whole number from 1 to 1000",
    "factor": "write a number from 1 to 100",
    "minutes_per_request": "write a number of minutes, 0 or more",
    "error_rate": "write a number from 0 to 1, such as 0.12",
}
_NAMES_OF: Final[Mapping[str, str]] = {
    "steps": "small letters, digits, _ and -, beginning with a letter",
    "outcomes": "small letters, digits, _ and -, beginning with a letter",
}
_PLAIN_NAME: Final = "small letters, digits and _, beginning with a letter"


def explain(problem: ValidationError) -> str:
    """One line: the place, what is wrong and what to change, and how many more there are."""
    errors = problem.errors(include_url=False)
    place = _place(errors[0])
    others = len({_place(error) for error in errors} - {place})
    path = ".".join(str(part + 1) if isinstance(part, int) else _cut(part) for part in place)
    more = f" (and {others} more)" if others else ""
    return f"{path + ': ' if path else ''}{_what(errors[0], place)}{more}"


def _cut(value: object, longest: int = 60) -> str:
    """What was written, without letting it drown the message."""
    text = str(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def first_place(problem: ValidationError) -> Place:
    """Where the problem is that `explain` speaks of, as keys and positions (from 0)."""
    error = problem.errors(include_url=False)[0]
    place = _place(error)
    if not place and error["type"] == "value_error":
        return _named_in(str(error["ctx"]["error"]))
    return place


def _named_in(message: str) -> Place:
    """The step that a message about the whole definition speaks of."""
    before, found, after = message.partition("step '")
    if found and len(before) < len("`on_overdue` of ") + 100:
        return ("steps", after.partition("'")[0])
    return ("start",) if message.startswith("the start") else ()


def _place(error: Any) -> Place:
    """The place without what pydantic adds: the kind of a step, the member of a union."""
    parts = list(error["loc"])
    if len(parts) > 2 and parts[0] == "steps" and parts[2] in STEPS:
        del parts[2]
    if parts and parts[-1] == "[key]":
        parts.pop()
    for at in range(len(parts) - 1, 0, -1):
        if parts[at - 1] in _EITHER or parts[at - 1] == "due":
            del parts[at]
    return tuple(parts)


def _what(error: Any, place: Place) -> str:
    last = str(place[-1]) if place else ""
    if error["loc"] and error["loc"][-1] == "[key]":
        return f"'{_cut(last)}' cannot be a name here; write {_name_rule(place)}"
    if last in _EITHER and error["type"] != "extra_forbidden":
        return _EITHER[last]
    return _MESSAGES.get(error["type"], _otherwise)(error, place)


def _name_rule(place: Place) -> str:
    holder = str(place[-2]) if len(place) > 1 else ""
    return _NAMES_OF.get(holder, _PLAIN_NAME)


def _missing(error: Any, place: Place) -> str:
    return f"`{_cut(place[-1])}` is missing; add it"


def _unknown_key(error: Any, place: Place) -> str:
    known = _known_keys(error["loc"])
    close = get_close_matches(_cut(place[-1]), known, n=1, cutoff=0.6)
    if close:
        return f"unknown key '{_cut(place[-1])}' (did you mean '{close[0]}'?)"
    return f"unknown key '{_cut(place[-1])}'; remove it, or use one of {', '.join(known)}"


def _known_keys(loc: Place) -> list[str]:
    """The keys that the part may have in which the unknown one stands."""
    if len(loc) == 1:
        model: type[BaseModel] | None = Definition
    elif loc[0] == "steps" and len(loc) == 4:
        model = STEPS.get(str(loc[2]))
    else:
        model = _PARTS.get(_pattern(loc[:-1]))
    fields = model.model_fields.items() if model else ()
    return [field.alias or name for name, field in fields]


def _pattern(loc: Place) -> str:
    """The place of a part with its own names left out: `steps.*.outcomes.*`."""
    parts = [str(part) for part in loc]
    if parts[0] == "steps":
        del parts[2]
    named = {1} if parts[0] in ("roles", "fields", "steps") else {2}
    return ".".join(
        "*" if number in named or (number == 3 and parts[0] == "steps") else part
        for number, part in enumerate(parts)
    )


def _wrong_kind(error: Any, place: Place) -> str:
    kinds = ", ".join(STEPS)
    if not isinstance(error["input"], dict):
        return "a step is written as keys and values; begin with `kind:`"
    if error["type"] == "union_tag_not_found":
        return f"`kind` is missing; write one of {kinds}"
    given = error["ctx"].get("tag", "")
    close = get_close_matches(_cut(given), list(STEPS), n=1)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    return f"there is no kind of step '{_cut(given)}'{hint}; write one of {kinds}"


def _text_wanted(error: Any, place: Place) -> str:
    return "write text here; put quotes round it if it looks like a number or true or false"


def _pattern_wanted(error: Any, place: Place) -> str:
    pattern, given = error["ctx"]["pattern"], _cut(error["input"])
    if pattern.startswith("^[A-Z]"):
        return "write a currency as three capital letters, such as EUR"
    if "(-" in pattern:
        return f"'{given}' cannot be used; write small letters, digits and single hyphens"
    rule = _NAMES_OF["steps"] if "_-" in pattern else _PLAIN_NAME
    return f"'{given}' cannot be a name here; write {rule}"


def _bounds(error: Any, place: Place) -> str:
    words = {"ge": "or more", "le": "or less", "gt": "or more", "lt": "or less"}
    limit = next(f"{value} {words[name]}" for name, value in error["ctx"].items() if name in words)
    return f"{_cut(error['input'])} is outside the bounds; write {limit}"


def _one_of(error: Any, place: Place) -> str:
    return f"'{_cut(error['input'])}' cannot be used here; write {error['ctx']['expected']}"


def _own_words(error: Any, place: Place) -> str:
    return str(error["ctx"]["error"])


def _length(error: Any, place: Place) -> str:
    context = error["ctx"]
    if error["type"].endswith("too_long"):
        return f"is too long; keep it to {context['max_length']}"
    return "is empty; write at least one" if context["min_length"] == 1 else "is too short"


def _otherwise(error: Any, place: Place) -> str:
    return f"{error['msg']}; correct it"


def _say(sentence: str) -> Callable[[Any, Place], str]:
    return lambda error, place: sentence


_MESSAGES: Final[Mapping[str, Callable[[Any, Place], str]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "union_tag_not_found": _wrong_kind,
    "union_tag_invalid": _wrong_kind,
    "model_attributes_type": _wrong_kind,
    "string_type": _text_wanted,
    "string_pattern_mismatch": _pattern_wanted,
    "string_too_short": _length,
    "string_too_long": _length,
    "too_short": _length,
    "too_long": _length,
    "int_type": _say("write a whole number"),
    "bool_type": _say("write true or false"),
    "list_type": _say("write a list, such as [a, b]"),
    "dict_type": _say("write keys and values here"),
    "model_type": _say("write keys and values here"),
    "greater_than_equal": _bounds,
    "less_than_equal": _bounds,
    "literal_error": _one_of,
    "value_error": _own_words,
}
