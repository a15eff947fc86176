"""What all tests share."""

import gc
import logging
import os
from collections.abc import Iterator

import pytest
from django.db import connection
from django.template import engines
from django.test import override_settings
from django.utils import timezone, translation
from hypothesis import HealthCheck, settings

from tests.emptying import flush_allowed
from tests.migrated import kept_migrations
from tests.running import in_running_order, runs_the_same_anywhere
from workflows.calendars.queries.working_calendars import forget_calendars
from workflows.definitions.queries.compiled_versions import forget_maps
from workflows.resources.queries.resources import forget_resource_names
from workflows.trail.services.sealing import reset_sealed_mark

# Hypothesis tries things as long as a shared machine needs, wherever it is used. The same code
# gives the same result, so a red run is the change's own; `make nightly` (HANDOFF_MAPS) looks
# further.
settings.register_profile(
    "handoff",
    deadline=None,
    derandomize="HANDOFF_MAPS" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("handoff")


REFUSALS = logging.getLogger("django.request")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if connection.vendor == "postgresql":
        config.hook.pytest_deselected(items=[*filter(runs_the_same_anywhere, items)])
        items[:] = [item for item in items if not runs_the_same_anywhere(item)]
    workers = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    items[:] = in_running_order(items, workers)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end, so the garbage collector need not go over it again
    and again: that was a tenth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(autouse=True)
def _no_map_of_another_test() -> Iterator[None]:
    """Row ids come again after a rollback, so nothing kept by id may outlive its test."""
    forget_maps()
    forget_calendars()
    forget_resource_names()
    reset_sealed_mark()
    yield
    forget_maps()
    reset_sealed_mark()
    translation.deactivate()  # what a request chose stays until the next one begins
    timezone.deactivate()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> Iterator[None]:
    """pytest-django's hook before the test database is made."""
    with kept_migrations():
        yield


@pytest.fixture(scope="session", autouse=True)
def _tests_that_commit_may_be_cleared_away() -> Iterator[None]:
    """The trail's triggers refuse to have it emptied; between two tests it has to be."""
    with flush_allowed():
        yield


@pytest.fixture(scope="session", autouse=True)
def _files_of_this_process_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests compare the stored files, so what runs beside them may not store any there."""
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        yield


@pytest.fixture(scope="session", autouse=True)
def _refusals_are_no_news() -> None:
    """A line with its traceback for each of thousands of refusals costs more than the refusal.
    Errors of ours are told."""
    REFUSALS.setLevel(logging.ERROR)


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Whoever reads the log finds the refusals there, too."""
    with caplog.at_level(logging.WARNING, REFUSALS.name):
        yield caplog


@pytest.fixture
def lenient_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates of Django's own admin name what is not there, so its pages are let do so.

    The engine is changed where it is: with a new one, each test would compile all templates anew.
    """
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")
