"""JSONPath (RFC 9535): where in an answer a value is found."""

import re
from typing import Any, Final

from jsonpath_rfc9535 import JSONPathError, JSONPathQuery
from jsonpath_rfc9535 import compile as compile_path

from workflows.engine.texts import Text, text

LONGEST: Final = 500
_PATTERN: Final = re.compile(r"\b(match|search)\s*\(")


class PathProblem(ValueError):
    """A path cannot be read, or does not find exactly one value; the message says which."""

    def __init__(self, code: str, message: Text) -> None:
        super().__init__(message)
        self.code = code


def check_path(path: str) -> None:
    """Raise PathProblem if `path` is not JSONPath, or looks for patterns.

    A regular expression could keep a worker busy for ever, so `match` and `search` are refused,
    as they are in rules.
    """
    _compile_json_path(path)


def _compile_json_path(path: str) -> JSONPathQuery:
    problem: Text | str = (
        text("match() and search() are not taken") if _PATTERN.search(path) else ""
    )
    if len(path) > LONGEST:
        problem = text("it has more than %(longest)s characters", longest=LONGEST)
    if not problem:
        try:
            return compile_path(path)
        except (JSONPathError, RecursionError) as wrong:
            problem = str(wrong)[:200]
    raise PathProblem(
        "path_unreadable",
        text(
            "'%(path)s' is not a path: %(problem)s. Write one like $.number.",
            path=path[:200],
            problem=problem,
        ),
    )


def find_single_value(document: Any, path: str) -> Any:
    """The one value that `path` finds in a JSON document.

    Raises PathProblem where it finds none (`output_missing`) or several (`output_ambiguous`).
    """
    try:
        nodes = _compile_json_path(path).find(document)
    except (JSONPathError, RecursionError):
        raise PathProblem(
            "output_missing",
            text("The answer is nested too deep to look for %(path)s in it.", path=path),
        ) from None
    if not nodes:
        raise PathProblem("output_missing", text("The answer has nothing at %(path)s.", path=path))
    if len(nodes) > 1:
        raise PathProblem(
            "output_ambiguous",
            text(
                "The answer has %(count)s values at %(path)s; name one of them.",
                count=len(nodes),
                path=path,
            ),
        )
    return nodes[0].value
