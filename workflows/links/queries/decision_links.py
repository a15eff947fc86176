"""Links to decide by: who may have one for a task, and which an address opens."""

from allauth.mfa.models import Authenticator
from django.conf import settings

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.values.field_types.base import type_of_field
from workflows.execution.models import WorkItem
from workflows.links.models import DecisionLink
from workflows.links.queries.addresses import DECISION_SALT, read_signed_name
from workflows.people.models import User


def may_decide_by_link(person: User, task: WorkItem) -> bool:
    """Whether this person may decide this task without signing in: where the site and the map let
    them, no file and no signature is asked for, and no second factor of theirs would be gone
    round."""
    return (
        settings.DECIDE_BY_MAIL
        and person.is_active
        and _step_allows_links(task)
        and not Authenticator.objects.filter(user=person).exists()
    )


def _step_allows_links(task: WorkItem) -> bool:
    version_map = cached_map(task.request.version_id)
    key, definition = version_map.step_keys[task.step_id], version_map.graph.definition
    if definition.decide_by_mail is False or not version_map.graph.is_human(key):
        return False
    step = version_map.human(key)
    outputs = step.outputs or []
    return step.sign is None and not any(
        type_of_field(definition.all_fields[name]).holds_document for name in outputs
    )


def find_decision_link(token: str) -> DecisionLink | None:
    """The link that this address names, used, run out or not, with its task. One statement."""
    rows = DecisionLink.objects.select_related("person", "task__step", "task__request__template")
    return rows.filter(name=read_signed_name(token, DECISION_SALT)).first()
