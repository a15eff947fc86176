"""The one place that answers 'may they?' for pages, admin, commands and API.

`perform_step` is granted on steps, the verbs start, view, manage and audit on workflows, both
in guardian's tables with direct keys. Acting on a step is never a matter of rank: a superuser
who is not in a step's role does not decide it. Managing, viewing and auditing are.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from workflows.engine.definition import RoleDef
from workflows.models import (
    AddedPerson,
    Connection,
    ConnectionGroupPermission,
    ConnectionUserPermission,
    Step,
    StepGroupPermission,
    StepUserPermission,
    TemplateGroupPermission,
    TemplateUserPermission,
    TrailEvent,
    WorkflowInstance,
    WorkflowTemplate,
    WorkItem,
)

PERFORM = "perform_step"
START = "start_workflowtemplate"
VIEW = "view_workflowtemplate"
MANAGE = "manage_workflowtemplate"
AUDIT = "audit_workflowtemplate"
LISTEN = "listen_workflowtemplate"
USE = "use_connection"

Actor = User | AnonymousUser


# -- acting on steps --------------------------------------------------------------------------


def performs(user: User, step: str = "step_id") -> Q:
    """A condition: this person may act on the step in column `step` by its role."""
    grant = {"content_object": OuterRef(step), "permission__codename": PERFORM}
    return Q(Exists(StepUserPermission.objects.filter(user=user, **grant))) | Q(
        Exists(StepGroupPermission.objects.filter(group__user=user, **grant))
    )


def added(user: User) -> Q:
    """A condition on tasks: this one was escalated to this person."""
    return Q(Exists(AddedPerson.objects.filter(user=user, work_item=OuterRef("pk"))))


STEPS_OF = """
    SELECT g.content_object_id FROM workflows_stepuserpermission g
    JOIN auth_permission p ON p.id = g.permission_id
    WHERE g.user_id = %s AND p.codename = %s
    UNION
    SELECT g.content_object_id FROM workflows_stepgrouppermission g
    JOIN auth_user_groups m ON m.group_id = g.group_id
    JOIN auth_permission p ON p.id = g.permission_id
    WHERE m.user_id = %s AND p.codename = %s
"""


def steps_of(user: User) -> list[int]:
    """The ids of all steps on which this person may act by a role. One statement.

    Written as SQL because every inbox begins with it: measured, the ORM took longer to build it
    than the database to answer it.
    """
    with connection.cursor() as cursor:
        cursor.execute(STEPS_OF, [user.pk, PERFORM, user.pk, PERFORM])
        return sorted(row[0] for row in cursor.fetchall())


def people_of(step_id: int | Any) -> QuerySet[User]:
    """The active people who may act on this step by its role."""
    permission = {"permission__codename": PERFORM, "content_object": step_id}
    return User.objects.filter(
        Exists(StepUserPermission.objects.filter(user=OuterRef("pk"), **permission))
        | Exists(StepGroupPermission.objects.filter(group__user=OuterRef("pk"), **permission)),
        is_active=True,
    )


def in_role(user: User, role: RoleDef, group_names: Collection[str], who: str | None) -> bool:
    """Whether the person is in a role of a map.

    `group_names` are the person's groups; `who` the username that the role's field or its
    requester stands for in the request.
    """
    if not role.is_static:
        return who is not None and user.get_username() == who
    return user.get_username() in (role.users or []) or bool(
        set(group_names) & set(role.groups or [])
    )


def grant_step(step: Step, groups: Iterable[str], users: Iterable[str]) -> None:
    """Let exactly the members of these groups and these people act on a step."""
    permission = permission_named(Step, PERFORM)
    StepGroupPermission.objects.bulk_create(
        StepGroupPermission(permission=permission, group=group, content_object=step)
        for group in Group.objects.filter(name__in=set(groups))
    )
    StepUserPermission.objects.bulk_create(
        StepUserPermission(permission=permission, user=user, content_object=step)
        for user in User.objects.filter(username__in=set(users))
    )


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
    if set(verbs) - {START}:
        prefix = "" if template == "pk" else "template__"
        condition |= Q(**{f"{prefix}owner": user}) | Q(**{f"{prefix}deputy": user})
    return condition


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
    return user.is_active and user.has_perm("workflows.audit_site")


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
