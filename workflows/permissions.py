"""The one place that answers 'may they?' for pages, admin, commands and API.

Who may act on a step is said by its role, whose list is kept as rows (`RoleEntry`); the verbs
start, view, manage and audit on workflows are guardian's grants. Acting on a step is never a
matter of rank: a superuser who is not in a step's role does not decide it. Managing, viewing and
auditing are.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import RawSQL

from workflows.models import (
    AddedPerson,
    Connection,
    ConnectionGroupPermission,
    ConnectionUserPermission,
    Role,
    RoleEntry,
    Route,
    Step,
    TemplateGroupPermission,
    TemplateUserPermission,
    TemplateVersion,
    TrailEvent,
    WorkflowInstance,
    WorkflowTemplate,
    WorkItem,
)

START = "start_workflowtemplate"
VIEW = "view_workflowtemplate"
MANAGE = "manage_workflowtemplate"
AUDIT = "audit_workflowtemplate"
LISTEN = "listen_workflowtemplate"
USE = "use_connection"
AUDIT_SITE = "audit_site"
AUDIT_EVERYTHING = "reporting.audit_everything"
"""For the site as a whole. Outside this app, for who is given all of it to keep maps is not to read
all requests by that."""

Actor = User | AnonymousUser


# -- who is in a role -------------------------------------------------------------------------

NAMES = {
    "entry": RoleEntry._meta.db_table,
    "role": Role._meta.db_table,
    "step": Step._meta.db_table,
    "route": Route._meta.db_table,
    "member": User.groups.through._meta.db_table,
    "person": User._meta.db_table,
    "group": Group._meta.db_table,
}
WAYS_INTO_A_ROLE = (
    """SELECT e.role_id AS role, e.user_id AS person FROM {entry} e
    WHERE e.user_id IS NOT NULL AND {e_user}""",
    """SELECT e.role_id, m.user_id FROM {entry} e JOIN {member} m ON m.group_id = e.group_id
    WHERE {m_user}""",
    """SELECT e.role_id, m.user_id FROM {entry} e JOIN "{group}" g ON g.name = e.name
    JOIN {member} m ON m.group_id = g.id
    WHERE e.group_id IS NULL AND e.user_id IS NULL AND e.is_group AND {m_user}""",
    """SELECT e.role_id, u.id FROM {entry} e JOIN {person} u ON u.username = e.name
    WHERE e.group_id IS NULL AND e.user_id IS NULL AND NOT e.is_group AND {u_user}""",
)
"""By one's own row, by a group's; by name where the row that was meant is gone and somebody has
the name now. Plain SQL, because every inbox and every decision asks it."""


def listed(condition: str) -> str:
    """SQL for pairs of a role and a person in its list (some twice), where a condition on
    `{person}` and on `e.role_id` holds. This is the one way of finding the people of a role."""
    where = {
        f"{table}_user": f"({condition})".format(person=column)
        for table, column in (("e", "e.user_id"), ("m", "m.user_id"), ("u", "u.id"))
    }
    return " UNION ALL ".join(way.format(**NAMES, **where) for way in WAYS_INTO_A_ROLE)


ROLES_OF = listed("{person} = %(user)s")
STEPS_OF = f"""
    WITH mine AS ({ROLES_OF})
    SELECT s.id FROM {NAMES["step"]} s JOIN mine ON mine.role = s.role_id
    WHERE s.kind IN ('approval', 'task')
    UNION
    SELECT w.step_id FROM {NAMES["route"]} w JOIN mine ON mine.role = w.role_id
"""  # noqa: S608
IN_VERSION = listed(
    f"{{person}} = %(user)s AND e.role_id IN"  # noqa: S608
    f" (SELECT id FROM {NAMES['role']} WHERE version_id = %(version)s)"
)
SOME_PEOPLE = f"""
    SELECT * FROM (
        SELECT l.role, l.person FROM ({listed("e.role_id = {{role}}")}) l
        JOIN {NAMES["person"]} p ON p.id = l.person WHERE p.is_active LIMIT {{most}}
    ) AS some_{{role}}
"""  # noqa: S608
AT_ONCE = 50
"""So many roles are asked for in one statement."""


def steps_of(user: User) -> list[int]:
    """The ids of all steps on which this person may act by a role. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(STEPS_OF, {"user": user.pk})
        return sorted(row[0] for row in cursor.fetchall())


