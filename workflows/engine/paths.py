"""JSONPath (RFC 9535): where in an answer a value is found."""

from typing import Any

from jsonpath_rfc9535 import JSONPathError
from jsonpath_rfc9535 import compile as compile_path


class PathProblem(ValueError):
    """A path cannot be read, or does not find exactly one value; the message says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_path(path: str) -> None:
    """Raise PathProblem if `path` is not JSONPath."""
    try:
        compile_path(path)
    except JSONPathError as problem:
        raise PathProblem(
            "path_unreadable", f"'{path}' is not a path: {problem}. Write one like $.number."
        ) from None


def pick(document: Any, path: str) -> Any:
    """The one value that `path` finds in a JSON document.

    Raises PathProblem where it finds none (`output_missing`) or several (`output_ambiguous`).
    """
    check_path(path)
    found = compile_path(path).find(document)
    if not found:
        raise PathProblem("output_missing", f"The answer has nothing at {path}.")
    if len(found) > 1:
        raise PathProblem(
            "output_ambiguous", f"The answer has {len(found)} values at {path}; name one of them."
        )
    return found[0].value
