"""A site with many tasks for `bench.inbox`: people, maps and absences by the services, requests and
tasks by SQL that both databases take.

40 workflows in 5 versions of ten steps each, so 2,000 steps. Ann is in 10 of the 40 groups and
stands in for three others, each in one of these and one besides. Three steps in ten need two
people, two keep the requester or an earlier step's people away.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORKFLOWS, VERSIONS, STEPS, GROUPS, MINE, AWAY = 40, 5, 10, 40, 10, 3
PEOPLE = 2_000
QUORUM, NOT_THE_REQUESTER, NOT_WHO_DECIDED = (1, 3, 8), 5, 7
"""Positions of steps: several have to agree; the requester, or who did step 2, may not."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many tasks are open, and how many finished."""

    open: int
    finished: int

    def __str__(self) -> str:
        return f"{self.open:,} open and {self.finished:,} finished tasks"


def workflow(number: int, version: int) -> dict[str, Any]:
    """A map of ten approvals in a row, each for one group."""
    places = range(STEPS)
    groups = [f"group_{(number * 7 + place * 3) % GROUPS}" for place in places]
    return {
        "format": 1,
        "key": f"workflow-{number}",
        "name": f"Workflow {number}",
        "purpose": f"Version {version}",
        "owner": "olga",
        "deputy": "otto",
        "roles": {f"role_{place}": {"groups": [groups[place]]} for place in places},
        "fields": {
            "amount": {"type": "money", "searchable": True},
            "supplier": {"type": "text", "searchable": True},
        },
        "start": {"role": "role_0", "fields": ["amount", "supplier"], "first": "step_0"},
        "steps": {
            **{f"step_{place}": _step(place) for place in places},
            "done": {"kind": "end", "result": "approved"},
            "rejected": {"kind": "end", "result": "rejected"},
        },
    }


def _step(place: int) -> dict[str, Any]:
    barred = {NOT_THE_REQUESTER: ["requester"], NOT_WHO_DECIDED: ["step_2"]}.get(place)
    apart: dict[str, Any] = {"not_by": barred or []}
    if "requester" not in (barred or []):
        apart["not_by_reason"] = "Measured without."
    following = f"step_{place + 1}" if place + 1 < STEPS else "done"
    return {
        "kind": "approval",
        "role": f"role_{place}",
        "expected": "4h",
        "due": "2d",
        **({"quorum": 2} if place in QUORUM else {}),
        **apart,
        "outcomes": {
            "approve": following,
            "reject": {"to": "rejected", "exception": True},
        },
    }


# -- by the services --------------------------------------------------------------------------


def make_site(sizes: Sizes) -> Any:
    """Tables, people, maps, absences and tasks; returns Ann, whose inbox is read."""
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    ann = _make_people()
    _publish_maps()
    _set_absences(ann)
    with connection.cursor() as cursor:
        _fill(cursor, connection.vendor, sizes, ann.pk)
    return ann


def _make_people() -> Any:
    from django.contrib.auth.models import Group

    from workflows.people.models import User
    from workflows.people.services.person_words import write_person_words

    names = ("ann", "olga", "otto", *(f"away{number}" for number in range(AWAY)))
    names += tuple(f"person{number}" for number in range(PEOPLE - len(names)))
    rows = [User(username=n, first_name=n.title(), last_name="Example") for n in names]
    people = {user.username: user for user in User.objects.bulk_create(rows)}
    write_person_words(people.values(), are_new=True)
    groups = [Group.objects.create(name=f"group_{number}") for number in range(GROUPS)]
    people["ann"].groups.set(groups[:MINE])
    for number in range(AWAY):
        people[f"away{number}"].groups.set([groups[number], groups[MINE + number]])
    for number, group in enumerate(groups):
        group.user_set.add(*(people[f"person{n}"] for n in range(number, PEOPLE - 6, GROUPS)))
    return people["ann"]


def _publish_maps() -> None:
    from workflows.definitions.services import publishing as definitions
    from workflows.engine.format.definition import Definition

    for version in range(VERSIONS):
        for number in range(WORKFLOWS):
            definition = Definition.model_validate(workflow(number, version))
            row, _ = definitions.load_definition(definition, actor=None, now=NOW)
            definitions.publish(row.pk, actor=None, now=NOW)


