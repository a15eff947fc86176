"""Ways between the same two steps as one arrow, with all that is said of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from workflows.definitions.diagrams.parts import DiagramArrow

LABEL_LENGTH: Final = 26


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
    def css_class(self) -> str:
        """What its line looks like."""
        first = self.ways[0]
        weight = max(way.weight for way in self.ways)
        looks = ("exception" if first.is_exception else "", first.mark)
        return " ".join(["way", *filter(None, looks), *([f"weight-{weight}"] if weight else [])])

    @property
    def mark(self) -> str:
        """The further CSS class of its ways, which its label has too."""
        return self.ways[0].mark

    @property
    def used(self) -> int | None:
        """How often its ways were gone in all; None where nobody counted."""
        counted = [way.used for way in self.ways if way.used is not None]
        return sum(counted) if counted else None

    @property
    def label(self) -> str:
        """All its labels and figures, in full."""
        return " / ".join(self._texts(len(way.label) for way in self.ways))

    @property
    def title(self) -> str:
        """What is said where it is pointed at."""
        said = dict.fromkeys(way.title for way in self.ways if way.title)
        return " / ".join(said) or self.label

    @property
    def short_label(self) -> str:
        """The label as it has room: names are shortened, figures never."""
        if len(self.label) <= LABEL_LENGTH:
            return self.label
        named = [way for way in self.ways if way.label]
        figures = sum(len(way.count) + 3 for way in self.ways if way.count)
        each = (LABEL_LENGTH - figures - 3 * (len(named) - 1)) // max(1, len(named))
        if len(self.ways) == 1 or figures:
            return " / ".join(self._texts(max(4, each) for _ in self.ways))
        return shorten_text(self.label, LABEL_LENGTH)

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


def shorten_text(text: str, length: int) -> str:
    """The text, or as much of it as has room, with a sign that more was there."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
