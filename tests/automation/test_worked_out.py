"""Sums fit their fields, rounded in one way that the map can change; answers only as it says."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.automation.driving import Course, Reply, connect, plain, receiver
from tests.engine.driving import task
from tests.engine.test_fields import Spec
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import Flow, make_people, person, publish
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition, write_definition
from workflows.engine.format.parts import RoundingDef
from workflows.engine.rules.evaluation import compile_expression
from workflows.engine.values.fields import clean_field_value
from workflows.engine.values.rounding import apply_rounding_rule, round_for_field
from workflows.outbox.models import Attempt

FIELDS = HEAD["fields"] | {
    "people": {"type": "integer"},
    "each": {"type": "money", "currency": "EUR"},
    "yen": {"type": "money", "currency": "JPY"},
    "share": {"type": "number"},
    "whole": {"type": "integer"},
}


def sums(told: dict[str, str], **more: Any) -> dict[str, Any]:
    step = {"kind": "automation", "action": "set_fields", "with": told, "to": "check"} | more
    step["on_error"] = STOP
    check = task(ok="done", no=NO, stop=STOP)
    data = plain("sums", {"work_out": step, "check": check}, fields=FIELDS)
    data["start"]["fields"] = ["amount", "people"]
    return data


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amount", "people", "each", "share"),
    [
        ("100.00", 3, "33.33", "33.3333333333"),
        ("100.00", 7, "14.29", "14.2857142857"),
        ("317.50", 4, "79.38", "79.3750"),
        ("-317.50", 4, "-79.38", "-79.3750"),
        ("0.25", 2, "0.13", "0.1250".rstrip("0")),
        ("999999999999999.00", 1, "999999999999999.00", "999999999999999"),
    ],
)
def test_a_share_fits_whatever_is_divided(amount: str, people: int, each: str, share: str) -> None:
    """Half goes away from zero, and a number keeps ten digits."""
    told = {"each": "amount / people", "share": "amount / people", "yen": "amount / people"}
    course = Course.of(sums(told), amount=amount, people=people)
    assert course.work() == "check"
    data = course.flow.refresh().data
    assert (data["each"], data["share"]) == (each, share)
    assert (
        data["yen"] == str(Decimal(each).quantize(Decimal(1), "ROUND_HALF_UP")) or "." not in each
    )


@pytest.mark.django_db
def test_the_map_says_how_a_sum_is_rounded() -> None:
    told = {"each": "amount / people", "share": "amount / people", "whole": "amount / people"}
    how = {"each": {"digits": 2, "mode": "half_even"}, "share": 1, "whole": {"digits": 0}}
    course = Course.of(sums(told, round=how), amount="0.25", people=2)
    course.work()
    data = course.flow.refresh().data
    assert (data["each"], data["share"], data["whole"]) == ("0.12", "0.1", 0)


@pytest.mark.django_db
def test_a_whole_number_is_not_rounded_unasked() -> None:
    course = Course.of(sums({"whole": "amount / people"}), amount="5.00", people=2)
    assert course.work() == "= stopped"
    assert [row.code for row in Attempt.objects.all()] == ["output_unfit"]
    assert course.flow.refresh().data.get("whole") is None


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=2, max_value=10**12),
    st.integers(1, 10**6),
    st.sampled_from(["money", "number"]),
)
def test_every_quotient_fits_its_field_and_is_as_near_as_the_field_can_say(
    amount: Decimal, people: int, kind: str
) -> None:
    if abs(amount) >= 10**15:
        return
    fields = {"amount": Spec("money"), "people": Spec("integer")}
    exact = compile_expression("amount / people", fields).value(
        {"amount": f"{amount:.2f}", "people": people}
    )
    kept = clean_field_value("x", Spec(kind), round_for_field(Spec(kind), exact, None))
    finest = Decimal("0.01") if kind == "money" else Decimal("1e-10")
    assert abs(Decimal(kept) - exact) <= finest / 2


@pytest.mark.parametrize(
    ("value", "rule", "kept"),
    [
        (Decimal("2.345"), 2, Decimal("2.35")),
        (Decimal("-2.345"), 2, Decimal("-2.35")),
        (2.5, 0, Decimal(3)),
        ("12.3456", 2, Decimal("12.35")),
        ("12.345", 2, "12.345"),  # it may be two numbers, and the field says so
        ("a lot", 2, "a lot"),
        (True, 0, True),
        (None, 2, None),
        (Decimal("2.345"), {"digits": 2, "mode": "half_even"}, Decimal("2.34")),
        (Decimal("2.341"), {"digits": 2, "mode": "up"}, Decimal("2.35")),
        (Decimal("2.349"), {"digits": 2, "mode": "down"}, Decimal("2.34")),
        (Decimal("-2.349"), {"digits": 2, "mode": "floor"}, Decimal("-2.35")),
        (Decimal("-2.349"), {"digits": 2, "mode": "ceiling"}, Decimal("-2.34")),
        (Decimal("1e400"), 2, Decimal("1e400")),
    ],
)
def test_rounding_is_by_the_map_alone(value: Any, rule: Any, kept: Any) -> None:
    assert apply_rounding_rule(value, RoundingDef.model_validate(rule)) == kept


def ordering(**more: Any) -> dict[str, Any]:
    call = {
        "kind": "automation",
        "action": "http",
        "with": {"connection": "erp", "path": "/"},
        "outputs": {"each": "$.total"},
        "retry": {"attempts": 1},
        "to": "check",
        "on_error": STOP,
    }
    check = task(ok="done", no=NO, stop=STOP)
    data = plain("ordering", {"order": call | more, "check": check}, fields=FIELDS)
    data["start"]["fields"] = ["amount"]
    return data


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "where", "kept"),
    [({}, "= stopped", None), ({"round": {"each": 2}}, "check", "12.35")],
)
def test_an_answer_finer_than_its_field_is_rounded_where_the_map_says_so(
    more: dict[str, Any], where: str, kept: str | None
) -> None:
    make_people()
    with receiver(Reply(body={"total": 12.345})) as there:
        connect(there.url, owner=person("olga"))
        course = Course.of(ordering(**more))
        assert course.work() == where
    assert course.flow.refresh().data.get("each") == kept


@pytest.mark.django_db
def test_what_another_request_gives_is_rounded_too() -> None:
    child = plain("child", {"look": task(ok="done", no=NO, stop=STOP)}, fields=FIELDS)
    child["start"]["fields"] = ["amount", "share"]
    make_people()
    publish(child)
    sub = {
        "kind": "subworkflow",
        "workflow": "child",
        "to": "check",
        "on_error": STOP,
        "data": {"amount": "{{ amount }}", "share": "{{ share }}"},
        "outputs": {"each": "$.data.share"},
        "round": {"each": 2},
    }
    data = plain("parent", {"sub": sub, "check": task(ok="done", no=NO, stop=STOP)}, fields=FIELDS)
    data["start"]["fields"] = ["amount", "share"]
    course = Course.of(data, share=12.345)
    assert course.work() == "sub"
    (inner,) = course.flow.request.children.all()
    assert inner.data["share"] == "12.3450"
    Flow(inner).decide("look", "ok")
    assert course.work(hours=1) == "check"
    assert course.flow.refresh().data["each"] == "12.35"


# -- in the file --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_rounding_comes_back_from_file_and_rows_as_it_was_written() -> None:
    how = {"each": 2, "share": {"digits": 3, "mode": "half_even"}, "whole": {"digits": 0}}
    told = {"each": "amount / 3", "share": "amount / 3", "whole": "amount / 3"}
    definition = Definition.model_validate(sums(told, round=how))
    again = read_definition(write_definition(definition), name="map.yaml")
    assert again == definition
    assert again.dump()["steps"]["work_out"]["round"] == how | {"whole": 0}
    make_people()
    version = publish(sums(told, round=how))
    assert definition_of(TemplateVersion.objects.get(pk=version.pk)) == definition


@pytest.mark.parametrize("wrong", [-1, 11, "2", 1.5, True, {"digits": 2, "mode": "nearest"}, {}])
def test_rounding_that_is_none_is_refused_in_words(wrong: Any) -> None:
    data = sums({"each": "amount / 3"}, round={"each": wrong})
    with pytest.raises(DefinitionProblem, match="round"):
        read_definition(json.dumps(data), name="map.json")
