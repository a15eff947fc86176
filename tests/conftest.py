"""What all tests share."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from pytest_django import Settings

from tests.emptying import flush_allowed
from tests.migrated import kept_migrations
from workflows.services.calendars import forget_calendars
from workflows.services.maps import forget_maps
from workflows.services.seals import forget_mark

# Hypothesis tries things as long as a shared machine needs, wherever it is used.
settings.register_profile("handoff", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("handoff")


@pytest.fixture(autouse=True)
def _no_map_of_another_test() -> Iterator[None]:
    """Row ids come again after a rollback, so nothing kept by id may outlive its test."""
    forget_maps()
    forget_calendars()
    forget_mark()
    yield
    forget_maps()
    forget_mark()


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


@pytest.fixture
def lenient_templates(settings: Settings) -> None:
    """Templates of Django's own admin name what is not there, so its pages are let do so."""
    engine = settings.TEMPLATES[0]
    options = {**engine["OPTIONS"], "string_if_invalid": ""}
    settings.TEMPLATES = [{**engine, "OPTIONS": options}]
