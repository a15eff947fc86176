"""What is laid over a map's picture: figures, tones, links; in words and signs beside colours."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from workflows.definitions.diagrams.maps import draw_map
from workflows.definitions.diagrams.overlay import (
    TONE_SIGNS,
    MapOverlay,
    RouteKey,
    RouteOverlay,
    StepOverlay,
    Tone,
    tone_key,
    weigh,
)
from workflows.engine.format.definition import Definition

SVG = "{http://www.w3.org/2000/svg}"
STATIC = Path(__file__).resolve().parents[2] / "static"
CSS = (STATIC / "map.css").read_text()


def definition(**steps: object) -> Definition:
    review = {
        "kind": "approval",
        "role": "board",
        "outcomes": {"approve": "approved", "sign": "approved", "reject": "rejected"},
    }
    ends = {key: {"kind": "end", "result": key} for key in ("approved", "rejected")}
    return Definition.model_validate(
        {
            "format": 1,
            "key": "small",
            "name": "Small",
            "roles": {"board": {"groups": ["board"]}},
            "start": {"role": "board", "first": "review"},
            "steps": {"review": review, **ends, **steps},
        }
    )


def read(overlay: MapOverlay, **more: object) -> ElementTree.Element:
    return ElementTree.fromstring(draw_map(definition(), overlay, **more).svg)  # type: ignore[arg-type]


def step_of(picture: ElementTree.Element, key: str) -> ElementTree.Element:
    (found,) = [group for group in picture.iter(f"{SVG}g") if group.get("data-step") == key]
    return found


def ways_of(picture: ElementTree.Element, source: str, target: str) -> list[ElementTree.Element]:
    return [
        way
        for way in picture.iter(f"{SVG}path")
        if (way.get("data-from"), way.get("data-to")) == (source, target)
    ]


def label_of(picture: ElementTree.Element, source: str, target: str) -> str:
    (text,) = [
        "".join(group.itertext())
        for group in picture.iter(f"{SVG}g")
        if (group.get("data-from"), group.get("data-to")) == (source, target)
    ]
    return text


def said_of(step: StepOverlay) -> str:
    picture = read(MapOverlay(steps={"review": step}))
    return str(step_of(picture, "review").findtext(f"{SVG}title"))


@pytest.mark.parametrize("tone", Tone)
def test_a_step_has_its_tone_as_a_class_a_sign_and_a_word(tone: Tone) -> None:
    picture = read(MapOverlay(steps={"review": StepOverlay(badge="37%", tone=tone)}))
    step = step_of(picture, "review")
    assert f"tone-{tone}" in str(step.get("class")).split()
    (badge,) = [group for group in step.iter(f"{SVG}g") if group.get("class") == "badge"]
    assert "".join(badge.itertext()) == f"{TONE_SIGNS[tone]} 37%".strip()
    words = str(step.findtext(f"{SVG}title"))
    assert words.startswith("Review: 37%")
    assert (words == "Review: 37%") == (tone is Tone.FADED)
    assert f".tone-{tone} .shape" in CSS
    assert f".way.tone-{tone}" in CSS


def test_the_sentence_of_a_page_is_what_is_said_of_a_step() -> None:
    assert said_of(StepOverlay(badge="3", title="3 of 8 left here")) == "Review: 3 of 8 left here"
    assert said_of(StepOverlay(is_selected=True)) == "Review: chosen"
    assert said_of(StepOverlay()) == "Review"


def test_a_step_that_is_a_link_selects_and_the_picture_is_a_group_then() -> None:
    chosen = StepOverlay(href="?step=review", is_selected=True)
    picture = read(MapOverlay(steps={"review": chosen}))
    (link,) = picture.iter(f"{SVG}a")
    assert (link.get("href"), link.get("aria-current")) == ("?step=review", "true")
    assert picture.get("role") == "group"
    assert read(MapOverlay()).get("role") == "img"


def test_a_badge_lies_within_its_step_beside_the_name() -> None:
    picture = read(MapOverlay(steps={"review": StepOverlay(badge="1,234 of 5,678")}))
    step = step_of(picture, "review")
    shape, ground = (
        next(r for r in step.iter(f"{SVG}rect") if r.get("class") == name)
        for name in ("shape", "ground")
    )
    left, right = (
        float(str(shape.get("x"))) + part for part in (0, float(str(shape.get("width"))))
    )
    x, width = (float(str(ground.get(name))) for name in ("x", "width"))
    name = next(text for text in step.iter(f"{SVG}text") if text.get("class") == "name")
    assert left < float(str(name.get("x"))) < x < x + width < right


def test_a_way_has_its_count_behind_its_label_a_weight_and_a_tone() -> None:
    said = {RouteKey("review", "rejected", "reject"): RouteOverlay(count="12", weight=3)}
    picture = read(MapOverlay(routes=said))
    (way,) = ways_of(picture, "review", "rejected")
    assert way.get("class") == "way weight-3"
    assert label_of(picture, "review", "rejected").endswith("reject · 12")


def test_ways_that_look_alike_are_one_arrow_and_others_are_told_apart() -> None:
    one, other = (RouteKey("review", "approved", name) for name in ("approve", "sign"))
    alike = read(MapOverlay(routes={one: RouteOverlay(count="5"), other: RouteOverlay(count="2")}))
    assert len(ways_of(alike, "review", "approved")) == 1
    assert label_of(alike, "review", "approved").endswith("approve · 5 / sign · 2")
    (way,) = ways_of(alike, "review", "approved")
    assert way.get("data-ways") == "approve sign"
    apart = read(MapOverlay(routes={other: RouteOverlay(tone=Tone.REMOVED)}))
    assert len(ways_of(apart, "review", "approved")) == 2


def test_figures_are_never_cut() -> None:
    key = RouteKey("review", "approved", "approve")
    outcomes = {"approve": {"to": "approved", "label": "Approve all that was asked for " * 4}}
    step = {"kind": "approval", "role": "board", "outcomes": outcomes}
    svg = draw_map(
        definition(review=step), MapOverlay(routes={key: RouteOverlay(count="12,345")})
    ).svg
    assert "· 12,345</tspan>" in svg


def test_a_difference_is_drawn_with_what_only_the_other_has() -> None:
    old = definition(archive={"kind": "wait", "for": "1d", "to": "approved"})
    said = MapOverlay(steps={"archive": StepOverlay(tone=Tone.REMOVED)})
    picture = read(said, also=[old])
    assert step_of(picture, "archive") is not None
    assert len(ways_of(picture, "archive", "approved")) == 1
    assert len(ways_of(picture, "review", "approved")) == 1


def test_pictures_on_one_page_have_ids_of_their_own() -> None:
    pictures = [read(MapOverlay(), picture_id=name) for name in ("before", "after")]
    ids = [part.get("id") for picture in pictures for part in picture.iter() if part.get("id")]
    assert len(ids) == len(set(ids)) == 6


def test_the_key_lists_the_tones_that_are_used() -> None:
    said = MapOverlay(steps={"review": StepOverlay(tone=Tone.ADDED)})
    (entry,) = tone_key({Tone.ADDED: "new", Tone.REMOVED: "gone"}, said)
    assert (entry.sign, entry.meaning) == ("+", "new")


@pytest.mark.parametrize(("count", "weight"), [(0, 0), (1, 1), (25, 1), (26, 2), (99, 4), (100, 4)])
def test_the_most_used_way_is_the_thickest(count: int, weight: int) -> None:
    assert weigh(count, most=100) == weight
    assert weigh(count, most=0) == 0


@pytest.mark.parametrize("sheet", ["handoff.css", "workflows/admin.css"])
def test_a_picture_finds_its_colours_on_every_page_by_day_and_by_night(sheet: str) -> None:
    used = set(re.findall(r"var\(--([a-z-]+)\)", CSS))
    assert len(used) > 10
    rules = re.findall(
        r"(?::root|\.handoff-map, \S*\s?\.legend) \{(.*?)\}",
        (STATIC / sheet).read_text(),
        re.DOTALL,
    )
    assert len(rules) == 2
    for rule in rules:
        assert used <= set(re.findall(r"--([a-z-]+):", rule))
