"""Who may see a field of a request: the one place that says so.

A field with `visible_to` is seen by the people of these roles, in this request; by the requester,
where the start form asks for it; and by auditors: who holds the permission to audit by a grant, for
the workflow or for the site. To own or to manage a workflow is none of these. What is not seen is
still there: rules decide by it, the record keeps it, and digests and seals cover it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from workflows.access.conditions.role_lookups import ROLE_LOOKUPS, PersonQuestion
from workflows.access.permissions import audits_by_grant, listed_role_ids
from workflows.definitions.models import Field, Route, Step, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.documents.models import Document
from workflows.engine.format.parts import ROW
from workflows.engine.format.person_facts import REQUESTER_FACTS
from workflows.engine.routing.known_facts import asks_of_requester
from workflows.engine.rules.fact_names import REQUESTER
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.people.queries.absences import periods_of_standing_in

NOTHING: Final = frozenset[str]()
MASKED: Final[Mapping[str, Any]] = {"masked": True}
"""What stands for a value that is not shown, in JSON."""
VALUE_HOLDERS: Final = ("given", "values", "readings", "known")
"""What of a trail row's changes holds values by field."""
HOLD_VALUES: Final = ("resource", "starts", "ends", "count", "amount", "currency")
"""What a note of the trail says by the values of its `fields`."""


class FieldSight:
    """What one person may see; it remembers what was read, for pages of many requests."""

    def __init__(self, person: User) -> None:
        self.person = person
        self._audits: dict[int, bool] = {}
        self._lists: dict[int, frozenset[int]] = {}

    def hidden_fields(
        self, instance: WorkflowInstance, version_map: VersionMap | None = None
    ) -> frozenset[str]:
        """The fields of this request that this person may not see. Asks nothing where the map
        restricts none; else a statement for the audit, one for lists, and what finding people in
        the request costs."""
        version_map = version_map or cached_map(instance.version_id)
        restricted = version_map.restricted_fields
        if not restricted or self._audits_workflow(instance):
            return NOTHING
        own = self._own_fields(instance, version_map)
        held: dict[str, bool] = {}
        return frozenset(
            key
            for key, roles in restricted.items()
            if key not in own
            and not any(self._holds(instance, version_map, role, held) for role in roles)
        )

    def hidden_facts(
        self, instance: WorkflowInstance, version_map: VersionMap | None = None
    ) -> frozenset[str]:
        """What rules of the map ask of the requester and this person may not see: it is shown to
        the requester and to auditors, as a field that no role may see."""
        version_map = version_map or cached_map(instance.version_id)
        asked = asks_of_requester(version_map.graph)
        is_own = instance.requester_id == self.person.pk
        return NOTHING if not asked or is_own or self._audits_workflow(instance) else asked

    def _audits_workflow(self, instance: WorkflowInstance) -> bool:
        known = self._audits.get(instance.template_id)
        if known is None:
            known = self._audits[instance.template_id] = audits_by_grant(
                self.person, instance.template_id
            )
        return known

    def _own_fields(self, instance: WorkflowInstance, version_map: VersionMap) -> frozenset[str]:
        """What the start form asks the requester for, they wrote themselves."""
        definition = version_map.graph.definition
        if instance.requester_id != self.person.pk or definition.start is None:
            return NOTHING
        asked = frozenset(definition.start.fields or ())
        return asked.union(
            key
            for key in version_map.restricted_fields
            if definition.row_sources.get(key.partition(".")[0]) in asked
        )

    def _holds(
        self,
        instance: WorkflowInstance,
        version_map: VersionMap,
        role: str,
        held: dict[str, bool],
    ) -> bool:
        if role not in held:
            held[role] = self._is_listed(version_map, role) or self._is_found(
                instance, version_map, role
            )
        return held[role]

    def _is_listed(self, version_map: VersionMap, role: str) -> bool:
        lists = self._lists.get(version_map.version_id)
        if lists is None:
            now = timezone.now()
            periods = periods_of_standing_in(self.person, now).filter(begins_at__lte=now)
            people = {self.person.pk, *periods.values_list("person", flat=True)}
            lists = frozenset[int]().union(
                *(listed_role_ids(pk, version_map.version_id) for pk in people)
            )
            self._lists[version_map.version_id] = lists
        return version_map.role_ids.get(role) in lists

    def _is_found(self, instance: WorkflowInstance, version_map: VersionMap, role: str) -> bool:
        """Whether it is who is found in this request."""
        definition = version_map.graph.definition.roles.get(role)
        for finder, setting in definition.sources if definition else ():
            if not finder.is_listed:
                question = PersonQuestion(setting, instance)
                (found,) = ROLE_LOOKUPS[finder.name].find_everybody([question])
                if any(person.pk == self.person.pk for person in found):
                    return True
        return False


