"""The page that holds a map against what happened: our own requests, or a log that is sent."""

import csv
import gzip
import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.approvals.office import KEY, ask, everything, open_office, signed_in
from workflows.people.models import User

pytestmark = pytest.mark.django_db
PAGE = f"/workflows/{KEY}/conformance/"
HEADER = "case_id,activity,resource,end"
GOOD = ["a,start,x,2026-03-02T08:00:00Z", "a,Manager review/approve,x,2026-03-02T09:00:00Z"]
LOST = ["b,start,x,2026-03-02T08:00:00Z", "b,Lunch,x,2026-03-02T09:00:00Z"]


@pytest.fixture
def people() -> dict[str, User]:
    return open_office()


@pytest.fixture
def owner(people: dict[str, User]) -> Client:
    return signed_in(people["olivia"])


def log_file(*lines: str, name: str = "log.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join([HEADER, *lines]).encode())


def hidden_log(text: str) -> str:
    found = re.search(r'name="log" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def tiles(text: str) -> list[str]:
    return re.findall(r"<dd>([\d,]+)", text)


def test_our_own_requests_are_checked_by_a_link_and_nothing_is_written(
    owner: Client, people: dict[str, User]
) -> None:
    ask(people["sam"])
    before = everything()
    assert "Check our requests" in owner.get(PAGE).content.decode()
    answer = owner.get(PAGE, {"source": "history"})
    assert answer.status_code == 200
    assert everything() == before


def test_a_period_that_is_none_is_said_and_what_was_typed_is_kept(owner: Client) -> None:
    answer = owner.get(PAGE, {"source": "history", "since": "2026-05-02", "until": "2026-05-01"})
    assert answer.status_code == 422
    assert 'value="2026-05-02"' in answer.content.decode()


def test_a_log_is_checked_with_what_its_names_propose(owner: Client) -> None:
    before = everything()
    answer = owner.post(PAGE, {"file": log_file(*GOOD, *LOST)})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert tiles(text) == ["2", "1", "1", "1"]
    assert "Lunch" in text
    assert '<svg class="handoff-map' in text
    assert everything() == before


def test_a_mapping_is_changed_without_sending_the_log_again(owner: Client) -> None:
    text = owner.post(PAGE, {"file": log_file(*GOOD, *LOST)}).content.decode()
    names = re.findall(r'<label for="id_m-(\d)">([^<]+)</label>', text)
    number = {name: f"m-{place}" for place, name in names}
    chosen = {
        number["start"]: "start",
        number["Manager review/approve"]: "manager_review/approve",
        number["Lunch"]: "ignore",
    }
    again = owner.post(PAGE, {"log": hidden_log(text), **chosen}).content.decode()
    assert tiles(again) == ["2", "2", "2", "0"]


def test_deviations_are_a_file(owner: Client) -> None:
    text = owner.post(PAGE, {"file": log_file(*GOOD, *LOST)}).content.decode()
    answer = owner.post(PAGE, {"log": hidden_log(text), "m-0": "start", "as": "csv"})
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert set(rows[0]) == {"step", "activity", "count", "share", "example", "message"}
    assert {row["step"] for row in rows} == {"manager_review"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("log.csv", b"", "Choose a log"),
        ("log.csv", b"nothing\n1\n", "log.csv"),
        ("log.parquet", b"PAR1 and more", "log.parquet is a Parquet file"),
        ("log.csv.gz", gzip.compress(b"a" * 60_000_000), "50 MB"),
        ("big.csv", b"x" * 5_000_001, "5 MB"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_in_a_sentence(
    owner: Client, name: str, content: bytes, says: str
) -> None:
    answer = owner.post(PAGE, {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert says in text
    assert "/tmp/" not in text


def test_what_the_page_kept_cannot_be_made_up(owner: Client) -> None:
    answer = owner.post(PAGE, {"log": "made-up"})
    assert answer.status_code == 422
    assert "Choose the log again" in answer.content.decode()


def test_strangers_do_not_learn_of_it(people: dict[str, User]) -> None:
    assert signed_in(people["sam"]).get(PAGE).status_code == 404
    assert signed_in(people["sam"]).post(PAGE, {"file": log_file(*GOOD)}).status_code == 404


def test_it_costs_few_statements(
    owner: Client, people: dict[str, User], django_assert_max_num_queries: Any
) -> None:
    ask(people["sam"])
    owner.get(PAGE)
    with django_assert_max_num_queries(25):
        owner.get(PAGE, {"source": "history"})
