"""The picture of a map: well-formed, complete, harmless, and drawn for broken drafts too."""

from xml.etree import ElementTree

import pytest

from workflows.definitions.diagrams.lettering import shorten_text
from workflows.definitions.diagrams.parts import DiagramArrow, DiagramNode
from workflows.definitions.diagrams.svg import draw_diagram

SVG = "{http://www.w3.org/2000/svg}"


def chain(count: int) -> tuple[list[DiagramNode], list[DiagramArrow]]:
    nodes = [
        DiagramNode(key=f"s{n}", title=f"Step {n}", kind="task", href=f"/{n}/")
        for n in range(count)
    ]
    ways = [
        DiagramArrow(source=f"s{n}", target=f"s{n + 1}", label="done") for n in range(count - 1)
    ]
    backs = [
        DiagramArrow(source=f"s{n}", target="s0", label="back", is_exception=True)
        for n in range(2, count, 7)
    ]
    return nodes, ways + backs


@pytest.mark.parametrize("count", [1, 2, 12, 60])
def test_every_step_and_every_way_is_drawn(count: int) -> None:
    nodes, arrows = chain(count)
    picture = ElementTree.fromstring(draw_diagram(nodes, arrows).svg)
    links = [link.get("href") for link in picture.iter(f"{SVG}a")]
    assert sorted(links) == sorted(node.href for node in nodes)
    ways = [path for path in picture.iter(f"{SVG}path") if "way" in (path.get("class") or "")]
    assert len(ways) == len(arrows)
    dashed = [way for way in ways if "exception" in str(way.get("class"))]
    assert len(dashed) == sum(arrow.is_exception for arrow in arrows)


def test_a_picture_has_a_name_and_no_style_and_no_script() -> None:
    nodes, arrows = chain(5)
    text = draw_diagram(nodes, arrows).svg
    assert 'role="group"' in text
    assert "<title" in text
    assert "style=" not in text
    assert "<script" not in text


def test_names_from_a_map_cannot_become_markup() -> None:
    nasty = '"><script>alert(1)</script>'
    nodes = [DiagramNode(key="a", title=nasty, kind="task", note=nasty, href='/"onclick="x')]
    text = draw_diagram(nodes, [DiagramArrow(source="a", target="a", label=nasty)]).svg
    assert "<script" not in text
    assert 'onclick="' not in text
    ElementTree.fromstring(text)


def test_a_step_may_lead_to_itself() -> None:
    nodes, arrows = chain(2)
    text = draw_diagram(nodes, [*arrows, DiagramArrow(source="s1", target="s1", label="again")]).svg
    assert ">again</text>" in text


def test_usual_ways_and_exceptions_of_a_step_to_itself_are_both_named() -> None:
    nodes, arrows = chain(2)
    loops = [
        DiagramArrow(source="s1", target="s1", label=label, is_exception=label == "redo")
        for label in ("again", "redo")
    ]
    assert ">again / redo</text>" in draw_diagram(nodes, [*arrows, *loops]).svg


def test_ways_between_the_same_steps_share_an_arrow_and_keep_their_names() -> None:
    nodes, _ = chain(2)
    ways = [DiagramArrow(source="s0", target="s1", label=label) for label in ("yes", "maybe")]
    assert ">yes / maybe</text>" in draw_diagram(nodes, ways).svg


def test_a_way_to_nowhere_is_left_out() -> None:
    nodes, arrows = chain(2)
    assert draw_diagram(nodes, [*arrows, DiagramArrow(source="s0", target="gone")]) == draw_diagram(
        nodes, arrows
    )


def test_a_map_without_steps_has_no_picture() -> None:
    assert not draw_diagram([], [])


def test_long_names_are_shortened_with_a_sign() -> None:
    assert shorten_text("a very long name", 8) == "a very…"
    assert shorten_text("short", 8) == "short"


def large(steps: int, ways: int, used: bool) -> tuple[list[DiagramNode], list[DiagramArrow]]:
    nodes = [
        DiagramNode(key=f"s{n}", title=f"Step {n}", kind="task", is_first=n == 0)
        for n in range(steps)
    ]
    arrows = [
        DiagramArrow(
            source=f"s{n % steps}",
            target=f"s{(n % steps + 1 + n // steps) % steps}",
            used=n if used else None,
        )
        for n in range(ways)
    ]
    return nodes, arrows


def test_of_a_large_map_the_most_used_ways_are_drawn_and_the_page_says_so() -> None:
    nodes, arrows = large(600, 5_000, used=True)
    picture = draw_diagram(nodes, arrows)
    drawn = ElementTree.fromstring(picture.svg)
    ways = [path for path in drawn.iter(f"{SVG}path") if "way" in (path.get("class") or "")]
    joined = {key for arrow in arrows[-60:] for key in (arrow.source, arrow.target)} | {"s0"}
    boxes = [g for g in drawn.iter(f"{SVG}g") if "step" in (g.get("class") or "").split()]
    assert (len(ways), len(boxes)) == (60, len(joined))
    assert picture.note == (
        f"The 60 most used ways of 5,000 are shown, with {len(joined)} of 600 steps."
    )


def test_of_a_large_map_that_nobody_counted_the_ways_nearest_to_the_start_are_drawn() -> None:
    nodes, arrows = large(400, 4_000, used=False)
    picture = draw_diagram(nodes, arrows)
    assert picture.note.startswith("The 60 ways nearest to the start of 4,000 are shown")
    assert ">Step 0</text>" in picture.svg
    assert ">Step 399</text>" not in picture.svg


def test_a_map_that_is_not_large_is_drawn_whole_without_a_note() -> None:
    nodes, arrows = large(150, 300, used=True)
    assert draw_diagram(nodes, arrows).note == ""
