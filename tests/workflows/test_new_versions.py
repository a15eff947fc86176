"""A new version of a document: an approval on an older one is void, told of, or kept."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from tests.engine.driving import approval, task
from tests.workflows import drawn
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import Flow, begin, paper, refused
from workflows.documents.models import Document
from workflows.engine.errors import InvalidInput
from workflows.engine.routing.void_approvals import outdated_approvals
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_of_this_test_alone(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def contract(**reactions: Any) -> dict[str, Any]:
    """An approval of a paper and an amount, and a task that may change both."""
    data = drawn.drawn(
        "contract",
        {
            "review": approval(ok="order", no=NO),
            "order": task(ordered="pay", drop=STOP, _role="bosses", _outputs=["amount", "paper"]),
            "pay": task(paid="done", _role="bosses"),
        },
    )
    data["steps"]["review"] |= reactions
    data["fields"]["paper"]["required"] = False
    return data


def new_version_after_approval(**reactions: Any) -> Flow:
    flow = begin(contract(**reactions), paper=paper("first"))
    flow.decide("review", "ok")
    flow.decide("order", "ordered", "mona", files={"paper": paper("second")}, comment="Put right.")
    return flow


def holds_together(flow: Flow) -> None:
    marking, data = rebuild_from_trail(flow.refresh())
    assert marking.to_json() == flow.request.marking
    assert data == flow.request.data


def test_an_approval_on_version_1_is_void_when_version_2_comes() -> None:
    flow = new_version_after_approval()
    assert flow.where == "review"
    assert flow.last().changes["asked_again"] == [{"step": "review", "fields": ["paper"]}]
    assert flow.last().changes["uploaded"][0]["version"] == 2
    flow.decide("review", "ok", "bob")
    assert flow.where == "pay"
    holds_together(flow)


@pytest.mark.parametrize(
    ("reactions", "code"),
    [
        ({"on_new_version": "warn"}, "changed_after"),
        ({"on_new_version": "keep"}, "kept_after"),
        ({"on_change": "warn"}, "changed_after"),
        ({"on_change": "keep"}, "kept_after"),
    ],
)
def test_the_map_may_let_it_hold_and_the_record_says_so(
    reactions: dict[str, str], code: str
) -> None:
    flow = new_version_after_approval(**reactions)
    assert flow.where == "pay"
    assert flow.last().changes[code] == [{"step": "review", "fields": ["paper"]}]
    work_marking, _ = rebuild_from_trail(flow.request)
    assert outdated_approvals(work_marking) == {"review": ("paper",)}
    holds_together(flow)


def test_documents_and_values_are_judged_apart() -> None:
    flow = begin(contract(on_new_version="keep"), paper=paper("first"))
    flow.decide("review", "ok")
    given = {"amount": "900.00"}
    flow.decide("order", "ordered", "mona", data=given, files={"paper": paper("second")})
    assert flow.where == "review"
    assert flow.last().changes["kept_after"] == [{"step": "review", "fields": ["paper"]}]
    assert flow.last().changes["asked_again"] == [{"step": "review", "fields": ["amount"]}]
    flow.decide("review", "ok", "bob")
    assert flow.where == "pay"
    holds_together(flow)


def test_a_version_keeps_what_was_said_as_it_was_put_in() -> None:
    flow = new_version_after_approval()
    notes = Document.objects.filter(request=flow.request).order_by("version")
    assert [row.note for row in notes] == ["", "Put right."]


# -- kinds and sizes --------------------------------------------------------------------------


def limited(**limits: Any) -> Flow:
    data = contract()
    data["fields"]["paper"] |= limits
    flow = begin(data)
    flow.decide("review", "ok")
    return flow


PDF = "%PDF-1.7\n1 0 obj"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("paper.txt", "text", "takes files of these kinds: pdf, png"),
        ("paper", PDF, "takes files of these kinds: pdf, png"),
        ("paper.pdf", "<html><script>", "not of the kind that its name says (pdf)"),
        ("paper.png", PDF, "not of the kind that its name says (png)"),
    ],
)
def test_what_is_not_of_the_kinds_of_the_map_is_refused(
    name: str, content: str, words: str
) -> None:
    flow = limited(accept=["pdf", "png"])
    with refused(InvalidInput, words):
        flow.decide("order", "ordered", "mona", files={"paper": paper(content, name)})


def test_what_is_of_the_kinds_of_the_map_is_taken() -> None:
    flow = limited(accept=["pdf", "png"])
    flow.decide("order", "ordered", "mona", files={"paper": paper(PDF, "paper.PDF")})
    assert flow.data["paper"]["name"] == "paper.PDF"


def test_a_file_larger_than_the_map_allows_is_refused() -> None:
    flow = limited(max_size=1)
    large = paper("1" * (1024 * 1024 + 1))
    with refused(InvalidInput, "larger than 1 MB"):
        flow.decide("order", "ordered", "mona", files={"paper": large})
