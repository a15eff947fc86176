"""What the tests of the map and the run share."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _files_of_this_test_alone(settings: Settings, tmp_path: Path) -> None:
    """Tests compare the stored files, so parallel tests may not share a folder."""
    settings.MEDIA_ROOT = tmp_path
