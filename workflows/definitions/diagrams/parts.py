"""What a picture of a map is made of: steps and ways as they are drawn, and the picture itself."""

from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString


@dataclass(frozen=True, kw_only=True)
class DiagramNode:
    """A step as it is drawn: its name, its kind, who does it, and where a click leads."""

    key: str
    title: str
    kind: str
    note: str = ""
    href: str = ""
    is_first: bool = False
    mark: str = ""
    """A further CSS class: how a report colours the step."""
    description: str = ""
    """What is said of the step where its title is read aloud or pointed at."""
    state: str = ""
    """What stands beneath the title in the place of its kind: the colour's meaning in a word."""
    state_room: int = 0
    """For so many letters of `state` there is room, so that the map lies alike whatever it says."""
    join: str = ""
    """The step that joins what this one opens."""
    badge: str = ""
    """A short text in the step's box: a figure of an overlay."""
    is_selected: bool = False


@dataclass(frozen=True, kw_only=True)
class DiagramArrow:
    """A way as it is drawn: exception paths are dashed."""

    source: str
    target: str
    name: str = ""
    """Which of the ways between the two it is, as `Link.name` says it."""
    label: str = ""
    is_exception: bool = False
    used: int | None = None
    """How often it was gone, where somebody counted."""
    mark: str = ""
    """A further CSS class; ways between the same two steps are one arrow where it is the same."""
    count: str = ""
    """What stands behind the label: a figure of an overlay."""
    weight: int = 0
    """How thick it is, from 0 (as ever) to 4."""
    title: str = ""
    """What is said of the way where it is pointed at; without it, its label."""


@dataclass(frozen=True, kw_only=True)
class DiagramCaption:
    """What the whole picture is called, and what it shows, for who cannot see it."""

    title: str
    description: str


EMPTY_SVG: Final = SafeString("")


@dataclass(frozen=True, kw_only=True)
class MapDiagram:
    """The SVG of a map, and a sentence on what of a large map it shows."""

    svg: SafeString = EMPTY_SVG
    note: str = ""

    def __bool__(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.svg)
