"""What `bench.inbox` asks: each question as our pages ask it, and by hand."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench import inbox_by_hand, inbox_by_hand_sqlite

PAGE_BAR, NARROWED_BAR = 1.5, 3.0
IS_POSTGRES = os.environ.get("DATABASE_URL", "").startswith("postgres")
by_hand: Any = inbox_by_hand if IS_POSTGRES else inbox_by_hand_sqlite
FOUND = "SELECT v.request_id AS id FROM workflows_searchvalue v WHERE {}"
ASKED = (
    "r.requester_id IN (SELECT p.id FROM workflows_user p WHERE lower(p.username) LIKE '{0}%%'"
    " OR lower(p.first_name) LIKE '{0}%%' OR lower(p.last_name) LIKE '{0}%%'"
    " OR lower(p.email) LIKE '{0}%%')"
)


@dataclass(frozen=True, slots=True)
class Question:
    """Ours and the same by hand. Both give ids, or one number, to be compared."""

    name: str
    ours: Callable[[], list[int]]
    sql: str
    values: dict[str, Any]
    bar: float = NARROWED_BAR
    shown: int = 50


def ask_by_hand(question: Question, cursor: Any) -> list[int]:
    """What the statement gives: ids, or a number."""
    rows = cursor.execute(question.sql, question.values).fetchall()
    return [row[0] for row in rows][: question.shown]


# -- the inbox --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An inbox narrowed by its address, and what that is by hand."""

    address: dict[str, str]
    by_hand: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As it is printed."""
        return "inbox " + " ".join(f"{name}={text}" for name, text in self.address.items())


def _with_value(asked: str) -> str:
    return (
        "(SELECT true FROM workflows_searchvalue v"
        f" WHERE v.request_id = t.request_id AND {asked} LIMIT 1)"
    )


def _with_word(word: str) -> str:
    has_word = _with_value(by_hand.begins(by_hand.of_this_request("v.word"), word))
    return f"({has_word} OR {_asked_by(word)})"


def _asked_by(words: str) -> str:
    asked = ASKED.format(words)
    return (
        "(SELECT true FROM workflows_workflowinstance r"
        f" WHERE r.id = t.request_id AND {asked} LIMIT 1)"
    )


def _of_workflow(key: str) -> str:
    return (
        "s.version_id IN (SELECT v.id FROM workflows_templateversion v"
        f" JOIN workflows_workflowtemplate w ON w.id = v.template_id WHERE w.key = '{key}')"
    )


def _found_by(words: str) -> str:
    """The requests that a word finds: by a value, or by who asked."""
    people = f"SELECT r.id FROM workflows_workflowinstance r WHERE {ASKED.format(words)}"
    return f"{FOUND.format(by_hand.begins('v.word', words))} UNION ALL {people}"


def narrowed_by_hand(team: int, references: Mapping[str, int]) -> Iterator[Narrowed]:
    """Each way of narrowing an inbox; `team` is the id of a group, `references` those of requests,
    by what they are."""
    for _, pk in references.items():
        named = (
            f"SELECT r.id FROM workflows_workflowinstance r WHERE r.prefix = 'B' AND r.id = {pk}"
        )
        yield Narrowed({"q": f"B-{pk}"}, {"requests": named})
    yield Narrowed({"q": "lot1234"}, {"requests": _found_by("lot1234")})
    yield Narrowed({"q": "place77"}, {"requests": _found_by("place77")})
    yield Narrowed({"q": "thing7"}, _listed_beside("thing7"))
    yield Narrowed({"q": "request"}, {"last": _with_word("request")})
    both = {"requests": _found_by("place77"), "last": _with_word("thing7")}
    yield Narrowed({"q": "thing7 place77"}, both)
    yield Narrowed({"workflow": "workflow-3"}, {"step": _of_workflow("workflow-3")})
    step = f"s.key = 'step_1' AND {_of_workflow('workflow-3')}"
    yield Narrowed({"workflow": "workflow-3", "step": "step_1"}, {"step": step})
    of_team = (
        f"s.role_id IN (SELECT e.role_id FROM workflows_roleentry e WHERE e.group_id = {team})"
    )
    yield Narrowed({"team": str(team)}, {"step": of_team})
    yield Narrowed({"due": "late"}, {"task": f"t.due_at < {by_hand.NOW}"})
    yield Narrowed({"due": "none"}, {"task": "t.due_at IS NULL"})
    yield Narrowed({"requester": "person77"}, {"requests": _requests_by("person77")})
    few, rare = _amounts("BETWEEN 500 AND 510"), _amounts(">= 99000")
    yield Narrowed({"amount_from": "500", "amount_to": "510"}, {"requests": few})
    most = f"v.is_amount AND {by_hand.of_this_request('v.number')} >= 500"
    yield Narrowed({"amount_from": "500"}, {"last": _with_value(most)})
    yield Narrowed({"amount_from": "99000"}, {"requests": rare})
    yield Narrowed({"sort": "oldest"}, {"order": "t.id"})
    yield Narrowed({"sort": "newest"}, {"order": "t.id DESC"})


def _amounts(asked: str) -> str:
    return f"{FOUND.format('v.is_amount AND v.number')} {asked}"


def _listed_beside(word: str) -> dict[str, str]:
    """One request in fifty: PostgreSQL lists them once, and asks each queue for those in it."""
    ids = _found_by(word)
    return {"task": f"(t.request_id IN ({ids})) IS TRUE"} if IS_POSTGRES else {"requests": ids}


def _requests_by(words: str) -> str:
    return f"SELECT r.id FROM workflows_workflowinstance r WHERE {ASKED.format(words)}"


def inbox_questions(user: Any) -> Iterator[Question]:
    """Page, count, search, each filter, and both orders that no index has."""
    from django.utils import timezone

    from workflows.execution.queries.inbox import count_inbox_tasks, inbox_page
    from workflows.execution.queries.inbox_reach import find_work_reach

    given = {"user": user.pk}

    def page() -> list[int]:
        reach = find_work_reach(user, timezone.now())
        return [row.id for row in inbox_page(user, reach=reach).rows]

    known_reach = find_work_reach(user, timezone.now())

    def count() -> list[int]:
        found = count_inbox_tasks(user, reach=known_reach)
        return [found.value + found.is_capped]

    def count_alone() -> list[int]:
        found = count_inbox_tasks(user, now=timezone.now())
        return [found.value + found.is_capped]

    sql = by_hand.page_sql(is_narrowed=False)
    yield Question("inbox page", page, sql, given, PAGE_BAR)
    yield Question("inbox count, as its page asks it", count, by_hand.COUNT, given, PAGE_BAR)
    yield Question("inbox count, asked alone", count_alone, by_hand.COUNT, given, PAGE_BAR)
    team = user.groups.order_by("pk")[0].pk
    for narrowed in narrowed_by_hand(team, _references(user)):
        is_narrowed = "sort" not in narrowed.address
        sql = by_hand.page_sql(**narrowed.by_hand, is_narrowed=is_narrowed)
        ours = _narrowed_page(user, narrowed.address)
        yield Question(narrowed.name, ours, sql, given)


def _references(user: Any) -> dict[str, int]:
    """A request with a task of theirs, and others without: one that is open, one that is over."""
    from django.utils import timezone

    from workflows.execution.models import WorkflowInstance
    from workflows.execution.queries.inbox import inbox_page
    from workflows.execution.queries.inbox_reach import find_work_reach

    reach = find_work_reach(user, timezone.now())
    others = WorkflowInstance.objects.running().exclude(work_items__step__in=reach.steps)
    return {
        "theirs": inbox_page(user, reach=reach).rows[20].request_id,
        "of others": others.order_by("pk").values_list("pk", flat=True)[20],
        "over": WorkflowInstance.objects.filter(state="completed").order_by("pk")[20].pk,
    }


def _narrowed_page(user: Any, address: dict[str, str]) -> Callable[[], list[int]]:
    from django.utils import timezone

    from approvals.pages.inbox_filters import InboxFilter
    from approvals.pages.inbox_page import NARROWED_CAP
    from workflows.execution.queries.inbox import PAGE, inbox_page
    from workflows.execution.queries.inbox_narrowing import read_task_conditions
    from workflows.execution.queries.inbox_reach import find_work_reach

    narrowing = InboxFilter(address).read_narrowing(timezone.now())

    def ours() -> list[int]:
        reach = find_work_reach(user, timezone.now())
        conditions = read_task_conditions(narrowing)
        limit = PAGE if narrowing.is_wide else NARROWED_CAP
        rows = inbox_page(user, reach=reach, conditions=conditions, limit=limit, enough=PAGE).rows
        return [row.id for row in rows[:PAGE]]

    return ours
