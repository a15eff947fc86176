"""What `bench.inbox` asks: each question as our pages ask it, and by hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bench import inbox_by_hand as by_hand

PAGE_BAR, NARROWED_BAR = 1.5, 3.0
LATE_IS_BEFORE = "t.due_at < now()"
WORD = "SELECT v.request_id AS id FROM workflows_searchvalue v WHERE v.word LIKE '{}%%'"
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
        "EXISTS (SELECT 1 FROM workflows_searchvalue v"
        f" WHERE v.request_id = t.request_id AND {asked})"
    )


def _asked_by(words: str) -> str:
    asked = ASKED.format(words)
    return (
        f"EXISTS (SELECT 1 FROM workflows_workflowinstance r WHERE r.id = t.request_id AND {asked})"
    )


def _of_workflow(key: str) -> str:
    return (
        "s.version_id IN (SELECT v.id FROM workflows_templateversion v"
        f" JOIN workflows_workflowtemplate w ON w.id = v.template_id WHERE w.key = '{key}')"
    )


def _found_by(words: str) -> str:
    """The requests that a word finds: by a value, or by who asked."""
    people = f"SELECT r.id FROM workflows_workflowinstance r WHERE {ASKED.format(words)}"
    return f"{WORD.format(words)} UNION ALL {people}"


def narrowed_by_hand(team: int) -> Iterator[Narrowed]:
    """Each way of narrowing an inbox; `team` is the id of a group."""
    has_word = _with_value("v.word LIKE 'thing7%%'")
    many = f"({has_word} OR {_asked_by('thing7')})"
    yield Narrowed({"q": "lot1234"}, {"requests": _found_by("lot1234")})
    yield Narrowed({"q": "place77"}, {"requests": _found_by("place77")})
    yield Narrowed({"q": "thing7"}, {"requests": _found_by("thing7")})
    yield Narrowed({"q": "request"}, {"task": many.replace("thing7", "request")})
    yield Narrowed({"q": "thing7 place77"}, {"requests": _found_by("place77"), "task": many})
    yield Narrowed({"q": "B-4711"}, {"requests": "SELECT 4711::bigint AS id"})
    yield Narrowed({"workflow": "workflow-3"}, {"step": _of_workflow("workflow-3")})
    step = f"s.key = 'step_1' AND {_of_workflow('workflow-3')}"
    yield Narrowed({"workflow": "workflow-3", "step": "step_1"}, {"step": step})
    of_team = (
        f"s.role_id IN (SELECT e.role_id FROM workflows_roleentry e WHERE e.group_id = {team})"
    )
    yield Narrowed({"team": str(team)}, {"step": of_team})
    yield Narrowed({"due": "late"}, {"task": LATE_IS_BEFORE})
    yield Narrowed({"due": "none"}, {"task": "t.due_at IS NULL"})
    yield Narrowed({"requester": "person77"}, {"requests": _requests_by("person77")})
    amounts = "v.is_amount AND v.number BETWEEN 500 AND 510"
    few = f"SELECT v.request_id AS id FROM workflows_searchvalue v WHERE {amounts}"
    yield Narrowed({"amount_from": "500", "amount_to": "510"}, {"requests": few})
    most = "v.is_amount AND v.number >= 500"
    yield Narrowed({"amount_from": "500"}, {"task": _with_value(most)})
    rare = "v.is_amount AND v.number >= 99000"
    yield Narrowed({"amount_from": "99000"}, {"task": _with_value(rare)})
    yield Narrowed({"sort": "oldest"}, {"order": "t.id"})
    yield Narrowed({"sort": "newest"}, {"order": "t.id DESC"})


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
    for narrowed in narrowed_by_hand(team):
        is_narrowed = "sort" not in narrowed.address
        sql = by_hand.page_sql(**narrowed.by_hand, is_narrowed=is_narrowed)
        ours = _narrowed_page(user, narrowed.address)
        yield Question(narrowed.name, ours, sql, given)


def _narrowed_page(user: Any, address: dict[str, str]) -> Callable[[], list[int]]:
    from django.utils import timezone

    from approvals.pages.inbox_filters import InboxFilter
    from approvals.pages.inbox_page import NARROWED_CAP
    from workflows.execution.queries.inbox import PAGE, inbox_page
    from workflows.execution.queries.inbox_narrowing import read_task_conditions
    from workflows.execution.queries.inbox_reach import find_work_reach

    def ours() -> list[int]:
        now = timezone.now()
        reach = find_work_reach(user, now)
        narrowing = InboxFilter(address).read_narrowing(now)
        conditions = read_task_conditions(narrowing)
        limit = PAGE if narrowing.is_wide else NARROWED_CAP
        rows = inbox_page(user, reach=reach, conditions=conditions, limit=limit, enough=PAGE).rows
        return [row.id for row in rows[:PAGE]]

    return ours
