"""What the tests in a browser share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A browser for a module's tests; tests that need none do not import it."""
    from tests.acceptance.browsing import open_chromium

    with open_chromium() as chromium:
        yield chromium
