"""Ways between the same two steps as one arrow, with all that is said of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from workflows.definitions.diagrams.lettering import shorten_text, wrap_text
from workflows.definitions.diagrams.parts import DiagramArrow

ONE_LINE: Final = 20
EACH_LINE: Final = 26
"""A label of up to so many letters is one line; of a longer one each of two has up to so many."""


@dataclass(frozen=True)
class JoinedArrow:
    """The ways between two steps that look alike: drawn as one arrow."""

    ways: Sequence[DiagramArrow]

    @property
    def source(self) -> str:
        """The step it leaves."""
        return self.ways[0].source

    @property
    def target(self) -> str:
        """The step it leads to."""
        return self.ways[0].target

    @property
    def names(self) -> str:
        """The names of the ways, each in an attribute's word."""
        return " ".join(way.name for way in self.ways if way.name)

    @property
    def is_exception(self) -> bool:
        """Whether its ways are exceptions."""
        return self.ways[0].is_exception

    @property
    def css_class(self) -> str:
        """What its line looks like."""
        weight = max(way.weight for way in self.ways)
        return " ".join(["way", *self.looks, *([f"weight-{weight}"] if weight else [])])

    @cached_property
    def looks(self) -> Sequence[str]:
        """The CSS classes that its line and its label have."""
        looks = ("exception" if self.is_exception else "", self.ways[0].mark)
        return [look for look in looks if look]

    @property
    def used(self) -> int | None:
        """How often its ways were gone in all; None where nobody counted."""
        counted = [way.used for way in self.ways if way.used is not None]
        return sum(counted) if counted else None

    @cached_property
    def label(self) -> str:
        """All its labels and figures, in full."""
        return " / ".join(self._texts(len(way.label) for way in self.ways))

    @property
    def title(self) -> str:
        """What is said where it is pointed at."""
        said = dict.fromkeys(way.title for way in self.ways if way.title)
        return " / ".join(said) or self.label

    @cached_property
    def lines(self) -> Sequence[str]:
        """The label as it has room: in one line or two; names are shortened, figures never."""
        if not self.label:
            return []
        return wrap_text(self._short_label, one_line=ONE_LINE, each=EACH_LINE)

    @property
    def _short_label(self) -> str:
        room = 2 * EACH_LINE - 4
        if len(self.label) <= room or not any(way.count for way in self.ways):
            return self.label
        figures = sum(len(way.count) + 3 for way in self.ways if way.count)
        names = sum(bool(way.label) for way in self.ways)
        each = (room - figures - 3 * (len(self.ways) - 1)) // max(1, names)
        return " / ".join(self._texts(max(4, each) for _ in self.ways))

    def _texts(self, lengths: Iterable[int]) -> Sequence[str]:
        texts = (
            " · ".join(part for part in (shorten_text(way.label, length), way.count) if part)
            for way, length in zip(self.ways, lengths, strict=True)
        )
        return list(dict.fromkeys(text for text in texts if text))


def join_arrows(arrows: Iterable[DiagramArrow]) -> list[JoinedArrow]:
    """The arrows of a picture, in the order of their first ways."""
    together: dict[tuple[str, str, bool, str], list[DiagramArrow]] = {}
    for arrow in arrows:
        looks = (arrow.source, arrow.target, arrow.is_exception, arrow.mark)
        together.setdefault(looks, []).append(arrow)
    return [JoinedArrow(ways) for ways in together.values()]
