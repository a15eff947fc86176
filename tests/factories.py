"""People, groups and maps for tests: plain functions, each makes the one thing it names."""

import copy
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.contrib.auth.models import Group, Permission

from workflows.access.conditions import VIEW
from workflows.access.grant_models import TemplateUserPermission
from workflows.access.permissions import permission_named
from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.services import publishing as definitions
from workflows.engine.format.definition import Definition
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.outbox.models import Attempt
from workflows.people.models import User

MAPS = Path(__file__).parent / "maps"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""


def make_group(name: str) -> Group:
    """The group of this name."""
    with suppress_fact_recording():
        return Group.objects.get_or_create(name=name)[0]


def make_user(username: str, *, groups: Iterable[str] = (), **values: Any) -> User:
    """A person, made when needed, in these groups; the password is the username."""
    user = User.objects.filter(username=username).first()
    with suppress_fact_recording():
        if user is None:
            user = User.objects.create_user(username, password=username, **values)
        user.groups.add(*(make_group(name) for name in groups))
    return user


def make_staff(username: str, *permissions: str) -> User:
    """Somebody who may open the admin, with these permissions on the tables of `workflows`."""
    user = make_user(username, is_staff=True)
    with suppress_fact_recording():
        user.user_permissions.add(
            *Permission.objects.filter(
                content_type__app_label="workflows", codename__in=permissions
            )
        )
    return user


def make_viewer(username: str = "viewer") -> User:
    """Somebody who may look at everything in the admin, of all workflows of now, and change
    nothing."""
    user = make_user(username, is_staff=True)
    with suppress_fact_recording():
        user.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    let(user, VIEW)
    return user


def let(user: User, verb: str, *templates: WorkflowTemplate) -> None:
    """Grant this person a verb on these workflows, or on all that there are."""
    permission = permission_named(WorkflowTemplate, verb)
    with suppress_fact_recording():
        for template in templates or WorkflowTemplate.objects.all():
            TemplateUserPermission.objects.get_or_create(
                user=user, permission=permission, content_object=template
            )


def purchase_people() -> dict[str, User]:
    """The people of the purchase map, by username."""
    in_groups: Mapping[str, tuple[str, ...]] = {
        "olivia": (),
        "omar": (),
        "mia": (),
        "sam": ("staff",),
        "sue": ("staff",),
        "lena": ("legal",),
        "fred": ("finance",),
        "fay": ("finance",),
    }
    found = User.objects.filter(username__in=in_groups).prefetch_related("groups")
    people = {user.username: user for user in found}
    for name, groups in in_groups.items():
        if name not in people or not _is_in(people[name], groups):
            people[name] = make_user(name, groups=groups)
    return {name: people[name] for name in in_groups}


def _is_in(user: User, groups: Iterable[str]) -> bool:
    return {*groups} <= {group.name for group in user.groups.all()}


def map_data(name: str = "purchase", **changes: Any) -> dict[str, Any]:
    """The plain data of one of the test maps, with some of its head changed."""
    return parse_map((MAPS / f"{name}.yaml").read_text()) | changes


def parse_map(text: str) -> dict[str, Any]:
    """The plain data of a map in YAML, the caller's own to change."""
    return copy.deepcopy(_parse_once(text))


@cache
def _parse_once(text: str) -> dict[str, Any]:
    """Hundreds of tests publish the same few maps, and reading YAML is slow."""
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def load_map(data: Mapping[str, Any] | None = None) -> TemplateVersion:
    """A draft of this definition (the purchase map where none is given)."""
    definition = Definition.model_validate(data or map_data())
    return definitions.load_definition(definition, actor=None, now=NOW)[0]


def publish_map(data: Mapping[str, Any] | None = None) -> TemplateVersion:
    """The published version of this definition; its people are made where they are missing."""
    purchase_people()
    version = load_map(data)
    if not version.is_editable:
        return version
    return definitions.publish(version.pk, actor=None, now=NOW)


def start_request(
    version: TemplateVersion, *, by: str = "sam", now: datetime = NOW, **data: Any
) -> WorkflowInstance:
    """A request on this version, with the purchase map's required fields filled in."""
    values = {"amount": "1200.00", "region": "EU", "manager": "mia"} | data
    return requests.start_on_version(version, actor=make_user(by), now=now, data=values)


def make_failed_attempt(item: WorkItem, **columns: Any) -> Attempt:
    """A try of an automation that the other side answered with an error."""
    values = {
        "number": 1,
        "milliseconds": 1234,
        "status": 500,
        "code": "http_500",
        "parameters": {"error": "http_500", "text": "It answered 500."},
    }
    return Attempt.objects.create(
        request=item.request,
        step=item.step,
        activation=item.activation,
        action="http",
        idempotency_key="k",
        state=Attempt.FAILED,
        started_at=NOW,
        finished_at=NOW,
        **values | columns,
    )


def open_task(request: WorkflowInstance, step: str) -> WorkItem:
    """The open task of a request at a step."""
    return WorkItem.objects.open().get(request=request, step__key=step)
