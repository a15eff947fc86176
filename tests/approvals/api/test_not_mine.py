"""What a person may not see is not there, by every call of the API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from approvals.api.site import api
from tests.approvals.api.calls import Api, problem, start_body, unchanged
from tests.approvals.office import ask, ask_approved, decide
from tests.factories import open_task
from tests.rights.everything import read_out
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]


@dataclass(frozen=True)
class Theirs:
    """A call that works for `person`; `path` makes what it is about."""

    person: str
    path: Callable[[People], str]
    body: Any = None
    method: str = "post"

    def call(self, as_: Api, path: str) -> Any:
        answer = as_.get(path) if self.method == "get" else as_.post(path, self.body)
        read_out(answer)
        return answer


def request_at(course: str = "", *, state: str = "") -> Callable[[People], str]:
    """The path of a course of a request that stands in this state."""

    def path(people: People) -> str:
        request = ask(people["sam"])
        if state == "rejected":
            decide(request, "manager_review", people["mia"], "reject", comment="No.")
        if state == "suspended":
            given = {"actor": people["olivia"], "reason": "Wait.", "now": request.started_at}
            requests.suspend(request.pk, **given)
        return f"/instances/{request.reference}{course}"

    return path


def task_to(*commands: str) -> Callable[[People], str]:
    """The path of the last command on a task of finance; those before are done by fred."""

    def path(people: People) -> str:
        request = ask_approved(people)
        task = f"/work-items/{open_task(request, 'budget_check').pk}"
        for command in commands[:-1]:
            assert Api(people["fred"]).post(f"{task}/{command}").status_code == 200
        return f"{task}/{commands[-1]}"

    return path


def delivery(people: People) -> str:
    body = {"workflow": "delivery", "data": {"order": "A-1"}}
    reference = Api(people["sam"]).post("/instances", body).json()["reference"]
    return f"/instances/{reference}/message"


def held_task(course: str) -> Callable[[People], str]:
    """The path of a course of a task that mia has."""

    def path(people: People) -> str:
        return f"/work-items/{open_task(ask(people['sam']), 'manager_review').pk}/{course}"

    return path


def legal_task(course: str) -> Callable[[People], str]:
    """The path of a course of a task that lena or leo may take."""

    def path(people: People) -> str:
        request = ask_approved(people)
        return f"/work-items/{open_task(request, 'legal_review').pk}/{course}"

    return path


def asked_question(course: str) -> Callable[[People], str]:
    """The path of a course of what mia asked sam."""

    def path(people: People) -> str:
        asking = Api(people["mia"]).post(held_task("ask-requester")(people), QUESTION)
        return f"/questions/{asking.json()['id']}/{course}"

    return path


def own_comment(course: str) -> Callable[[People], str]:
    """The path of a course of a comment that sam just wrote."""

    def path(people: People) -> str:
        written = Api(people["sam"]).post(request_at("/comments")(people), {"text": "Any news?"})
        return f"/comments/{written.json()['id']}/{course}"

    return path


def comment_file(people: People) -> str:
    """The path of a file that a comment of sam's carries."""
    said = {"text": "See.", "files": [{"name": "offer.txt", "content": "b2ZmZXI="}]}
    written = Api(people["sam"]).post(request_at("/comments")(people), said)
    return f"/documents/{written.json()['files'][0]['id']}"


def just(path: str) -> Callable[[People], str]:
    return lambda people: path


def for_delivery(people: People) -> str:
    delivery(people)
    return "/messages"


