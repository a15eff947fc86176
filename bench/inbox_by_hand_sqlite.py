"""The same as `inbox_by_hand`, as somebody would write it who knows SQLite: queues are sorted as
narrow rows before anything dear is asked of them, and nothing is read beside an index."""

from bench.inbox_by_hand import NARROWED, SLACK

PEOPLE = """
    people AS MATERIALIZED (
        SELECT %(user)s AS id UNION SELECT person_id FROM workflows_standinperiod
        WHERE deputy_id = %(user)s AND begins_at <= datetime('now') AND ends_at > datetime('now')
    ),
    reach AS MATERIALIZED (
        SELECT s.id AS step, m.user_id AS person FROM workflows_user_groups m
        JOIN workflows_roleentry e ON e.group_id = m.group_id
        JOIN workflows_step s ON s.role_id = e.role_id
        WHERE m.user_id IN (SELECT id FROM people)
    ),
    mine AS MATERIALIZED (
        SELECT DISTINCT s.id FROM reach CROSS JOIN workflows_step s ON s.id = reach.step
        WHERE {step}
    ),
    held AS MATERIALIZED (
        SELECT id, assignee_id AS person FROM workflows_workitem
        WHERE assignee_id IN (SELECT id FROM people) AND is_open
        UNION ALL
        SELECT a.work_item_id, a.user_id FROM workflows_addedperson a
        WHERE a.user_id IN (SELECT id FROM people)
    )
"""
QUEUES = """
    SELECT t.due_at, t.id FROM mine
    CROSS JOIN workflows_workitem t ON t.step_id = mine.id AND t.in_queue AND {task}
"""
OF_REQUESTS = """
    SELECT t.due_at, t.id FROM (SELECT DISTINCT id FROM ({requests}) AS r) AS found
    CROSS JOIN workflows_workitem t ON t.request_id = found.id AND t.is_open AND t.in_queue
    AND {task} WHERE t.step_id IN (SELECT id FROM mine)
"""
KEPT_AWAY = """(
    t.votes <> '[]' AND EXISTS (SELECT 1 FROM json_each(t.votes) v
        WHERE v.value ->> 'id' = {person} OR v.value ->> 'acted_for_id' = {person})
    OR s.not_by <> '[]' AND EXISTS (SELECT 1 FROM json_each(s.not_by) b
        WHERE b.value = 'requester' AND r.requester_id = {person}
        OR EXISTS (SELECT 1 FROM json_each(r.marking, '$.deciders.' || b.value) d
                   WHERE d.value = {person}))
)"""
ELIGIBLE = f"""
    (
        t.votes = '[]' AND s.not_by = '[]' AND t.in_queue AND s.id IN (SELECT id FROM mine)
        OR NOT {KEPT_AWAY.format(person="%(user)s")} AND EXISTS (
            SELECT 1 FROM people p WHERE NOT {KEPT_AWAY.format(person="p.id")} AND (
                (t.in_queue OR t.assignee_id = p.id) AND EXISTS (
                    SELECT 1 FROM reach x WHERE x.step = s.id AND x.person = p.id
                )
                OR EXISTS (
                    SELECT 1 FROM workflows_addedperson a WHERE a.work_item_id = t.id
                    AND a.user_id = p.id AND (a.stand_in OR EXISTS (
                        SELECT 1 FROM workflows_role o JOIN workflows_roleentry e
                            ON e.role_id = o.id
                        JOIN workflows_user_groups m ON m.group_id = e.group_id
                        WHERE o.version_id = s.version_id AND o.key = a.role AND m.user_id = p.id
                    ))
                )
            )
        )
    )
"""
PAGE = f"""
    WITH {PEOPLE},
    place AS MATERIALIZED (
        SELECT q.due_at, q.id FROM (
            SELECT * FROM (
                {{queues}}
                UNION ALL
                SELECT t.due_at, t.id FROM (SELECT DISTINCT id FROM held) AS h
                CROSS JOIN workflows_workitem t ON t.id = h.id AND t.is_open AND {{task}}
                WHERE NOT (t.in_queue AND t.step_id IN (SELECT id FROM mine))
                AND t.step_id IN (SELECT s.id FROM workflows_step s WHERE {{step}})
                AND {{request}}
            ) AS t ORDER BY {{order}} LIMIT {{most}}
        ) AS q {{asked_last}} LIMIT {{many}}
    )
    SELECT t.id, t.state, t.assignee_id, t.enabled_at, t.due_at, t.needed, t.votes, r.id, s.key,
        s.version_id, r.prefix, r.title, r.state, w.name, r.requester_name, u.first_name,
        u.last_name, r.marking -> '$.deciders', r.marking -> '$.requester', count(*) OVER ()
    FROM place CROSS JOIN workflows_workitem t ON t.id = place.id
    CROSS JOIN workflows_step s ON s.id = t.step_id
    CROSS JOIN workflows_workflowinstance r ON r.id = t.request_id
    CROSS JOIN workflows_workflowtemplate w ON w.id = r.template_id
    LEFT JOIN workflows_user u ON u.id = r.requester_id
    WHERE {ELIGIBLE}
    ORDER BY {{order}} LIMIT 51
"""
COUNT = f"""
    WITH {PEOPLE}
    SELECT count(*) FROM (
        SELECT * FROM (
            SELECT 1 FROM mine CROSS JOIN workflows_workitem t ON t.step_id = mine.id AND t.in_queue
            LIMIT 1001
        )
        UNION ALL
        SELECT 1 FROM (SELECT DISTINCT id FROM held) AS h
        JOIN workflows_workitem t ON t.id = h.id AND t.is_open
        WHERE NOT (t.in_queue AND t.step_id IN (SELECT id FROM mine))
        LIMIT 1001
    ) AS counted
""".format(step="true").replace("%(user)s", ":user")
BY_DUE = "t.due_at IS NULL, t.due_at, t.id"
NOW = "datetime('now')"


def page_sql(
    *,
    step: str = "true",
    task: str = "true",
    last: str = "true",
    requests: str = "",
    order: str = BY_DUE,
    is_narrowed: bool = True,
) -> str:
    """As that of `inbox_by_hand`."""
    many = (NARROWED if is_narrowed else 51) + SLACK
    is_walked = last != "true" and not requests
    walked = f"CROSS JOIN workflows_workitem t ON t.id = q.id WHERE {last}"
    names = {
        "step": step,
        "task": f"{task} AND {last}" if requests else task,
        "asked_last": walked if is_walked else "",
        "order": order,
        "many": many,
        "most": -1 if is_walked else many,
    }
    queues = OF_REQUESTS if requests else QUEUES
    request = f"t.request_id IN ({requests})" if requests else "true"
    parts = {"queues": queues.format(requests=requests, **names), "request": request}
    return as_asked(PAGE.format(**parts, **names))


def begins(column: str, word: str) -> str:
    """As a range, for `LIKE` has no index here."""
    return f"{column} >= '{word}' AND {column} < '{word}~'"


def of_this_request(column: str) -> str:
    """Without its index, which would be read for each request."""
    return f"+{column}"


def as_asked(sql: str) -> str:
    """A statement for PostgreSQL in the words of this database."""
    for theirs, ours in WORDS:
        sql = sql.replace(theirs, ours)
    return sql


WORDS = (
    ("%(user)s", ":user"),
    ("%%", "%"),
    ("::bigint", ""),
    ("now()", NOW),
)
