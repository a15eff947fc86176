"""The pictures of README and docs, made anew: `python -m tests.acceptance.pictures`.

They are of the demo company's own pages, so they show what `make run` shows, on the day they are
made. Each must stay small enough for a page that people read on the way.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from playwright.sync_api import Browser

from tests.acceptance.browsing import PHONE, ROOT, open_chromium, serve_site, sign_in

PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
DESK_PICTURE = {"width": 1120, "height": 760}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: whose page it is, where it is reached from, and how it is looked at."""

    username: str
    path: str
    link: str = ""
    """The first link of the page to such an address is followed."""
    button: str = ""
    """Then this button is pressed."""
    step: str = ""
    """Then this step of the map is selected."""
    viewport: Mapping[str, int] | None = None
    scheme: str = "light"


PAGES: Mapping[str, Picture] = {
    "inbox": Picture("marco", "/"),
    "task": Picture("marco", "/", "/tasks/"),
    "request": Picture("helen", "/requests/?whose=all&workflow=contract-review", "/requests/CR-"),
    "report": Picture("helen", "/reports/workflow/contract-review/"),
    "handoffs-dark": Picture("marco", "/handoffs/", scheme="dark"),
    "mapping": Picture(
        "yusuf",
        "/admin/workflows/templateversion/?q=Purchase",
        "/admin/workflows/templateversion/",
        button="Make a new draft from this version",
        step="Finance review",
        viewport={"width": 1280, "height": 900},
    ),
    "inbox-phone": Picture("omar", "/", viewport=PHONE),
}


def take_pictures(browser: Browser, site: str, to: Path) -> list[Path]:
    """Write each picture; says which are there now."""
    written = []
    for name, picture in PAGES.items():
        options: dict[str, Any] = {"viewport": picture.viewport or DESK_PICTURE}
        options["color_scheme"] = picture.scheme
        page = sign_in(browser, site, picture.username, password="handoff-demo", **options)
        page.goto(picture.path)
        if picture.link:
            page.locator(f':is(main, #result_list) a[href^="{picture.link}"]').first.click()
        if picture.button:
            page.get_by_role("button", name=picture.button).click()
        if picture.step:
            page.locator(".handoff-map a").filter(has_text=picture.step).first.click()
            page.locator("#step-heading").wait_for()
        file = to / f"{name}.png"
        page.screenshot(path=str(file))
        written.append(file)
        page.context.close()
    return written


def main() -> int:
    """Make them of a fresh demo; 1 where one is too large."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.test_settings")
    django.setup()  # the kept empty database is known by the site's models
    with tempfile.TemporaryDirectory() as var:
        demo = serve_site(Path(var), ["manage.py", "load_demo"])
        with demo as site, open_chromium() as browser:
            written = take_pictures(browser, site, PICTURES)
    large = [file.name for file in written if file.stat().st_size > MOST_BYTES]
    for file in written:
        sys.stdout.write(f"{file.name}: {file.stat().st_size} bytes\n")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
