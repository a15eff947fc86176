"""Random maps of up to 60 steps, drawn and read again from their SVG: nothing lies on anything, and
every way joins its steps. `HANDOFF_MAPS` says how many maps are drawn."""

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.engine.random_maps import sound_maps
from tests.pictures import DrawnMap
from tests.shared import DATA, ROOT
from workflows.definitions.diagrams.maps import draw_map
from workflows.definitions.diagrams.overlay import (
    MapOverlay,
    RouteKey,
    RouteOverlay,
    StepOverlay,
    Tone,
)
from workflows.definitions.diagrams.parts import DiagramArrow, DiagramNode
from workflows.definitions.diagrams.svg import draw_diagram
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition

MAPS = int(os.environ.get("HANDOFF_MAPS", "200"))
MOST_STEPS = 60
DEMO_MAPS = sorted((ROOT / "workflows" / "demo" / "maps").glob("*.yaml"))
COMPANY_MAPS = sorted((DATA.parent / "cases" / "maps").glob("*.yaml"))
"""Those of companies that were asked; none where the shared data is not."""


@st.composite
def maps_to_draw(draw: st.DrawFn) -> dict[str, Any]:
    """Not a filter of the maps: that would be named by all that they are made of."""
    written: dict[str, Any] = draw(sound_maps)
    assume(len(written["steps"]) <= MOST_STEPS)
    return written


@given(maps_to_draw())
@settings(max_examples=MAPS)
def test_a_picture_has_no_fault(written: dict[str, Any]) -> None:
    definition = Definition.model_validate(written)
    picture = DrawnMap(draw_map(definition).svg)
    assert picture.faults() == []
    assert picture.ways_over_labels() == []
    assert picture.steps.keys() == definition.steps.keys()
    ends = {(link.source, link.to) for link in definition.links() if link.kind != "reopen"}
    assert {(way.source, way.target) for way in picture.ways} == ends


@given(maps_to_draw())
@settings(max_examples=MAPS // 8)
def test_what_is_laid_over_a_picture_leaves_it_without_fault(written: dict[str, Any]) -> None:
    definition = Definition.model_validate(written)
    tones = (*Tone, None)
    overlay = MapOverlay(
        steps={
            key: StepOverlay(badge="1,234" * (number % 3), tone=tones[number % len(tones)])
            for number, key in enumerate(definition.steps)
        },
        routes={
            RouteKey(link.source, link.to, link.name): RouteOverlay(
                count=str(number * 7), weight=number % 5, tone=tones[number % len(tones)]
            )
            for number, link in enumerate(definition.links())
        },
    )
    assert DrawnMap(draw_map(definition, overlay).svg).faults() == []


@pytest.mark.parametrize("seed", range(MAPS // 8))
def test_ways_between_any_steps_are_drawn_without_fault(seed: int) -> None:
    """Drafts need not hang together: ways lead from anywhere to anywhere, also to themselves."""
    draw = Random(seed)
    keys = [f"step_{number}" for number in range(draw.randint(2, MOST_STEPS))]
    kinds = ("approval", "task", "decision", "parallel", "join", "automation", "wait", "end")
    nodes = [
        DiagramNode(key=key, title="Wherever it is " * draw.randint(1, 4), kind=draw.choice(kinds))
        for key in keys
    ]
    arrows = [
        DiagramArrow(
            source=draw.choice(keys),
            target=draw.choice(keys),
            name=str(number),
            label="sent on to whoever can " * draw.randint(0, 2),
            is_exception=draw.random() < 0.3,
        )
        for number in range(draw.randint(1, 2 * len(keys)))
    ]
    assert DrawnMap(draw_diagram(nodes, arrows).svg).faults() == []


@pytest.mark.parametrize("length", [5, 25, 60, 200])
def test_long_names_and_labels_stay_within_their_boxes(length: int) -> None:
    words = ("Wherever the request came from " * 7)[:length].strip()
    outcomes = {"ok": {"to": "done", "label": words}, "no": {"to": "review", "label": words}}
    written = {
        "format": 1,
        "key": "long",
        "name": "Long",
        "roles": {"crew": {"groups": ["crew"]}},
        "start": {"role": "crew", "first": "review"},
        "steps": {
            "review": {"kind": "task", "name": words, "role": "crew", "outcomes": outcomes},
            "done": {"kind": "end", "name": words, "result": "done"},
        },
    }
    assert DrawnMap(draw_map(Definition.model_validate(written)).svg).faults() == []


@pytest.mark.parametrize("path", [*DEMO_MAPS, *COMPANY_MAPS], ids=lambda path: path.stem)
def test_the_maps_of_companies_are_drawn_without_fault(path: Path) -> None:
    definition = read_definition(path.read_bytes(), name=path.name)
    picture = DrawnMap(draw_map(definition).svg)
    assert picture.faults() == []
    assert picture.ways_over_labels() == []


@pytest.mark.parametrize("path", [*DEMO_MAPS, *COMPANY_MAPS], ids=lambda path: path.stem)
def test_each_of_their_blocks_has_a_ground(path: Path) -> None:
    definition = read_definition(path.read_bytes(), name=path.name)
    blocks = [key for key, step in definition.steps.items() if step.kind == "parallel"]
    picture = DrawnMap(draw_map(definition).svg)
    grounds = [part.get("data-block") for part in picture.root.iter() if part.get("data-block")]
    assert sorted(map(str, grounds)) == sorted(blocks)
