"""What the forms of a map offer to choose from: what its version has, and what the site has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from django.contrib.auth.models import Group
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy

from workflows.access.conditions import MANAGE, START, VIEW
from workflows.calendars.models import BusinessCalendar
from workflows.connections.models import Connection
from workflows.definitions.admin.form_fields import Options
from workflows.definitions.admin.owners import owner_choices
from workflows.definitions.choices import RouteKind, StepKind
from workflows.definitions.models import Field, Role, Route, Step, TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import field_of_row
from workflows.engine.format.actions import ACTIONS
from workflows.engine.format.definition import EXPIRED, HUMAN_KINDS, FieldDef, row_fields
from workflows.engine.format.directory_finders import FIELD_WORD
from workflows.engine.format.parts import ROW
from workflows.engine.format.person_facts import (
    PERSON_FACTS,
    REQUESTER_FACTS,
    REQUESTER_WORDS,
)
from workflows.engine.format.request_facts import facts_by_outcomes
from workflows.engine.format.row_scopes import PEOPLE
from workflows.engine.rules.fact_names import OUTCOME_OF
from workflows.engine.values.field_types.base import FIELD_TYPES
from workflows.people.models import User
from workflows.resources.models import Resource

ACTION_WORDS: Final[Mapping[str, Callable[[], str]]] = {
    "http": lambda: gettext("calls another system"),
    "email": lambda: gettext("sends a mail"),
    "set_fields": lambda: gettext("works out fields"),
    "start_workflow": lambda: gettext("starts another workflow"),
}


PERSON_FACT_WORDS: Final[Mapping[str, Callable[[], str]]] = {
    "limit": lambda: gettext("the manager's approval limit"),
    "department": lambda: gettext("the manager's department"),
    "cost_centre": lambda: gettext("the manager's cost centre"),
    "place": lambda: gettext("the manager's place"),
    "level": lambda: gettext("how many levels up"),
}
MOST_DECIDED: Final = 60
"""So many steps are offered in the boxes of a rule; others can be written."""
CALENDARS: Final[Options] = [
    ("business", gettext_lazy("office hours: Monday to Friday, 09:00 to 17:00")),
    ("24/7", gettext_lazy("24/7: every hour counts")),
]


def read_calendar_options() -> Options:
    """The built-in calendars and this site's own."""
    own = BusinessCalendar.objects.values_list("key", "name").order_by("name")
    return [*CALENDARS, *own]


def read_group_options() -> Options:
    """The groups of this site."""
    return [(name, name) for name in Group.objects.order_by("name").values_list("name", flat=True)]


def read_people_options() -> Options:
    """Who is active, by their logins."""
    users = User.objects.filter(is_active=True).order_by("username")
    return [(name, name) for name in users.values_list("username", flat=True)]


