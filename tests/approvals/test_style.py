"""What is written on the pages can be read: the contrast of the colours, light and dark."""

import re
from pathlib import Path

import pytest

from approvals.ui.tables import cell_attributes

CSS = (Path(__file__).resolve().parents[2] / "static" / "handoff.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part))
    for part in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
)
WRITTEN_ON = {
    "ink": ("ground", "card", "tint", "good-tint", "bad-tint", "warn-tint"),
    "quiet": ("ground", "card"),
    "accent": ("ground", "card", "tint"),
    "accent-hover": ("ground", "card", "tint"),
    "bad": ("ground", "card", "bad-tint"),
    "good": ("card",),
    "warn": ("card", "warn-tint"),
    "on-accent": ("accent", "accent-hover"),
}
"""Each colour of text with the colours that it stands on."""
EDGES = {"line-strong": ("ground", "card"), "accent": ("ground", "card")}
"""What outlines a box to type in, or shows where the focus is."""


def light(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2)."""
    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(colours: dict[str, str]) -> None:
    for text, grounds in WRITTEN_ON.items():
        for ground in grounds:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_edges_of_boxes_can_be_seen(colours: dict[str, str]) -> None:
    for edge, grounds in EDGES.items():
        for ground in grounds:
            assert contrast(colours[edge], colours[ground]) >= 3, (edge, ground)


def test_the_forward_button_can_be_read_in_both_schemes() -> None:
    assert contrast(LIGHT["on-accent"], LIGHT["good"]) >= 4.5
    assert contrast(LIGHT["on-accent"], LIGHT["good-hover"]) >= 4.5
    written = re.search(r"button\.forward, button\.forward:hover \{ color: (#[0-9a-f]{6})", CSS)
    assert written is not None
    assert contrast(written[1], DARK["good"]) >= 4.5


def test_both_schemes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()


def test_every_table_of_people_fits_a_telephone() -> None:
    templates = Path(__file__).resolve().parents[2] / "templates"
    pages = [page for page in templates.rglob("*.html") if not {"admin", "notices"} & {*page.parts}]
    tables = [
        (page.name, table)
        for page in pages
        for table in re.findall(r"<table[^>]*>.*?</table>", page.read_text(), re.DOTALL)
    ]
    assert len(tables) > 5
    for page, table in tables:
        assert re.match(r'<table class="[^"]*\b(cards|figures)\b', table), page
        for cell in re.findall(r"<td[^>]*>", table):
            if cell == "<td{{ attributes }}>":  # of a declared column
                cell = f"<td{cell_attributes('number', 'Waiting')}>"
            assert "data-label=" in cell or re.search(r'class="[^"]*\bmain\b', cell), (page, cell)


def test_what_scrolls_by_itself_keeps_its_hidden_words_within() -> None:
    """Words for those who listen are placed absolutely: they would make the whole page as long."""
    rules = re.findall(r"^(\.[^{\n]*)\{([^}]*max-height: \d+vh[^}]*)\}", CSS, re.MULTILINE)
    boxes = [rule for names, rule in rules if ".frame" in names or "rows" in names]
    assert len(boxes) == 2
    for rule in boxes:
        assert "position: relative" in rule, rule
