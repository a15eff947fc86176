"""Who may what, as conditions on rows: what the querysets of the models and `permissions` ask.

Nothing here imports a model: the models' own querysets use it.
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from workflows.access.conditions.person_conditions import (
    THE_MOMENT,
    ConditionSql,
    PeopleConditionSql,
    PersonCondition,
)
from workflows.access.conditions.role_lookups import WayIntoRole, ways_into_roles
from workflows.access.conditions.stand_in_sql import (
    covers_workflow_sql,
    has_named_workflows_sql,
    people_stood_in_for_sql,
    sql_moment,
)
from workflows.persistence.sql_text import compose_sql, sql_expression
from workflows.trail.choices import COMMANDS_WITHOUT_SIGHT

if TYPE_CHECKING:
    from workflows.people.models import User

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

Actor: TypeAlias = "User | AnonymousUser"


Condition = Q | ConditionSql
EVERYBODY, NOBODY = Q(), Q(pk__in=())


def _rows_of(model: str) -> QuerySet[Any]:
    rows: QuerySet[Any] = apps.get_model("workflows", model)._default_manager.all()
    return rows


# -- who is in a role -------------------------------------------------------------------------


@lru_cache(maxsize=1)
def table_names() -> dict[str, str]:
    """The tables that these conditions speak of, by the names that the SQL has for them."""
    user = get_user_model()
    tables = {"entry": "RoleEntry", "role": "Role", "step": "Step", "route": "Route"}
    tables |= {"version": "TemplateVersion", "task": "WorkItem", "added": "AddedPerson"}
    return {
        **{name: _rows_of(model).model._meta.db_table for name, model in tables.items()},
        "member": user.groups.through._meta.db_table,
        "person": user._meta.db_table,
        "group": Group._meta.db_table,
    }


def role_members_sql(condition: str) -> str:
    """SQL for pairs of a role and a person in its list (some twice), where a condition on
    `{person}` and on `e.role_id` holds. This is the one way of finding the people of a role: plain
    SQL, because every inbox and every decision asks it."""
    return _role_members_sql(condition, ways_into_roles())


@lru_cache(maxsize=64)
def _role_members_sql(condition: str, role_ways: tuple[WayIntoRole, ...]) -> str:
    return " UNION ALL ".join(
        way_in.sql.format(**table_names(), condition=f"({condition.format(person=way_in.person)})")
        for way_in in role_ways
    )


def roles_of_person_sql() -> str:
    """SQL for the roles in whose lists a person (`%(user)s`) is."""
    return role_members_sql("{person} = %(user)s")


def steps_of_person_sql() -> str:
    """SQL for the steps on which a person (`%(user)s`) may act by a role."""
    return compose_sql(
        """
    WITH mine AS ({roles})
    {steps}
    """,
        steps=_steps_of_roles_sql("SELECT mine.role FROM mine"),
        roles=roles_of_person_sql(),
        **table_names(),
    )


def performs_step_condition(user: "User", step: str = "step_id") -> Q:
    """A condition: this person may act on the step in column `step` by its role."""
    return Q(**{f"{step}__in": sql_expression(steps_of_person_sql(), {"user": user.pk})})


def _steps_of_roles_sql(roles: str) -> str:
    """SQL for the steps on which people of these roles act. Not as a join, for which SQLite reads
    all steps."""
    return compose_sql(
        """
    SELECT s.id AS step FROM {step} s
    WHERE s.role_id IN ({roles}) AND s.kind IN ('approval', 'task')
    UNION SELECT way.step_id FROM {route} way WHERE way.role_id IN ({roles})
    """,
        roles=roles,
        **table_names(),
    )


def _steps_stood_in_for_sql() -> str:
    """SQL for the steps on which people whom a person (`%(user)s`) stands in for at a moment
    (`%(now)s`) may act by a role, in the workflows for which it holds."""
    return compose_sql(
        "{reached} {steps}",
        reached=_roles_in_reach_sql("{person} IN (SELECT person FROM stood)", "false"),
        steps=_steps_of_roles_sql("SELECT reached.role FROM reached"),
    )


def work_in_reach_sql() -> str:
    """SQL for what reaches a person (`%(user)s`) at a moment (`%(now)s`), their own and that of the
    people whom they stand in for: rows of a `person`, a `role` in whose list that one is, and a
    `step` that they may do by it (null where no step has the role), some twice. In one pass, as
    each page of an inbox asks it."""
    return compose_sql(
        """
    {reached}
    SELECT r.person, r.role, s.id AS step FROM reached r
    LEFT JOIN {step} s ON s.role_id = r.role AND s.kind IN ('approval', 'task')
    UNION ALL
    SELECT r.person, r.role, way.step_id FROM reached r
    JOIN {route} way ON way.role_id = r.role AND way.role_id IS NOT NULL
    """,
        reached=_roles_in_reach_sql(
            "{person} IN (SELECT %(user)s UNION ALL SELECT person FROM stood)",
            "theirs.person = %(user)s",
        ),
        **table_names(),
    )


def _roles_in_reach_sql(people: str, is_own: str) -> str:
    """A beginning for SQL: `reached` has the `person` and `role` of the people who meet a condition
    on `{person}`, in whose place the person (`%(user)s`) acts in the role's workflow at a moment
    (`%(now)s`), or who are their own. Of which workflow a role is, is asked only where somebody
    stands in for one alone."""
    of_role = compose_sql(
        "(SELECT v.template_id FROM {role} o JOIN {version} v ON v.id = o.version_id"
        " WHERE o.id = theirs.role)",
        **table_names(),
    )
    return compose_sql(
        """
    WITH stood AS MATERIALIZED (
        SELECT l.person, l.workflow, NOT {has_named_workflows} AS is_everywhere FROM ({stood}) l
    ),
    theirs AS MATERIALIZED ({roles}),
    reached AS MATERIALIZED (
        SELECT theirs.person, theirs.role FROM theirs WHERE {is_own}
        OR theirs.person IN (SELECT stood.person FROM stood WHERE stood.is_everywhere)
        OR EXISTS (SELECT 1 FROM stood WHERE stood.person = theirs.person AND {covers})
    )
    """,
        is_own=is_own,
        stood=people_stood_in_for_sql(),
        roles=role_members_sql(people),
        covers=covers_workflow_sql("stood", of_role),
        has_named_workflows=has_named_workflows_sql("l"),
    )


@lru_cache(maxsize=1)
def tasks_stood_in_for_sql() -> str:
    """SQL for the people for whom a person (`%(user)s`) stands in at a moment (`%(now)s`), with the
    open tasks that these have, or to which they were added."""
    return compose_sql(
        """
    SELECT stood.person, t.id AS task FROM ({stood}) stood
    JOIN {task} t ON t.assignee_id = stood.person AND t.is_open
    JOIN {step} s ON s.id = t.step_id JOIN {version} v ON v.id = s.version_id AND {covers}
    UNION
    SELECT stood.person, t.id FROM ({stood}) stood JOIN {added} a ON a.user_id = stood.person
    JOIN {task} t ON t.id = a.work_item_id AND t.is_open
    JOIN {step} s ON s.id = t.step_id JOIN {version} v ON v.id = s.version_id AND {covers}
    """,
        stood=people_stood_in_for_sql(),
        covers=covers_workflow_sql("stood", "v.template_id"),
        **table_names(),
    )


def stood_in_step_condition(user: "User", now: datetime | str) -> Q:
    """A condition: somebody for whom this person stands in may act on the step of the row, by its
    role."""
    return Q(step_id__in=_raw_sql(_steps_stood_in_for_sql(), user, now))


def stood_in_task_condition(user: "User", now: datetime | str) -> Q:
    """A condition on open tasks: somebody for whom this person stands in may act on them."""
    sql = compose_sql("SELECT l.task FROM ({tasks}) l", tasks=tasks_stood_in_for_sql())
    return stood_in_step_condition(user, now) | Q(pk__in=_raw_sql(sql, user, now))


def held_by_people_condition(user: "User", people: Collection[int], now: datetime) -> Q:
    """A condition: an open task is with one of these people, or was escalated to them, and the
    person stands in for that one."""
    ids = ", ".join(str(int(person)) for person in people) or "0"
    sql = compose_sql(
        "SELECT l.task FROM ({tasks}) l WHERE l.person IN ({ids})",
        tasks=tasks_stood_in_for_sql(),
        ids=ids,
    )
    return Q(pk__in=_raw_sql(sql, user, now))


def _raw_sql(sql: str, user: "User", now: datetime | str) -> RawSQL:
    moment = now if isinstance(now, str) else sql_moment(now)
    return sql_expression(sql, {"user": user.pk, "now": moment})


def roles_listing(user: "User") -> RawSQL:
    """The roles in whose lists this person is, for an `__in`."""
    sql = compose_sql("SELECT l.role FROM ({roles}) l", roles=roles_of_person_sql())
    return sql_expression(sql, {"user": user.pk})


# -- workflows --------------------------------------------------------------------------------


def holds_verb_condition(user: Actor, verbs: Collection[str]) -> Condition:
    """A condition on workflows: this person holds one of these verbs, by grant or by ownership."""
    if not user.is_authenticated or not user.is_active:
        return NOBODY
    return EVERYBODY if user.is_superuser else _verbs_condition(frozenset(verbs)).holds_for(user)


def held_verb_sql(*verbs: str) -> str:
    """SQL that finds the workflow `%(template)s` where a person (`%(user)s`), superusers apart,
    holds one of these verbs."""
    condition = _verbs_condition(frozenset(verbs))
    return condition.named_sql(DEFAULT_DB_ALIAS, "%(template)s")


@cache
def _verbs_condition(verbs: frozenset[str]) -> PersonCondition:
    return PersonCondition(
        lambda user: _rows_of("WorkflowTemplate").filter(_verb_condition(user, verbs, "pk"))
    )


def _verb_condition(user: "User", verbs: Collection[str], template: str) -> Q:
    grant = {"content_object": OuterRef(template), "permission__codename__in": verbs}
    condition = Q(Exists(_rows_of("TemplateUserPermission").filter(user=user, **grant))) | Q(
        Exists(_rows_of("TemplateGroupPermission").filter(group__user=user, **grant))
    )
    if START in verbs:
        condition |= Q(Exists(_startable_versions(user).filter(template=OuterRef(template))))
    if set(verbs) - {START}:
        prefix = "" if template == "pk" else "template__"
        condition |= Q(**{f"{prefix}owner": user}) | Q(**{f"{prefix}deputy": user})
    if AUDIT in verbs:
        condition |= _audits_everything(user)
    return condition


def _startable_versions(user: "User") -> QuerySet[Any]:
    """The published versions whose starting role this person is in."""
    return _rows_of("TemplateVersion").filter(state="published", start_role__in=roles_listing(user))


def _audits_everything(user: "User") -> Q:
    """A condition: the person has the permission to audit for the site as a whole, so also for
    workflows that are made later (`make_roles`)."""
    app, codename = AUDIT_EVERYTHING.split(".")
    everywhere = Permission.objects.filter(codename=codename, content_type__app_label=app)
    return Q(Exists(everywhere.filter(Q(user=user) | Q(group__user=user))))


# -- requests and tasks -----------------------------------------------------------------------


def sees_instance_condition(user: Actor) -> Condition:
    """A condition on requests: this person may read them. Their own, those in which they have a
    task or have acted, those with an open task in one of their queues or escalated to them, or with
    somebody for whom they stand in, those of which a mention gave them sight, those in which they
    are asked something, and all of a workflow that they may view."""
    if not user.is_authenticated or not user.is_active:
        return NOBODY
    return EVERYBODY if user.is_superuser else _SEES_INSTANCE.holds_for(user)


def _find_visible_instances(user: "User") -> QuerySet[Any]:
    """Asked of one request after another. `Coalesce` keeps each from reading all tasks that the
    person ever had: an index by the person is for lists of theirs."""
    tasks = _rows_of("WorkItem").filter(request=OuterRef("pk"))
    rows: QuerySet[Any] = apps.get_model("workflows", "WorkflowInstance").everything.all()
    return rows.filter(
        Q(requester=user)
        | Q(Exists(tasks.alias(holder=Coalesce("assignee", 0)).filter(holder=user.pk)))
        | Q(Exists(_acts_of(user).filter(request=OuterRef("pk"))))
        | Q(Exists(tasks.filter(acts_on_task_condition(user, THE_MOMENT))))
        | Q(pk__in=_rows_of("AddedPerson").filter(user=user).values("work_item__request"))
        | Q(pk__in=_rows_of("Mention").filter(person=user, gives_sight=True).values("request"))
        | Q(pk__in=_rows_of("TaskQuestion").filter(asked_of=user, state="open").values("request"))
        | _verb_condition(user, (VIEW, MANAGE, AUDIT), "template_id")
    )


_SEES_INSTANCE = PersonCondition(_find_visible_instances)


def _acts_of(user: "User") -> QuerySet[Any]:
    """What this person has done, as far as it lets them see what they did it on."""
    return _rows_of("TrailEvent").filter(actor=user).exclude(command__in=COMMANDS_WITHOUT_SIGHT)


def seen_by_condition(instance_id: int, person: str = "") -> Condition:
    """The same the other way round, a condition on people, or on rows that name one in the column
    `person`: these may read this request. For the outermost statement alone."""
    sees: Any = PeopleConditionSql(_SEES_INSTANCE, instance_id, f"{person}_id" if person else "pk")
    prefix = f"{person}__" if person else ""
    is_active, is_superuser = (Q(**{f"{prefix}{name}": True}) for name in PERSON_FLAGS)
    return is_active & (is_superuser | Q(sees))


PERSON_FLAGS = ("is_active", "is_superuser")


def acts_on_task_condition(user: Actor, now: datetime | str | None = None) -> Q:
    """A condition on tasks: they are open, and this person may act on them by their step's role,
    because they have them, because they were added to them, or in place of somebody who is away
    (now, or at a moment)."""
    if not user.is_authenticated or not user.is_active:
        return NOBODY
    added = _rows_of("AddedPerson").filter(user=user).values("work_item")
    is_theirs = performs_step_condition(user) | Q(assignee=user) | Q(pk__in=added)
    is_theirs |= stood_in_task_condition(user, now or timezone.now())
    return Q(is_open=True) & is_theirs
