"""How values are told to others: nobody outside reads Python's words for them."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from tests.automation.driving import Reply, connect, plain, receiver, work_off
from tests.engine.test_fields import DOCUMENT, Spec, spec_of
from tests.factories import NOW
from tests.workflows.drawn import HEAD, STOP
from tests.workflows.support import make_people, person, publish
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import FieldDef
from workflows.engine.values.field_types.base import FIELD_TYPES
from workflows.engine.values.fields import clean_field_value
from workflows.engine.values.placeholders import (
    PlaceholderProblem,
    fill_address_placeholders,
    fill_placeholders,
)
from workflows.engine.values.serialization import (
    canonical_values,
    external_values,
    render_form_value,
    render_header_value,
    render_query_values,
    render_value_text,
)
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.outbox.models import Attempt


@pytest.mark.parametrize(
    ("value", "text", "header", "query"),
    [
        (None, "", None, []),
        ("", "", None, [""]),
        (True, "true", "true", ["true"]),
        (False, "false", "false", ["false"]),
        (12, "12", "12", ["12"]),
        ("1200.00", "1200.00", "1200.00", ["1200.00"]),
        (Decimal("1E+3"), "1000", "1000", ["1000"]),
        (Decimal("12.50"), "12.5", "12.5", ["12.5"]),
        (1e22, "1" + "0" * 22, "1" + "0" * 22, ["1" + "0" * 22]),
        ("2026-03-05", "2026-03-05", "2026-03-05", ["2026-03-05"]),
        (DOCUMENT, "quote.pdf", "quote.pdf", ["quote.pdf"]),
        (["a", None, True], "a, , true", "a, , true", ["a", "true"]),
        ({"a": [1]}, '{"a": [1]}', '{"a": [1]}', ['{"a": [1]}']),
        (
            [{"item": "Chair", "net": "12.00", "ok": True}, {"item": "Desk"}],
            "item: Chair, net: 12.00, ok: true; item: Desk",
            "item: Chair, net: 12.00, ok: true; item: Desk",
            ['{"item": "Chair", "net": "12.00", "ok": true}', '{"item": "Desk"}'],
        ),
        ([DOCUMENT, DOCUMENT], "quote.pdf, quote.pdf", "quote.pdf, quote.pdf", ["quote.pdf"] * 2),
        ([], "", None, []),
    ],
)
def test_a_value_is_spelt_for_its_target(
    value: Any, text: str, header: str | None, query: list[str]
) -> None:
    assert (render_value_text(value), render_header_value(value), render_query_values(value)) == (
        text,
        header,
        query,
    )


SAMPLES = {
    "boolean": True,
    "integer": 4,
    "choice": "EU",
    "date": "2026-03-05",
    "datetime": "2026-03-05T10:00:00Z",
    "document": DOCUMENT,
    "documents": [DOCUMENT],
    "number": Decimal("0.5"),
    "money": 12,
    "resource": "room-1",
    "email": "lena@example.com",
    "url": "https://example.com/page",
    "phone": "+49 30 1234567",
    "choices": ["EU", "US"],
    "list": [{"item": "Chair", "sound": True}, {"item": "Desk"}],
}
"""A value of each type that no text stands for."""

DECLARED = {
    "choices": {"choices": ["EU", "US"]},
    "list": {"columns": {"item": {"type": "text"}, "sound": {"type": "boolean"}}},
}
"""What the types say besides that cannot be declared alone."""


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_no_value_of_a_field_is_spelt_in_pythons_words(kind: str) -> None:
    declared = DECLARED.get(kind)
    spec = FieldDef.model_validate({"type": kind, **declared}) if declared else spec_of(kind)
    value = clean_field_value("x", spec, SAMPLES.get(kind, "some text"))
    for said in (
        fill_placeholders("so: {{ x }}", {"x": value}),
        fill_address_placeholders("{{ x }}", {"x": value}),
    ):
        assert not {"None", "True", "False", "Decimal", "sha256", "{"} & set(said.split(" ")), said
        assert "sha256" not in said
        assert "{" not in said


texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1)
RAW = {
    "text": texts,
    "long_text": texts,
    "number": st.decimals(
        allow_nan=False, allow_infinity=False, places=5, max_value=10**12, min_value=-(10**12)
    ),
    "integer": st.integers(-(10**14), 10**14),
    "money": st.decimals(
        allow_nan=False, allow_infinity=False, places=2, max_value=10**12, min_value=-(10**12)
    ),
    "boolean": st.booleans(),
    "choice": st.sampled_from(["EU", "US", "Asia Pacific"]),
    "date": st.dates(),
    "datetime": st.datetimes(),
    "user": texts,
}


@given(st.data(), st.sampled_from(sorted(RAW)))
def test_what_a_request_tells_a_field_of_another_one_reads_alike(data: Any, kind: str) -> None:
    """Alone in a placeholder, within the data of a subworkflow, and through JSON."""
    spec, raw = spec_of(kind), data.draw(RAW[kind])
    if kind == "datetime":
        raw = raw.isoformat() + "Z"
    try:
        value = clean_field_value("x", spec, raw)
    except InvalidInput:
        return
    if value is None:
        return
    facts = canonical_values({"x": spec}, {"x": value})
    assert (
        clean_field_value("x", spec, render_form_value(fill_placeholders("{{ x }}", facts)))
        == value
    )
    assert clean_field_value("x", spec, json.loads(json.dumps(facts["x"]))) == value


def test_a_number_is_told_without_the_zero_that_keeps_it_readable() -> None:
    fields = {"n": Spec("number"), "m": Spec("money", currency="KWD"), "t": Spec("text")}
    data = {"n": "12.3450", "m": "12.500", "t": "12.3450", "old": "x"}
    assert external_values(fields, data) == data | {"n": "12.345"}
    assert canonical_values(fields, {"n": "12.345"}) == {"n": "12.3450"}


@pytest.mark.parametrize("value", ["Ulm", True, DOCUMENT, "2026-03-05"])
def test_what_is_no_number_is_not_told_as_one(value: Any) -> None:
    with pytest.raises(PlaceholderProblem, match="no number"):
        fill_placeholders("{{ x | number }}", {"x": value})


# -- a call, a mail and another request -------------------------------------------------------

FIELDS: dict[str, Any] = HEAD["fields"] | {
    "day": {"type": "date"},
    "rate": {"type": "number"},
    "back": {"type": "text"},
}
CALL = {
    "kind": "automation",
    "action": "http",
    "with": {
        "connection": "erp",
        "method": "POST",
        "path": "/orders/{{ note }}",
        "query": {"urgent": "{{ urgent }}", "note": "{{ note }}", "tag": ["a", "b"], "on": True},
        "headers": {"X-Note": "{{ note }}", "X-Urgent": "{{ urgent }}", "X-Paper": "{{ paper }}"},
        "json": {
            "urgent": "{{ urgent }}",
            "note": "{{ note }}",
            "amount": "{{ amount }}",
            "number": "{{ amount | number }}",
            "rate": "{{ rate }}",
            "day": "{{ day }}",
            "said": "Paper {{ paper }}, urgent {{ urgent }}, note {{ note }}.",
        },
    },
    "outputs": {"back": "$.number"},
    "retry": {"attempts": 2, "first_delay": "10s"},
    "on_error": STOP,
    "to": "tell",
}
TELL = {
    "kind": "automation",
    "action": "email",
    "with": {"to": "rita", "subject": "{{ urgent }}", "text": "{{ paper }}"},
    "on_error": STOP,
    "to": "done",
}


def calling(**more: Any) -> dict[str, Any]:
    data = plain("calling", {"call": CALL | more, "tell": TELL}, fields=FIELDS)
    data["start"]["fields"] += ["note", "day", "rate"]
    return data


def ask(*, files: dict[str, Any] | None = None, **values: Any) -> WorkflowInstance:
    """A request of this map, with its call made."""
    asked = requests.start(
        "calling",
        actor=person("rita"),
        now=NOW,
        files=files or {},
        data={"amount": "1200.00", **values},
    )
    work_off(NOW)
    return WorkflowInstance.objects.get(pk=asked.pk)


@pytest.fixture
def office() -> None:
    make_people()
    rita = person("rita")
    rita.email = "rita@example.org"
    rita.save()


@pytest.mark.django_db
def test_a_call_tells_values_as_others_write_them(office: None) -> None:
    paper = ContentFile(b"x", name="offer.pdf")
    with receiver() as there:
        connect(there.url, owner=person("olga"))
        publish(calling())
        done = ask(urgent=True, day="2026-03-05", rate=12.345, files={"paper": paper})
    call = there.calls[0]
    path, _, query = call["path"].partition("?")
    # PostgreSQL keeps JSON's keys in an order of its own.
    assert (path, sorted(query.split("&"))) == (
        "/orders/",
        ["on=true", "tag=a", "tag=b", "urgent=true"],
    )
    assert {k: v for k, v in call["headers"].items() if k.startswith("X-")} == {
        "X-Urgent": "true",
        "X-Paper": "offer.pdf",
    }
    assert json.loads(call["body"]) == {
        "urgent": True,
        "note": None,
        "amount": "1200.00",
        "number": 1200,
        "rate": "12.345",
        "day": "2026-03-05",
        "said": "Paper offer.pdf, urgent true, note .",
    }
    assert (mail.outbox[0].subject, mail.outbox[0].body) == ("true", "offer.pdf")
    assert done.result == "done"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("told", "content_type", "body"),
    [
        (
            {
                "form": {
                    "city": "{{ note }}",
                    "ok": "{{ urgent }}",
                    "off": "{{ back }}",
                    "t": [1, 2],
                }
            },
            "application/x-www-form-urlencoded",
            {"city": ["a & b <ü>"], "ok": ["true"], "t": ["1", "2"]},
        ),
        ({"text": "{{ note }}, {{ amount }}"}, "text/plain; charset=utf-8", "a & b <ü>, 1200.00"),
        ({"text": "{{ urgent }}"}, "text/plain; charset=utf-8", "true"),
        (
            {"text": "<n>{{ note | xml }}</n>", "headers": {"content-type": "text/xml"}},
            "text/xml",
            "<n>a &amp; b &lt;ü&gt;</n>",
        ),
    ],
)
def test_a_form_and_a_text_are_bodies_too(
    office: None, told: dict[str, Any], content_type: str, body: Any
) -> None:
    step = {key: value for key, value in CALL["with"].items() if key not in ("json", "headers")}
    with receiver() as there:
        connect(there.url, owner=person("olga"))
        publish(calling(**{"with": step | {"path": "/x"} | told}))
        done = ask(note="a & b <ü>", urgent=True)
    [call] = there.calls
    said = call["body"].decode()
    headers = [(name.lower(), value) for name, value in call["headers"].items()]
    assert [value for name, value in headers if name == "content-type"] == [content_type]
    assert (parse_qs(said, strict_parsing=True) if isinstance(body, dict) else said) == body
    assert done.result == "done"


@pytest.mark.django_db
def test_a_value_that_cannot_be_spelt_is_no_crash_and_not_tried_again(office: None) -> None:
    with receiver() as there:
        connect(there.url, owner=person("olga"))
        publish(calling(**{"with": CALL["with"] | {"json": "{{ note | number }}"}}))
        done = ask(note="many")
    assert not there.calls
    assert [row.code for row in Attempt.objects.filter(action="http")] == ["placeholder_unknown"]
    assert done.result == "stopped"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content_type", "body", "kept"),
    [
        ("application/json; charset=utf-8", b'\xef\xbb\xbf{"number": "PO-1"}', "PO-1"),
        ("application/json", b'\xef\xbb\xbf{"number": "PO-1"}', "PO-1"),
        ("application/json", '{"number": "Größe"}'.encode("utf-16"), "Größe"),
        ("application/json", '{"number": "Größe"}'.encode("utf-16-le"), "Größe"),
        ("application/json; charset=iso-8859-1", '{"number": "Größe"}'.encode("latin-1"), "Größe"),
        ('application/json; Charset="windows-1252"', '{"number": "5 €"}'.encode("cp1252"), "5 €"),
        ("application/json", b'{"number": 12345678901234567890}', "12345678901234567890"),
        ("application/json", b'{"number": 4711.50}', "4711.50"),
        ("application/json", b'{"number": null}', None),
    ],
)
def test_an_answer_is_read_in_the_charset_that_it_is_in(
    office: None, content_type: str, body: bytes, kept: str | None
) -> None:
    with receiver(Reply(body=body, headers={"Content-Type": content_type})) as there:
        connect(there.url, owner=person("olga"))
        publish(calling())
        done = ask()
    assert (done.result, done.data["back"]) == ("done", kept)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/json; charset=klingon", b'{"number": "PO-1"}', "charset_unknown"),
        ("application/json; charset=utf-7", b'{"number": "PO-1"}', "charset_unknown"),
        ("application/json; charset=hex", b'{"number": "PO-1"}', "charset_unknown"),
        ("application/json", '{"number": "Größe"}'.encode("latin-1"), "charset_wrong"),
        ("application/json", b'{"number": NaN}', "answer_unreadable"),
    ],
)
def test_an_answer_that_could_only_be_guessed_at_is_refused(
    office: None, content_type: str, body: bytes, code: str
) -> None:
    with receiver(Reply(body=body, headers={"Content-Type": content_type})) as there:
        connect(there.url, owner=person("olga"))
        publish(calling(retry={"attempts": 1}))
        done = ask()
    assert [row.code for row in Attempt.objects.filter(action="http")] == [code]
    assert (done.result, done.data.get("back")) == ("stopped", None)
