"""JSONPath (RFC 9535): where in an answer a value is found."""

import re
from typing import Any, Final

from jsonpath_rfc9535 import JSONPathError, JSONPathQuery
from jsonpath_rfc9535 import compile as compile_path

LONGEST: Final = 500
_PATTERN: Final = re.compile(r"\b(match|search)\s*\(")


class PathProblem(ValueError):
    """A path cannot be read, or does not find exactly one value; the message says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_path(path: str) -> None:
    """Raise PathProblem if `path` is not JSONPath, or looks for patterns.

    A regular expression could keep a worker busy for ever, so `match` and `search` are refused,
    as they are in rules.
    """
    _compiled(path)


def _compiled(path: str) -> JSONPathQuery:
    problem = "match() and search() are not taken" if _PATTERN.search(path) else ""
    if len(path) > LONGEST:
        problem = f"it has more than {LONGEST} characters"
    if not problem:
        try:
            return compile_path(path)
        except (JSONPathError, RecursionError) as wrong:
            problem = str(wrong)[:200]
    raise PathProblem(
        "path_unreadable", f"'{path[:200]}' is not a path: {problem}. Write one like $.number."
    )


def pick(document: Any, path: str) -> Any:
    """The one value that `path` finds in a JSON document.

    Raises PathProblem where it finds none (`output_missing`) or several (`output_ambiguous`).
    """
    try:
        found = _compiled(path).find(document)
    except (JSONPathError, RecursionError):
        raise PathProblem(
            "output_missing", f"The answer is nested too deep to look for {path} in it."
        ) from None
    if not found:
        raise PathProblem("output_missing", f"The answer has nothing at {path}.")
    if len(found) > 1:
        raise PathProblem(
            "output_ambiguous", f"The answer has {len(found)} values at {path}; name one of them."
        )
    return found[0].value
