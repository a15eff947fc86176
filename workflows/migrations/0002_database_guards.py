"""Triggers that hold whoever asks the database: published maps stay as they are, the trail and its
seals are written once, nothing is replaced, a login that is given up is written down, and a row of
a request's trail is handed on to who tells people of it.

The models and the admin refuse too; this is for everything that goes past them. A later migration
that rebuilds one of these tables on SQLite drops its triggers and must run `create_guards` again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import migrations

PUBLISHED = "a published version cannot be changed; make a new draft"
WRITTEN_ONCE = "the trail is written once; it cannot be changed or deleted"

VERSION = "workflows_templateversion"
PARTS = {
    "workflows_role": "{row}.version_id",
    "workflows_field": "{row}.version_id",
    "workflows_step": "{row}.version_id",
    "workflows_route": "(SELECT version_id FROM workflows_step WHERE id = {row}.step_id)",
}
"""The tables of a map's parts, and the version of a row."""
VERSION_KEEPS = (
    *("template_id", "number", "name", "purpose", "owner_name", "deputy_name"),
    *("review_every_days", "baseline", "calendar", "start_role_id", "start_fields"),
    *("start_triggers", "first_step_id", "created_at", "created_by_id", "published_at"),
    *("published_by_id", "status_link", "status_link_names", "decide_by_mail"),
    "mentions_give_sight",
)
VERSION_KEEPS_TOO = ("times",)
"""Columns that came with a later migration, and are guarded from then on."""
TRAIL, SEAL, HEAD = "workflows_trailevent", "workflows_trailseal", "workflows_trailhead"
HEAD_KEEPS = ("id", "date", "position", "hash", "written_at")
"""Of a head, only where and when it was sent is filled in later."""
SAME_ROW = {
    TRAIL: "id = NEW.id",
    SEAL: "position = NEW.position OR event_id = NEW.event_id",
    HEAD: "id = NEW.id OR date = NEW.date",
}
FORMER = "workflows_formerlogin"
OUTBOX, INSTANCE = "workflows_outboxmessage", "workflows_workflowinstance"
SILENT = ("claim", "start_work", "pause", "follow", "unfollow")
"""Commands of which nobody is told."""
PAST = ("log", "replay")
"""Sources of requests that stand for the past: nothing follows from them."""


@dataclass(frozen=True)
class Guard:
    """A trigger that refuses an operation on a table where a condition holds ('' for always)."""

    table: str
    operation: str
    suffix: str
    when: str
    message: str
    replaces: bool = False

    @property
    def name(self) -> str:
        what = "replace" if self.replaces else self.operation.lower()
        return f"{self.table}_{what}_{self.suffix}"


def _is_closed(row: str, owner: str) -> str:
    return f"(SELECT state FROM {VERSION} WHERE id = {owner.format(row=row)}) <> 'draft'"


def _published_guards(differs: str, more: Sequence[str]) -> Iterator[Guard]:
    rows = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}
    for table, owner in PARTS.items():
        for operation, sides in rows.items():
            when = " OR ".join(_is_closed(side, owner) for side in sides)
            yield Guard(table, operation, "published", when, PUBLISHED)
    changed = " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in (*VERSION_KEEPS, *more))
    moves = "NOT (NEW.state = OLD.state OR (OLD.state = 'published' AND NEW.state = 'superseded'))"
    when = f"OLD.state <> 'draft' AND ({moves} OR {changed})"
    yield Guard(VERSION, "UPDATE", "published", when, PUBLISHED)
    yield Guard(VERSION, "DELETE", "published", "OLD.state <> 'draft'", PUBLISHED)


def _trail_guards(vendor: str, differs: str) -> Iterator[Guard]:
    changed = " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in HEAD_KEEPS)
    for table in (TRAIL, SEAL):
        for operation in ("UPDATE", "DELETE"):
            yield Guard(table, operation, "refused", "", WRITTEN_ONCE)
    yield Guard(HEAD, "UPDATE", "refused", changed, WRITTEN_ONCE)
    yield Guard(HEAD, "DELETE", "refused", "", WRITTEN_ONCE)
    if vendor == "postgresql":
        for table in (TRAIL, SEAL, HEAD):
            yield Guard(table, "TRUNCATE", "refused", "", WRITTEN_ONCE)


def _replacement_guards() -> Iterator[Guard]:
    """On SQLite `REPLACE INTO` deletes the row that is in its way without a word to the triggers
    that refuse deletions. PostgreSQL has no such statement: there it is an update."""
    for table, same in SAME_ROW.items():
        when = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"
        yield Guard(table, "INSERT", "refused", when, WRITTEN_ONCE, replaces=True)
    same = "(id = NEW.id OR (template_id = NEW.template_id AND number = NEW.number))"
    when = f"EXISTS (SELECT 1 FROM {VERSION} WHERE {same} AND state <> 'draft')"
    yield Guard(VERSION, "INSERT", "refused", when, PUBLISHED, replaces=True)
    for table, owner in PARTS.items():
        closed = _is_closed("old", owner)
        when = f"EXISTS (SELECT 1 FROM {table} AS old WHERE old.id = NEW.id AND {closed})"
        yield Guard(table, "INSERT", "refused", when, PUBLISHED, replaces=True)


