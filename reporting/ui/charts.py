"""Charts as SVG made here: no scripts, no style attributes, and every number written beside it.

Each chart is drawn for a width of about 480 pixels, so that it is readable on a telephone and two
stand side by side on a desk.
"""

from collections.abc import Callable, Sequence
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from workflows.language.formats import count_text, date_text, decimal_text, short_day_text

WIDTH, LEFT, RIGHT = 480.0, 8.0, 104.0
"""The picture's width, and the room left free at its sides; values stand at the right."""
TOP, HEIGHT, BARS = 24.0, 120.0, 52.0
NEAR = 18.0
"""Two labels nearer than this would lie on each other."""

Words = Callable[[float], str]
Point = tuple[date, float]


def draw_line_chart(
    name: str, points: Sequence[Point], marks: Sequence[tuple[str, float]], words: Words
) -> SafeString:
    """A line from week to week, with dashed lines for what it is measured by."""
    if len(points) < 2:
        return SafeString("")
    most = max([value for _, value in points] + [value for _, value in marks]) or 1.0
    last = points[-1][1]
    labels = [(words(last), last, "now"), *((text, value, "mark") for text, value in marks)]
    return _svg_frame(
        _week_range_title(name, points),
        TOP + HEIGHT + 24,
        [
            *(_draw_mark_line(_y_position(value, most)) for _, value in marks),
            _draw_line("line", points, most),
            _draw_dot(WIDTH - RIGHT, _y_position(last, most)),
            _draw_labels(labels, most),
            _draw_week_axis(points, TOP + HEIGHT + 18),
        ],
    )


def draw_queue_chart(
    name: str, open_points: Sequence[Point], arrivals: Sequence[int], completions: Sequence[int]
) -> SafeString:
    """What was open at each week's end, and under it what came and what was done each week."""
    if len(open_points) < 2:
        return SafeString("")
    most = max(value for _, value in open_points) or 1.0
    floor = TOP + HEIGHT + 14 + BARS
    return _svg_frame(
        _week_range_title(name, open_points),
        floor + 24,
        [
            _draw_area(open_points, most),
            _draw_line("line", open_points, most),
            _draw_dot(WIDTH - RIGHT, _y_position(open_points[-1][1], most)),
            _draw_labels([(_open_label(open_points[-1][1]), open_points[-1][1], "now")], most),
            _draw_bars(arrivals, completions, floor),
            _draw_text("came", WIDTH - RIGHT + 8, floor - 26, _came_label(arrivals[-1])),
            _draw_text("done", WIDTH - RIGHT + 8, floor - 8, _done_label(completions[-1])),
            _draw_week_axis(open_points, floor + 18),
        ],
    )


# -- labels -----------------------------------------------------------------------------------


def _week_range_title(name: str, points: Sequence[Point]) -> str:
    places = {"name": name, "first": date_text(points[0][0]), "last": date_text(points[-1][0])}
    return gettext("%(name)s, by week from %(first)s to %(last)s") % places


def _open_label(count: float) -> str:
    return gettext("%(count)s open") % {"count": decimal_text(count, 0)}


def _came_label(count: int) -> str:
    return gettext("came %(count)s") % {"count": count_text(count)}


def _done_label(count: int) -> str:
    return gettext("done %(count)s") % {"count": count_text(count)}


# -- parts ------------------------------------------------------------------------------------


def _svg_frame(title: str, height: float, parts: Sequence[SafeString]) -> SafeString:
    return format_html(
        '<svg class="chart" role="img" viewBox="0 0 {} {}" xmlns="http://www.w3.org/2000/svg">'
        "<title>{}</title>{}</svg>",
        _format_number(WIDTH),
        _format_number(height),
        title,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def _format_number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _y_position(value: float, most: float) -> float:
    return TOP + HEIGHT * (1 - value / most)


def _x_position(place: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * place / (count - 1)


def _format_point(x: float, y: float) -> str:
    return f"{_format_number(x)},{_format_number(y)}"


def _draw_line(name: str, points: Sequence[Point], most: float) -> SafeString:
    at = " ".join(
        _format_point(_x_position(place, len(points)), _y_position(value, most))
        for place, (_, value) in enumerate(points)
    )
    return format_html('<polyline class="{}" points="{}"/>', name, at)


def _draw_area(points: Sequence[Point], most: float) -> SafeString:
    at = [
        _format_point(_x_position(place, len(points)), _y_position(value, most))
        for place, (_, value) in enumerate(points)
    ]
    floor = _format_number(TOP + HEIGHT)
    begin, end = f"{_format_number(LEFT)},{floor}", f"{_format_number(WIDTH - RIGHT)},{floor}"
    return format_html('<polygon class="area" points="{}"/>', " ".join([begin, *at, end]))


def _draw_dot(x: float, y: float) -> SafeString:
    return format_html(
        '<circle class="dot" cx="{}" cy="{}" r="4"/>', _format_number(x), _format_number(y)
    )


def _draw_mark_line(y: float) -> SafeString:
    return format_html(
        '<line class="mark" x1="{}" x2="{}" y1="{}" y2="{}"/>',
        _format_number(LEFT),
        _format_number(WIDTH - RIGHT),
        _format_number(y),
        _format_number(y),
    )


def _draw_text(name: str, x: float, y: float, text: str) -> SafeString:
    return format_html(
        '<text class="{}" x="{}" y="{}">{}</text>', name, _format_number(x), _format_number(y), text
    )


def _draw_labels(labels: Sequence[tuple[str, float, str]], most: float) -> SafeString:
    """The values at the right, moved apart where they would lie on each other."""
    placed: list[SafeString] = []
    above = -NEAR
    for text, value, name in sorted(labels, key=lambda label: -label[1]):
        y = max(_y_position(value, most) + 5, above + NEAR)
        placed.append(_draw_text(name, WIDTH - RIGHT + 8, y, text))
        above = y
    return format_html_join("", "{}", ((part,) for part in placed))


def _draw_week_axis(points: Sequence[Point], y: float) -> SafeString:
    first, last = points[0][0], points[-1][0]
    return format_html(
        '{}<text class="when end" x="{}" y="{}">{}</text>',
        _draw_text("when", LEFT, y, short_day_text(first)),
        _format_number(WIDTH - RIGHT),
        _format_number(y),
        gettext("week of %(day)s") % {"day": short_day_text(last)},
    )


def _draw_bars(arrivals: Sequence[int], completions: Sequence[int], floor: float) -> SafeString:
    most = max([*arrivals, *completions]) or 1
    room = (WIDTH - LEFT - RIGHT) / len(arrivals)
    wide = max(min(room * 0.4, 8.0), 0.6)
    parts = []
    for place, pair in enumerate(zip(arrivals, completions, strict=True)):
        for side, (name, count) in enumerate(zip(("came", "done"), pair, strict=True)):
            tall = BARS * count / most
            x = LEFT + room * place + wide * side
            parts.append(
                (
                    name,
                    _format_number(x),
                    _format_number(floor - tall),
                    _format_number(wide),
                    _format_number(tall),
                )
            )
    return format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', parts)
