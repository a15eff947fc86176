"""What all tests share."""

from collections.abc import Iterator

import pytest

from workflows.services.maps import forget_maps


@pytest.fixture(autouse=True)
def _no_map_of_another_test() -> Iterator[None]:
    """Row ids come again after a rollback, so no cached map may outlive its test."""
    forget_maps()
    yield
    forget_maps()