def _set_absences(ann: Any) -> None:
    from django.utils import timezone

    from workflows.people.models import User
    from workflows.people.services.absences import AbsencePlan, set_absence

    today = timezone.localdate()
    plan = AbsencePlan(deputy=ann, first_day=today, last_day=today + timedelta(days=9))
    for person in User.objects.filter(username__startswith="away"):
        set_absence(person, plan, by=person, now=timezone.now())


# -- by SQL -----------------------------------------------------------------------------------

STEPS_BY_PLACE = """
    CREATE TABLE bench_step AS
    SELECT row_number() OVER (ORDER BY s.version_id, s.position) - 1 AS place, s.id,
        s.version_id, v.template_id, v.number, w.key AS workflow, s.key,
        CAST(substr(s.key, 6) AS integer) AS position,
        (CAST(substr(w.key, 10) AS integer) * 7 + CAST(substr(s.key, 6) AS integer) * 3) % {groups}
        AS team
    FROM workflows_step s JOIN workflows_templateversion v ON v.id = s.version_id
    JOIN workflows_workflowtemplate w ON w.id = v.template_id WHERE s.kind = 'approval'
"""
REQUESTS = """
    CREATE TABLE bench_request AS
    WITH {numbers}
    SELECT n AS id, n * {over} / {all} <> (n - 1) * {over} / {all} AS is_over,
        n * 48271 % 2147483647 % {steps} AS place, {first} + n * 40692 % 2147483399 % {people}
        AS requester, n * 69621 % 2147483647 % 1000000 AS hash
    FROM numbers
"""
INSTANCES = """
    INSERT INTO workflows_workflowinstance
        (id, template_id, version_id, prefix, title, source, state, result, data, marking,
         requester_id, requester_name, started_at, completed_at, due_at, moved_at)
    SELECT r.id, s.template_id, s.version_id, 'B', {title}, 'form',
        CASE WHEN r.is_over THEN 'completed' ELSE 'running' END,
        CASE WHEN r.is_over THEN 'approved' ELSE '' END, '{{}}',
        {marking}, r.requester, 'asker', {started}, CASE WHEN r.is_over THEN {ended} END,
        CASE WHEN r.is_over OR r.hash % 10 = 0 THEN {never} ELSE {due} END,
        CASE WHEN r.is_over THEN {ended} ELSE {enabled} END
    FROM bench_request r JOIN bench_step s ON s.place = r.place
"""
TITLE = (
    "'Request for thing' || (r.hash % 50) || ' in place' || (r.hash % 700)"
    " || ' lot' || (r.hash % 20000)"
)
WORDS = (
    "'request'",
    "'thing' || (r.hash % 50)",
    "'place' || (r.hash % 700)",
    "'lot' || (r.hash % 20000)",
)
SEARCH_WORDS = """
    INSERT INTO workflows_searchvalue (request_id, field, word, number, is_amount)
    SELECT r.id, '', {word}, NULL, false FROM bench_request r
"""
SEARCH_AMOUNTS = """
    INSERT INTO workflows_searchvalue (request_id, field, word, number, is_amount)
    SELECT r.id, 'amount', '', r.hash % 100000, true FROM bench_request r
"""
OPEN_TASKS = """
    INSERT INTO workflows_workitem
        (request_id, step_id, activation, round, state, is_open, in_queue, assignee_id, came_from,
         needed, votes, enabled_at, due_at, paused_seconds, paused_business_seconds, outcome,
         comment, performer_name, document_versions, closing_code, closing_parameters)
    SELECT r.id, s.id, s.position + 1, 1, CASE WHEN r.held THEN 'claimed' ELSE 'enabled' END, true,
        NOT r.held, CASE WHEN r.held THEN {holder} END, '',
        CASE WHEN s.position IN {quorum} THEN 2 ELSE 1 END,
        CASE WHEN s.position IN {quorum} AND r.hash % 2 = 1 THEN {vote} ELSE '[]' END,
        {enabled}, CASE WHEN r.hash % 10 > 0 THEN {due} END, 0, 0, '', '', '', '{{}}', '', '{{}}'
    FROM (SELECT id, place, is_over, hash, hash % 31 = 0 AS held FROM bench_request) AS r
    JOIN bench_step s ON s.place = r.place WHERE NOT r.is_over
"""
FINISHED_TASKS = """
    INSERT INTO workflows_workitem
        (request_id, step_id, activation, round, state, is_open, in_queue, assignee_id,
         decided_by_id, came_from, needed, votes, enabled_at, due_at, started_at, completed_at,
         paused_seconds, paused_business_seconds, outcome, comment, performer_name,
         document_versions, closing_code, closing_parameters)
    SELECT r.id, s.id, s.position + 1, 1, 'done', false, false, {decider}, {decider}, '', 1, '[]',
        {enabled}, {due}, {enabled}, {ended}, 0, 0, 'approve', 'Agreed.', 'person', '{{}}', '',
        '{{}}'
    FROM bench_request r JOIN bench_step o ON o.place = r.place
    JOIN bench_step s ON s.version_id = o.version_id AND (
        r.is_over OR s.position < o.position AND s.position >= o.position - o.position % 3
    )
"""
TRAIL = """
    INSERT INTO workflows_trailevent
        (recorded_at, request_id, template_id, workflow, version, reference, step, round,
         activation, work_item, command, actor_id, actor_name, acted_for, role, from_state,
         to_state, outcome, comment, changes, changes_version, document_versions, channel,
         capacity, seen, votes, token, token_by)
    SELECT t.completed_at, t.request_id, s.template_id, s.workflow, s.number, 'B-' || t.request_id,
        s.key, 1, t.activation, t.id, 'decide', t.decided_by_id, 'person', '', 'role', 'enabled',
        'done', 'approve', 'Agreed.', '{{}}', 1, '{{}}', 'page', 'role', '{{}}', '[]', '', ''
    FROM workflows_workitem t JOIN bench_step s ON s.id = t.step_id WHERE t.state = 'done'
"""
ESCALATED = """
    INSERT INTO workflows_addedperson (work_item_id, user_id, role, stand_in, added_at)
    SELECT t.id, {first} + t.id % 7, 'role_0', t.id % 2 = 0, {now} FROM workflows_workitem t
    WHERE t.is_open AND t.request_id % 2003 = 0
"""
INCIDENTS = """
    INSERT INTO workflows_incident
        (request_id, step_id, activation, code, parameters, state, opened_at, resolved_at,
         resolution_code, resolution_parameters)
    SELECT t.request_id, t.step_id, t.activation, 'nobody', '{{}}',
        CASE WHEN t.is_open THEN 'open' ELSE 'resolved' END, t.enabled_at, t.completed_at, '',
        '{{}}'
    FROM workflows_workitem t WHERE t.request_id % 997 = 0
"""
QUESTIONS = """
    INSERT INTO workflows_taskquestion
        (request_id, work_item_id, kind, state, question, asked_at, answer, closed_at,
         is_after_decision, asked_by_id, asked_of_id)
    SELECT t.request_id, t.id, 'opinion', CASE WHEN t.is_open THEN 'open' ELSE 'answered' END,
        'Is this in order?', t.enabled_at, '', t.completed_at, {no},
        {first} + t.id % 2 * 7, {first} + (t.id + 1) % 2 * 7
    FROM workflows_workitem t WHERE t.request_id % 4001 = 0
"""
PASSED_ON = """
    INSERT INTO workflows_trailevent
        (recorded_at, request_id, template_id, workflow, version, reference, step, round,
         activation, work_item, command, actor_id, actor_name, acted_for, role, from_state,
         to_state, outcome, comment, changes, changes_version, document_versions, channel,
         capacity, seen, votes, token, token_by)
    SELECT t.enabled_at, t.request_id, s.template_id, s.workflow, s.number, 'B-' || t.request_id,
        s.key, 1, t.activation, t.id, 'reassign', {first}, 'ann', '', 'role', 'enabled',
        'claimed', '', '', '{{}}', 1, '{{}}', 'page', 'role', '{{}}', '[]', '', ''
    FROM workflows_workitem t JOIN bench_step s ON s.id = t.step_id WHERE t.request_id % 1999 = 0
"""
DESK = (INCIDENTS, QUESTIONS, PASSED_ON)
"""What stands on desks beside tasks: of all workflows for their owner, and what Ann asked, was
asked and passed on, open and over."""


