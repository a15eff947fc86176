"""What pydantic found wrong with a definition, in words for whoever wrote it.

The first problem is explained: where it is, what is wrong, what to write instead; the others
are counted.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from workflows.engine.format.definition import (
    ApprovalStep,
    AutomationStep,
    BaselineDef,
    BranchDef,
    ChainDef,
    DecisionStep,
    Definition,
    EndStep,
    ErrorRouteDef,
    FieldDef,
    JoinStep,
    MapProblem,
    OverdueDef,
    ParallelStep,
    RetryDef,
    RoundingDef,
    RouteDef,
    RuleDef,
    StartDef,
    SubworkflowStep,
    TableRowDef,
    TableStep,
    TaskStep,
    TriggerDef,
    WaitStep,
)
from workflows.engine.format.field_parts import ColumnDef
from workflows.engine.format.parts import ExpiryDef, ExtendDef, RequestOverdueDef
from workflows.engine.format.rehearsed import RehearseDef, RehearseStepDef
from workflows.engine.format.roles import role_settings_model
from workflows.engine.texts import Text, join_alternative_texts, text

DefinitionPath = tuple[str | int, ...]

STEP_MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "approval": ApprovalStep,
    "task": TaskStep,
    "decision": DecisionStep,
    "table": TableStep,
    "parallel": ParallelStep,
    "join": JoinStep,
    "automation": AutomationStep,
    "wait": WaitStep,
    "subworkflow": SubworkflowStep,
    "end": EndStep,
}
_PART_MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "baseline": BaselineDef,
    "rehearse": RehearseDef,
    "extend": ExtendDef,
    "on_overdue": RequestOverdueDef,
    "rehearse.steps.*": RehearseStepDef,
    "start": StartDef,
    "fields.*": FieldDef,
    "fields.*.columns.*": ColumnDef,
    "start.triggers.*": TriggerDef,
    "steps.*.outcomes.*": RouteDef,
    "steps.*.rules.*": RuleDef,
    "steps.*.branches.*": BranchDef,
    "steps.*.branches.*.each.chain": ChainDef,
    "steps.*.rows.*": TableRowDef,
    "steps.*.on_overdue": OverdueDef,
    "steps.*.retry": RetryDef,
    "steps.*.round.*": RoundingDef,
    "steps.*.on_error": ErrorRouteDef,
    "steps.*.expires": ExpiryDef,
    "steps.*.extend": ExtendDef,
}
_UNION_HINTS: Final[Mapping[str, Text]] = {
    "wait_for": text("write all, any, a whole number from 1 to 1000 or a share such as 60%"),
    "factor": text("write a number from 1 to 100"),
    "minutes_per_request": text("write a number of minutes, 0 or more"),
    "error_rate": text("write a number from 0 to 1, such as 0.12"),
    "requests_per_week": text("write a number above 0"),
    "minutes": text("write a number of minutes, 0 or more"),
    "fails": text("write a number from 0 to 1, such as 0.02"),
}
_NAMES_OF: Final[Mapping[str, Text]] = {
    "steps": text("small letters, digits, _ and -, beginning with a letter"),
    "outcomes": text("small letters, digits, _ and -, beginning with a letter"),
}
_ALTERNATIVE: Final = re.compile(r"'[^']*'|[^\s,']+(?<!\bor)(?=,| or |$)")
"""One of the values that pydantic expects: it gives them as `'a', 'b' or 'c'`."""
_PLAIN_NAME: Final = text("small letters, digits and _, beginning with a letter")


def explain_validation_error(problem: ValidationError, within: DefinitionPath = ()) -> Text:
    """One line: the place, what is wrong and what to change, and how many more there are. Of a
    part that was read alone, `within` is where it would stand; that is not named."""
    errors: list[Any] = [
        {**error, "loc": (*within, *error["loc"])} for error in problem.errors(include_url=False)
    ]
    place = _error_path(errors[0])
    other_count = len({_error_path(error) for error in errors} - {place})
    path = ".".join(
        str(part + 1) if isinstance(part, int) else _truncate_value(part)
        for part in place[len(within) :]
    )
    description: Text = text("%(problem)s", problem=_describe_error(errors[0], place))
    if path:
        description = text("%(place)s: %(problem)s", place=path, problem=description)
    if other_count:
        return text("%(problem)s (and %(count)s more)", problem=description, count=other_count)
    return description


def _truncate_value(value: object, longest: int = 60) -> str:
    """What was written, without letting it drown the message."""
    text = str(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def first_error_path(problem: ValidationError) -> DefinitionPath:
    """Where the problem is that `explain` speaks of, as keys and positions (from 0)."""
    error = problem.errors(include_url=False)[0]
    place = _error_path(error)
    cause = error.get("ctx", {}).get("error")
    return cause.path if isinstance(cause, MapProblem) else place


def _error_path(error: Any) -> DefinitionPath:
    """The place without what pydantic adds: the kind of a step, the member of a union."""
    parts = list(error["loc"])
    if len(parts) > 2 and parts[0] == "steps" and parts[2] in STEP_MODELS:
        del parts[2]
    if parts and parts[-1] == "[key]":
        parts.pop()
    for at in range(len(parts) - 1, 0, -1):
        if parts[at - 1] in _UNION_HINTS or parts[at - 1] in ("due", "until", "each"):
            del parts[at]
    return tuple(parts)


def _describe_error(error: Any, place: DefinitionPath) -> Text | str:
    last = str(place[-1]) if place else ""
    if error["loc"] and error["loc"][-1] == "[key]":
        return text(
            "'%(written)s' cannot be a name here; write %(rule)s",
            written=_truncate_value(last),
            rule=_name_rule(place),
        )
    if last in _UNION_HINTS and error["type"] != "extra_forbidden":
        return _UNION_HINTS[last]
    return _MESSAGES.get(error["type"], _describe_other_error)(error, place)


def _name_rule(place: DefinitionPath) -> Text:
    holder = str(place[-2]) if len(place) > 1 else ""
    return _NAMES_OF.get(holder, _PLAIN_NAME)


def _describe_missing_key(error: Any, place: DefinitionPath) -> Text | str:
    return text("`%(written)s` is missing; add it", written=_truncate_value(place[-1]))


def _describe_unknown_key(error: Any, place: DefinitionPath) -> Text | str:
    known_keys = _known_keys(error["loc"])
    close = get_close_matches(_truncate_value(place[-1]), known_keys, n=1, cutoff=0.6)
    if close:
        return text(
            "unknown key '%(written)s' (did you mean '%(close)s'?)",
            written=_truncate_value(place[-1]),
            close=close[0],
        )
    return text(
        "unknown key '%(written)s'; remove it, or use one of %(known)s",
        written=_truncate_value(place[-1]),
        known=", ".join(known_keys),
    )


def _known_keys(loc: DefinitionPath) -> list[str]:
    """The keys that the part may have in which the unknown one stands."""
    if len(loc) == 1:
        model: type[BaseModel] | None = Definition
    elif loc[0] == "steps" and len(loc) == 4:
        model = STEP_MODELS.get(str(loc[2]))
    elif (pattern := _path_pattern(loc[:-1])) == "roles.*":
        model = role_settings_model()
    else:
        model = _PART_MODELS.get(pattern)
    fields = model.model_fields.items() if model else ()
    return [field.alias or name for name, field in fields]


def _path_pattern(loc: DefinitionPath) -> str:
    """The place of a part with its own names left out: `steps.*.outcomes.*`."""
    parts = [str(part) for part in loc]
    if parts[0] == "steps":
        del parts[2]
    named = {1} if parts[0] in ("roles", "fields", "steps") else {2}
    return ".".join(
        "*" if number in named or (number == 3 and parts[0] in ("steps", "fields")) else part
        for number, part in enumerate(parts)
    )


def _describe_wrong_kind(error: Any, place: DefinitionPath) -> Text | str:
    kinds = ", ".join(STEP_MODELS)
    if not isinstance(error["input"], dict):
        return text("a step is written as keys and values; begin with `kind:`")
    if error["type"] == "union_tag_not_found":
        return text("`kind` is missing; write one of %(kinds)s", kinds=kinds)
    written_kind = error["ctx"].get("tag", "")
    close = get_close_matches(_truncate_value(written_kind), list(STEP_MODELS), n=1)
    written = _truncate_value(written_kind)
    if close:
        return text(
            "there is no kind of step '%(written)s' (did you mean '%(close)s'?); write one of"
            " %(kinds)s",
            written=written,
            close=close[0],
            kinds=kinds,
        )
    return text(
        "there is no kind of step '%(written)s'; write one of %(kinds)s",
        written=written,
        kinds=kinds,
    )


def _describe_text_expected(error: Any, place: DefinitionPath) -> Text | str:
    return text("write text here; put quotes round it if it looks like a number or true or false")


def _describe_pattern_mismatch(error: Any, place: DefinitionPath) -> Text | str:
    pattern, written = error["ctx"]["pattern"], _truncate_value(error["input"])
    if pattern.startswith("^[A-Z]"):
        return text("write a currency as three capital letters, such as EUR")
    if "(-" in pattern:
        return text(
            "'%(written)s' cannot be used; write small letters, digits and single hyphens",
            written=written,
        )
    rule = _NAMES_OF["steps"] if "_-" in pattern else _PLAIN_NAME
    return text("'%(written)s' cannot be a name here; write %(rule)s", written=written, rule=rule)


def _describe_bounds(error: Any, place: DefinitionPath) -> Text | str:
    written, limits = _truncate_value(error["input"]), error["ctx"]
    for name in ("ge", "gt"):
        if name in limits:
            return text(
                "%(written)s is outside the bounds; write %(limit)s or more",
                written=written,
                limit=limits[name],
            )
    limit = limits["le"] if "le" in limits else limits["lt"]
    return text(
        "%(written)s is outside the bounds; write %(limit)s or less", written=written, limit=limit
    )


def _describe_literal_choice(error: Any, place: DefinitionPath) -> Text | str:
    return text(
        "'%(written)s' cannot be used here; write %(expected)s",
        written=_truncate_value(error["input"]),
        expected=join_alternative_texts(_ALTERNATIVE.findall(error["ctx"]["expected"])),
    )


def _validator_message(error: Any, place: DefinitionPath) -> Text | str:
    (message,) = error["ctx"]["error"].args
    return message if isinstance(message, Text) else str(message)


def _describe_length(error: Any, place: DefinitionPath) -> Text | str:
    context = error["ctx"]
    if error["type"].endswith("too_long"):
        return text("is too long; keep it to %(longest)s", longest=context["max_length"])
    return (
        text("is empty; write at least one") if context["min_length"] == 1 else text("is too short")
    )


def _describe_other_error(error: Any, place: DefinitionPath) -> Text | str:
    return text(
        "'%(written)s' cannot be used here; correct it", written=_truncate_value(error["input"])
    )


def _fixed_message(sentence: Text) -> Callable[[Any, DefinitionPath], Text | str]:
    return lambda error, place: sentence


_MESSAGES: Final[Mapping[str, Callable[[Any, DefinitionPath], Text | str]]] = {
    "missing": _describe_missing_key,
    "extra_forbidden": _describe_unknown_key,
    "union_tag_not_found": _describe_wrong_kind,
    "union_tag_invalid": _describe_wrong_kind,
    "model_attributes_type": _describe_wrong_kind,
    "string_type": _describe_text_expected,
    "string_pattern_mismatch": _describe_pattern_mismatch,
    "string_too_short": _describe_length,
    "string_too_long": _describe_length,
    "too_short": _describe_length,
    "too_long": _describe_length,
    "int_type": _fixed_message(text("write a whole number")),
    "float_type": _fixed_message(text("write a number")),
    "finite_number": _fixed_message(text("write a number")),
    "bool_type": _fixed_message(text("write true or false")),
    "list_type": _fixed_message(text("write a list, such as [a, b]")),
    "dict_type": _fixed_message(text("write keys and values here")),
    "model_type": _fixed_message(text("write keys and values here")),
    "greater_than_equal": _describe_bounds,
    "less_than_equal": _describe_bounds,
    "literal_error": _describe_literal_choice,
    "value_error": _validator_message,
}
