"""Raw input on its way into a request, held against what its fields ask for.

Whoever writes values (a form, the API, a webhook, a message, an answer, a correction, a log) comes
through here, so that no door takes what another one refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.files import File
from django.utils import timezone

from workflows.access.permissions import active_role_members
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.authority.asked_fields import is_shown, unkept_values
from workflows.engine.authority.row_columns import ANYWHERE, AT_START
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import ColumnDef, FieldDef, display_title
from workflows.engine.timing.dates import local_day_of
from workflows.engine.values.constraints import refused_values
from workflows.engine.values.field_types.base import type_of_field
from workflows.execution.services.field_values.values import SentFiles, clean_values
from workflows.people.models import User

if TYPE_CHECKING:
    from workflows.execution.models import WorkItem
    from workflows.execution.services.unit_of_work import UnitOfWork


def clean_writes(
    work: UnitOfWork, raw: Mapping[str, Any], item: WorkItem | None = None
) -> dict[str, Any]:
    """Raw values as the request keeps them. Raises InvalidInput that names the field: where one
    cannot be read, or is not what its field asks for among the others of the request, or of the
    row that a task is about."""
    cleaned = clean_values(work.map, raw, work.instance.data, _place_of(work, item))
    writes = settle_writes(work, cleaned, item)
    require_satisfied(work, writes, item)
    return writes


def _place_of(work: UnitOfWork, item: WorkItem | None) -> str:
    if item is not None:
        return work.map.step_keys[item.step_id]
    return AT_START if work.instance.pk is None else ANYWHERE


def settle_writes(
    work: UnitOfWork, writes: Mapping[str, Any], item: WorkItem | None = None
) -> dict[str, Any]:
    """What is written, without what is not asked for, among the other values of the request; what
    was kept of that before is emptied."""
    known = work.instance.data if item is None else work.data_of(item)
    unkept = unkept_values(work.map.graph, {**known, **writes})
    kept = {key: value for key, value in writes.items() if key not in unkept}
    return kept | {key: None for key in sorted(unkept) if known.get(key) is not None}


def kept_files(
    work: UnitOfWork, files: SentFiles, writes: Mapping[str, Any]
) -> dict[str, File | Sequence[File]]:
    """The files of the fields that are asked for, among these values."""
    fields, data = work.map.graph.definition.fields, {**work.instance.data, **writes}
    return {
        key: file
        for key, file in files.items()
        if key not in fields or is_shown(work.map.graph, key, data)
    }


def require_satisfied(
    work: UnitOfWork, writes: Mapping[str, Any], item: WorkItem | None = None
) -> None:
    """Refuse canonical values that are not what their fields ask for. What stands there already
    is not asked again."""
    known = work.instance.data if item is None else work.data_of(item)
    data = work.map.graph.worked_out.completed({**known, **writes})
    written = [key for key, value in data.items() if value != known.get(key)]
    require_constraints(work.map, data, written, work.now, requester=work.instance.requester_name)


def require_constraints(
    version_map: VersionMap,
    data: Mapping[str, Any],
    written: Collection[str],
    now: datetime | None,
    *,
    requester: str = "",
) -> None:
    """Ask every constraint of what is `written` in `data`. Raises InvalidInput."""
    fields = version_map.graph.definition.all_fields
    zone = timezone.get_default_timezone()
    today = local_day_of(now, zone) if now is not None else None
    for key, refused in refused_values(fields, data, written, today=today, zone=zone):
        raise InvalidInput(
            "%(label)s: %(refused)s",
            label=display_title(key, fields[key].label),
            refused=refused,
        )
    for key in written:
        for title, spec, username in _people_written(key, fields[key], data.get(key)):
            _require_offered_person(version_map, spec, title, username, requester)


def _people_written(
    key: str, field: FieldDef, value: Any
) -> Iterator[tuple[str, FieldDef | ColumnDef, str]]:
    """Whom a value names, each under the title of its field or of its column, and once there."""
    title = display_title(key, field.label)
    if value is None:
        return
    if field.columns is None:
        for username in type_of_field(field).people_in(field, value):
            yield title, field, username
    for name, column in (field.columns or {}).items():
        column_title = f"{title}, {display_title(name, column.label)}"
        cells = [row[name] for row in value if row.get(name) is not None]
        people = [who for cell in cells for who in type_of_field(column).people_in(column, cell)]
        for username in dict.fromkeys(people):
            yield column_title, column, username


def _require_offered_person(
    version_map: VersionMap,
    field: FieldDef | ColumnDef,
    title: str,
    username: str,
    requester: str,
) -> None:
    """Where the map says who can be chosen, it is one of them. Raises InvalidInput."""
    if field.never and username == requester:
        raise InvalidInput(
            "%(field)s: '%(username)s' asks for this request; choose somebody else.",
            field=title,
            username=username,
        )
    if field.offered_role is not None:
        _require_member_of_role(version_map, field, title, username)
    if field.groups and not _is_in_groups(username, field.groups):
        raise InvalidInput(
            "%(field)s: '%(username)s' is not one of those who can be chosen here: the people of"
            " %(groups)s.",
            field=title,
            username=username,
            groups=", ".join(field.groups),
        )


def _require_member_of_role(
    version_map: VersionMap, field: FieldDef | ColumnDef, title: str, username: str
) -> None:
    role = field.offered_role or ""
    offered = active_role_members([version_map.role_ids[role]])
    if not offered.filter(username=username).exists():
        raise InvalidInput(
            "%(field)s: '%(username)s' is not one of those who can be chosen here: the role"
            " “%(role)s”.",
            field=title,
            username=username,
            role=display_title(role, None),
        )


def _is_in_groups(username: str, groups: Collection[str]) -> bool:
    people = User.objects.filter(username=username, is_active=True, groups__name__in=groups)
    return people.exists()