@dataclass(frozen=True, kw_only=True)
class VersionOptions:
    """What the rows of one version may name. Read once a page, not once a row."""

    person: Any = None
    groups: Options = ()
    users: Options = ()
    field_list: tuple[Field, ...] = ()
    row_fields: tuple[Field, ...] = ()
    """What rows of each-branches are known by within them, as fields with dotted keys."""
    role_list: tuple[Role, ...] = ()
    step_list: tuple[Step, ...] = ()
    made_roles: dict[str, Role] = field(default_factory=dict)
    """The roles that this page's forms make when they are saved, by what was chosen."""

    @classmethod
    def of(cls, version: TemplateVersion | None, person: Any = None) -> "VersionOptions":
        """What a version offers; five statements."""
        if version is None:
            return cls(person=person)
        field_list = tuple(version.fields.order_by("position", "id"))
        step_list = tuple(version.steps.order_by("position", "id"))
        return cls(
            person=person,
            groups=read_group_options(),
            users=read_people_options(),
            field_list=field_list,
            row_fields=_find_row_fields(version, field_list, step_list),
            role_list=tuple(version.roles.order_by("position")),
            step_list=step_list,
        )

    @property
    def fields(self) -> Options:
        """The fields, by their keys."""
        return [(field.key, str(field)) for field in self.all_fields]

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """The fields, and those of rows."""
        return (*self.field_list, *self.row_fields)

    @property
    def asked_fields(self) -> tuple[Field, ...]:
        """What a rule may be put together from: the fields, what is known of who asked, and how
        steps were decided last."""
        known = (
            Field(key=key, type=spec.type, label=str(REQUESTER_WORDS[key]))
            for key, spec in REQUESTER_FACTS.items()
            if spec.type != "users"
        )
        decided = (
            Field(
                key=f"{OUTCOME_OF}.{step.key}",
                type="choice",
                label=gettext("the last outcome of “%(step)s”") % {"step": step},
            )
            for step in self.step_list[:MOST_DECIDED]
            if step.kind in HUMAN_KINDS
        )
        return (*self.all_fields, *known, *decided)

    @property
    def asked_keys(self) -> Options:
        """The same, by their keys."""
        return [(field.key, str(field)) for field in self.asked_fields]

    def read_facts(self) -> Mapping[str, FieldDef]:
        """What rules of the version may ask beside fields. One statement."""
        outcomes: dict[str, list[str]] = {step.key: [] for step in self.step_list}
        kinds = (RouteKind.OUTCOME, RouteKind.EXPIRES)
        ways = Route.objects.filter(step__in=[step.pk for step in self.step_list], kind__in=kinds)
        for step, kind, name in ways.values_list("step__key", "kind", "name"):
            outcomes[step].append(EXPIRED if kind == RouteKind.EXPIRES else name)
        return facts_by_outcomes(outcomes)

    @cached_property
    def resource_groups(self) -> Options:
        """The groups of resources that the site has."""
        groups = Resource.objects.filter(is_active=True).order_by("group")
        return [(name, name) for name in groups.values_list("group", flat=True).distinct()]

    @property
    def person_fields(self) -> Options:
        """The fields that name somebody."""
        return self._fields_where(lambda kind: FIELD_TYPES[kind].names_anybody)

    @property
    def date_fields(self) -> Options:
        """The fields that hold a date."""
        return self._fields_where(lambda kind: FIELD_TYPES[kind].kind == "date")

    @property
    def resource_fields(self) -> Options:
        """The fields that name a resource."""
        return self._fields_where(lambda kind: FIELD_TYPES[kind].names_resource)

    @property
    def budget_fields(self) -> Options:
        """The fields whose value may be a budget's key."""
        return self._fields_where(lambda kind: kind in ("resource", "choice", "text"))

    @property
    def number_fields(self) -> Options:
        """The fields that hold a number."""
        return self._fields_where(lambda kind: FIELD_TYPES[kind].kind == "number")

    @property
    def step_keys(self) -> Options:
        """The steps, by their keys."""
        return [(step.key, str(step)) for step in self.step_list]

    @property
    def chain_starts(self) -> Options:
        """Above whom managers may be asked."""
        people = [field for field in self.field_list if FIELD_TYPES[field.type].names_person]
        steps = [(step.key, str(step)) for step in self.step_list if step.kind in HUMAN_KINDS]
        return [
            ("requester", gettext("the requester")),
            *((f"{FIELD_WORD}{field.key}", str(field)) for field in people),
            *steps,
        ]

    @property
    def chain_fields(self) -> tuple[Field, ...]:
        """What the rule of a chain of managers may name; what is known of each manager first."""
        facts = (
            Field(key=key, type=spec.type, label=PERSON_FACT_WORDS[key]())
            for key, spec in PERSON_FACTS.items()
        )
        own = (field for field in self.all_fields if field.key not in PERSON_FACTS)
        return (*facts, *own)

    def _fields_where(self, holds: Callable[[str], bool]) -> Options:
        return [(field.key, str(field)) for field in self.all_fields if holds(field.type)]

    @property
    def steps(self) -> Options:
        """Whose people may be kept away, by key."""
        steps = [(step.key, str(step)) for step in self.step_list]
        fields = [
            (f"{FIELD_WORD}{key}", gettext("the person in “%(field)s”") % {"field": title})
            for key, title in self.person_fields
        ]
        return [("requester", gettext("the requester")), *steps, *fields]

    @property
    def role_rows(self) -> Options:
        """The roles, by their ids."""
        return [(str(role.pk), str(role)) for role in self.role_list]

    @property
    def role_keys(self) -> Options:
        """The roles, by their keys."""
        return [(role.key, str(role)) for role in self.role_list]

    @property
    def role_settings(self) -> Mapping[str, Any]:
        """What each role says."""
        return {role.key: role.settings for role in self.role_list}

    @property
    def step_rows(self) -> Options:
        """The steps, by their ids."""
        return [(str(step.pk), str(step)) for step in self.step_list]

    @property
    def join_rows(self) -> Options:
        """The joins, by their ids."""
        return [(str(s.pk), str(s)) for s in self.step_list if s.kind == StepKind.JOIN]

    @property
    def owners(self) -> list[Any]:
        """What new roles can be made of."""
        settings = list(self.role_settings.values())
        return owner_choices(self.groups, self.users, self.person_fields, settings)

    @property
    def actions(self) -> Options:
        """What an automation can do, in words where Handoff has them."""
        return [(name, ACTION_WORDS[name]() if name in ACTION_WORDS else name) for name in ACTIONS]

    @cached_property
    def workflows(self) -> Options:
        """The workflows that this person may see or start."""
        templates = WorkflowTemplate.objects.with_verbs(self.person, VIEW, MANAGE, START)
        return list(templates.order_by("name").values_list("key", "name"))

    @cached_property
    def calendars(self) -> Options:
        """In which hours durations can count."""
        return read_calendar_options()

    @cached_property
    def connections(self) -> Options:
        """The connections of this person, and all for whom the admin shows them."""
        connections = Connection.objects.order_by("name")
        if not self.person.has_perm("workflows.view_connection"):
            connections = connections.filter(owner=self.person)
        return list(connections.values_list("key", "name"))


def _find_row_fields(
    version: TemplateVersion, field_list: tuple[Field, ...], step_list: tuple[Step, ...]
) -> tuple[Field, ...]:
    """The columns of the lists, and the people, that branches go through. No statement where
    nothing is parallel."""
    if not any(step.kind == StepKind.PARALLEL for step in step_list):
        return ()
    lists = {field.key: field for field in field_list if field.type in ("list", "users")}
    routes = Route.objects.filter(step__version=version)
    routes = routes.filter(Q(each__in=lists) | Q(chain_of__isnull=False)).order_by("pk")
    found: dict[str, Field] = {}
    for each, chain_of, row_name in routes.values_list("each", "chain_of", "row_name"):
        source = PEOPLE if chain_of else field_of_row(lists[each or ""])
        for key, spec in row_fields(row_name or ROW, source).items():
            label = f"{key.partition('.')[0]}: {spec.label}" if spec.label else None
            found[key] = Field(key=key, type=spec.type, label=label, choices=spec.choices)
    return tuple(found.values())
