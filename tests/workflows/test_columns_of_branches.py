"""A required column that a branch fills in: not asked for before, and required there."""

from copy import deepcopy
from typing import Any

import pytest

from tests.approvals.api.calls import Api
from tests.approvals.office import post, signed_in
from tests.engine.driving import task
from tests.factories import NOW
from tests.workflows.drawn import NO
from tests.workflows.support import Flow, begin, nothing_changed, person, refused
from tests.workflows.test_each_branches import agrees, each, rows
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.authority.row_columns import ANYWHERE, AT_START, columns_left
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db


def checked(**steps: Any) -> dict[str, Any]:
    """The map of rows in which each row has to be checked."""
    data = deepcopy(each(**steps))
    data["fields"]["lines"]["columns"]["checked"]["required"] = True
    return data


def decide_row(flow: Flow, item: WorkItem, **data: Any) -> None:
    given = {key.replace("__", "."): value for key, value in data.items()}
    tasks.decide(item.pk, actor=person("ann"), outcome="ok", now=flow.later(), data=given)


def test_nobody_is_asked_at_the_start_and_the_branch_must_fill_it_in() -> None:
    flow = begin(checked(), lines=rows(2))
    assert flow.data["lines"] == rows(2)
    first, second = flow.request.work_items.open().order_by("pk")
    with nothing_changed(), refused(InvalidInput, "Checked"):
        decide_row(flow, first, row__note="Seen")
    decide_row(flow, first, row__checked=True)
    decide_row(flow, second, row__checked=False)
    assert [row["checked"] for row in flow.refresh().data["lines"]] == [True, False]
    assert flow.where == "after"
    assert agrees(flow)


def test_other_required_columns_are_asked_as_before() -> None:
    begin(checked(), lines=rows(1))
    with nothing_changed(), refused(InvalidInput, "item"):
        requests.start(
            "each", actor=person("rita"), now=NOW, data={"amount": "1", "lines": [{"net": "9.00"}]}
        )


def test_it_is_asked_of_whom_no_branch_follows() -> None:
    data = checked()
    data["steps"]["after"]["outputs"] = ["lines"]
    flow = begin(data, lines=rows(1))
    [item] = flow.request.work_items.open()
    decide_row(flow, item, row__checked=True)
    with nothing_changed(), refused(InvalidInput, "fill it in"):
        flow.decide("after", "ok", data={"lines": [*flow.refresh().data["lines"], *rows(1)]})
    more = [*flow.refresh().data["lines"], *rows(1, checked=False)]
    flow.decide("after", "ok", data={"lines": more})
    assert flow.refresh().data["lines"] == more


def test_it_depends_on_where_the_list_is_written() -> None:
    flow = begin(checked(), lines=rows(1))
    graph = cached_map(flow.request.version_id).graph
    assert columns_left(graph, "lines", AT_START) == {"checked"}
    assert columns_left(graph, "lines", ANYWHERE) == {"checked"}
    assert columns_left(graph, "lines", "after") == set()
    assert columns_left(graph, "amount", AT_START) == set()


def test_without_a_branch_that_fills_it_in_everything_is_as_it_was() -> None:
    data = checked()
    data["steps"]["check"]["outputs"] = ["row.note"]
    begin(data, lines=rows(1, checked=True))
    with nothing_changed(), refused(InvalidInput, "fill it in"):
        requests.start(
            "each", actor=person("rita"), now=NOW, data={"amount": "1", "lines": rows(1)}
        )


def test_the_start_form_does_not_show_it_and_the_branch_does() -> None:
    flow = begin(checked(), lines=rows(1))
    client = signed_in(person("rita"))
    page = client.get("/start/each/").content.decode()
    assert 'name="f-lines-0-item"' in page
    assert 'name="f-lines-0-checked"' not in page
    sent = {"f-amount": "5", "f-lines-rows": "1", "f-lines-0-item": "Chair"}
    assert client.post("/start/each/", sent).status_code == 302
    [item] = flow.request.work_items.open()
    page = signed_in(person("ann")).get(f"/tasks/{item.pk}/").content.decode()
    assert 'name="f-row.checked"' in page


def listed_before(**steps: Any) -> dict[str, Any]:
    """The same, with a task before the branch in which the list is written."""
    data = checked()
    before = task(ok="p", no=NO, _outputs=["lines"])
    data["steps"] = {"before": before, **data["steps"], **steps}
    data["start"] |= {"first": "before", "fields": ["amount"]}
    return data


def page_of_task(flow: Flow, person_key: str = "ann") -> str:
    [item] = flow.request.work_items.open()
    return signed_in(person(person_key)).get(f"/tasks/{item.pk}/").content.decode()


def test_a_task_before_the_branch_does_not_show_it_either() -> None:
    flow = begin(listed_before())
    page = page_of_task(flow)
    assert 'name="f-lines-0-item"' in page
    assert 'name="f-lines-0-checked"' not in page
    assert 'name="f-lines-0-note"' in page  # nobody has to fill it in, so it may be said before
    [item] = flow.request.work_items.open()
    sent = {"f-lines-rows": "1", "f-lines-0-item": "Chair", "f-lines-0-net": "9.00"}
    assert post(signed_in(person("ann")), item, "ok", **sent).status_code == 302
    assert flow.refresh().data["lines"] == rows(1, item="Chair")
    assert 'name="f-row.checked"' in page_of_task(flow)


def test_a_task_shows_it_where_a_round_before_has_filled_it_in() -> None:
    data = listed_before()
    data["steps"]["after"]["outcomes"]["redo"] = {"to": "before", "exception": True}
    flow = begin(data)
    flow.decide("before", "ok", data={"lines": rows(1)})
    [item] = flow.request.work_items.open()
    decide_row(flow, item, row__checked=True)
    flow.decide("after", "redo")
    assert 'name="f-lines-0-checked"' in page_of_task(flow)


def test_the_api_says_so_in_the_schema_of_the_start_form() -> None:
    begin(checked(), lines=rows(1))
    schema = Api(person("rita")).get("/workflows/each/form").json()["data_schema"]
    assert schema["properties"]["lines"]["items"]["required"] == ["item"]