def roles_held(user: User, version_id: int) -> frozenset[int]:
    """The ids of a version's roles whose lists this person is in. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(IN_VERSION, {"user": user.pk, "version": version_id})
        return frozenset(row[0] for row in cursor.fetchall())


def some_of(wanted: Mapping[int, int]) -> dict[int, frozenset[int]]:
    """For each of these roles the active people in its list, but no more rows are read than it
    says: who asks whether there are enough needs no more. One statement for fifty roles."""
    found: dict[int, set[int]] = {role: set() for role in wanted}
    pairs = sorted(wanted.items())
    with connection.cursor() as cursor:
        for first in range(0, len(pairs), AT_ONCE):
            parts = [
                SOME_PEOPLE.format(role=int(role), most=int(most))
                for role, most in pairs[first : first + AT_ONCE]
            ]
            cursor.execute(" UNION ALL ".join(parts))
            for role, person in cursor.fetchall():
                found[role].add(person)
    return {role: frozenset(people) for role, people in found.items()}


def pairs_of(role_ids: Iterable[int], people: Iterable[int]) -> frozenset[tuple[int, int]]:
    """Which of these people, where active, are in which of these roles' lists. One statement."""
    roles = ", ".join(str(int(role)) for role in role_ids) or "0"
    them = ", ".join(str(int(person)) for person in people) or "0"
    inside = listed(f"e.role_id IN ({roles}) AND {{person}} IN ({them})")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT l.role, l.person FROM ({inside}) l"  # noqa: S608
            f" JOIN {NAMES['person']} p ON p.id = l.person WHERE p.is_active"
        )
        return frozenset((role, person) for role, person in cursor.fetchall())


def people_in(role_ids: Iterable[int]) -> QuerySet[User]:
    """The active people in these roles' lists."""
    ids = ", ".join(str(int(role)) for role in role_ids) or "0"
    inside = listed(f"e.role_id IN ({ids})")
    people = RawSQL(f"SELECT l.person FROM ({inside}) l", [])  # noqa: S608, S611
    return User.objects.filter(pk__in=people, is_active=True)


def performs(user: User, step: str = "step_id") -> Q:
    """A condition: this person may act on the step in column `step` by its role."""
    return Q(**{f"{step}__in": RawSQL(STEPS_OF.replace("%(user)s", "%s"), [user.pk] * 4)})  # noqa: S611


def _roles_of(user: User) -> RawSQL:
    """The roles in whose lists this person is, for an `__in`."""
    mine = ROLES_OF.replace("%(user)s", "%s")
    return RawSQL(f"SELECT l.role FROM ({mine}) l", [user.pk] * 4)  # noqa: S608, S611


def added_as(user: User) -> Subquery:
    """Of a task: as what this person was added to it (the role that it was escalated to, nothing
    for a stand-in, null for neither)."""
    rows = AddedPerson.objects.filter(user=user, work_item=OuterRef("pk"))
    as_what = Case(When(stand_in=True, then=Value("")), default=F("role"))
    return Subquery(rows.values_list(as_what)[:1])


def escalated_to_a_former_role(user: User) -> QuerySet[Any]:
    """The ids of the tasks that were escalated to a role which does not list this person now."""
    same = {"version": OuterRef("work_item__step__version"), "key": OuterRef("role")}
    roles = Role.objects.filter(**same, pk__in=_roles_of(user))
    rows = AddedPerson.objects.filter(user=user, stand_in=False, work_item__is_open=True)
    return rows.exclude(Exists(roles)).values("work_item")


def list_people(rows: Collection[Role]) -> None:
    """Write down whom the lists of a version's roles mean, when it is published."""
    groups = _by_name(Group.objects.filter(name__in={n for r in rows for n in r.groups or []}))
    users = _by_name(User.objects.filter(username__in={n for r in rows for n in r.users or []}))
    RoleEntry.objects.bulk_create(
        [
            RoleEntry(role=role, is_group=True, named=name, name=name, group=groups.get(name))
            for role in rows
            for name in dict.fromkeys(role.groups or [])
        ]
        + [
            RoleEntry(role=role, is_group=False, named=name, name=name, user=users.get(name))
            for role in rows
            for name in dict.fromkeys(role.users or [])
        ]
    )


def _by_name(rows: Iterable[Any]) -> dict[str, Any]:
    return {getattr(row, "username", None) or row.name: row for row in rows}


# -- workflows --------------------------------------------------------------------------------


def templates_with(user: Actor, *verbs: str) -> QuerySet[WorkflowTemplate]:
    """The workflows on which this person holds one of these verbs, by grant or by ownership."""
    if not user.is_authenticated or not user.is_active:
        return WorkflowTemplate.objects.none()
    everything = WorkflowTemplate.objects.all()
    return everything if user.is_superuser else everything.filter(_holds(user, verbs, "pk"))


def _holds(user: User, verbs: Collection[str], template: str) -> Q:
    grant = {"content_object": OuterRef(template), "permission__codename__in": verbs}
    condition = Q(Exists(TemplateUserPermission.objects.filter(user=user, **grant))) | Q(
        Exists(TemplateGroupPermission.objects.filter(group__user=user, **grant))
    )
    if START in verbs:
        condition |= Q(Exists(_begun_by(user).filter(template=OuterRef(template))))
    if set(verbs) - {START}:
        prefix = "" if template == "pk" else "template__"
        condition |= Q(**{f"{prefix}owner": user}) | Q(**{f"{prefix}deputy": user})
    if AUDIT in verbs:
        condition |= _audits_everything(user)
    return condition


def _begun_by(user: User) -> QuerySet[TemplateVersion]:
    """The published versions whose starting role this person is in."""
    return TemplateVersion.objects.filter(state="published", start_role__in=_roles_of(user))


