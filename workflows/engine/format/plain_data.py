"""YAML and JSON as plain data, read so that no text can do harm or mean two things.

There are no tags, anchors or aliases (so nothing is constructed and nothing grows), no key
twice, no second document, no depth without end. Only `true` and `false` are booleans, so that
an outcome may be called `yes` or `on`; dates and times stay text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from workflows.engine.errors import DefinitionProblem
from workflows.engine.texts import Text, text

Path = tuple[str | int, ...]

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 20
MAX_DIGITS: Final = 18

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+][0-9]{1,3})?")
_UNSTORABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


class UnreadableText(Exception):
    """The text is not plain YAML or JSON; says in which line, where that is known, and why."""

    def __init__(self, why: Text, line: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


@dataclass(frozen=True)
class Plain:
    """Data with the line in which each part of it stands (none are known of JSON)."""

    data: Any
    lines: Mapping[Path, int] = field(default_factory=dict)


def read_plain(written: str | bytes) -> Plain:
    """The data that a YAML or JSON text says. Raises UnreadableText, and nothing else."""
    if len(written) > MAX_BYTES:
        raise UnreadableText(
            text("is larger than 1 MB; a definition is much smaller, so check the file")
        )
    decoded = _decode_text(written)
    if decoded.lstrip().startswith("{"):
        try:
            return Plain(_from_json(decoded))
        except json.JSONDecodeError:
            pass  # braces may be YAML in flow style; if not, YAML says so with the line
    return _from_yaml(decoded)


def _decode_text(written: str | bytes) -> str:
    if isinstance(written, str):
        return written.removeprefix("\ufeff")
    try:
        return written.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = written.count(b"\n", 0, problem.start) + 1
        raise UnreadableText(text("is not UTF-8 text; save it as UTF-8"), line) from None


def single_line_text(written: str, longest: int = 400) -> str:
    """Text for a message: no line breaks, not endless."""
    line = " ".join(_UNSTORABLE.sub("?", written).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


@dataclass(frozen=True, slots=True)
class _SingleLine:
    """A sentence that is made when it is read, and then has no line breaks and an end."""

    sentence: Text | str

    def __str__(self) -> str:
        return single_line_text(str(self.sentence), 600)


def file_problem(name: str, why: Text | str, line: int | None = None) -> DefinitionProblem:
    """The one shape of a message about a file."""
    file, problem = single_line_text(name, 200), _SingleLine(why)
    if line:
        return DefinitionProblem(
            "%(file)s, line %(line)s: %(problem)s", file=file, line=line, problem=problem
        )
    return DefinitionProblem("%(file)s: %(problem)s", file=file, problem=problem)


# -- JSON -------------------------------------------------------------------------------------


def _from_json(written: str) -> Any:
    try:
        data = json.loads(
            written,
            object_pairs_hook=_refuse_duplicate_keys,
            parse_int=_parse_integer,
            parse_float=_parse_finite_float,
            parse_constant=_parse_finite_float,
        )
    except RecursionError:
        raise _depth_error() from None
    _check_depth_and_text(data)
    return data


def _refuse_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _duplicate_key_error(twice)
    return result


def _check_depth_and_text(data: Any) -> None:
    todo = [(data, 1)]
    while todo:
        value, depth = todo.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise _depth_error()
            inner = [*value, *value.values()] if isinstance(value, dict) else value
            todo.extend((part, depth + 1) for part in inner)


# -- YAML -------------------------------------------------------------------------------------


def _from_yaml(written: str) -> Plain:
    try:
        return _Builder().built(yaml.parse(written, Loader=_LOADER))
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        why = text(
            "is not readable as YAML (%(problem)s); check indentation, colons and quotes",
            problem=problem.problem,
        )
        raise UnreadableText(why, mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError):
        why = text("holds characters that no text file has; save it as plain UTF-8 text")
        raise UnreadableText(why) from None


class _Missing:
    """Stands for a key that has not come yet."""


@dataclass
class _OpenCollection:
    """A mapping or list that is being read, and the key that its next value belongs to."""

    value: dict[str, Any] | list[Any]
    path: Path
    key: str | type[_Missing] = _Missing


@dataclass
class _Builder:
    """Puts parser events together without recursion, refusing what could do harm."""

    open: list[_OpenCollection] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)
    root: Any = None
    documents: int = 0

    def built(self, events: Iterator[Any]) -> Plain:
        for event in events:
            self._handle_event(event, event.start_mark.line + 1)
        return Plain(self.root, self.lines)

    def _handle_event(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise UnreadableText(
                    text("holds a second document; keep one workflow a file"), line
                )
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_anchors_and_tags(event, line)
            if isinstance(event, yaml.ScalarEvent):
                self._add_scalar(event, line)
            else:
                self._begin_collection(
                    {} if isinstance(event, yaml.MappingStartEvent) else [], line
                )
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.open.pop()

    def _refuse_anchors_and_tags(self, event: Any, line: int) -> None:
        if event.anchor is not None:
            raise UnreadableText(text("uses an anchor or alias (& or *); write the text out"), line)
        if getattr(event, "tag", None) is not None:
            raise UnreadableText(text("uses the tag %(tag)s; leave it out", tag=event.tag), line)

    def _begin_collection(self, value: dict[str, Any] | list[Any], line: int) -> None:
        path = self._add_value(value, line)
        if len(self.open) >= MAX_DEPTH:
            raise _depth_error(line)
        self.open.append(_OpenCollection(value, path))

    def _add_scalar(self, event: Any, line: int) -> None:
        _check_text(event.value, line)
        holder = self.open[-1] if self.open else None
        if holder is not None and isinstance(holder.value, dict) and holder.key is _Missing:
            if event.value in holder.value:
                raise _duplicate_key_error(event.value, line)
            holder.key = event.value
            self.lines[(*holder.path, event.value)] = line
        else:
            self._add_value(
                _resolve_scalar(event.value, line) if event.implicit[0] else event.value, line
            )

    def _add_value(self, value: Any, line: int) -> Path:
        """Put a value in its place; the path to it."""
        if not self.open:
            self.root = value
            return ()
        holder = self.open[-1]
        if isinstance(holder.value, list):
            path = (*holder.path, len(holder.value))
            self.lines[path] = line
            holder.value.append(value)
            return path
        if not isinstance(holder.key, str):
            raise UnreadableText(text("uses a list or mapping as a key; write a name"), line)
        path = (*holder.path, holder.key)
        holder.value[holder.key] = value
        holder.key = _Missing
        return path


def _resolve_scalar(written: str, line: int) -> Any:
    """What a word without quotes means."""
    if written in _WORDS:
        return _WORDS[written]
    if _INTEGER.fullmatch(written):
        return _parse_integer(written, line)
    return _parse_finite_float(written, line) if _FLOAT.fullmatch(written) else written


def _parse_integer(written: str, line: int | None = None) -> int:
    if len(written) > MAX_DIGITS:
        raise UnreadableText(
            text(
                "holds a number of more than %(longest)s digits; put it in quotes if it is text",
                longest=MAX_DIGITS,
            ),
            line,
        )
    return int(written)


def _parse_finite_float(written: str, line: int | None = None) -> float:
    number = float(written)
    if number - number != 0:
        raise UnreadableText(
            text(
                "holds '%(written)s', which is no number; write a smaller one", written=written[:20]
            ),
            line,
        )
    return number


def _check_text(written: str, line: int | None = None) -> None:
    if _UNSTORABLE.search(written):
        raise UnreadableText(
            text("holds a control character or half a character; type the text again without it"),
            line,
        )


def _duplicate_key_error(key: str, line: int | None = None) -> UnreadableText:
    return UnreadableText(
        text(
            "the key '%(key)s' is written twice; rename or remove one",
            key=single_line_text(key, 80),
        ),
        line,
    )


def _depth_error(line: int | None = None) -> UnreadableText:
    return UnreadableText(
        text("is nested deeper than %(deepest)s levels; make it flatter", deepest=MAX_DEPTH), line
    )
