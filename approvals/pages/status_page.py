"""What a status link shows: where a request is, who has it, what happened, what comes next.

It is read by people without an account. So it says nothing of what the request's own page says but
that, and of its values those alone that the map marks as public; people are named only where the
workflow's owner chose so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext, ngettext

from approvals.pages.decisions import outcome_label
from approvals.pages.field_values import DisplayedValue, displayed_values
from approvals.pages.position_texts import (
    describe_position,
    next_steps_sentence,
    request_state_text,
    since_sentence,
)
from approvals.ui.formats import person_name
from workflows.definitions.queries.compiled_versions import VersionMap, map_of_step
from workflows.engine.format.definition import display_title
from workflows.execution.models import DONE, WorkflowInstance, WorkItem
from workflows.execution.queries.holders import HolderKind
from workflows.execution.queries.instance_record import incidents_of, tasks_of
from workflows.execution.queries.next_steps import (
    Destination,
    NextSteps,
    find_next_steps,
)
from workflows.execution.queries.position import InstancePosition, StepPosition, build_position
from workflows.execution.texts.agreement import describe_parts
from workflows.links.models import StatusLink
from workflows.links.queries.addresses import status_link_address
from workflows.links.queries.status_links import (
    has_status_links,
    status_link_capacity,
    status_links_of,
)
from workflows.links.services.status_links import LIFETIMES, USUAL_DAYS
from workflows.people.models import User
from workflows.people.queries.person_names import name_with_absence


@dataclass(frozen=True, slots=True)
class StatusStep:
    """One step at which the request stands: each answer a sentence."""

    title: str
    who: str
    since: str
    next: str


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """One thing that happened: which step, what came of it, by whom, when."""

    title: str
    outcome: str
    who: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """Everything on the page of a status link."""

    reference: str
    workflow: str
    state: str
    state_code: str
    where: str
    since: str
    next: str
    steps: list[StatusStep]
    happened: list[StatusEvent]
    values: list[DisplayedValue]
    started_at: datetime
    expires_at: datetime


def build_status_page(link: StatusLink, now: datetime) -> StatusPage:
    """The page of this link. The number of statements does not depend on how much happened."""
    instance = link.request
    tasks = tasks_of(instance)
    position = build_position(instance, tasks, incidents_of(instance))
    is_named = bool(position.map.graph.definition.status_link_names)
    answers = describe_position(position, now)
    open_steps = position.everywhere
    return StatusPage(
        reference=instance.reference,
        workflow=instance.template.name,
        state=request_state_text(instance),
        state_code=instance.state,
        where=answers.where,
        since="" if open_steps else answers.since,
        next="" if open_steps else answers.next,
        steps=[_describe_step(position, step, now, is_named=is_named) for step in open_steps],
        happened=_past_events(position.map, tasks, is_named=is_named),
        values=_public_values(position),
        started_at=instance.started_at,
        expires_at=link.expires_at,
    )


def _public_values(position: InstancePosition) -> list[DisplayedValue]:
    """The values of public fields; of a document its name, and no way to it."""
    definition = position.map.graph.definition
    keys = [key for key, field in definition.fields.items() if field.public]
    if not keys:
        return []
    values = displayed_values(definition, position.instance, keys, documents=[])
    return [value for value in values if value.text]


# -- where it stands --------------------------------------------------------------------------


def _describe_step(
    position: InstancePosition, step: StepPosition, now: datetime, *, is_named: bool
) -> StatusStep:
    if step.holder.kind == HolderKind.RESOLVER:
        after = gettext("It goes on when that is done.")
    else:
        graph, data = position.map.graph, position.instance.data
        next_steps = _without_rules(find_next_steps(graph, step.key, data))
        after = next_steps_sentence(next_steps, graph.definition, step.expires)
    return StatusStep(
        title=step.title,
        who=_holder_sentence(position.map, step, is_named=is_named),
        since=since_sentence(step.since, step.due, now),
        next=after,
    )


def _without_rules(steps: NextSteps) -> NextSteps:
    """The same ways without the rules that choose among them: they name fields and amounts."""
    next_steps = tuple(
        replace(next_step, destination=_plain_place(next_step.destination))
        for next_step in steps.ways
    )
    return replace(steps, ways=next_steps)


def _plain_place(destination: Destination) -> Destination:
    places = tuple(_plain_place(place) for place in destination.places)
    return replace(destination, places=places, rules=(), is_otherwise=False)


def _holder_sentence(version_map: VersionMap, step: StepPosition, *, is_named: bool) -> str:
    """Who has a step, by name or by role. Groups and the people in them are named nowhere here."""
    holder, places = step.holder, {"role": _role_title(version_map, step.key)}
    match holder.kind:
        case HolderKind.RESOLVER:
            return gettext("Somebody who answers for the workflow has to put something right.")
        case HolderKind.SYSTEM:
            return gettext("Nobody; it goes on by itself.")
        case HolderKind.NOBODY:
            return gettext("Nobody has it yet.")
        case HolderKind.PERSON if is_named:
            return gettext("%(person)s has it.") % {
                "person": name_with_absence(person_name(holder.person), holder.away)
            }
        case HolderKind.SEVERAL:
            needed = step.task.needed if step.task is not None else 2
            if holder.parts:
                people = describe_parts(holder.parts, needed)
                return gettext("%(people)s have to agree.") % {"people": people}
            return ngettext(
                "%(count)s person of “%(role)s” has to agree.",
                "%(count)s people of “%(role)s” have to agree.",
                needed,
            ) % {**places, "count": needed}
        case HolderKind.ROLE:
            return gettext("It waits for somebody of “%(role)s” to take it.") % places
    return gettext("Somebody of “%(role)s” has it.") % places


def _role_title(version_map: VersionMap, key: str) -> str:
    """The title of a step's role; of a step that says none, the step's own."""
    role = version_map.human(key).role if version_map.graph.is_human(key) else None
    return display_title(role, None) if role else version_map.graph.title(key)


# -- what happened ----------------------------------------------------------------------------


def _past_events(
    version_map: VersionMap, tasks: Sequence[WorkItem], *, is_named: bool
) -> list[StatusEvent]:
    """The steps that are done, in the order in which they ended; without a word of a comment."""
    done = [task for task in tasks if task.state == DONE and task.completed_at is not None]
    done.sort(key=lambda task: (task.completed_at, task.pk))
    return [_describe_event(version_map, task, is_named=is_named) for task in done]


def _describe_event(version_map: VersionMap, task: WorkItem, *, is_named: bool) -> StatusEvent:
    version_map = map_of_step(version_map, task.step_id)
    key = version_map.step_keys[task.step_id]
    is_human = version_map.graph.is_human(key)
    performer = ""
    if is_human and is_named and task.needed == 1:
        performer = person_name(task.decided_by, task.performer_name)
    elif is_human:
        performer = _role_title(version_map, key)
    return StatusEvent(
        title=version_map.graph.title(key),
        outcome=outcome_label(version_map, key, task.outcome) if task.outcome and is_human else "",
        who=performer,
        at=task.completed_at,
    )


# -- on the request's own page ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusLinkLine:
    """One link of a request; the address is only there while it opens something."""

    link: StatusLink
    address: str


@dataclass(frozen=True, slots=True)
class StatusLinkSection:
    """What the request's page says of its status links, to who may make them."""

    lines: list[StatusLinkLine]
    lifetimes: Sequence[int]
    usual: int


def status_link_section(
    user: User, instance: WorkflowInstance, now: datetime
) -> StatusLinkSection | None:
    """The request's links; None for who may not make any. One statement, or none."""
    if status_link_capacity(user, instance) is None or not has_status_links(instance):
        return None
    lines = [_describe_link(link, now) for link in status_links_of(instance)]
    return StatusLinkSection(lines, LIFETIMES, USUAL_DAYS)


def _describe_link(link: StatusLink, now: datetime) -> StatusLinkLine:
    is_usable = link.withdrawn_at is None and link.expires_at > now
    return StatusLinkLine(link, status_link_address(link) if is_usable else "")
