"""What somebody is to a request, as SQL: asked under the lock of a command, and beside a request
that is only shown (`facets`)."""

from collections.abc import Iterable

from django.db import connection

from workflows.access.conditions import AUDIT, MANAGE, held_verb_sql, role_members_sql
from workflows.access.conditions.stand_in_sql import people_stood_in_for_in_workflow_sql
from workflows.access.permissions import listed_roles_sql, management_capacity, may_audit
from workflows.definitions.models import Role
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.facets import Facet
from workflows.people.models import FormerLogin, User
from workflows.persistence.sql_text import compose_sql
from workflows.trail.choices import TrailCapacity

_JOINED = {"postgresql": "string_agg(({column})::text, ',')", "sqlite": "group_concat({column})"}


def actor_roles_sql() -> str:
    """The roles of the version `%(version)s` in whose lists the person is, in one text."""
    return compose_sql(
        "SELECT {joined} FROM ({roles}) l", joined=_joined("l.role"), roles=listed_roles_sql()
    )


def stood_in_for_sql() -> str:
    """Those for whom the person stands in in the workflow `%(template)s`, in one text."""
    return compose_sql(
        "SELECT {joined} FROM ({people}) stood_in",
        joined=_joined("stood_in.person"),
        people=people_stood_in_for_in_workflow_sql(),
    )


RENAMED_SQL = compose_sql(
    """
    EXISTS (
        SELECT 1 FROM {former} f JOIN {person} u ON u.username = f.name OR u.id = f.user_id
        WHERE u.id = %(user)s
    )
    """,
    former=FormerLogin._meta.db_table,
    person=User._meta.db_table,
)
"""Whether logins have changed hands around the person."""


def _joined(column: str) -> str:
    return _JOINED[connection.vendor].format(column=column)


def parse_pairs(joined: str | None) -> Iterable[tuple[int, int]]:
    """The pairs of ids in such a text."""
    pairs = (part.split(":") for part in str(joined or "").split(",") if part)
    return ((int(first), int(second)) for first, second in pairs)


def parse_ids(joined: str | None) -> Iterable[int]:
    """The ids in such a text."""
    return (int(part) for part in str(joined or "").split(",") if part)


RENAMED = Facet(RENAMED_SQL)


def actor_roles_facet() -> Facet:
    """In which roles the person is; made anew, for ways into roles may be added."""
    return Facet(actor_roles_sql())


def stood_in_for_facet() -> Facet:
    """For whom the person stands in."""
    return Facet(stood_in_for_sql())


def stood_in_roles_facet() -> Facet:
    """In which roles those are for whom the person stands in: `role:person`, in one text."""
    inside = compose_sql(
        "e.role_id IN (SELECT id FROM {role} WHERE version_id = %(version)s)"
        " AND {{person}} IN ({people})",
        role=Role._meta.db_table,
        people=people_stood_in_for_in_workflow_sql(),
    )
    return Facet(
        compose_sql(
            "SELECT {joined} FROM ({roles}) l",
            joined=_joined("l.role || ':' || l.person"),
            roles=role_members_sql(inside),
        )
    )


def manages_facet() -> Facet:
    """Whether the person answers for the workflow by ownership or grant."""
    return Facet(f"EXISTS ({held_verb_sql(MANAGE)})")


def audits_facet() -> Facet:
    """Whether the person may read the workflow's reports and trail, superusers apart."""
    return Facet(f"EXISTS ({held_verb_sql(AUDIT, MANAGE)})")


def actor_facets() -> list[Facet]:
    """All of these."""
    return [RENAMED, actor_roles_facet(), stood_in_for_facet(), manages_facet(), audits_facet()]


def capacity_over(instance: WorkflowInstance, user: User) -> TrailCapacity | None:
    """In which capacity this person answers for the request's workflow, or None. For who neither
    owns it nor is its deputy a statement, or none where it is known."""
    by_grant = manages_facet()
    is_manager = by_grant.value_of(instance) if by_grant.is_known_of(instance, user) else None
    return management_capacity(user, instance.template, is_manager=is_manager)


def may_audit_request(instance: WorkflowInstance, user: User) -> bool:
    """Whether this person may read the trail of the request. A statement, or none where it is
    known."""
    audits = audits_facet()
    if user.is_superuser or not audits.is_known_of(instance, user):
        return may_audit(user, instance.template)
    return bool(audits.value_of(instance))
