"""Fields as a definition file declares them, without a definition around them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spec:
    """A declared field, as a definition file declares it."""

    type: str
    choices: Sequence[str] | None = None
    currency: str | None = None
    required: bool | None = None
    label: str | None = None
    accept: Sequence[str] | None = None
    max_size: int | None = None