QUESTION = {"question": "Which?"}
BECAUSE = {"reason": "Because."}
GOODS = {"message": "goods_arrived"}
CORRELATED = GOODS | {"workflow": "delivery", "correlation": {"order": "A-1"}}
CALLS = {
    "document": Theirs("sam", comment_file, method="get"),
    "start": Theirs("sam", just("/instances"), start_body()),
    "read": Theirs("sam", request_at(), method="get"),
    "start_form": Theirs("sam", just("/workflows/purchase-approval/form"), method="get"),
    "task_form": Theirs("fred", task_to("form"), method="get"),
    "cancel": Theirs("sam", request_at("/cancel"), BECAUSE),
    "suspend": Theirs("olivia", request_at("/suspend"), BECAUSE),
    "correct_values": Theirs(
        "olivia", request_at("/correct"), BECAUSE | {"data": {"region": "US"}}
    ),
    "resume": Theirs("olivia", request_at("/resume", state="suspended"), BECAUSE),
    "reopen": Theirs("olivia", request_at("/reopen", state="rejected"), BECAUSE),
    "claim": Theirs("fred", task_to("claim")),
    "start_work": Theirs("fred", task_to("start")),
    "pause": Theirs("fred", task_to("start", "pause")),
    "release": Theirs("fred", task_to("claim", "release")),
    "decide": Theirs("fred", task_to("decide"), {"outcome": "done"}),
    "reassign": Theirs("lena", legal_task("reassign"), BECAUSE | {"to": "leo"}),
    "add_approver": Theirs("mia", held_task("approvers"), BECAUSE | {"person": "fred"}),
    "ask_opinion": Theirs("mia", held_task("ask-opinion"), QUESTION | {"people": ["fred"]}),
    "ask_requester": Theirs("mia", held_task("ask-requester"), QUESTION),
    "answer_question": Theirs("sam", asked_question("answer"), {"answer": "Thin."}),
    "withdraw_question": Theirs("mia", asked_question("withdraw")),
    "comments": Theirs("sam", request_at("/comments"), method="get"),
    "comment": Theirs("sam", request_at("/comments"), {"text": "Any news?"}),
    "mentionable": Theirs("sam", request_at("/mentionable"), method="get"),
    "edit_comment": Theirs("sam", own_comment("edit"), {"text": "Any news now?"}),
    "withdraw_comment": Theirs("sam", own_comment("withdraw")),
    "message": Theirs("sam", delivery, GOODS),
    "correlate": Theirs("sam", for_delivery, CORRELATED),
}
ELSEWHERE = {
    "inbox": "it names nothing; test_an_inbox_shows_nobody_elses_work",
    "questions": "it names nothing; test_questions_show_nobody_elses",
    "follows": "it names nothing; test_one_follows_and_stops_and_sees_ones_own_only",
    "follow": "what it names is in its body; test_one_follows_and_stops_and_sees_ones_own_only",
    "unfollow": "it is one's own; test_one_follows_and_stops_and_sees_ones_own_only",
    "resources": "it names nothing; test_resource_pages",
    "busy": "who has it is hidden, when is not; test_resource_pages",
    "signal": "its map must wait for it; test_signals",
    "withdraw_vote": "several must agree in its map; test_votes_pages",
    "extend_task": "its map must let it; test_more_time",
    "extend_request": "its map must let it; test_more_time",
    "hook": "it takes no token; test_who_does_not_sign_is_told_nothing",
}


def operations() -> set[str]:
    """Every operation of the document."""
    paths = api.get_openapi_schema()["paths"].values()
    return {operation["operationId"] for path in paths for operation in path.values()}


def test_no_operation_is_left_out() -> None:
    assert operations() == CALLS.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("name", CALLS)
def test_what_one_may_not_see_is_not_there_and_stays_as_it_was(people: People, name: str) -> None:
    call = CALLS[name]
    path, nora = call.path(people), Api(people["stranger"])
    with unchanged():
        problem(call.call(nora, path), 404)
    answer = call.call(Api(people[call.person]), path)
    assert answer.status_code in (200, 201), answer.content


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("start", "correlate")])
def test_what_is_not_there_and_what_is_not_theirs_are_answered_alike(
    people: People, name: str
) -> None:
    call = CALLS[name]
    path, nora = call.path(people), Api(people["stranger"])
    number = path.split("/")[2]
    nowhere = path.replace(number, "PA-999999" if "-" in number else "999999")
    theirs, none = problem(call.call(nora, path), 404), problem(call.call(nora, nowhere), 404)
    assert theirs["detail"] == none["detail"]


@pytest.mark.parametrize("name", CALLS)
def test_who_shows_no_token_is_told_nothing(people: People, name: str) -> None:
    call = CALLS[name]
    path = call.path(people)
    with unchanged():
        answer = call.call(Api(), path)
        problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_request_of_another_prefix_is_not_there(people: People) -> None:
    request = ask(people["sam"])
    problem(Api(people["sam"]).get(f"/instances/XX-{request.pk}"), 404)
    assert WorkflowInstance.objects.count() == 1
