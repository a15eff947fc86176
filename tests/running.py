"""Which tests begin first, and which need not run on a second database."""

import pytest

SOAK = "tests/acceptance/test_soak.py"
"""Waits most of its time, so the first worker begins with it."""
JOURNEYS = "tests/acceptance/"
"""Those beside it wait for browsers and servers; the second worker begins with them."""
NEED_NO_DATABASE = ("tests/engine/", "tests/house/")
"""Rules, and readings of the source: the same on every database, so they run on SQLite alone."""
SITES_OF_THEIR_OWN = ("tests/config/test_run.py", "tests/extensions/test_example_package.py")
"""Start processes on a site with the embedded database, whichever the other tests are on."""
JUDGE_NO_ROWS = (
    "tests/acceptance/test_accessibility.py",  # markup and colours
    "tests/language/test_catalogues.py",  # sentences of the source
)
RUN_ONCE = (*SITES_OF_THEIR_OWN, *JUDGE_NO_ROWS)


def in_running_order(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """What takes long begins first. Each worker begins with an equal part of the tests, and later
    takes over from the end of another's."""
    soak = [item for item in items if item.nodeid.startswith(SOAK)]
    journeys = [item for item in items if item.nodeid.startswith(JOURNEYS) and item not in soak]
    others = [item for item in items if not item.nodeid.startswith(JOURNEYS)]
    place = max(len(items) // workers - len(soak), 0) if workers > 1 else 0
    return [*soak, *others[:place], *journeys, *others[place:]]


def runs_the_same_anywhere(item: pytest.Item) -> bool:
    """Whether a test runs once, or is of these folders and without the mark, without which
    pytest-django lets no test have a database. That they start no other process either, and that
    sites of their own are embedded ones, tests of the house say."""
    if item.nodeid.startswith(RUN_ONCE):
        return True
    return item.nodeid.startswith(NEED_NO_DATABASE) and not any(item.iter_markers("django_db"))
