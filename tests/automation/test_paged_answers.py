"""Answers that come in pages are one answer, within bounds, from one place."""

from typing import Any

import pytest

from tests.automation.driving import Course, Receiver, Reply, connect, plain, receiver
from tests.engine.driving import task
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import make_people, person

pytestmark = pytest.mark.django_db
BY_PATH = {"next": "$.next", "items": "$.items"}
THOUSANDS = [str(number) for number in range(6000)]
BY_LINK = {"next": "link", "items": "$"}


def asking(there: Receiver, pages: dict[str, Any], path: str = "$.items[4].id") -> Course:
    make_people()
    connect(there.url, owner=person("olga"), auth="none")
    step = {
        "kind": "automation",
        "action": "http",
        "with": {"connection": "erp", "path": "/things", "query": {"q": "x"}, "pages": pages},
        "outputs": {"note": path},
        "retry": {"attempts": 1},
        "on_error": STOP,
        "to": "check",
    }
    steps = {"ask": step, "check": task(ok="done", no=NO, stop=STOP)}
    return Course.of(plain("asking", steps, fields=HEAD["fields"]))


def page(*ids: str, following: Any = None) -> Reply:
    return Reply(body={"items": [{"id": one} for one in ids], "next": following})


def linked(ids: list[str], link: str = "") -> Reply:
    return Reply(body=[{"id": one} for one in ids], headers={"Link": link} if link else {})


def test_the_items_of_all_pages_are_one_list() -> None:
    pages = [
        page("a", "b", following="/things?page=2"),
        page("c", "d", following="?page=3"),
        page("e"),
    ]
    with receiver(*pages) as there:
        course = asking(there, BY_PATH)
        assert course.work() == "check"
    assert course.flow.refresh().data["note"] == "e"
    assert [call["path"] for call in there.calls] == [
        "/things?q=x",
        "/things?page=2",
        "/things?page=3",
    ]
    assert len({call["headers"]["Idempotency-Key"] for call in there.calls}) == 1


@pytest.mark.parametrize(
    ("link", "calls"),
    [
        ('</things?page=2>; rel="next"', 2),
        ('</things?page=1>; rel="first", </things?page=2>; title="a, b"; rel="next last"', 2),
        ("</things?page=2>; rel=next", 2),
        ('</things?page=2>; rel="previous"', 1),
        ('</things?page=2>; rel="next-archive"', 1),
        ("nonsense", 1),
        ("", 1),
    ],
)
def test_the_next_page_may_be_named_by_a_header(link: str, calls: int) -> None:
    with receiver(linked(["a"], link), linked(["b"])) as there:
        course = asking(there, BY_LINK, "$[-1].id")
        assert course.work() == "check"
    assert len(there.calls) == calls
    assert course.flow.refresh().data["note"] == ("b" if calls == 2 else "a")


def test_a_next_page_elsewhere_is_told_nothing() -> None:
    with receiver() as evil, receiver() as there:
        there.replies.append(page("a", following=f"{evil.url}/things"))
        course = asking(there, BY_PATH)
        course.work()
        assert course.attempts == [(1, "failed", "page_elsewhere")]
    assert not evil.calls


@pytest.mark.parametrize(
    ("replies", "pages", "code"),
    [
        ([page("a", following="/p2"), page("b", following="/things?q=x")], {}, "pages_go_round"),
        ([page("a", following="/p2"), page("b", following="/p3")], {"max": 2}, "too_many_pages"),
        ([page(*THOUSANDS, following="/2"), page(*THOUSANDS)], {}, "too_many_pages"),
        ([page("a", following=7)], {}, "output_unfit"),
        ([page("a", following="ftp://x/")], {}, "bad_address"),
        ([Reply(body={"things": []})], {}, "output_missing"),
        ([page("a", following="/p2"), Reply(404)], {}, "status_404"),
        ([Reply(body={"items": {"a": 1}})], {}, "output_missing"),
    ],
)
def test_pages_that_cannot_be_all_read_are_refused_and_not_cut_off(
    replies: list[Reply], pages: dict[str, Any], code: str
) -> None:
    with receiver(*replies) as there:
        course = asking(there, BY_PATH | pages)
        course.work()
    [(number, state, said)] = course.attempts
    assert (number, state) == (1, "failed")
    assert said.startswith(code)
    assert course.flow.refresh().data.get("note") is None
