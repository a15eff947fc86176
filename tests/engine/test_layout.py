"""The layout of a map: nothing lies on anything else, and every way goes from source to target."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.diagram import ordering
from workflows.engine.diagram.blocks import BlockFrame, find_block_frames
from workflows.engine.diagram.layout import lay_out_diagram
from workflows.engine.diagram.parts import DiagramBox, DiagramLine, Layout
from workflows.engine.diagram.placement import SETTLINGS
from workflows.engine.diagram.spots import Spot, count_rounds

WIDTH, HEIGHT = 100.0, 40.0


@st.composite
def maps(draw: st.DrawFn) -> tuple[list[DiagramBox], list[DiagramLine]]:
    """2 to 20 boxes and any lines between them, back and double ones too."""
    count = draw(st.integers(2, 20))
    boxes = [DiagramBox(key=str(number), width=WIDTH, height=HEIGHT) for number in range(count)]
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    pairs = draw(st.lists(ends.filter(lambda pair: pair[0] != pair[1]), max_size=40))
    width = st.sampled_from([0.0, 60.0])
    lines = [DiagramLine(source=str(a), target=str(b), label_width=draw(width)) for a, b in pairs]
    return boxes, lines


def overlaps(layout: Layout) -> list[tuple[str, str]]:
    return [
        (one, other)
        for (one, a), (other, b) in combinations(layout.boxes.items(), 2)
        if abs(a.x - b.x) < WIDTH and abs(a.y - b.y) < HEIGHT
    ]


@given(maps())
def test_no_box_lies_on_another_and_all_are_on_the_paper(
    drawn: tuple[list[DiagramBox], list[DiagramLine]],
) -> None:
    layout = lay_out_diagram(*drawn)
    assert overlaps(layout) == []
    for middle in layout.boxes.values():
        assert WIDTH / 2 <= middle.x <= layout.width - WIDTH / 2
        assert HEIGHT / 2 <= middle.y <= layout.height - HEIGHT / 2


@given(maps())
def test_every_course_leads_from_the_edge_of_its_source_to_that_of_its_target(
    drawn: tuple[list[DiagramBox], list[DiagramLine]],
) -> None:
    boxes, lines = drawn
    layout = lay_out_diagram(boxes, lines)
    for line, course in zip(lines, layout.courses, strict=True):
        for key, point in ((line.source, course[0]), (line.target, course[-1])):
            middle = layout.boxes[key]
            assert abs(point.x - middle.x) <= WIDTH / 2
            assert abs(abs(point.y - middle.y) - HEIGHT / 2) < 1e-6


def test_ways_lead_down_except_the_one_that_goes_back() -> None:
    boxes = [DiagramBox(key=key, width=WIDTH, height=HEIGHT) for key in "abc"]
    lines = [
        DiagramLine(source="a", target="b"),
        DiagramLine(source="b", target="c"),
        DiagramLine(source="c", target="a"),
    ]
    layout = lay_out_diagram(boxes, lines)
    heights = [layout.boxes[key].y for key in "abc"]
    assert heights == sorted(heights)


def test_labels_beside_each_other_do_not_touch() -> None:
    boxes = [DiagramBox(key=key, width=WIDTH, height=HEIGHT) for key in "abcd"]
    lines = [DiagramLine(source="a", target=key, label_width=80.0) for key in "bcd"]
    xs = sorted(label.x for label in lay_out_diagram(boxes, lines).labels)
    assert all(right - left >= 80.0 for left, right in pairwise(xs))


@pytest.mark.parametrize("line", [("a", "nowhere"), ("a", "a")])
def test_a_line_that_is_not_between_two_boxes_is_refused(line: tuple[str, str]) -> None:
    boxes = [DiagramBox(key=key, width=WIDTH, height=HEIGHT) for key in "ab"]
    with pytest.raises(ValueError, match="no line"):
        lay_out_diagram(boxes, [DiagramLine(source=line[0], target=line[1])])


def test_no_boxes_need_no_paper_to_speak_of() -> None:
    assert lay_out_diagram([], []).boxes == {}


@given(st.lists(st.integers(0, 30), max_size=40))
def test_pairs_in_the_wrong_order_are_counted_as_comparing_each_pair_counts_them(
    numbers: list[int],
) -> None:
    assert ordering._count_inversions(numbers) == sum(
        one > other for one, other in combinations(numbers, 2)
    )


def test_the_same_map_is_laid_out_once() -> None:
    boxes = [DiagramBox(key=key, width=WIDTH, height=HEIGHT) for key in "abcd"]
    lines = [DiagramLine(source=a, target=b) for a, b in pairwise("abcd")]
    assert lay_out_diagram(boxes, lines) is lay_out_diagram(list(boxes), list(lines))


def test_the_larger_a_map_the_less_often_it_is_mended_so_that_the_work_is_bounded() -> None:
    spots = [Spot(0, 1.0, 1.0, is_lane=True) for _ in range(20_000)]
    assert count_rounds(SETTLINGS, [spots]) == 6
    assert count_rounds(SETTLINGS, [spots[:100]]) == SETTLINGS
    assert count_rounds(SETTLINGS, [spots] * 100) == 2


# -- what is straight, and what comes together ------------------------------------------------


def boxes_of(keys: str) -> list[DiagramBox]:
    return [DiagramBox(key=key, width=WIDTH, height=HEIGHT) for key in keys]


def test_what_is_usual_stands_straight_beneath_each_other_and_exceptions_beside() -> None:
    lines = [DiagramLine(source=a, target=b, label_width=50.0) for a, b in pairwise("abcd")]
    aside = [
        DiagramLine(source=key, target="x", label_width=50.0, is_exception=True) for key in "abc"
    ]
    layout = lay_out_diagram(boxes_of("abcdx"), [*aside, *lines])
    assert len({round(layout.boxes[key].x, 1) for key in "abcd"}) == 1
    assert all(len({round(p.x, 1) for p in course}) == 1 for course in layout.courses[3:])


def test_exceptions_that_lead_to_the_same_end_share_the_last_part_of_their_way() -> None:
    lines = [DiagramLine(source=a, target=b, label_width=50.0) for a, b in pairwise("abcde")]
    aside = [
        DiagramLine(source=key, target="x", label_width=50.0, is_exception=True) for key in "abcde"
    ]
    layout = lay_out_diagram(boxes_of("abcdex"), [*lines, *aside])
    ends = [course[-1] for course in layout.courses[4:]]
    assert len(set(ends[:4])) == 1


def test_a_way_far_back_comes_from_above_like_all_others() -> None:
    lines = [DiagramLine(source=a, target=b) for a, b in pairwise("abcd")]
    back = DiagramLine(source="d", target="b", label_width=50.0, is_exception=True)
    layout = lay_out_diagram(boxes_of("abcd"), [*lines, back])
    assert layout.courses[-1][-1].y == layout.boxes["b"].y - HEIGHT / 2


def test_a_map_begins_in_its_left_half_or_near_it() -> None:
    lines = [
        DiagramLine(source=a, target=b) for a, b in (*pairwise("abcdef"), ("a", "f"), ("f", "b"))
    ]
    layout = lay_out_diagram(boxes_of("abcdef"), lines)
    assert layout.boxes["a"].x <= layout.width * 0.6


# -- blocks -----------------------------------------------------------------------------------


def frames_of(lines: list[DiagramLine], keys: str) -> list[BlockFrame]:
    boxes = boxes_of(keys)
    return list(find_block_frames({"p": "j"}, boxes, lines, lay_out_diagram(boxes, lines)))


def test_a_block_has_a_frame_round_its_branches() -> None:
    lines = [DiagramLine(source=a, target=b) for a, b in ("sp", "pa", "pb", "aj", "bj", "je")]
    layout = lay_out_diagram(boxes_of("spabje"), lines)
    (frame,) = frames_of(lines, "spabje")
    for key in "ab":
        at = layout.boxes[key]
        assert frame.left < at.x - WIDTH / 2 < at.x + WIDTH / 2 < frame.left + frame.width
        assert frame.top < at.y - HEIGHT / 2 < at.y + HEIGHT / 2 < frame.top + frame.height


def test_a_block_without_branches_has_no_frame() -> None:
    assert frames_of([DiagramLine(source=a, target=b) for a, b in ("pj", "je")], "pje") == []
