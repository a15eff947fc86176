"""Comments by API: read, written once, in the caller's name, and with the pages' refusals."""

import pytest

from tests.approvals.api.calls import Api, open_api_office, problem, unchanged
from tests.approvals.office import ask
from workflows.conversation.models import Comment, Follow
from workflows.people.models import User
from workflows.trail.choices import COMMENT_COMMANDS
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, User]:
    return open_api_office()


def test_a_comment_is_written_and_read(people: dict[str, User]) -> None:
    path = f"/instances/{ask(people['sam']).reference}/comments"
    answer = Api(people["sam"]).post(path, {"text": "Any news, @mia?"})
    assert answer.status_code == 201
    [comment] = Comment.objects.all()
    read = Api(people["mia"], "read").get(path).json()["comments"]
    assert read == [answer.json()]
    assert (read[0]["id"], read[0]["writer"], read[0]["text"], read[0]["mentioned"]) == (
        comment.pk,
        "sam",
        "Any news, @mia?",
        ["mia"],
    )
    row = TrailEvent.objects.latest("id")
    assert (row.command, row.channel, row.actor_name) == ("comment", "api", "sam")
    assert row.token


def test_a_key_writes_it_once(people: dict[str, User]) -> None:
    path = f"/instances/{ask(people['sam']).reference}/comments"
    api = Api(people["sam"])
    first, second = (api.post(path, {"text": "Any news?"}, key="k1") for _ in range(2))
    assert first.json() == second.json()
    assert Comment.objects.count() == 1


def test_it_is_refused_as_on_the_pages(people: dict[str, User]) -> None:
    path = f"/instances/{ask(people['sam']).reference}/comments"
    api = Api(people["sam"])
    reader = Api(people["sam"], "read")
    with unchanged():
        problem(api.post(path, {"text": "Ask @stranger"}), 422, "nobody who may see")
        problem(api.post(path, {"text": "  "}), 422, "Write something")
        problem(api.post(path, {"text": "x", "more": 1}), 422)
        problem(reader.post(path, {"text": "x"}), 403)


def test_the_trail_of_who_does_not_audit_has_no_comments(people: dict[str, User]) -> None:
    reference = ask(people["sam"]).reference
    Api(people["sam"]).post(f"/instances/{reference}/comments", {"text": "Any news?"})
    for name, is_shown in (("mia", False), ("olivia", True)):
        trail = Api(people[name]).get(f"/instances/{reference}").json()["trail"]
        assert ("comment" in {row["command"] for row in trail}) is is_shown


def test_ones_own_comment_is_edited_and_withdrawn_and_nobody_elses(people: dict[str, User]) -> None:
    path = f"/instances/{ask(people['sam']).reference}/comments"
    sam, mia = Api(people["sam"]), Api(people["mia"])
    sent = {"name": "offer.txt", "content": "b2ZmZXI="}
    written = sam.post(path, {"text": "Pleas hurry.", "files": [sent]}).json()
    assert [(file["name"], file["size"]) for file in written["files"]] == [("offer.txt", 5)]
    own = f"/comments/{written['id']}"
    with unchanged():
        problem(mia.post(f"{own}/edit", {"text": "No."}), 403, "Only who wrote")
        problem(mia.post(f"{own}/withdraw"), 403)
        problem(sam.post(path, {"text": "x", "files": [sent | {"content": "%"}]}), 422, "base64")
        problem(sam.post(f"{own}/edit", {"text": "Ask @stranger"}), 422, "nobody who may see")
    edited = sam.post(f"{own}/edit", {"text": "Please hurry, @mia."}).json()
    assert (edited["text"], edited["mentioned"]) == ("Please hurry, @mia.", ["mia"])
    assert edited["edited_at"]
    assert edited["files"] == written["files"]
    gone = sam.post(f"{own}/withdraw").json()
    assert (gone["text"], gone["files"], bool(gone["withdrawn_at"])) == ("", [], True)
    assert mia.get(path).json()["comments"] == [gone]
    with unchanged():
        problem(sam.post(f"{own}/edit", {"text": "Again."}), 409, "withdrawn")
    said = TrailEvent.objects.filter(command__in=COMMENT_COMMANDS).order_by("id")
    assert [row.comment for row in said] == ["Pleas hurry.", "Please hurry, @mia.", ""]


def test_those_are_offered_for_a_mention_who_may_see_the_request(people: dict[str, User]) -> None:
    path = f"/instances/{ask(people['sam']).reference}/mentionable"
    offered = Api(people["sam"], "read").get(path, q="mi").json()["people"]
    assert offered == [{"login": "mia", "name": "Mia Lopez"}]
    assert Api(people["sam"]).get(path, q="stranger").json()["people"] == []


def test_one_follows_and_stops_and_sees_ones_own_only(people: dict[str, User]) -> None:
    reference = ask(people["sam"]).reference
    sam, nora = Api(people["sam"]), Api(people["stranger"])
    wishes = [{"request": reference}, {"workflow": "purchase-approval"}, {"team": "staff"}]
    made = [sam.post("/follows", wish) for wish in wishes]
    assert [answer.status_code for answer in made] == [200, 200, 200]
    assert sam.post("/follows", wishes[0]).json()["id"] == made[0].json()["id"]
    listed = sam.get("/follows").json()["follows"]
    assert [
        {key: row[key] for key in wish} for wish, row in zip(wishes, listed[::-1], strict=True)
    ] == wishes
    first = listed[-1]["id"]
    with unchanged():
        for wish in wishes:
            problem(nora.post("/follows", wish), 404)
        problem(sam.post("/follows", {}), 422, "Name one of")
        problem(sam.post("/follows", wishes[0] | wishes[1]), 422, "Name one of")
        problem(nora.post(f"/follows/{first}/end"), 404)
        problem(Api(people["sam"], "read").post("/follows", wishes[0]), 403)
    assert nora.get("/follows").json()["follows"] == []
    assert sam.post(f"/follows/{first}/end").status_code == 200
    assert Follow.objects.count() == 2
