"""What `bench.inbox` asks of the list of requests, of saved filters and of the desk: as our pages
ask it, and by hand."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.inbox_questions import IS_POSTGRES, PAGE_BAR, Question, by_hand, narrowed_by_hand

if TYPE_CHECKING:
    from workflows.people.models import User

SEES = """
    WITH people AS MATERIALIZED (
        SELECT %(user)s::bigint AS id UNION SELECT person_id FROM workflows_standinperiod
        WHERE deputy_id = %(user)s AND begins_at <= now() AND ends_at > now()
    ),
    steps AS MATERIALIZED (
        SELECT DISTINCT s.id FROM workflows_roleentry e
        JOIN workflows_user_groups m ON m.group_id = e.group_id
        JOIN workflows_step s ON s.role_id = e.role_id
        WHERE m.user_id IN (SELECT id FROM people)
    ),
    added AS MATERIALIZED (
        SELECT t.request_id AS id FROM workflows_addedperson a
        JOIN workflows_workitem t ON t.id = a.work_item_id
        WHERE a.user_id = %(user)s
        OR a.user_id IN (SELECT id FROM people) AND t.is_open
        UNION SELECT request_id FROM workflows_taskquestion
        WHERE asked_of_id = %(user)s AND state = 'open'
        UNION SELECT request_id FROM workflows_mention WHERE person_id = %(user)s AND gives_sight
    ),
    granted AS MATERIALIZED (
        SELECT w.id FROM workflows_workflowtemplate w
        WHERE w.owner_id = %(user)s OR w.deputy_id = %(user)s OR w.id IN (
            SELECT content_object_id FROM workflows_templateuserpermission WHERE user_id = %(user)s
            UNION SELECT g.content_object_id FROM workflows_templategrouppermission g
            JOIN workflows_user_groups m ON m.group_id = g.group_id WHERE m.user_id = %(user)s
        )
    )
"""
SEEN = """(
    r.requester_id = %(user)s OR r.template_id IN (SELECT id FROM granted)
    OR r.id IN (SELECT id FROM added)
    OR EXISTS (
        SELECT 1 FROM workflows_workitem t WHERE t.request_id = r.id AND (
            t.assignee_id = %(user)s OR t.is_open AND (
                t.step_id IN (SELECT id FROM steps) OR t.assignee_id IN (SELECT id FROM people)
            )
        )
    )
    OR (
        SELECT true FROM workflows_trailevent e
        WHERE e.request_id = r.id AND e.actor_id + 0 = %(user)s LIMIT 1
    )
)"""
LIST = """
    {sees}
    SELECT r.id, r.prefix, r.title, r.state, r.result, r.source, r.version_id, r.data, r.marking,
        r.requester_name, r.started_at, r.completed_at, r.due_at, r.moved_at, w.key, w.name,
        u.username, u.first_name, u.last_name, move.*
    FROM (
        SELECT * FROM workflows_workflowinstance r WHERE {condition}
        ORDER BY {order} LIMIT {limit}
    ) AS r
    JOIN workflows_workflowtemplate w ON w.id = r.template_id
    LEFT JOIN workflows_user u ON u.id = r.requester_id
    {move}
    ORDER BY {order}
"""
LAST_MOVE = """
    LEFT JOIN LATERAL (
        SELECT e.command, e.step, e.outcome, e.actor_name, e.acted_for, p.first_name, p.last_name
        FROM workflows_trailevent e LEFT JOIN workflows_user p ON p.id = e.actor_id
        WHERE e.request_id = r.id AND e.command IN ({moves}) ORDER BY e.id DESC LIMIT 1
    ) AS move ON true
"""
LAST_MOVE_IN_SQLITE = """
    LEFT JOIN workflows_trailevent move ON move.id = (
        SELECT e.id FROM workflows_trailevent e
        WHERE e.request_id = r.id AND e.command IN ({moves}) ORDER BY e.id DESC LIMIT 1
    )
    LEFT JOIN workflows_user p ON p.id = move.actor_id