def hidden_fields(
    person: User, instance: WorkflowInstance, version_map: VersionMap | None = None
) -> frozenset[str]:
    """The fields of one request that this person may not see."""
    return FieldSight(person).hidden_fields(instance, version_map)


def hidden_facts(person: User, instance: WorkflowInstance) -> frozenset[str]:
    """What rules ask of the requester of one request and this person may not see."""
    return FieldSight(person).hidden_facts(instance)


def visible_data(person: User, instance: WorkflowInstance) -> dict[str, Any]:
    """The values of a request, without those that this person may not see."""
    hidden = hidden_fields(person, instance)
    return {key: value for key, value in instance.data.items() if key not in hidden}


def masked_fields(person: User, templates: Iterable[int]) -> dict[int, frozenset[str]]:
    """For tables over many requests: the restricted fields of each workflow, in any of its
    versions, unless this person audits it by a grant; what rows of these fields are called; and
    what rules ask of who asked. Four statements, or two."""
    restricted: dict[int, set[str]] = {}
    sources: set[tuple[int, str]] = set()
    rows = Field.objects.filter(version__template__in=list(templates), config__has_key="visible_to")
    for template, version, key in rows.values_list("version__template", "version", "key"):
        restricted.setdefault(template, set()).add(key)
        sources.add((version, key))
    for template, name in _names_of_rows(sources):
        restricted[template].add(name)
    for template in _that_ask_of_requesters(list(templates)):
        restricted.setdefault(template, set()).update(REQUESTER_FACTS)
    return {
        template: frozenset(keys)
        for template, keys in restricted.items()
        if not audits_by_grant(person, template)
    }


def _that_ask_of_requesters(templates: Sequence[int]) -> Iterable[int]:
    """The workflows whose rules ask, in any version, what is known of who asked. One statement."""
    mark, steps = f"{REQUESTER}.", Step.objects.filter(version__template__in=templates).order_by()
    ways = Route.objects.filter(step__version__template__in=templates).order_by()
    asked = Q(when__contains=mark) | Q(chain_until__contains=mark)
    by_ways = ways.filter(asked).values_list("step__version__template")
    said = steps.alias(said=Cast("config", TextField()), asks=Cast("inputs", TextField()))
    by_steps = said.filter(Q(said__contains=mark) | Q(asks__contains=mark))
    return (pk for (pk,) in by_ways.union(by_steps.values_list("version__template")))


def _names_of_rows(sources: Collection[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """What rows of these fields of versions are called in each-branches, by workflow."""
    if not sources:
        return
    branches = Route.objects.filter(step__version__in={version for version, _ in sources})
    columns = ("step__version__template", "step__version", "each", "row_name")
    for template, version, each, name in branches.exclude(each=None).values_list(*columns):
        if (version, each) in sources:
            yield template, name or ROW


def all_masked_fields(person: User) -> dict[int, frozenset[str]]:
    """The same for all workflows."""
    return masked_fields(person, WorkflowTemplate.objects.values_list("pk", flat=True))


def without_masked_files(rows: QuerySet[Document], person: User) -> QuerySet[Document]:
    """Files in a table over many requests, without those of fields that this person is not told."""
    for template, fields in all_masked_fields(person).items():
        rows = rows.exclude(request__template=template, field__in=fields)
    return rows


def mask_changes(changes: Any, hidden: frozenset[str]) -> Any:
    """What a row of the trail says, its values of these fields masked."""
    if not hidden:
        return changes
    if isinstance(changes, list):
        return [mask_changes(part, hidden) for part in changes]
    if not isinstance(changes, dict):
        return changes
    masked = {
        name: mask_values(part, hidden)
        if name in VALUE_HOLDERS and isinstance(part, dict)
        else mask_changes(part, hidden)
        for name, part in changes.items()
    }
    if "digest" in masked:  # whoever knows the other values could try out what makes it
        masked["digest"] = dict(MASKED)
    is_said = "purpose" in changes and not hidden.isdisjoint(changes.get("fields", ()))
    return masked | {key: dict(MASKED) for key in HOLD_VALUES if is_said and key in changes}


def mask_values(values: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """Values by field, those of these fields masked; a dotted name also by that of its row."""
    return {
        key: dict(MASKED) if {key, key.partition(".")[0]} & hidden else value
        for key, value in values.items()
    }
