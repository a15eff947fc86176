"""What is laid over the picture of a map: figures, tones and links of steps and ways.

The picture stays the same; a page says with codes what it knows beside it, such as where cases
left the map, what a draft changed, or which step is chosen. A tone has a colour, a line and a sign
of its own, and its word is read aloud with the step.

    overlay = MapOverlay(
        steps={"review": StepOverlay(badge="37%", tone=Tone.BAD, title="37 of 100 left here")},
        routes={
            RouteKey("review", "approved", "approve"): RouteOverlay(
                count="63", weight=weigh(63, most=100), tone=Tone.GOOD
            )
        },
    )
    picture = draw_map(definition, overlay)
    key = tone_key({Tone.BAD: gettext("cases leave the map here")}, overlay)

Such pages link `map.css` in their head and show `picture.svg` in `<div class="picture">`, with
`templates/_map_key.html` under it, which lists the tones (`key`) with what they mean there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import ceil
from typing import Final, NamedTuple

from django.utils.translation import gettext, pgettext

from workflows.definitions.diagrams.parts import DiagramArrow, DiagramCaption, DiagramNode


class Tone(StrEnum):
    """How something of a map looks, as a code; what it means there is the page's to say."""

    GOOD = "good"
    NOTICE = "notice"
    BAD = "bad"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    FADED = "faded"


TONE_SIGNS: Final[Mapping[Tone, str]] = {
    Tone.GOOD: "✓",
    Tone.NOTICE: "!",
    Tone.BAD: "✕",
    Tone.ADDED: "+",
    Tone.REMOVED: "\N{MINUS SIGN}",
    Tone.CHANGED: "≠",
    Tone.FADED: "",
}
"""What says a tone where colours cannot."""
HEAVIEST: Final = 4


class RouteKey(NamedTuple):
    """A way of a map: from where to where, and its name as `Link.name` has it (an outcome's code,
    the number of a rule or branch from '1', 'otherwise', 'to', 'on_error')."""

    source: str
    target: str
    name: str


@dataclass(frozen=True, kw_only=True)
class StepOverlay:
    """What is said of a step.

    `badge` is a short text in the step's box ('12', '37%'); `title` a sentence for who points at
    the step or has it read aloud (without one: badge and tone); `href` is where a click leads.
    """

    badge: str = ""
    tone: Tone | None = None
    is_selected: bool = False
    title: str = ""
    href: str = ""

    @property
    def badge_text(self) -> str:
        """The badge as it is drawn, with the sign of its tone."""
        sign = TONE_SIGNS[self.tone] if self.tone else ""
        return " ".join(part for part in (sign, self.badge) if part)

    @property
    def words(self) -> str:
        """What is said of the step beside its name."""
        chosen = pgettext("a step", "chosen") if self.is_selected else ""
        said = (self.title,) if self.title else (self.badge, tone_word(self.tone))
        return ", ".join(part for part in (*said, chosen) if part)


@dataclass(frozen=True, kw_only=True)
class RouteOverlay:
    """What is said of a way.

    `count` stands behind its label ('63'); `weight` is how thick it is, from 0 (as ever) to 4, see
    `weigh`. Ways between the same two steps are one arrow where their tones are the same.
    """

    count: str = ""
    weight: int = 0
    tone: Tone | None = None
    title: str = ""


PLAIN_STEP: Final = StepOverlay()
PLAIN_ROUTE: Final = RouteOverlay()


@dataclass(frozen=True, kw_only=True)
class MapOverlay:
    """What is said of a map's steps (by key) and ways; of those that are not named, nothing."""

    steps: Mapping[str, StepOverlay] = field(default_factory=dict)
    routes: Mapping[RouteKey, RouteOverlay] = field(default_factory=dict)
    caption: DiagramCaption | None = None

    def step(self, key: str) -> StepOverlay:
        """What is said of a step."""
        return self.steps.get(key, PLAIN_STEP)

    def route(self, source: str, target: str, name: str) -> RouteOverlay:
        """What is said of a way."""
        return self.routes.get(RouteKey(source, target, name), PLAIN_ROUTE)

    @property
    def has_tones(self) -> bool:
        """Whether colours mean something of the overlay, and so no longer a step's kind."""
        return any(step.tone for step in self.steps.values())


NO_OVERLAY: Final = MapOverlay()


def weigh(count: float, most: float) -> int:
    """How thick the way is that was gone `count` times where the most used one was gone `most`
    times: from 0 (never) to 4."""
    if count <= 0 or most <= 0:
        return 0
    return max(1, min(HEAVIEST, ceil(count / most * HEAVIEST)))


def tone_word(tone: Tone | None) -> str:
    """A tone in a word, for who does not see it; that something is only faded needs none."""
    if tone is None or tone == Tone.FADED:
        return ""
    return {
        Tone.GOOD: pgettext("a step", "good"),
        Tone.NOTICE: pgettext("a step", "worth a look"),
        Tone.BAD: pgettext("a step", "bad"),
        Tone.ADDED: pgettext("a step", "added"),
        Tone.REMOVED: pgettext("a step", "removed"),
        Tone.CHANGED: pgettext("a step", "changed"),
    }[tone]


@dataclass(frozen=True)
class ToneMeaning:
    """A tone in the key under a picture: how it looks and what it means on this page."""

    tone: Tone
    meaning: str

    @property
    def sign(self) -> str:
        """The tone's sign."""
        return TONE_SIGNS[self.tone]


def tone_key(meanings: Mapping[Tone, str], overlay: MapOverlay) -> Sequence[ToneMeaning]:
    """The tones that an overlay uses, with what each means there, in the order given."""
    used = _tones_used(overlay)
    return [ToneMeaning(tone, meaning) for tone, meaning in meanings.items() if tone in used]


def _tones_used(overlay: MapOverlay) -> set[Tone]:
    said: Iterable[StepOverlay | RouteOverlay] = (
        *overlay.steps.values(),
        *overlay.routes.values(),
    )
    return {one.tone for one in said if one.tone}


# -- laying it over ---------------------------------------------------------------------------


def overlay_node(node: DiagramNode, said: StepOverlay) -> DiagramNode:
    """A step as it is drawn, with what is said of it."""
    if said == PLAIN_STEP:
        return node
    words = gettext("%(step)s: %(state)s") % {"step": node.title, "state": said.words}
    return replace(
        node,
        badge=said.badge_text,
        mark=" ".join(part for part in (node.mark, _tone_class(said.tone)) if part),
        is_selected=said.is_selected,
        href=said.href or node.href,
        description=words if said.words else node.description,
    )


def overlay_arrow(arrow: DiagramArrow, said: RouteOverlay) -> DiagramArrow:
    """A way as it is drawn, with what is said of it."""
    if said == PLAIN_ROUTE:
        return arrow
    sign = TONE_SIGNS[said.tone] if said.tone else ""
    return replace(
        arrow,
        label=" ".join(part for part in (sign, arrow.label) if part),
        count=said.count,
        weight=said.weight,
        mark=" ".join(part for part in (arrow.mark, _tone_class(said.tone)) if part),
        title=said.title,
    )


def _tone_class(tone: Tone | None) -> str:
    return f"tone-{tone}" if tone else ""