def _audits_everything(user: User) -> Q:
    """A condition: the person has the permission to audit for the site as a whole, so also for
    workflows that are made later (`make_roles`)."""
    app, codename = AUDIT_EVERYTHING.split(".")
    everywhere = Permission.objects.filter(codename=codename, content_type__app_label=app)
    return Q(Exists(everywhere.filter(Q(user=user) | Q(group__user=user))))


def _may(user: Actor, template: WorkflowTemplate, *verbs: str) -> bool:
    return templates_with(user, *verbs).filter(pk=template.pk).exists()


def may_start(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether the person may start requests of this workflow."""
    return _may(user, template, START)


def may_manage(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether the person answers for the workflow: owner, deputy, or by grant."""
    return _may(user, template, MANAGE)


def manages_as(user: User, template: WorkflowTemplate) -> str | None:
    """In which capacity the person answers for the workflow: `owner`, `deputy`, `manager` (by
    grant), `site` (a superuser), or None. Who is several is the first of them."""
    if not user.is_active:
        return None
    if user.pk == template.owner_id:
        return "owner"
    if user.pk == template.deputy_id:
        return "deputy"
    if user.is_superuser:
        return "site"
    return "manager" if may_manage(user, template) else None


def may_audit(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether the person may read its reports and trail."""
    return _may(user, template, AUDIT, MANAGE)


# -- what maps do with what is not theirs -----------------------------------------------------


def may_start_by_map(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether a map of this person's may start requests of another workflow: who may start it by
    hand, and who manages it, for they could let themselves."""
    return _may(user, template, START) or may_manage(user, template)


def may_listen(user: Actor, template: WorkflowTemplate) -> bool:
    """Whether a map of this person's may start when requests of a workflow end, and take over
    their values."""
    return _may(user, template, LISTEN, MANAGE)


def may_use(user: Actor, connection: Connection) -> bool:
    """Whether a map of this person's may call by a connection: its owner's, or by grant."""
    if not user.is_authenticated or not user.is_active:
        return False
    if user.is_superuser or user.pk == connection.owner_id:
        return True
    grant = {"content_object": connection, "permission__codename": USE}
    return (
        ConnectionUserPermission.objects.filter(user=user, **grant).exists()
        or ConnectionGroupPermission.objects.filter(group__user=user, **grant).exists()
    )


# -- accounts ---------------------------------------------------------------------------------


def may_change_account(by: User, other: User) -> bool:
    """Whether somebody may change another account: a superuser any; others only such as have no
    permission that they lack themselves, an account that is closed now included."""
    if by.is_superuser or by.pk == other.pk:
        return by.is_active
    return not other.is_superuser and not _permissions(other).exclude(pk__in=_permissions(by))


def permissions_held(user: User) -> QuerySet[Permission]:
    """The permissions that this person may hand on: those that they hold."""
    return Permission.objects.all() if user.is_superuser else _permissions(user)


def groups_held(user: User) -> QuerySet[Group]:
    """The groups that this person may put others into: those that they are in."""
    return Group.objects.all() if user.is_superuser else Group.objects.filter(user=user)


def _permissions(user: User) -> QuerySet[Permission]:
    return Permission.objects.filter(Q(user=user) | Q(group__user=user)).distinct()


# -- auditing ---------------------------------------------------------------------------------


def may_audit_site(user: Actor) -> bool:
    """Whether the person may read what the trail says of the site: of groups, rights, accounts."""
    return user.is_active and user.has_perm(f"workflows.{AUDIT_SITE}")


def auditable(user: Actor) -> QuerySet[WorkflowTemplate]:
    """The workflows whose reports and trail this person may read."""
    return templates_with(user, AUDIT, MANAGE)


def startable(user: Actor) -> QuerySet[WorkflowTemplate]:
    """The workflows that have a published version and that this person may start."""
    return templates_with(user, START).filter(versions__state="published")


# -- requests ---------------------------------------------------------------------------------


def visible_requests(user: Actor) -> QuerySet[WorkflowInstance]:
    """The requests that this person may read: their own, those in which they have a task or have
    acted, those with an open task in one of their queues or escalated to them, and all of a
    workflow that they may view."""
    if not user.is_authenticated or not user.is_active:
        return WorkflowInstance.objects.none()
    requests = WorkflowInstance.objects.all()
    if user.is_superuser:
        return requests
    tasks = WorkItem.objects.filter(request=OuterRef("pk"))
    return requests.filter(
        Q(requester=user)
        | Q(Exists(tasks.filter(assignee=user)))
        | Q(Exists(TrailEvent.objects.filter(request=OuterRef("pk"), actor=user)))
        | Q(Exists(tasks.filter(performs(user), is_open=True)))
        | Q(pk__in=AddedPerson.objects.filter(user=user).values("work_item__request"))
        | _holds(user, (VIEW, MANAGE, AUDIT), "template_id")
    )


def may_view(user: Actor, instance: WorkflowInstance) -> bool:
    """Whether the person may read this request."""
    return visible_requests(user).filter(pk=instance.pk).exists()


def permission_named(model: type, codename: str) -> Permission:
    """Django's row for a permission of a model."""
    kind = ContentType.objects.get_for_model(model)
    return Permission.objects.get(content_type=kind, codename=codename)
