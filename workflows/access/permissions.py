"""The one place that answers 'may they?' for pages, admin, commands and API.

Who may act on a step is said by its role, whose list is kept as rows (`RoleEntry`); the verbs
start, view, manage and audit on workflows are guardian's grants. Acting on a step is never a
matter of rank: a superuser who is not in a step's role does not decide it. Managing, viewing and
auditing are.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When

from workflows.access.conditions import (
    AUDIT,
    AUDIT_EVERYTHING,
    AUDIT_SITE,
    LISTEN,
    MANAGE,
    START,
    USE,
    Actor,
    role_members_sql,
    roles_listing,
    steps_of_person_sql,
    table_names,
)
from workflows.access.grant_models import (
    ConnectionGroupPermission,
    ConnectionUserPermission,
    TemplateGroupPermission,
    TemplateUserPermission,
)
from workflows.connections.models import Connection
from workflows.definitions.models import Role, WorkflowTemplate
from workflows.execution.models import AddedPerson
from workflows.people.models import User
from workflows.persistence.sql_text import compose_sql, sql_expression
from workflows.trail.choices import TrailCapacity

# -- who is in a role -------------------------------------------------------------------------


def step_ids_performable_by(user: User) -> list[int]:
    """The ids of all steps on which this person may act by a role. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(steps_of_person_sql(), {"user": user.pk})
        return sorted(row[0] for row in cursor.fetchall())


def listed_roles_sql() -> str:
    """SQL for the roles of a version (`%(version)s`) in whose lists a person (`%(user)s`) is."""
    inside = (
        "{{person}} = %(user)s AND e.role_id IN"
        " (SELECT id FROM {role} WHERE version_id = %(version)s)"
    )
    return role_members_sql(inside.format(role=table_names()["role"]))


AT_ONCE = 50
"""So many roles are asked for in one statement."""


def _some_people_sql(role: int, most: int) -> str:
    return compose_sql(
        """
    SELECT * FROM (
        SELECT l.role, l.person FROM ({members}) l
        JOIN {person} p ON p.id = l.person WHERE p.is_active LIMIT {most}
    ) AS some_{number}
    """,
        members=role_members_sql(f"e.role_id = {role}"),
        most=most,
        number=role,
        person=table_names()["person"],
    )


def listed_role_ids(person_id: int, version_id: int) -> frozenset[int]:
    """The ids of a version's roles whose lists this person is in. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(listed_roles_sql(), {"user": person_id, "version": version_id})
        return frozenset(row[0] for row in cursor.fetchall())


def sample_role_members(row_limits: Mapping[int, int]) -> dict[int, frozenset[int]]:
    """For each of these roles the active people in its list, but no more rows are read than it
    says: who asks whether there are enough needs no more. One statement for fifty roles."""
    people_by_role: dict[int, set[int]] = {role: set() for role in row_limits}
    pairs = sorted(row_limits.items())
    with connection.cursor() as cursor:
        for first in range(0, len(pairs), AT_ONCE):
            parts = [
                _some_people_sql(int(role), int(most))
                for role, most in pairs[first : first + AT_ONCE]
            ]
            cursor.execute(" UNION ALL ".join(parts))
            for role, person in cursor.fetchall():
                people_by_role[role].add(person)
    return {role: frozenset(people) for role, people in people_by_role.items()}


def role_member_pairs(role_ids: Iterable[int], people: Iterable[int]) -> frozenset[tuple[int, int]]:
    """Which of these people, where active, are in which of these roles' lists. One statement."""
    roles = ", ".join(str(int(role)) for role in role_ids) or "0"
    person_list = ", ".join(str(int(person)) for person in people) or "0"
    inside = role_members_sql(f"e.role_id IN ({roles}) AND {{person}} IN ({person_list})")
    with connection.cursor() as cursor:
        cursor.execute(
            compose_sql(
                "SELECT l.role, l.person FROM ({inside}) l"
                " JOIN {person} p ON p.id = l.person WHERE p.is_active",
                inside=inside,
                person=table_names()["person"],
            )
        )
        return frozenset((role, person) for role, person in cursor.fetchall())


