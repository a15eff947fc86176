"""The office whose people talk about requests."""

import pytest

from tests.approvals.office import open_office
from workflows.people.models import User


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return open_office()
