"""Charts as SVG made here: no scripts, no style attributes, and every number written beside it.

Each chart is drawn for a width of about 480 pixels, so that it is readable on a telephone and two
stand side by side on a desk.
"""

from collections.abc import Callable, Sequence
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, LEFT, RIGHT = 480.0, 8.0, 104.0
"""The picture's width, and the room left free at its sides; values stand at the right."""
TOP, HEIGHT, BARS = 24.0, 120.0, 52.0
NEAR = 18.0
"""Two labels nearer than this would lie on each other."""

Words = Callable[[float], str]
Point = tuple[date, float]


def line_chart(
    name: str, points: Sequence[Point], marks: Sequence[tuple[str, float]], words: Words
) -> SafeString:
    """A line from week to week, with dashed lines for what it is measured by."""
    if len(points) < 2:
        return SafeString("")
    most = max([value for _, value in points] + [value for _, value in marks]) or 1.0
    last = points[-1][1]
    labels = [(words(last), last, "now"), *((text, value, "mark") for text, value in marks)]
    return _frame(
        f"{name}, by week from {_day(points[0][0])} to {_day(points[-1][0])}",
        TOP + HEIGHT + 24,
        [
            *(_dashes(_height(value, most)) for _, value in marks),
            _line("line", points, most),
            _dot(WIDTH - RIGHT, _height(last, most)),
            _labels(labels, most),
            _weeks_below(points, TOP + HEIGHT + 18),
        ],
    )


def queue_chart(
    name: str, still: Sequence[Point], came: Sequence[int], done: Sequence[int]
) -> SafeString:
    """What was open at each week's end, and under it what came and what was done each week."""
    if len(still) < 2:
        return SafeString("")
    most = max(value for _, value in still) or 1.0
    floor = TOP + HEIGHT + 14 + BARS
    return _frame(
        f"{name}, by week from {_day(still[0][0])} to {_day(still[-1][0])}",
        floor + 24,
        [
            _area(still, most),
            _line("line", still, most),
            _dot(WIDTH - RIGHT, _height(still[-1][1], most)),
            _labels([(f"{still[-1][1]:,.0f} open", still[-1][1], "now")], most),
            _bars(came, done, floor),
            _text("came", WIDTH - RIGHT + 8, floor - 26, f"came {came[-1]:,}"),
            _text("done", WIDTH - RIGHT + 8, floor - 8, f"done {done[-1]:,}"),
            _weeks_below(still, floor + 18),
        ],
    )


# -- parts ------------------------------------------------------------------------------------


def _frame(title: str, height: float, parts: Sequence[SafeString]) -> SafeString:
    return format_html(
        '<svg class="chart" role="img" viewBox="0 0 {} {}" xmlns="http://www.w3.org/2000/svg">'
        "<title>{}</title>{}</svg>",
        _number(WIDTH),
        _number(height),
        title,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _height(value: float, most: float) -> float:
    return TOP + HEIGHT * (1 - value / most)


def _across(place: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * place / (count - 1)


def _line(name: str, points: Sequence[Point], most: float) -> SafeString:
    at = " ".join(
        f"{_number(_across(place, len(points)))},{_number(_height(value, most))}"
        for place, (_, value) in enumerate(points)
    )
    return format_html('<polyline class="{}" points="{}"/>', name, at)


def _area(points: Sequence[Point], most: float) -> SafeString:
    at = [
        f"{_number(_across(place, len(points)))},{_number(_height(value, most))}"
        for place, (_, value) in enumerate(points)
    ]
    floor = _number(TOP + HEIGHT)
    begin, end = f"{_number(LEFT)},{floor}", f"{_number(WIDTH - RIGHT)},{floor}"
    return format_html('<polygon class="area" points="{}"/>', " ".join([begin, *at, end]))


def _dot(x: float, y: float) -> SafeString:
    return format_html('<circle class="dot" cx="{}" cy="{}" r="4"/>', _number(x), _number(y))


def _dashes(y: float) -> SafeString:
    return format_html(
        '<line class="mark" x1="{}" x2="{}" y1="{}" y2="{}"/>',
        _number(LEFT), _number(WIDTH - RIGHT), _number(y), _number(y),
    )  # fmt: skip


def _text(name: str, x: float, y: float, text: str) -> SafeString:
    return format_html(
        '<text class="{}" x="{}" y="{}">{}</text>', name, _number(x), _number(y), text
    )


def _labels(labels: Sequence[tuple[str, float, str]], most: float) -> SafeString:
    """The values at the right, moved apart where they would lie on each other."""
    placed: list[SafeString] = []
    above = -NEAR
    for text, value, name in sorted(labels, key=lambda label: -label[1]):
        y = max(_height(value, most) + 5, above + NEAR)
        placed.append(_text(name, WIDTH - RIGHT + 8, y, text))
        above = y
    return format_html_join("", "{}", ((part,) for part in placed))


def _weeks_below(points: Sequence[Point], y: float) -> SafeString:
    first, last = points[0][0], points[-1][0]
    return format_html(
        '{}<text class="when end" x="{}" y="{}">{}</text>',
        _text("when", LEFT, y, f"{first.day} {first:%b}"),
        _number(WIDTH - RIGHT),
        _number(y),
        f"week of {last.day} {last:%b}",
    )


def _bars(came: Sequence[int], done: Sequence[int], floor: float) -> SafeString:
    most = max([*came, *done]) or 1
    room = (WIDTH - LEFT - RIGHT) / len(came)
    wide = max(min(room * 0.4, 8.0), 0.6)
    parts = []
    for place, pair in enumerate(zip(came, done, strict=True)):
        for side, (name, count) in enumerate(zip(("came", "done"), pair, strict=True)):
            tall = BARS * count / most
            x = LEFT + room * place + wide * side
            parts.append((name, _number(x), _number(floor - tall), _number(wide), _number(tall)))
    return format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', parts)
