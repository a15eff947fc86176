"""What is in front of somebody who decides: its values and versions, and one digest of them.

Pages and the API's representations carry the digest, and a decision brings it back: what changed
in between is refused, in words. What was seen is found again in the kept versions of the request,
so the digest needs to carry nothing but itself.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from workflows.engine.definition import title
from workflows.engine.errors import ChangedSince, InvalidInput
from workflows.engine.fields import FieldSpec
from workflows.engine.separation import shown_fields
from workflows.models import WorkflowInstance
from workflows.services.case import Case
from workflows.services.maps import VersionMap

LOOK_BACK = 200
"""So many kept versions of a request are looked at for what somebody saw."""

LONGEST = 60
"""A value is named with so many characters."""

Values = Mapping[str, Any]


def in_front(version_map: VersionMap, step: str, data: Values) -> dict[str, Any]:
    """The values that a step shows to who decides it; what is empty is not there."""
    definition = version_map.graph.definition
    keys = shown_fields(version_map.human(step), definition)
    return {key: data[key] for key in keys if data.get(key) is not None}


def digest_of(values: Values) -> str:
    """One text for these values: other values have another one."""
    said = json.dumps(values, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return hashlib.sha256(said.encode()).hexdigest()


def digest_shown(version_map: VersionMap, step: str, data: Values) -> str:
    """The digest that the representation of a task at this step carries."""
    return digest_of(in_front(version_map, step, data))


def check_seen(case: Case, step: str, digest: str | None, *, required: bool) -> dict[str, Any]:
    """The values that stand there now, which are those that the person saw.

    Raises ChangedSince where others stand there now, and InvalidInput where an approval must say
    what was seen (`required`) and does not.
    """
    values = in_front(case.map, step, case.instance.data)
    if digest is None:
        if required and case.map.human(step).kind == "approval":
            raise InvalidInput(
                "Say in `seen` what was in front of you: the digest that the task carries in the"
                " request's `work_items`."
            )
        return values
    if digest != digest_of(values):
        raise ChangedSince(_what_changed(case, step, digest, values))
    return values


def _what_changed(case: Case, step: str, digest: str, now: Values) -> str:
    saw = _as_seen(case, step, digest)
    if saw is None:
        return "What you saw is not what stands here now. Look at it again, then decide."
    fields = case.map.graph.definition.fields
    keys = [key for key in fields if saw.get(key) != now.get(key)]
    said = "; ".join(_changed(key, fields[key], saw.get(key), now.get(key)) for key in keys)
    is_paper = all(fields[key].type == "document" for key in keys)
    return f"{said}. Look at {'the new version' if is_paper else 'it again'}, then decide."


def _as_seen(case: Case, step: str, digest: str) -> Values | None:
    """What had this digest, in the newest kept version of the request that fits."""
    kept: Any = WorkflowInstance.history  # type: ignore[attr-defined]
    rows = kept.filter(id=case.instance.pk).order_by("-history_date", "-history_id")
    for data in rows.values_list("data", flat=True)[:LOOK_BACK]:
        values = in_front(case.map, step, data)
        if digest_of(values) == digest:
            return values
    return None


def _changed(key: str, spec: FieldSpec, saw: Any, now: Any) -> str:
    if spec.type == "document" and isinstance(now, dict):
        before = f"you saw version {saw['version']}" if saw else "it was not there before"
        return f"'{now['name']}' is now version {now['version']}; {before}"
    name = title(key, spec.label)
    return f"'{name}' is {_said(spec, now)} now; you saw {_said(spec, saw)}"


def _said(spec: FieldSpec, value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return str(value.get("name", "something"))
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value) if len(str(value)) <= LONGEST else f"{str(value)[:LONGEST]}…"
    return f"{text} {spec.currency}" if spec.type == "money" and spec.currency else text
