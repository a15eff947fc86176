"""What the tests of the map and the run share."""

from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings


@pytest.fixture
def on_postgres(db: None) -> None:
    """Skips, visibly, where the tests run on another database."""
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL alone can show this; set DATABASE_URL")


@pytest.fixture(autouse=True)
def _files_of_this_test_alone(settings: Settings, tmp_path: Path) -> None:
    """Tests compare the stored files, so parallel tests may not share a folder."""
    settings.MEDIA_ROOT = tmp_path
