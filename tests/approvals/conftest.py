"""The office whose people ask, decide and answer for a workflow."""

import pytest

from tests.approvals.office import open_office
from workflows.people.models import User


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return open_office()
