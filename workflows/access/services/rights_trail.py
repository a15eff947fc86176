"""Rights are facts: whoever changes who may do what, by whichever door, leaves a row in the trail.

Pages, the admin, commands and a shell all come to the same rows of the database, so the rows'
own signals write the record. Who did it is the person of the service that says so (`by_whom`),
else of the HTTP request at hand; a shell has nobody. What is changed in bulk past the models
(`bulk_create`, `update`) is recorded by whoever does that.

They do one thing besides: where people went, came or are called otherwise, they write a message
that asks for a look at all open work. So no door by which somebody goes can forget it, and the
look is taken at once and in a transaction of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.utils import timezone
from simple_history.models import HistoricalRecords

from workflows.access.grant_models import (
    ConnectionGroupPermission,
    ConnectionUserPermission,
    TemplateGroupPermission,
    TemplateUserPermission,
)
from workflows.access.models import ApiToken, ServiceAccount
from workflows.calendars.models import BusinessCalendar, Closure
from workflows.connections.models import Connection, WebhookKey
from workflows.definitions.models import WorkflowTemplate
from workflows.outbox.payloads import WatchPayload
from workflows.outbox.services import messages as outbox
from workflows.people.models import User
from workflows.resources.models import BudgetPeriod, Resource
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import (
    CHANGED,
    DELETED,
    MADE,
    AccountChanged,
    CalendarChanged,
    ConnectionChanged,
    FactChanges,
    GroupChanged,
    ResourceChanged,
    RightsChanged,
    RowChanged,
    TokenChanged,
    WebhookKeyChanged,
)
from workflows.trail.services.recording import write_fact


@dataclass(frozen=True, slots=True)
class RecordingContext:
    """In whose name, and why."""

    actor: User | None = None
    why: str = ""
    quiet: bool = False


_recording_context: ContextVar[RecordingContext | None] = ContextVar("doing", default=None)


@contextmanager
def attribute_changes_to(actor: User | None, why: str = "") -> Iterator[None]:
    """What is changed in here is this person's doing, for this reason."""
    outer = _recording_context.get()
    before = _recording_context.set(
        RecordingContext(actor, why, quiet=outer is not None and outer.quiet)
    )
    try:
        yield
    finally:
        _recording_context.reset(before)


@contextmanager
def attribute_changes_if_known(actor: User | None) -> Iterator[None]:
    """As `by_whom`, where it is known who acts; else as it was."""
    if actor is None:
        yield
        return
    with attribute_changes_to(actor):
        yield


@contextmanager
def suppress_fact_recording() -> Iterator[None]:
    """What is made in here was never otherwise: an invented company, the people of a log."""
    before = _recording_context.set(RecordingContext(quiet=True))
    try:
        yield
    finally:
        _recording_context.reset(before)


def _current_context() -> RecordingContext:
    context = _recording_context.get()
    if context is not None:
        return context
    user = getattr(getattr(HistoricalRecords.context, "request", None), "user", None)
    return RecordingContext(user if isinstance(user, User) and user.pk else None)


def write_rights_fact(
    command: TrailCommand, fact: FactChanges, template: WorkflowTemplate | None = None
) -> None:
    """One row: what is other now, by codes and names."""
    context = _current_context()
    if not context.quiet:
        write_fact(
            command,
            actor=context.actor,
            now=timezone.now(),
            comment=context.why,
            fact=fact,
            template=template,
        )


def _call_for_look_at_work() -> None:
    """Whoever delivers the outbox sees at once who can still finish what waits."""
    if not _current_context().quiet:
        outbox.enqueue_message(WatchPayload(), now=timezone.now())


# -- groups and Django's permissions ----------------------------------------------------------

MEMBERSHIP_COMMANDS: Mapping[Any, tuple[TrailCommand, TrailCommand, str, str]] = {
    User.groups.through: (TrailCommand.JOIN_GROUP, TrailCommand.LEAVE_GROUP, "people", "groups"),
    User.user_permissions.through: (
        TrailCommand.GRANT,
        TrailCommand.WITHDRAW,
        "people",
        "permissions",
    ),
    Group.permissions.through: (TrailCommand.GRANT, TrailCommand.WITHDRAW, "groups", "permissions"),
}