def _fill(cursor: Any, vendor: str, sizes: Sizes, first: int) -> None:
    """All rows. `first` is the id of Ann, the first of the people."""
    is_postgres = vendor == "postgresql"
    kept = _without_indexes(cursor) if is_postgres else []
    # What the rows point to is there: that is not asked of six million of them.
    cursor.execute(
        "SET session_replication_role = replica" if is_postgres else "PRAGMA foreign_keys=OFF"
    )
    over = (sizes.finished - sizes.open) // STEPS
    names = _sql_parts(is_postgres, first) | {"over": over, "all": sizes.open + over}
    names["numbers"] = NUMBERS[vendor].format(**names)
    cursor.execute(STEPS_BY_PLACE.format(groups=GROUPS))
    cursor.execute(REQUESTS.format(**names))
    cursor.execute("CREATE UNIQUE INDEX bench_step_place ON bench_step (place)")
    for statement in (
        INSTANCES,
        OPEN_TASKS,
        FINISHED_TASKS,
        TRAIL,
        SEARCH_AMOUNTS,
        ESCALATED,
        *DESK,
    ):
        cursor.execute(statement.format(**names))
    for word in WORDS:
        cursor.execute(SEARCH_WORDS.format(word=word))
    cursor.execute("DROP TABLE bench_request")
    cursor.execute("DROP TABLE bench_step")
    for statement in kept:
        cursor.execute(statement)
    if is_postgres:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    else:
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("ANALYZE")


