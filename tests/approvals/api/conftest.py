"""What the tests of the API share."""

import pytest
from django.core.cache import caches

from tests.approvals.api.calls import open_api_office
from workflows.people.models import User


@pytest.fixture(autouse=True)
def _nobody_has_called_yet() -> None:
    """Rates are counted from nothing."""
    caches["process"].clear()


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """The office's people, by username."""
    return open_api_office()