def _record_membership_change(
    sender: Any,
    instance: Any,
    action: str,
    reverse: bool,
    model: Any,
    pk_set: Any,
    **signal_arguments: Any,
) -> None:
    """Somebody was put into a group or taken out of it; a permission was given or taken."""
    into, out_of, own_label, other_label = MEMBERSHIP_COMMANDS[sender]
    if action == "pre_clear":
        pk_set = _bound_row_ids(sender, instance, model)
    if not pk_set or action not in ("post_add", "post_remove", "pre_clear"):
        return
    other_names = _sorted_names(model.objects.filter(pk__in=pk_set))
    if reverse:
        own_label, other_label = other_label, own_label
    names = {own_label: _sorted_names([instance]), other_label: other_names}
    fact = RightsChanged(
        people=names.get("people"),
        groups=names.get("groups"),
        permissions=names.get("permissions"),
    )
    write_rights_fact(into if action == "post_add" else out_of, fact)
    if sender is User.groups.through:
        _call_for_look_at_work()


def _bound_row_ids(through: Any, instance: Any, model: Any) -> list[Any]:
    """The rows to which this one is bound now."""
    ends = {field.related_model: field.name for field in through._meta.fields if field.is_relation}
    rows = through.objects.filter(**{ends[type(instance)]: instance})
    return list(rows.values_list(ends[model], flat=True))


def _sorted_names(rows: Iterable[Any]) -> list[str]:
    return sorted(
        f"{row.content_type.app_label}.{row.codename}" if isinstance(row, Permission) else str(row)
        for row in rows
    )


# -- permissions on a workflow, a connection --------------------------------------------------

GRANT_MODELS = (
    *(TemplateUserPermission, TemplateGroupPermission),
    *(ConnectionUserPermission, ConnectionGroupPermission),
)


def _record_grant(
    sender: Any, instance: Any, created: bool = False, raw: bool = False, **_: Any
) -> None:
    if created and not raw:
        write_permission_fact(TrailCommand.GRANT, instance)


def _record_withdrawal(sender: Any, instance: Any, **_: Any) -> None:
    write_permission_fact(TrailCommand.WITHDRAW, instance)


def write_permission_fact(command: TrailCommand, row: Any) -> None:
    """A permission on one workflow or connection was given or taken."""
    target = row.content_object
    template = target if isinstance(target, WorkflowTemplate) else None
    fact = RightsChanged(
        people=[str(row.user)] if hasattr(row, "user") else None,
        groups=None if hasattr(row, "user") else [str(row.group)],
        permissions=[row.permission.codename],
        on=f"{type(target)._meta.verbose_name_raw}: {target}",
    )
    write_rights_fact(command, fact, template)


# -- rows whose columns say who may do what ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class WatchedColumns:
    """Columns of a model that are a fact of rights, and how a row of it is called in the trail."""

    command: TrailCommand
    columns: tuple[str, ...]
    name: Callable[[Any], RowChanged]
    hidden: tuple[str, ...] = ()
    moving: frozenset[str] = frozenset()
    """Columns by which somebody, or a group, may have other work than before."""


WATCHED_MODELS: Mapping[type[Model], WatchedColumns] = {
    User: WatchedColumns(
        TrailCommand.CHANGE_ACCOUNT,
        (
            *("username", "email", "is_active", "is_staff", "is_superuser"),
            *("manager_id", "department", "cost_centre", "place", "approval_limit"),
        ),
        lambda row: AccountChanged(account=row.get_username()),
        hidden=("password",),
        moving=frozenset(
            {
                *("username", "is_active", "is_superuser"),
                *("manager_id", "department", "approval_limit"),
            }
        ),
    ),
    Group: WatchedColumns(
        TrailCommand.CHANGE_GROUP,
        ("name",),
        lambda row: GroupChanged(group=row.name),
        moving=frozenset({"name"}),
    ),
    ServiceAccount: WatchedColumns(
        TrailCommand.CHANGE_ACCOUNT,
        ("purpose", "owner_id"),
        lambda row: AccountChanged(account=str(row), service=row.purpose, owner=str(row.owner)),
    ),
    Connection: WatchedColumns(
        TrailCommand.CHANGE_CONNECTION,
        (
            *("key", "name", "base_url", "owner_id", "deputy_id", "auth", "username", "header"),
            *("token_url", "authorize_url", "client_id", "client_auth", "scope"),
            *("allowed_hosts", "timeout_seconds", "is_active"),
        ),
        lambda row: ConnectionChanged(connection=row.key, owner=str(row.owner)),
        hidden=("secret",),
    ),
    BusinessCalendar: WatchedColumns(
        TrailCommand.CHANGE_CALENDAR,
        ("key", "name", "zone", "hours", "country", "subdivision"),
        lambda row: CalendarChanged(calendar=row.key),
    ),
    Closure: WatchedColumns(
        TrailCommand.CHANGE_CALENDAR,
        ("name", "first_day", "last_day"),
        lambda row: CalendarChanged(calendar=row.calendar.key, closure=row.name),
    ),
    Resource: WatchedColumns(
        TrailCommand.CHANGE_RESOURCE,
        (
            *("key", "name", "kind", "group", "capacity", "calendar", "currency"),
            *("owner_id", "deputy_id", "person_id", "is_active"),
        ),
        lambda row: ResourceChanged(resource=row.key),
    ),
    BudgetPeriod: WatchedColumns(
        TrailCommand.CHANGE_RESOURCE,
        ("first_day", "last_day", "units"),
        lambda row: ResourceChanged(resource=row.resource.key, period=str(row)),
    ),
}


