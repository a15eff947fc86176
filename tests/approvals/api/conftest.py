"""What the tests of the API share."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from pytest_django import Settings

from tests.approvals.api.calls import open_api_office


@pytest.fixture(autouse=True)
def _alone(settings: Settings, tmp_path: Path) -> None:
    """Files of this test alone, and nobody has called yet."""
    settings.MEDIA_ROOT = tmp_path
    caches["process"].clear()


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """The office's people, by username."""
    return open_api_office()