"""
OPEN = "r.state IN ('running', 'suspended')"
OVER = "r.state IN ('completed', 'cancelled')"
OF_WORKFLOW = (
    "r.template_id = (SELECT w.id FROM workflows_workflowtemplate w WHERE w.key = 'workflow-3')"
)
FOUND = (
    "r.id IN (SELECT v.request_id FROM workflows_searchvalue v WHERE {1} UNION ALL"
    " SELECT a.id FROM workflows_workflowinstance a JOIN workflows_user p ON p.id = a.requester_id"
    " WHERE lower(p.username) LIKE '{0}%%' OR lower(p.first_name) LIKE '{0}%%'"
    " OR lower(p.last_name) LIKE '{0}%%' OR lower(p.email) LIKE '{0}%%')"
)
ORDERS = {
    "newest": "r.id DESC",
    "oldest": "r.id",
    "due": "r.due_at, r.id",
    "moved": "r.moved_at DESC, r.id DESC",
    "still": "r.moved_at, r.id",
}


def list_questions(user: "User") -> Iterator[Question]:
    """The list as it opens, everything that the person may see in each state and order, narrowed,
    and the first rows of its CSV."""
    yield _listed(user, {}, f"{OPEN} AND r.requester_id = %(user)s")
    yield _listed(user, {"state": "finished"}, f"{OVER} AND r.requester_id = %(user)s")
    for order in ORDERS:
        yield _listed(user, {"whose": "all", "sort": order}, f"{OPEN} AND {SEEN}")
    yield _listed(user, {"whose": "all", "state": "finished"}, f"{OVER} AND {SEEN}")
    of_workflow = f"{OPEN} AND {OF_WORKFLOW} AND {SEEN}"
    yield _listed(user, {"whose": "all", "workflow": "workflow-3"}, of_workflow)
    for word in ("lot1234", "thing7"):
        found = f"{OPEN} AND {FOUND.format(word, by_hand.begins('v.word', word))} AND {SEEN}"
        yield _listed(user, {"whose": "all", "q": word}, found)
    yield _listed(user, {"whose": "all"}, f"{OPEN} AND {SEEN}", piece=True)


def _listed(
    user: "User", address: dict[str, str], condition: str, *, piece: bool = False
) -> Question:
    from approvals.pages.request_list import PAGE, PIECE, RequestFilters
    from workflows.execution.queries.instance_lists import find_instances
    from workflows.trail.choices import MOVES

    limit = PIECE if piece else PAGE + 1
    move = LAST_MOVE if IS_POSTGRES else LAST_MOVE_IN_SQLITE
    sql = LIST.format(
        sees=SEES,
        condition=condition,
        order=ORDERS[address.get("sort", "newest")],
        limit=limit,
        move=move.format(moves=", ".join(f"'{command.value}'" for command in MOVES)),
    )
    filters = RequestFilters.read(address)

    def ours() -> list[int]:
        return [row.pk for row in find_instances(user, filters, limit)]

    written = " ".join(f"{name}={text}" for name, text in address.items())
    name = f"{'CSV' if piece else 'list'} {written}"
    return Question(name, ours, by_hand.as_asked(sql), {"user": user.pk}, shown=limit)


# -- beside the inbox -------------------------------------------------------------------------

SAVED = ({"q": "lot1234"}, {"q": "place77"}, {"workflow": "workflow-3", "step": "step_1"})
CAPPED = -1
"""Stands for a count that stopped at its cap."""


def saved_question(user: "User") -> Question:
    """The counts of three saved filters."""
    from django.utils import timezone

    from approvals.pages.inbox_filters import InboxFilter
    from workflows.execution.queries.inbox_reach import find_work_reach
    from workflows.execution.queries.saved_filters import CAP, count_filters

    by_address = {str(narrowed.address): narrowed for narrowed in narrowed_by_hand(1, {})}
    statements = [by_hand.page_sql(**by_address[str(address)].by_hand) for address in SAVED]
    counts = [
        f"SELECT {n} AS n, CASE WHEN count(*) > {CAP} THEN {CAPPED} ELSE count(*) END AS counted"
        f" FROM ({statement}) AS f{n}"
        for n, statement in enumerate(statements)
    ]
    sql = f"SELECT f.counted FROM ({' UNION ALL '.join(counts)}) AS f ORDER BY f.n"

    def ours() -> list[int]:
        now = timezone.now()
        reach = find_work_reach(user, now)
        narrowed = {n: ("", InboxFilter(a).read_narrowing(now)) for n, a in enumerate(SAVED)}
        found = count_filters(reach, narrowed)
        return [CAPPED if found[n].is_capped else found[n].value for n in range(len(SAVED))]

    return Question("three saved filters", ours, sql, {"user": user.pk})


DESK = """
    SELECT m.id, m.since, r.prefix, r.id, r.title, r.version_id, w.name, s.key, p.username,
        p.first_name, p.last_name
    FROM ({parts}) AS m
    JOIN workflows_workflowinstance r ON r.id = m.request
    JOIN workflows_workflowtemplate w ON w.id = r.template_id
    LEFT JOIN workflows_step s ON s.id = m.step LEFT JOIN workflows_user p ON p.id = m.person
    ORDER BY m.kind, m.since, m.id
