"""Rights are facts: whoever changes who may do what, by whichever door, leaves a row in the trail.

Pages, the admin, commands and a shell all come to the same rows of the database, so the rows'
own signals write the record. They write it and do nothing else. Who did it is the person of the
service that says so (`by_whom`), else of the HTTP request at hand; a shell has nobody. What is
changed in bulk past the models (`bulk_create`, `update`) is recorded by whoever does that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.utils import timezone
from simple_history.models import HistoricalRecords

from workflows.models import (
    ApiToken,
    BusinessCalendar,
    Closure,
    Connection,
    ConnectionGroupPermission,
    ConnectionUserPermission,
    ServiceAccount,
    TemplateGroupPermission,
    TemplateUserPermission,
    WebhookKey,
    WorkflowTemplate,
)
from workflows.services.trail import write_fact


@dataclass(frozen=True, slots=True)
class Doing:
    """In whose name, and why."""

    actor: User | None = None
    why: str = ""
    quiet: bool = False


_doing: ContextVar[Doing | None] = ContextVar("doing", default=None)


@contextmanager
def by_whom(actor: User | None, why: str = "") -> Iterator[None]:
    """What is changed in here is this person's doing, for this reason."""
    outer = _doing.get()
    before = _doing.set(Doing(actor, why, quiet=outer is not None and outer.quiet))
    try:
        yield
    finally:
        _doing.reset(before)


@contextmanager
def by_whom_known(actor: User | None) -> Iterator[None]:
    """As `by_whom`, where it is known who acts; else as it was."""
    if actor is None:
        yield
        return
    with by_whom(actor):
        yield


@contextmanager
def beginning() -> Iterator[None]:
    """What is made in here was never otherwise: an invented company, the people of a log."""
    before = _doing.set(Doing(quiet=True))
    try:
        yield
    finally:
        _doing.reset(before)


def _who() -> Doing:
    known = _doing.get()
    if known is not None:
        return known
    user = getattr(getattr(HistoricalRecords.context, "request", None), "user", None)
    return Doing(user if isinstance(user, User) and user.pk else None)


def write(command: str, template: WorkflowTemplate | None = None, **changes: Any) -> None:
    """One row: what is other now, by codes and names."""
    doing = _who()
    if not doing.quiet:
        write_fact(
            command, actor=doing.actor, now=timezone.now(), comment=doing.why, changes=changes,
            template=template,
        )  # fmt: skip


# -- groups and Django's permissions ----------------------------------------------------------

MANY: Mapping[Any, tuple[str, str, str, str]] = {
    User.groups.through: ("join_group", "leave_group", "people", "groups"),
    User.user_permissions.through: ("grant", "withdraw", "people", "permissions"),
    Group.permissions.through: ("grant", "withdraw", "groups", "permissions"),
}


def _many(
    sender: Any, instance: Any, action: str, reverse: bool, model: Any, pk_set: Any, **more: Any
) -> None:
    """Somebody was put into a group or taken out of it; a permission was given or taken."""
    into, out_of, ours, theirs = MANY[sender]
    if action == "pre_clear":
        pk_set = _there(sender, instance, model)
    if not pk_set or action not in ("post_add", "post_remove", "pre_clear"):
        return
    others = _names(model.objects.filter(pk__in=pk_set))
    if reverse:
        ours, theirs = theirs, ours
    said: dict[str, Any] = {ours: _names([instance]), theirs: others}
    write(into if action == "post_add" else out_of, None, **said)


def _there(through: Any, instance: Any, model: Any) -> list[Any]:
    """The rows to which this one is bound now."""
    ends = {field.related_model: field.name for field in through._meta.fields if field.is_relation}
    rows = through.objects.filter(**{ends[type(instance)]: instance})
    return list(rows.values_list(ends[model], flat=True))


def _names(rows: Iterable[Any]) -> list[str]:
    return sorted(
        f"{row.content_type.app_label}.{row.codename}" if isinstance(row, Permission) else str(row)
        for row in rows
    )


# -- permissions on a workflow, a connection --------------------------------------------------

GRANTS = (
    *(TemplateUserPermission, TemplateGroupPermission),
    *(ConnectionUserPermission, ConnectionGroupPermission),
)


def _granted(
    sender: Any, instance: Any, created: bool = False, raw: bool = False, **_: Any
) -> None:
    if created and not raw:
        write_grant("grant", instance)


def _withdrawn(sender: Any, instance: Any, **_: Any) -> None:
    write_grant("withdraw", instance)


def write_grant(command: str, row: Any) -> None:
    """A permission on one workflow or connection was given or taken."""
    on = row.content_object
    template = on if isinstance(on, WorkflowTemplate) else None
    holder = {"people": [str(row.user)]} if hasattr(row, "user") else {"groups": [str(row.group)]}
    what = {"permissions": [row.permission.codename]}
    write(command, template, **holder, **what, on=f"{type(on)._meta.verbose_name}: {on}")


