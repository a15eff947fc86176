"""The best SQL by hand for what `bench.inbox` measures: one statement a question, written for
PostgreSQL by somebody who knows the answer's plan (`inbox_by_hand_sqlite` is for SQLite).

Each page gives the ids of its rows first, in their order, then all that the list shows of them.
"""

PEOPLE = """
    people AS MATERIALIZED (
        SELECT %(user)s::bigint AS id UNION SELECT person_id FROM workflows_standinperiod
        WHERE deputy_id = %(user)s AND begins_at <= now() AND ends_at > now()
    ),
    reach AS MATERIALIZED (
        SELECT s.id AS step, m.user_id AS person FROM workflows_roleentry e
        JOIN workflows_user_groups m ON m.group_id = e.group_id
        JOIN workflows_step s ON s.role_id = e.role_id
        WHERE m.user_id IN (SELECT id FROM people)
    ),
    mine AS MATERIALIZED (
        SELECT DISTINCT s.id FROM reach JOIN workflows_step s ON s.id = reach.step WHERE {step}
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
    SELECT q.* FROM mine CROSS JOIN LATERAL (
        SELECT t.due_at, t.id, t.request_id FROM workflows_workitem t
        WHERE t.step_id = mine.id AND t.in_queue AND {task} ORDER BY {order} LIMIT {many}
    ) AS q
"""
"""The queue of each step in its order."""
OF_REQUESTS = """
    SELECT t.due_at, t.id, t.request_id FROM (SELECT DISTINCT id FROM ({requests}) AS r) AS found
    JOIN workflows_workitem t ON t.request_id = found.id AND t.in_queue AND {task}
    WHERE t.step_id IN (SELECT id FROM mine)
"""
"""The tasks of the requests that were found: for conditions that few meet."""
KEPT_AWAY = """(
    t.votes @> jsonb_build_array(jsonb_build_object('id', {person}))
    OR t.votes @> jsonb_build_array(jsonb_build_object('acted_for_id', {person}))
    OR s.not_by ? 'requester' AND r.requester_id = {person}
    OR EXISTS (SELECT 1 FROM jsonb_array_elements_text(s.not_by) AS b (step)
               WHERE r.marking -> 'deciders' -> b.step @> to_jsonb({person}))
)"""
ELIGIBLE = f"""
    (
        t.votes = '[]' AND s.not_by = '[]' AND t.in_queue AND s.id IN (SELECT id FROM mine)
        OR NOT {KEPT_AWAY.format(person="%(user)s::bigint")} AND EXISTS (
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
    place AS (
        SELECT due_at, id FROM (SELECT * FROM (
            {{queues}}
            UNION ALL
            SELECT t.due_at, t.id, t.request_id FROM (SELECT DISTINCT id FROM held) AS h
            JOIN workflows_workitem t ON t.id = h.id AND t.is_open AND {{task}}
            WHERE NOT (t.in_queue AND t.step_id IN (SELECT id FROM mine))
            AND t.step_id IN (SELECT s.id FROM workflows_step s WHERE {{step}}) AND {{request}}
        ) AS t ORDER BY {{order}} {{kept}}) AS t WHERE {{last}} ORDER BY {{order}} LIMIT {{many}}
    )
    SELECT t.id, t.state, t.assignee_id, t.enabled_at, t.due_at, t.needed, t.votes, r.id, s.key,
        s.version_id, r.prefix, r.title, r.state, w.name, r.requester_name, u.first_name,
        u.last_name, r.marking -> 'deciders', r.marking -> 'requester', count(*) OVER ()
    FROM place JOIN workflows_workitem t ON t.id = place.id
    JOIN workflows_step s ON s.id = t.step_id
    JOIN workflows_workflowinstance r ON r.id = t.request_id
    JOIN workflows_workflowtemplate w ON w.id = r.template_id
    LEFT JOIN workflows_user u ON u.id = r.requester_id
    WHERE {ELIGIBLE}
    ORDER BY {{order}} LIMIT 51
"""
"""A page of tasks; the last column counts what was found, up to what was read."""
COUNT = f"""
    WITH {PEOPLE}
    SELECT count(*) FROM (
        (SELECT 1 FROM workflows_workitem
         WHERE in_queue AND step_id = ANY(ARRAY(SELECT id FROM mine)) LIMIT 1001)
        UNION ALL
        SELECT 1 FROM (SELECT DISTINCT id FROM held) AS h
        JOIN workflows_workitem t ON t.id = h.id AND t.is_open
        WHERE NOT (t.in_queue AND t.step_id IN (SELECT id FROM mine))
        LIMIT 1001
    ) AS counted
""".format(step="true")
BY_DUE = "t.due_at, t.id"
NOW = "now()"
SLACK = 12
"""So many more are read than are shown, for those that are not the person's after all."""
NARROWED = 201


def page_sql(
    *,
    step: str = "true",
    task: str = "true",
    last: str = "true",
    requests: str = "",
    order: str = BY_DUE,
    is_narrowed: bool = True,
) -> str:
    """The statement for a page: what is asked of a step `s` and of a task `t`; what is asked of one
    task after another in their order, for it is dear and many meet it; and, where few requests
    are left, the statement that finds their ids. A narrowed page counts what it reads."""
    many = (NARROWED if is_narrowed else 51) + SLACK
    is_walked = last != "true" and not requests
    names = {
        "step": step,
        "task": f"{task} AND {last}" if requests else task,
        "last": last,
        "order": order,
        "many": "ALL" if is_walked else many,
        "kept": "OFFSET 0" if is_walked else "",
    }
    queues = OF_REQUESTS if requests else QUEUES
    request = f"t.request_id IN ({requests})" if requests else "true"
    parts = {"queues": queues.format(requests=requests, **names), "request": request}
    return PAGE.format(**parts, **names | {"many": many})


def begins(column: str, word: str) -> str:
    """A condition that an index of the column serves: it begins with a word."""
    return f"{column} LIKE '{word}%%'"


def of_this_request(column: str) -> str:
    """A column as it is asked of the values of one request."""
    return column


def as_asked(sql: str) -> str:
    """A statement in the words of this database."""
    return sql