"""
DESK_PART = (
    "SELECT * FROM"
    " (SELECT {columns} FROM {rows} WHERE {live} AND {condition} ORDER BY 3, 2 LIMIT 50) AS part"
)
OWNED = (
    "r.template_id IN (SELECT w.id FROM workflows_workflowtemplate w"
    " WHERE w.owner_id = %(user)s OR w.deputy_id = %(user)s)"
)
PASSED_ON = """(
    SELECT work_item, max(recorded_at) AS since FROM (
        SELECT work_item, recorded_at FROM workflows_trailevent WHERE actor_id = %(user)s
        AND command = 'reassign' AND capacity NOT IN ('owner', 'deputy', 'manager', 'site')
        ORDER BY id DESC LIMIT 200
    ) AS latest GROUP BY work_item
)"""


def desk_questions(person: "User", name: str) -> Question:
    """What stands on somebody's desk beside their tasks, without reviews."""
    from workflows.execution.queries.desk import DESK_SOURCES, read_desk

    others = [kind for kind in DESK_SOURCES if "review" in kind]

    def ours() -> list[int]:
        return [row.id for row in read_desk(person, leaving_out=others)]

    sql = by_hand.as_asked(DESK.format(parts=" UNION ALL ".join(_desk_parts())))
    return Question(f"desk of {name}", ours, sql, {"user": person.pk}, PAGE_BAR, shown=500)


def _desk_parts() -> Iterator[str]:
    questions = (
        "workflows_taskquestion q JOIN workflows_workitem t ON t.id = q.work_item_id"
        " JOIN workflows_workflowinstance r ON r.id = q.request_id"
    )
    for kind, mine, other in (
        ("asked_by_me", "asked_by", "asked_of"),
        ("asked_of_me", "asked_of", "asked_by"),
    ):
        yield DESK_PART.format(
            columns=f"'{kind}' AS kind, q.id, q.asked_at AS since, q.request_id AS request,"
            f" t.step_id AS step, q.{other}_id AS person",
            rows=questions,
            live=OPEN,
            condition=f"q.{mine}_id = %(user)s AND q.state = 'open' AND t.is_open",
        )
    yield DESK_PART.format(
        columns="'incident' AS kind, i.id, i.opened_at AS since, i.request_id AS request,"
        " i.step_id AS step, NULL::bigint AS person",
        rows="workflows_incident i JOIN workflows_workflowinstance r ON r.id = i.request_id",
        live=OPEN,
        condition=f"i.state = 'open' AND i.code <> 'merge_conflict' AND {OWNED}",
    )
    yield DESK_PART.format(
        columns="'passed_on' AS kind, t.id, p.since, t.request_id AS request, t.step_id AS step,"
        " t.assignee_id AS person",
        rows=f"{PASSED_ON} AS p JOIN workflows_workitem t ON t.id = p.work_item"
        " JOIN workflows_workflowinstance r ON r.id = t.request_id",
        live=OPEN,
        condition="t.is_open AND t.assignee_id IS DISTINCT FROM %(user)s",
    )


def beside_the_inbox(user: "User") -> Iterator[Question]:
    """Saved filters, and the desks of a person and of who owns every workflow."""
    from workflows.people.models import User

    yield saved_question(user)
    yield desk_questions(user, "the person")
    yield desk_questions(User.objects.get(username="olga"), "who owns all")