# -- rows whose columns say who may do what ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Watched:
    """Columns of a model that are a fact of rights, and how a row of it is called in the trail."""

    command: str
    columns: tuple[str, ...]
    name: Callable[[Any], Mapping[str, Any]]
    hidden: tuple[str, ...] = ()


WATCHED: Mapping[type[Model], Watched] = {
    User: Watched(
        "change_account",
        ("username", "email", "is_active", "is_staff", "is_superuser"),
        lambda row: {"account": row.get_username()},
        hidden=("password",),
    ),
    Group: Watched("change_group", ("name",), lambda row: {"group": row.name}),
    ServiceAccount: Watched(
        "change_account",
        ("purpose", "owner_id"),
        lambda row: {"account": str(row), "service": row.purpose, "owner": str(row.owner)},
    ),
    Connection: Watched(
        "change_connection",
        (
            *("key", "name", "base_url", "owner_id", "auth", "username", "header"),
            *("allowed_hosts", "timeout_seconds", "is_active"),
        ),
        lambda row: {"connection": row.key, "owner": str(row.owner)},
        hidden=("secret",),
    ),
    BusinessCalendar: Watched(
        "change_calendar",
        ("key", "name", "zone", "hours", "country", "subdivision"),
        lambda row: {"calendar": row.key},
    ),
    Closure: Watched(
        "change_calendar",
        ("name", "first_day", "last_day"),
        lambda row: {"calendar": row.calendar.key, "closure": row.name},
    ),
}


def _before(
    sender: Any, instance: Any, raw: bool = False, update_fields: Any = None, **_: Any
) -> None:
    """Keep what stood there, where a watched column may change."""
    watched = WATCHED[sender]
    columns = {*watched.columns, *watched.hidden}
    instance._facts_before = None
    if raw or instance._state.adding or (update_fields and not columns & set(update_fields)):
        return
    # Django saves a password anew when its hash is out of date; that changes no fact.
    if set(update_fields or ()) == {"password"} and getattr(instance, "_password", None) is None:
        return
    rows = sender._default_manager.filter(pk=instance.pk)
    instance._facts_before = rows.values(*columns).first()


def _after(sender: Any, instance: Any, created: bool, raw: bool = False, **_: Any) -> None:
    watched = WATCHED[sender]
    if created and not raw:
        write(watched.command, **watched.name(instance), done="made")
    before = instance._facts_before
    if not before:
        return
    changed: dict[str, Any] = {
        name.removesuffix("_id"): [_plain(before[name]), _plain(getattr(instance, name))]
        for name in watched.columns
        if before[name] != getattr(instance, name)
    }
    hidden = [name for name in watched.hidden if before[name] != getattr(instance, name)]
    changed |= dict.fromkeys(hidden, "changed")
    if changed:
        write(watched.command, **watched.name(instance), changed=changed)


def _gone(sender: Any, instance: Any, **_: Any) -> None:
    watched = WATCHED[sender]
    write(watched.command, **watched.name(instance), done="deleted")


def _plain(value: Any) -> Any:
    return (
        value if value is None or isinstance(value, bool | int | str | list | dict) else str(value)
    )


# -- tokens and webhook keys ------------------------------------------------------------------


def _token(sender: Any, instance: ApiToken, created: bool, raw: bool = False, **_: Any) -> None:
    """A token was made, or revoked; its use is no fact of rights."""
    if raw or not (created or instance.revoked_at):
        return
    write(
        "make_token" if created else "revoke_token",
        token=f"{instance.pk}: {instance.name}", acts_as=instance.user.get_username(),
        scopes=instance.scopes, expires=_plain(instance.expires_at),
    )  # fmt: skip


def _key(sender: Any, instance: WebhookKey, created: bool, raw: bool = False, **_: Any) -> None:
    """A key was made, given a new secret, or revoked."""
    if raw:
        return
    done = "make_key" if created else "revoke_key" if instance.revoked_at else "rotate_key"
    write(
        done, instance.template,
        key=f"{instance.pk}: {instance.name}", acts_as=instance.acts_as.get_username(),
    )  # fmt: skip


def listen() -> None:
    """Let the rows write the record; called once when the program starts."""
    for through in MANY:
        m2m_changed.connect(_many, sender=through, dispatch_uid=f"facts-{through.__name__}")
    for model in GRANTS:
        post_save.connect(_granted, sender=model, dispatch_uid="facts-granted")
        post_delete.connect(_withdrawn, sender=model, dispatch_uid="facts-withdrawn")
    for watched in WATCHED:
        pre_save.connect(_before, sender=watched, dispatch_uid="facts-before")
        post_save.connect(_after, sender=watched, dispatch_uid="facts-after")
        post_delete.connect(_gone, sender=watched, dispatch_uid="facts-gone")
    post_save.connect(_token, sender=ApiToken, dispatch_uid="facts-token")
    post_save.connect(_key, sender=WebhookKey, dispatch_uid="facts-key")
