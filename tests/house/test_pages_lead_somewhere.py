"""What the documentation points to is there: pages, headings of pages, and files of the code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE_FILE = re.compile(r"`((?:workflows|approvals|reporting|config|tests|static)/[\w/.]+\.\w+)`")


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    texts = (
        re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", one) for one in HEADING.findall(page.read_text())
    )
    return {re.sub(r"[^\w\- ]", "", one.strip().lower()).replace(" ", "-") for one in texts}


def is_there(page: Path, link: str) -> bool:
    place, _, anchor = link.partition("#")
    target = (page.parent / place).resolve() if place else page
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors_of(target)


def test_every_link_of_the_pages_leads_to_something() -> None:
    lost = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in PAGES
        for link in LINK.findall(page.read_text())
        if not link.startswith(("http:", "https:", "mailto:")) and not is_there(page, link)
    ]
    assert not lost


def test_every_file_of_the_code_that_a_page_names_is_there() -> None:
    lost = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        if page.parent.name != "decisions"  # they say how it was
        for name in CODE_FILE.findall(page.read_text())
        if not (ROOT / name).exists() and not (ROOT / "templates" / name).exists()
    ]
    assert not lost