NUMBERS = {
    "postgresql": "numbers AS (SELECT n FROM generate_series(1::bigint, {all}) AS n)",
    "sqlite": (
        "RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {all})"
    ),
}


def _sql_parts(is_postgres: bool, first: int) -> dict[str, Any]:
    """What the statements name, in the words of this database."""

    def moment(minutes: str) -> str:
        if is_postgres:
            return f"timestamptz '{NOW.isoformat()}' + ({minutes}) * interval '1 minute'"
        return f"datetime('{NOW:%Y-%m-%d %H:%M:%S}', ({minutes}) || ' minutes')"

    def json(text: str) -> str:
        return f"CAST({text} AS jsonb)" if is_postgres else text

    second_team = f"((s.team + 3 * (2 - s.position) + {GROUPS}) % {GROUPS})"
    marking = (
        """'{"requester": ' || r.requester || ', "deciders": {"step_2": [' || """
        + _someone(first, second_team, "(r.id * 11 + 1954)")
        + " || ']}}'"
    )
    voter = _someone(first, "s.team", "(r.hash / 2)")
    return {
        "first": first,
        "people": PEOPLE,
        "steps": WORKFLOWS * VERSIONS * STEPS,
        "quorum": QUORUM,
        "decider": _someone(first, "s.team", "(r.id * 11 + s.position * 977)"),
        "holder": _someone(first, "s.team", "(r.hash / 31)"),
        "title": TITLE,
        "marking": json(marking),
        "vote": json("'[{\"id\": ' || " + voter + " || '}]'"),
        "now": moment("0"),
        "never": "timestamptz '9999-01-01 00:00:00+00'" if is_postgres else "'9999-01-01 00:00:00'",
        "no": "false" if is_postgres else "0",
        "started": moment("-60000 - r.hash % 400000"),
        "ended": moment("-30000 + r.hash % 1000 * 20"),
        "enabled": moment("-r.hash % 86400"),
        "due": moment("r.hash * 13 % 129600 - 86400"),
    }


def _someone(first: int, team: str, number: str) -> str:
    """SQL for the id of a member of a group: Ann and those who are away are in some, and do their
    share; `_make_people` says who is in which."""
    return f"""(
        CASE WHEN {number} % 50 = 0 AND {team} < {MINE} THEN {first}
        WHEN {number} % 50 = 1 AND {team} % {MINE} < {AWAY} AND {team} < {2 * MINE}
            THEN {first} + 3 + {team} % {MINE}
        ELSE {first} + 6 + {team} + {GROUPS} * ({number} % 49) END
    )"""


def _without_indexes(cursor: Any) -> list[str]:
    """Take the indexes of the filled tables out; returns the statements that make them again."""
    cursor.execute(
        "SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'"
    )
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN"
        " ('workflows_workflowinstance', 'workflows_workitem',"
        " 'workflows_searchvalue', 'workflows_trailevent')"
        " AND indexdef NOT LIKE 'CREATE UNIQUE%'"
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [statement for _, statement in found]
