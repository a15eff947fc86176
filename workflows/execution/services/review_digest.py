"""What is in front of somebody who decides: its values and versions, and one digest of them.

Pages and the API's representations carry the digest, and a decision brings it back: what changed
in between is refused, in words. What was seen is found again in the kept versions of the request,
so the digest needs to carry nothing but itself.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.crypto import salted_hmac

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.errors import ChangedSince, InvalidInput
from workflows.engine.format.definition import HumanStep, display_title
from workflows.engine.routing.rows import Chains, read_rows
from workflows.engine.routing.separation import visible_field_keys
from workflows.engine.texts import Text, join_clauses, text
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.field_types.documents import are_documents
from workflows.engine.values.serialization import render_value_text
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.trail.signature_digest import digest_of_seen

SALT = "handoff.seen"
LOOK_BACK = 200
"""So many kept versions of a request are looked at for what somebody saw."""

LONGEST = 60
"""A value is named with so many characters."""

Values = Mapping[str, Any]
NO_CHAINS: Chains = {}


def shown_field_values(
    version_map: VersionMap, step: str, data: Values, rows: str = "", chains: Chains = NO_CHAINS
) -> dict[str, Any]:
    """The values that a step shows to who decides it (of the row that a task is about); what is
    empty is not there. `chains` are those of the request's marking."""
    graph = version_map.graph
    seen = graph.data_at(step, read_rows(rows), data, chains)
    keys = visible_field_keys(version_map.human(step), graph.definition, graph.row_scopes[step])
    return {key: seen[key] for key in keys if seen.get(key) is not None}


def digest_of_values(values: Values) -> str:
    """One text for these values, as the record keeps it: other values have another one."""
    return digest_of_seen(values)


def _readers_digest(version_map: VersionMap, values: Values) -> str:
    """The same as readers are given it. Where a map has fields that only some may see it is made
    with this site's key, so that nobody can try out which value of one makes it."""
    digest = digest_of_values(values)
    if not version_map.restricted_fields:
        return digest
    return salted_hmac(SALT, digest, algorithm="sha256").hexdigest()


def digest_of_shown_values(
    version_map: VersionMap, step: str, data: Values, rows: str = "", chains: Chains = NO_CHAINS
) -> str:
    """The digest that the representation of a task at this step carries."""
    values = shown_field_values(version_map, step, data, rows, chains)
    return _readers_digest(version_map, values)


def keeps_what_was_seen(step: HumanStep) -> bool:
    """Whether the record says what was in front of who decided: of approvals, and of all that is
    signed."""
    return step.kind == "approval" or step.sign is not None


def check_seen_digest(
    work: UnitOfWork, step: str, digest: str | None, *, required: bool, rows: str = ""
) -> dict[str, Any]:
    """The values that stand there now, which are those that the person saw.

    Raises ChangedSince where others stand there now, and InvalidInput where an approval, or what
    is signed, must say what was seen (`required`) and does not.
    """
    values = shown_field_values(work.map, step, work.instance.data, rows, work.marking.chains)
    if digest is None:
        if required and keeps_what_was_seen(work.map.human(step)):
            raise InvalidInput(
                "Say in `seen` what was in front of you: the digest that the task carries in the"
                " request's `work_items`."
            )
        return values
    if digest != _readers_digest(work.map, values):
        raise ChangedSince(_describe_changes(work, step, rows, digest, values))
    return values


def _describe_changes(
    work: UnitOfWork, step: str, rows: str, digest: str, current_values: Values
) -> Text:
    seen_values = _values_with_digest(work, step, rows, digest)
    if seen_values is None:
        return text("What you saw is not what stands here now. Look at it again, then decide.")
    fields = work.map.graph.definition.all_fields
    keys = [key for key in fields if seen_values.get(key) != current_values.get(key)]
    hidden = hidden_fields(work.actor, work.instance, work.map) if work.actor else frozenset()
    changes = join_clauses(
        [
            text("'%(field)s' has changed", field=display_title(key, fields[key].label))
            if key in hidden
            else _describe_change(key, fields[key], seen_values.get(key), current_values.get(key))
            for key in keys
        ]
    )
    if all(type_of_field(fields[key]).holds_document for key in keys):
        return text("%(changes)s. Look at the new version, then decide.", changes=changes)
    return text("%(changes)s. Look at it again, then decide.", changes=changes)


def _values_with_digest(work: UnitOfWork, step: str, rows: str, digest: str) -> Values | None:
    """What had this digest, in the newest kept version of the request that fits."""
    history: Any = WorkflowInstance.history
    versions = history.filter(id=work.instance.pk).order_by("-history_date", "-history_id")
    for data in versions.values_list("data", flat=True)[:LOOK_BACK]:
        values = shown_field_values(work.map, step, data, rows, work.marking.chains)
        if _readers_digest(work.map, values) == digest:
            return values
    return None


def _describe_change(key: str, spec: FieldSpec, seen_value: Any, current_value: Any) -> Text:
    if type_of_field(spec).holds_document and isinstance(current_value, dict):
        return _describe_new_paper(current_value, seen_value)
    return text(
        "'%(field)s' is %(value)s now; you saw %(seen)s",
        field=display_title(key, spec.label),
        value=_format_value(spec, current_value),
        seen=_format_value(spec, seen_value),
    )


def _describe_new_paper(current_value: Mapping[str, Any], seen_value: Any) -> Text:
    name, version = current_value["name"], current_value["version"]
    if not seen_value:
        return text(
            "'%(name)s' is now version %(version)s; it was not there before",
            name=name,
            version=version,
        )
    return text(
        "'%(name)s' is now version %(version)s; you saw version %(seen)s",
        name=name,
        version=version,
        seen=seen_value["version"],
    )


def _format_value(spec: FieldSpec, value: Any) -> Text | str:
    if value is None:
        return text("empty")
    if are_documents(value):
        value = render_value_text(value)
    if isinstance(value, dict):
        return str(value["name"]) if "name" in value else text("something")
    if isinstance(value, bool):
        return text("yes") if value else text("no")
    shortened = str(value) if len(str(value)) <= LONGEST else f"{str(value)[:LONGEST]}…"
    return f"{shortened} {spec.currency}" if spec.currency else shortened
