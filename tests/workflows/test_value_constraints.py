"""No door takes a value that another one refuses: what fields ask is asked of whoever writes."""

from typing import Any

import pytest

from tests.factories import NOW, make_user
from tests.workflows.support import Flow, begin, make_people, person, publish, refused
from workflows.definitions.queries.definition_rows import definition_data_of, definition_of
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import corrections
from workflows.execution.services import instances as requests
from workflows.execution.services.messages import incoming as incoming_messages

pytestmark = pytest.mark.django_db

REFUSE = {"to": "refused", "exception": True}


def trip(**fields: Any) -> dict[str, Any]:
    """Fields that ask for something, written at the start, at a task and by a message."""
    return {
        "format": 1,
        "key": "trip",
        "name": "Trip",
        "owner": "olga",
        "deputy": "dan",
        "roles": {"staff": {"groups": ["crew"]}, "requester": {"requester": True}},
        "fields": {
            "amount": {"type": "money", "currency": "EUR", "min": 1, "max": "budget"},
            "budget": {"type": "money", "currency": "EUR"},
            "day": {"type": "date", "min": "today"},
            "code": {"type": "text", "pattern": "[A-Z]{2}-[0-9]{2}", "label": "Code"},
            "spent": {"type": "money", "currency": "EUR", "max": "budget"},
            "who": {"type": "user", "in": ["crew"], "never": "requester"},
            **fields,
        },
        "start": {
            "role": "staff", "first": "fill", "fields": ["amount", "budget", "day", "code", "who"],
        },
        "steps": {
            "fill": {
                "kind": "task", "role": "staff", "expected": "1h", "due": "1d",
                "outputs": ["amount", "budget", "day", "code", "who"],
                "outcomes": {"done": "call", "stop": REFUSE, "drop": REFUSE},
            },
            "call": {
                "kind": "wait", "message": "answer", "outputs": ["spent", "code"], "to": "ended",
            },
            "ended": {"kind": "end", "result": "ended"},
            "refused": {"kind": "end", "result": "refused"},
        },
    }  # fmt: skip


@pytest.fixture
def crew() -> None:
    for name in ("rita", "ann", "bob"):
        make_user(name, groups=["crew"])


WRONG = [
    ({"amount": "0.50"}, "1.00 EUR or more"),
    ({"amount": "90", "budget": "80"}, "Budget"),
    ({"day": "2026-03-01"}, "2 Mar 2026"),
    ({"code": "ab-12"}, "AA-11"),
    ({"who": "rita"}, "somebody else"),
    ({"who": "olga"}, "crew"),
]


@pytest.mark.parametrize(("values", "word"), WRONG)
def test_a_start_a_task_and_a_correction_refuse_the_same(
    crew: None, values: dict[str, str], word: str
) -> None:
    flow = begin(trip(), amount="5", budget="80")
    with refused(InvalidInput, word):
        requests.start("trip", actor=person("rita"), now=NOW, data={"amount": "5"} | values)
    with refused(InvalidInput, word):
        flow.decide("fill", "done", data=values)
    with refused(InvalidInput, word):
        corrections.set_values(
            flow.request.pk, actor=person("olga"), data=values, now=NOW, reason="Because."
        )


def test_a_message_is_held_to_the_values_of_the_request(crew: None) -> None:
    flow = begin(trip(), amount="5", budget="80")
    flow.decide("fill", "done")
    for values in ({"spent": "81"}, {"code": "x"}):
        with refused(InvalidInput, "write"):
            incoming_messages.receive_message(
                flow.request.reference, "answer", actor=person("olga"), now=NOW, data=values
            )


def test_who_lowers_a_bound_below_what_stands_there_is_refused(crew: None) -> None:
    flow = begin(trip(), amount="50", budget="80")
    with refused(InvalidInput, "Budget"):
        flow.decide("fill", "done", data={"budget": "40"})
    flow.decide("fill", "done", data={"budget": "60"})
    assert flow.data["budget"] == "60.00"


def test_a_day_that_has_passed_meanwhile_may_be_sent_again(crew: None) -> None:
    flow = begin(trip(), amount="5", day="2026-03-02")
    flow.later(days=10)
    flow.decide("fill", "done", data={"day": "2026-03-02", "code": "AB-12"})
    assert flow.data["code"] == "AB-12"


def test_bounds_count_from_the_day_of_the_command(crew: None) -> None:
    flow = begin(trip(), amount="5")
    flow.later(days=10)
    with refused(InvalidInput, "12 Mar 2026"):
        flow.decide("fill", "done", data={"day": "2026-03-11"})


def test_constraints_come_back_from_the_rows_as_they_were_written(crew: None) -> None:
    make_people()
    data = trip(rate={"type": "number", "min": 0.5, "max": 10, "help": "A share."})
    version = publish(data)
    assert definition_data_of(version)["fields"] == data["fields"]
    assert definition_of(version).dump() == data


def test_the_flow_goes_on_with_what_is_asked(crew: None) -> None:
    flow: Flow = begin(trip(), amount="5", budget="80", code="AB-12", who="ann", day="2026-03-02")
    flow.decide("fill", "done", data={"amount": "80"})
    incoming_messages.receive_message(
        flow.request.reference, "answer", actor=person("olga"), now=flow.now, data={"spent": "70"}
    )
    assert flow.where == "= ended"
    assert WorkflowInstance.objects.get().data["spent"] == "70.00"