def _remember_columns(
    sender: Any, instance: Any, raw: bool = False, update_fields: Any = None, **_: Any
) -> None:
    """Keep what stood there, where a watched column may change."""
    watched = WATCHED_MODELS[sender]
    columns = {*watched.columns, *watched.hidden}
    instance._facts_before = None
    if raw or instance._state.adding or (update_fields and not columns & set(update_fields)):
        return
    # Django saves a password anew when its hash is out of date; that changes no fact.
    if set(update_fields or ()) == {"password"} and getattr(instance, "_password", None) is None:
        return
    rows = sender._default_manager.filter(pk=instance.pk)
    instance._facts_before = rows.values(*columns).first()


def _record_column_change(
    sender: Any, instance: Any, created: bool, raw: bool = False, **_: Any
) -> None:
    watched = WATCHED_MODELS[sender]
    if created and not raw:
        write_rights_fact(watched.command, replace(watched.name(instance), done=MADE))
    before = instance._facts_before
    if not before:
        return
    changed: dict[str, Any] = {
        name.removesuffix("_id"): [
            _serializable_value(before[name]),
            _serializable_value(getattr(instance, name)),
        ]
        for name in watched.columns
        if before[name] != getattr(instance, name)
    }
    hidden = [name for name in watched.hidden if before[name] != getattr(instance, name)]
    changed |= dict.fromkeys(hidden, CHANGED)
    if changed:
        write_rights_fact(watched.command, replace(watched.name(instance), changed=changed))
    if any(before[name] != getattr(instance, name) for name in watched.moving):
        _call_for_look_at_work()


def _record_deletion(sender: Any, instance: Any, **_: Any) -> None:
    watched = WATCHED_MODELS[sender]
    write_rights_fact(watched.command, replace(watched.name(instance), done=DELETED))
    if watched.moving:
        _call_for_look_at_work()


def _serializable_value(value: Any) -> Any:
    return (
        value if value is None or isinstance(value, bool | int | str | list | dict) else str(value)
    )


# -- tokens and webhook keys ------------------------------------------------------------------


def _record_token_change(
    sender: Any, instance: ApiToken, created: bool, raw: bool = False, **_: Any
) -> None:
    """A token was made, or revoked; its use is no fact of rights."""
    if raw or not (created or instance.revoked_at):
        return
    write_rights_fact(
        TrailCommand.MAKE_TOKEN if created else TrailCommand.REVOKE_TOKEN,
        TokenChanged(
            token=f"{instance.pk}: {instance.name}",
            acts_as=instance.user.get_username(),
            scopes=list(instance.scopes),
            expires=_serializable_value(instance.expires_at),
        ),
    )


def _record_webhook_key_change(
    sender: Any, instance: WebhookKey, created: bool, raw: bool = False, **_: Any
) -> None:
    """A key was made, given a new secret, or revoked."""
    if raw:
        return
    done = (
        TrailCommand.MAKE_KEY
        if created
        else TrailCommand.REVOKE_KEY
        if instance.revoked_at
        else TrailCommand.ROTATE_KEY
    )
    write_rights_fact(
        done,
        WebhookKeyChanged(
            key=f"{instance.pk}: {instance.name}", acts_as=instance.acts_as.get_username()
        ),
        instance.template,
    )


def connect_fact_receivers() -> None:
    """Let the rows write the record; called once when the program starts."""
    for through in MEMBERSHIP_COMMANDS:
        m2m_changed.connect(
            _record_membership_change, sender=through, dispatch_uid=f"facts-{through.__name__}"
        )
    for model in GRANT_MODELS:
        post_save.connect(_record_grant, sender=model, dispatch_uid="facts-granted")
        post_delete.connect(_record_withdrawal, sender=model, dispatch_uid="facts-withdrawn")
    for watched in WATCHED_MODELS:
        pre_save.connect(_remember_columns, sender=watched, dispatch_uid="facts-before")
        post_save.connect(_record_column_change, sender=watched, dispatch_uid="facts-after")
        post_delete.connect(_record_deletion, sender=watched, dispatch_uid="facts-gone")
    post_save.connect(_record_token_change, sender=ApiToken, dispatch_uid="facts-token")
    post_save.connect(_record_webhook_key_change, sender=WebhookKey, dispatch_uid="facts-key")
