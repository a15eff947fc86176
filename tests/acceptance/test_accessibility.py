"""What is asked of every page that people see: axe-core finds nothing by day, by night and on a
phone; nothing is wider than a phone, a tablet or a sheet of A4, or too small for a thumb; no word
of the engine stands there.

Each person begins at a few pages and follows the first link to every other kind of page. A page
that has no kind of element, and none inside another, but those of a page of the same kind before
it (most pages of somebody's own account) is not put to axe-core again.
"""

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests.acceptance.browsing import DESK, PHONE, serve_site, sign_in

pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize

Scheme = Literal["dark", "light"]

FIRST_PAGES = {
    "marco": ("/", "/requests/?whose=all&state=any", "/start/", "/accounts/"),
    "helen": ("/", "/reports/", "/workflows/"),
    "rosa": ("/reports/reviews/", "/reports/trail/"),
}
RARE_PAGES = {
    *("merges/<int:merge_id>/", "requests/<str:reference>/people/"),
    *(f"tasks/<int:task_id>/{what}/" for what in ("opinion", "question", "reassign")),
}
"""What is there only where somebody has just that before them: the small demo has to have it."""
NO_PAGES = (".bpmn", ".csv", ".json", ".yaml", "/log/", "/documents/", "/logout/", "/admin/")
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""What can differ between day and night, where the style sheet changes nothing but colours."""
LOOKS: tuple[tuple[ViewportSize, Scheme, dict[str, list[str]]], ...] = (
    (DESK, "light", {}),
    (DESK, "dark", COLOURS),
    (PHONE, "light", {}),
)
RUN_AXE = "rules => axe.run({resultTypes: ['violations'], ...rules})"
ELEMENTS = """() => [...new Set([...document.querySelectorAll('*')].map(element =>
    [element.parentElement, element].map(e => e && [e.tagName, e.className, e.type, e.role,
        e.disabled, e.required, e.ariaCurrent, !!e.ariaLabel, !!e.labels?.length]).join(' > ')))]"""
"""The kinds of elements of a page, each with what it stands in."""
WIDTHS = (390, 753, 834, 914)
"""A phone, and the tablets between it and a desk."""
A4_WIDTH = 794
"""A sheet of A4 in the units of a browser, with no margin."""
OVERHANG = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL_TARGETS = """() => [...document.querySelectorAll("a[href], button, summary, select, input")]
  .filter(part => {
    const box = (part.closest("label") || part).getBoundingClientRect();
    const style = getComputedStyle(part);
    const isShown = box.width > 2 && box.right > 0 && style.visibility !== "hidden";
    const isInText = style.display === "inline" &&
      [...part.parentElement.childNodes].some(other => other !== part && other.textContent.trim());
    return isShown && !isInText && (box.width < 24 || box.height < 24);
  }).map(part => `${part.tagName} ${(part.innerText || part.name).slice(0, 30)}`)"""
"""What a thumb cannot hit (WCAG 2.2, 2.5.8), links in a line of text apart."""
ENGINE_WORDS = re.compile(
    r"\b(merge check|resolve_merge|leads to the end|the end \(|merge_conflict|activation|marking"
    r"|in_queue|WorkItem|undefined|NaN)\b|\w+_\w+ round \d"
)
"""What Handoff calls things inside; people are told in their own words."""
RECORDS = ("/reports/trail/",)
"""The trail names codes: they are what its files and the API name, too."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo company's site, with some dozens of requests."""
    load = ["manage.py", "load_demo", "--volume", "0.2"]
    with serve_site(tmp_path_factory.mktemp("var"), load) as address:
        yield address


def test_every_kind_of_page_is_readable_wherever_it_is_read(browser: Browser, site: str) -> None:
    looked_at: dict[str, set[str]] = {}
    found: list[str] = []
    for username, first_pages in FIRST_PAGES.items():
        page = sign_in(browser, site, username, password="handoff-demo")
        seen: set[str] = set()
        waiting = list(first_pages)
        while waiting:
            path = waiting.pop(0)
            kind = _page_kind(path)
            if kind is None or kind in seen:
                continue
            seen.add(kind)
            _open(page, path)
            elements = set(page.evaluate(ELEMENTS))
            if not elements <= looked_at.setdefault(kind, set()):
                looked_at[kind] |= elements
                found += _find_violations(page, path)
            found += [*_find_overhangs(page, path), *_find_engine_words(page, path)]
            waiting += _read_links(page)
        assert len(seen) > 5
        page.context.close()
    assert looked_at.keys() >= RARE_PAGES
    assert not found, "\n".join(found)


def _open(page: Page, path: str) -> None:
    """As on a desk by day."""
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path


def _page_kind(path: str) -> str | None:
    """The route of an address of our own pages; None for files and for the admin."""
    if any(part in path for part in NO_PAGES):
        return None
    try:
        return str(resolve(urlsplit(path).path).route)
    except Resolver404:
        return None


def _read_links(page: Page) -> list[str]:
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
    return [link.partition("#")[0] for link in links if link.startswith("/")]


def _find_violations(page: Page, path: str) -> Iterator[str]:
    """Of the page as it is, which answers to another size or light without being loaded again."""
    page.evaluate(Axe().axe_script)
    for size, scheme, rules in LOOKS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        for violation in page.evaluate(RUN_AXE, rules)["violations"]:
            nodes = [" ".join(node["target"][:1]) for node in violation["nodes"][:3]]
            yield f"{path} {size['width']} {scheme}: {violation['id']} {nodes}"


def _find_overhangs(page: Page, path: str) -> Iterator[str]:
    """Where the page as it stands is wider than its window, or than a sheet of paper."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if over := page.evaluate(OVERHANG):
            yield f"{path}: {over} px wider than {width}"
        if width == WIDTHS[0]:
            yield from (f"{path}: small: {target}" for target in page.evaluate(SMALL_TARGETS))
    page.set_viewport_size({"width": A4_WIDTH, "height": 1123})
    page.emulate_media(media="print")
    if over := page.evaluate(OVERHANG):
        yield f"{path}: {over} px wider than A4"
    page.emulate_media(media="screen")


def _find_engine_words(page: Page, path: str) -> Iterator[str]:
    if path.startswith(RECORDS):
        return
    for line in page.locator("main").inner_text().splitlines():
        if word := ENGINE_WORDS.search(line):
            yield f"{path}: says {word[0]!r} in {line[:80]!r}"
