"""How far a long piece of work has come, for whoever waits for it."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: not known)."""


def ignore_progress(*_: object) -> None:
    """Nobody wants to know."""
