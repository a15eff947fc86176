"""What reading by the API costs in SQL statements, pinned; at any size of the database."""

import pytest

from tests.approvals.api.calls import Api
from tests.approvals.office import ask, decide
from tests.factories import open_task
from tests.workflows.test_statements import statements
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]
TOKEN = 1


def test_a_request_is_read_in_as_many_statements_however_much_happened(people: People) -> None:
    request, api = ask(people["sam"]), Api(people["sam"])
    path = f"/instances/{request.reference}"
    api.get(path)  # notes that the token was used, and caches the map
    # where somebody has a task, the sixth asks who of all who have one is away
    assert len(statements(lambda: api.get(path))) == TOKEN + 5
    decide(request, "manager_review", people["mia"], "approve")
    assert len(statements(lambda: api.get(path))) == TOKEN + 5
    for person, step in (("fred", "budget_check"), ("lena", "legal_review")):
        claim = f"/work-items/{open_task(request, step).pk}/claim"
        assert Api(people[person]).post(claim).status_code == 200
        read = statements(lambda: api.get(path))
        assert len(read) == TOKEN + 5
        assert sum('FROM "workflows_standinperiod"' in sql for sql in read) == 1


def test_an_inbox_is_read_in_as_many_statements_however_long_it_is(people: People) -> None:
    api = Api(people["mia"])
    api.get("/inbox")
    for _ in range(3):
        ask(people["sam"])
        assert len(statements(lambda: api.get("/inbox"))) == TOKEN + 2