def guards(vendor: str, more: Sequence[str] = VERSION_KEEPS_TOO) -> list[Guard]:
    """All guards of a database; none where Handoff does not run. `more` are the later columns of a
    version that are there."""
    if vendor not in ("sqlite", "postgresql"):
        return []
    differs = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    rows = [*_published_guards(differs, more), *_trail_guards(vendor, differs)]
    return rows + (list(_replacement_guards()) if vendor == "sqlite" else [])


def _create(vendor: str, guard: Guard) -> list[str]:
    if vendor == "sqlite":
        when = f"WHEN {guard.when} " if guard.when else ""
        return [
            f"CREATE TRIGGER {guard.name} BEFORE {guard.operation} ON {guard.table} {when}"
            f"BEGIN SELECT RAISE(ABORT, '{guard.message}'); END"
        ]
    result = "OLD" if guard.operation == "DELETE" else "NEW"
    each = "STATEMENT" if guard.operation == "TRUNCATE" else "ROW"
    refuse = f"RAISE EXCEPTION '{guard.message}' USING ERRCODE = 'integrity_constraint_violation';"
    body = f"IF {guard.when} THEN {refuse} END IF; RETURN {result};" if guard.when else refuse
    return [
        f"CREATE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} END $$",
        f"CREATE TRIGGER {guard.name} BEFORE {guard.operation} ON {guard.table}"
        f" FOR EACH {each} EXECUTE FUNCTION {guard.name}()",
    ]


def _former_logins(vendor: str, users: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {FORMER}_written AFTER UPDATE OF username ON {users}"
            " WHEN NEW.username <> OLD.username BEGIN"
            f" INSERT INTO {FORMER} (name, user_id, until)"
            " VALUES (OLD.username, OLD.id, strftime('%Y-%m-%d %H:%M:%f', 'now')); END"
        ]
    return [
        f"CREATE FUNCTION {FORMER}_written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" INSERT INTO {FORMER} (name, user_id, until)"
        " VALUES (OLD.username, OLD.id, clock_timestamp()); RETURN NULL; END $$",
        f"CREATE TRIGGER {FORMER}_written AFTER UPDATE OF username ON {users} FOR EACH ROW"
        " WHEN (NEW.username IS DISTINCT FROM OLD.username)"
        f" EXECUTE FUNCTION {FORMER}_written()",
    ]


def _told_rows(vendor: str) -> list[str]:
    """A row of a request's trail is a message: somebody may have to be told of it."""
    is_sqlite = vendor == "sqlite"
    payload = "json_object('trail', NEW.id)" if is_sqlite else "jsonb_build_object('trail', NEW.id)"
    empty = "'{}'" if is_sqlite else "'{}'::jsonb"
    listed = ", ".join(f"'{source}'" for source in PAST)
    silent = ", ".join(f"'{command}'" for command in SILENT)
    when = f"NEW.request_id IS NOT NULL AND NEW.command NOT IN ({silent})"
    insert = (
        f"INSERT INTO {OUTBOX} (kind, request_id, payload, state, run_after, ticket, tries,"
        " error_code, error_parameters, created_at)"
        f" SELECT 'tell', id, {payload}, 'waiting', NEW.recorded_at, '', 0, '', {empty},"
        f" NEW.recorded_at FROM {INSTANCE} WHERE id = NEW.request_id AND source NOT IN ({listed});"
    )
    if is_sqlite:
        return [
            f"CREATE TRIGGER {TRAIL}_told AFTER INSERT ON {TRAIL} WHEN {when} BEGIN {insert} END"
        ]
    return [
        f"CREATE FUNCTION {TRAIL}_told() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {insert} RETURN NULL; END $$",
        f"CREATE TRIGGER {TRAIL}_told AFTER INSERT ON {TRAIL} FOR EACH ROW WHEN ({when})"
        f" EXECUTE FUNCTION {TRAIL}_told()",
    ]


def _users(apps: Any) -> str:
    table: str = apps.get_model(settings.AUTH_USER_MODEL)._meta.db_table
    return table


def _drop(vendor: str, name: str, table: str) -> list[str]:
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}"]
    return [f"DROP TRIGGER IF EXISTS {name} ON {table}", f"DROP FUNCTION IF EXISTS {name}()"]


def create_guards(apps: Any, schema_editor: Any) -> None:
    """Create the triggers, those that are there first taken away."""
    drop_guards(apps, schema_editor)
    vendor = schema_editor.connection.vendor
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        columns = {
            row.name for row in connection.introspection.get_table_description(cursor, VERSION)
        }
    more = [name for name in VERSION_KEEPS_TOO if name in columns]
    rows = guards(vendor, more)
    statements = [statement for guard in rows for statement in _create(vendor, guard)]
    if statements:
        statements += _former_logins(vendor, _users(apps)) + _told_rows(vendor)
    # A percent sign in them is no placeholder, which `schema_editor.execute` would take it for.
    with schema_editor.connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def drop_guards(apps: Any, schema_editor: Any) -> None:
    """Take them away again."""
    vendor = schema_editor.connection.vendor
    named = [(guard.name, guard.table) for guard in guards(vendor)]
    if named:
        named += [(f"{FORMER}_written", _users(apps)), (f"{TRAIL}_told", TRAIL)]
    with schema_editor.connection.cursor() as cursor:
        for name, table in named:
            for statement in _drop(vendor, name, table):
                cursor.execute(statement)


class Migration(migrations.Migration):
    """Guard what was published and what was recorded."""

    dependencies = [("workflows", "0001_initial")]

    operations = [migrations.RunPython(create_guards, drop_guards)]
