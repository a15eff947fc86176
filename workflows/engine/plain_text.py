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

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


@dataclass(frozen=True)
class Plain:
    """Data with the line in which each part of it stands (none are known of JSON)."""

    data: Any
    lines: Mapping[Path, int] = field(default_factory=dict)


def read_plain(text: str | bytes) -> Plain:
    """The data that a YAML or JSON text says. Raises UnreadableText, and nothing else."""
    if len(text) > MAX_BYTES:
        raise UnreadableText("is larger than 1 MB; a definition is much smaller, so check the file")
    decoded = _decoded(text)
    if decoded.lstrip().startswith("{"):
        try:
            return Plain(_from_json(decoded))
        except json.JSONDecodeError:
            pass  # braces may be YAML in flow style; if not, YAML says so with the line
    return _from_yaml(decoded)


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = text.count(b"\n", 0, problem.start) + 1
        raise UnreadableText("is not UTF-8 text; save it as UTF-8", line) from None


def one_line(text: str, longest: int = 400) -> str:
    """Text for a message: no line breaks, not endless."""
    line = " ".join(_UNSTORABLE.sub("?", text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def problem_in(name: str, why: str, line: int | None = None) -> DefinitionProblem:
    """The one shape of a message about a file."""
    where = f"{one_line(name, 200)}, line {line}" if line else one_line(name, 200)
    return DefinitionProblem(f"{where}: {one_line(why, 600)}")


# -- JSON -------------------------------------------------------------------------------------


def _from_json(text: str) -> Any:
    try:
        data = json.loads(
            text,
            object_pairs_hook=_no_key_twice,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except RecursionError:
        raise _too_deep() from None
    _check_depth_and_text(data)
    return data


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _written_twice(twice)
    return result


def _check_depth_and_text(data: Any) -> None:
    todo = [(data, 1)]
    while todo:
        value, depth = todo.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise _too_deep()
            inner = [*value, *value.values()] if isinstance(value, dict) else value
            todo.extend((part, depth + 1) for part in inner)


# -- YAML -------------------------------------------------------------------------------------


def _from_yaml(text: str) -> Plain:
    try:
        return _Builder().built(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        why = f"is not readable as YAML ({problem.problem}); check indentation, colons and quotes"
        raise UnreadableText(why, mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError):
        why = "holds characters that no text file has; save it as plain UTF-8 text"
        raise UnreadableText(why) from None


class _Missing:
    """Stands for a key that has not come yet."""


@dataclass
class _Open:
    """A mapping or list that is being read, and the key that its next value belongs to."""

    value: dict[str, Any] | list[Any]
    path: Path
    key: str | type[_Missing] = _Missing


@dataclass
class _Builder:
    """Puts parser events together without recursion, refusing what could do harm."""

    open: list[_Open] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)
    root: Any = None
    documents: int = 0

    def built(self, events: Iterator[Any]) -> Plain:
        for event in events:
            self._take(event, event.start_mark.line + 1)
        return Plain(self.root, self.lines)

    def _take(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise UnreadableText("holds a second document; keep one workflow a file", line)
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_cleverness(event, line)
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event, line)
            else:
                self._begin({} if isinstance(event, yaml.MappingStartEvent) else [], line)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.open.pop()

    def _refuse_cleverness(self, event: Any, line: int) -> None:
        if event.anchor is not None:
            raise UnreadableText("uses an anchor or alias (& or *); write the text out", line)
        if getattr(event, "tag", None) is not None:
            raise UnreadableText(f"uses the tag {event.tag}; leave it out", line)

    def _begin(self, value: dict[str, Any] | list[Any], line: int) -> None:
        path = self._add(value, line)
        if len(self.open) >= MAX_DEPTH:
            raise _too_deep(line)
        self.open.append(_Open(value, path))

    def _scalar(self, event: Any, line: int) -> None:
        _check_text(event.value, line)
        holder = self.open[-1] if self.open else None
        if holder is not None and isinstance(holder.value, dict) and holder.key is _Missing:
            if event.value in holder.value:
                raise _written_twice(event.value, line)
            holder.key = event.value
            self.lines[(*holder.path, event.value)] = line
        else:
            self._add(_resolved(event.value, line) if event.implicit[0] else event.value, line)

    def _add(self, value: Any, line: int) -> Path:
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
            raise UnreadableText("uses a list or mapping as a key; write a name", line)
        path = (*holder.path, holder.key)
        holder.value[holder.key] = value
        holder.key = _Missing
        return path


def _resolved(text: str, line: int) -> Any:
    """What a word without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text, line)
    return _finite(text, line) if _FLOAT.fullmatch(text) else text


def _integer(text: str, line: int | None = None) -> int:
    if len(text) > MAX_DIGITS:
        raise UnreadableText(
            f"holds a number of more than {MAX_DIGITS} digits; put it in quotes if it is text", line
        )
    return int(text)


def _finite(text: str, line: int | None = None) -> float:
    number = float(text)
    if number - number != 0:
        raise UnreadableText(f"holds '{text[:20]}', which is no number; write a smaller one", line)
    return number


def _check_text(text: str, line: int | None = None) -> None:
    if _UNSTORABLE.search(text):
        raise UnreadableText(
            "holds a control character or half a character; type the text again without it", line
        )


def _written_twice(key: str, line: int | None = None) -> UnreadableText:
    return UnreadableText(
        f"the key '{one_line(key, 80)}' is written twice; rename or remove one", line
    )


def _too_deep(line: int | None = None) -> UnreadableText:
    return UnreadableText(f"is nested deeper than {MAX_DEPTH} levels; make it flatter", line)