def active_role_members(role_ids: Iterable[int]) -> QuerySet[User]:
    """The active people in these roles' lists."""
    ids = ", ".join(str(int(role)) for role in role_ids) or "0"
    inside = role_members_sql(f"e.role_id IN ({ids})")
    people = sql_expression(compose_sql("SELECT l.person FROM ({inside}) l", inside=inside), {})
    return User.objects.filter(pk__in=people, is_active=True)


def count_members_without(
    role_ids: Iterable[int], *, person: int = 0, groups: Iterable[int] = ()
) -> dict[int, int]:
    """How many active people each of these roles' lists has besides a person, and without those
    whom these groups alone bring in. A role of which nobody is left is 0. One statement."""
    ids = sorted({int(role) for role in role_ids})
    if not ids:
        return {}
    roles = ", ".join(map(str, ids))
    group_list = ", ".join(str(int(group)) for group in groups) or "0"
    inside = role_members_sql(
        f"e.role_id IN ({roles}) AND {{person}} <> {int(person)}"
        f" AND (e.group_id IS NULL OR e.group_id NOT IN ({group_list}))"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            compose_sql(
                "SELECT l.role, COUNT(DISTINCT l.person) FROM ({inside}) l"
                " JOIN {person} p ON p.id = l.person WHERE p.is_active GROUP BY l.role",
                inside=inside,
                person=table_names()["person"],
            )
        )
        return dict.fromkeys(ids, 0) | dict(cursor.fetchall())


def added_role_subquery(user: User) -> Subquery:
    """Of a task: as what this person was added to it (the role that it was escalated to, nothing
    for a stand-in, null for neither)."""
    rows = AddedPerson.objects.filter(user=user, work_item=OuterRef("pk"), found=False)
    as_what = Case(When(stand_in=True, then=Value("")), default=F("role"))
    return Subquery(rows.values_list(as_what)[:1])


def escalated_to_a_former_role(user: User) -> QuerySet[Any]:
    """The ids of the tasks that were escalated to a role which does not list this person now."""
    same = {"version": OuterRef("work_item__step__version"), "key": OuterRef("role")}
    roles = Role.objects.filter(**same, pk__in=roles_listing(user))
    rows = AddedPerson.objects.filter(
        user=user, stand_in=False, found=False, work_item__is_open=True
    )
    return rows.exclude(Exists(roles)).values("work_item")


# -- workflows --------------------------------------------------------------------------------


def _holds_verb(user: Actor, template: WorkflowTemplate, *verbs: str) -> bool:
    return WorkflowTemplate.objects.with_verbs(user, *verbs).filter(pk=template.pk).exists()


def may_start(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether the person may start requests of this workflow."""
    return _holds_verb(user, template, START)


def may_manage(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether the person answers for the workflow: owner, deputy, or by grant."""
    return _holds_verb(user, template, MANAGE)


def management_capacity(
    user: User, template: WorkflowTemplate, *, is_manager: bool | None = None
) -> TrailCapacity | None:
    """In which capacity the person answers for the workflow: `owner`, `deputy`, `manager` (by
    grant), `site` (a superuser), or None. Who is several is the first of them. A statement for the
    grant, where it is not known."""
    if not user.is_active:
        return None
    if user.pk == template.owner_id:
        return TrailCapacity.OWNER
    if user.pk == template.deputy_id:
        return TrailCapacity.DEPUTY
    if user.is_superuser:
        return TrailCapacity.SITE
    if is_manager is None:
        is_manager = may_manage(user, template)
    return TrailCapacity.MANAGER if is_manager else None


def may_audit(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether the person may read its reports and trail."""
    return _holds_verb(user, template, AUDIT, MANAGE)


def audits_by_grant(user: Actor, template_id: int) -> bool:
    """Whether the permission to audit was granted to the person, for the workflow or for the site.
    To own or manage it is no grant."""
    if not user.is_authenticated or not user.is_active:
        return False
    if user.has_perm(AUDIT_EVERYTHING):  # superusers hold every permission
        return True
    granted = {"content_object_id": template_id, "permission__codename": AUDIT}
    by_group = TemplateGroupPermission.objects.filter(group__user=user, **granted)
    by_hand = TemplateUserPermission.objects.filter(user=user, **granted)
    return bool(by_hand.exists() or by_group.exists())


# -- what maps do with what is not theirs -----------------------------------------------------


def may_start_by_map(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether a map of this person's may start requests of another workflow: who may start it by
    hand, and who manages it, for they could let themselves."""
    return _holds_verb(user, template, START) or may_manage(user, template)


def may_listen(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether a map of this person's may start when requests of a workflow end, and take over
    their values."""
    return _holds_verb(user, template, LISTEN, MANAGE)


def may_use(user: Actor, connection: Connection) -> bool:
    """Whether a map of this person's may call by a connection: its owner's, its deputy's, or by
    grant."""
    if not user.is_authenticated or not user.is_active:
        return False
    if user.is_superuser or answers_for_connection(user, connection):
        return True
    grant = {"content_object": connection, "permission__codename": USE}
    return (
        ConnectionUserPermission.objects.filter(user=user, **grant).exists()
        or ConnectionGroupPermission.objects.filter(group__user=user, **grant).exists()
    )


def answers_for_connection(user: Actor, connection: Connection) -> bool:
    """Whether the connection is this person's: as its owner, or as the deputy."""
    return user.pk is not None and user.pk in (connection.owner_id, connection.deputy_id)


# -- accounts ---------------------------------------------------------------------------------


def may_change_account(by: User, other: User) -> bool:
    """Whether somebody may change another account: a superuser any; others only such as have no
    permission that they lack themselves, an account that is closed now included."""
    if by.is_superuser or by.pk == other.pk:
        return by.is_active
    return not other.is_superuser and not _permissions_of(other).exclude(pk__in=_permissions_of(by))


def may_set_absence(by: User, person: User) -> bool:
    """Whether somebody may say that a person is away, and who stands in: the person, and whoever
    may change absences and is not below that account."""
    if not by.is_active or by.pk == person.pk:
        return by.is_active
    return by.has_perm("workflows.change_absence") and may_change_account(by, person)


def accounts_answered_for(person: User) -> QuerySet[User]:
    """The active accounts that somebody may let a token or a key act as: their own, and those of
    programs that they answer for; for superusers of all programs."""
    of_programs = (
        Q(service_account__isnull=False)
        if person.is_superuser
        else Q(service_account__owner=person)
    )
    active = User.objects.filter(is_active=True).order_by("username")
    return active.filter(Q(pk=person.pk) | of_programs)


def is_service_account(user: User) -> bool:
    """Whether an account is a program's, as which nobody signs in. One statement."""
    return hasattr(user, "service_account")


def permissions_held(user: User) -> QuerySet[Permission]:
    """The permissions that this person may hand on: those that they hold."""
    return Permission.objects.all() if user.is_superuser else _permissions_of(user)


def groups_held(user: User) -> QuerySet[Group]:
    """The groups that this person may put others into: those that they are in."""
    return Group.objects.all() if user.is_superuser else Group.objects.filter(user=user)


def _permissions_of(user: User) -> QuerySet[Permission]:
    return Permission.objects.filter(Q(user=user) | Q(group__user=user)).distinct()


# -- auditing ---------------------------------------------------------------------------------


def may_audit_site(user: Actor) -> bool:
    """Whether the person may read what the trail says of the site: of groups, rights, accounts."""
    return user.is_active and user.has_perm(f"workflows.{AUDIT_SITE}")


def permission_named(model: type, codename: str) -> Permission:
    """Django's row for a permission of a model."""
    kind = ContentType.objects.get_for_model(model)
    return Permission.objects.get(content_type=kind, codename=codename)
