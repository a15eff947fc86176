"""How templates say times, lengths of time, days, and what codes mean."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop

from approvals.forms.field_labels import labels_of_form
from approvals.pages.decisions import outcome_label
from approvals.pages.desk import DeskItem
from approvals.pages.task import OutcomeButton
from approvals.ui import error_pages as ways
from approvals.ui import formats as wording
from approvals.ui import typed_text as typed
from approvals.ui.typed_labels import button_name, labels_input
from workflows.access.services.once_only_forms import FIELD, new_form_key
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.models import WorkflowInstance
from workflows.execution.texts.signatures import signature_text
from workflows.language import formats
from workflows.people.models import User
from workflows.people.queries.person_names import name_in_workflow
from workflows.trail.changes import read_changes
from workflows.trail.choices import TrailCommand
from workflows.trail.messages import describe_recorded_facts
from workflows.trail.models import TrailEvent

register = template.Library()

STATE_WORDS = (
    *(gettext_noop("running"), gettext_noop("suspended"), gettext_noop("completed")),
    *(gettext_noop("cancelled"), gettext_noop("enabled"), gettext_noop("claimed")),
    *(gettext_noop("started"), gettext_noop("paused"), gettext_noop("done")),
    *(gettext_noop("asked"),),
    *(gettext_noop("draft"), gettext_noop("published"), gettext_noop("superseded")),
    *(gettext_noop("observed"), gettext_noop("open"), gettext_noop("resolved")),
    *(gettext_noop("conflict"), gettext_noop("fired"), gettext_noop("left")),
)
"""The states that rows of the trail name."""


@register.filter
def in_sections(form: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """What is in a form or shown of a request, in order, with the heading of those that follow each
    other under one."""
    groups: list[tuple[str, list[Any]]] = []
    for part in form:
        section = getattr(getattr(part, "field", part), "section", None) or ""
        if not groups or groups[-1][0] != section:
            groups.append((section, []))
        groups[-1][1].append(part)
    return groups


@register.simple_tag
def field_labels(form: BaseForm) -> SafeString:
    """Lets a form say what its fields are called, wherever it ends."""
    return labels_input(labels_of_form(form))


@register.simple_tag
def outcome_labels(buttons: Iterable[OutcomeButton]) -> SafeString:
    """The same of the buttons that decide a task."""
    return labels_input({button_name("outcome", each.key): each.label for each in buttons})


@register.inclusion_tag("approvals/_once.html", takes_context=True)
def once(context: template.Context) -> dict[str, str]:
    """The key by which a form is taken once; a new one for each rendering. A page that says that
    the form was sent already has asked thereby whether another is meant."""
    asked = bool(context.get("sent_already"))
    return {"name": FIELD, "key": new_form_key(context["request"].user, asked=asked)}


@register.inclusion_tag("approvals/_ways_on.html", takes_context=True)
def ways_on(context: template.Context) -> dict[str, Any]:
    """What was typed and not taken, and where to go from a refusal. Some of Django's own pages
    are made without the request."""
    request = context.get("request")
    return {
        "ways": ways.onward_links(request) if request else ways.home_links(),
        **_typed_context(request),
    }


@register.inclusion_tag("approvals/_typed.html", takes_context=True)
def typed_text(context: template.Context) -> dict[str, Any]:
    """What was typed into a form that has no place on this page any more."""
    return _typed_context(context.get("request"))


def _typed_context(request: HttpRequest | None) -> dict[str, Any]:
    if request is None:
        return {"typed": [], "files": []}
    return {"typed": typed.typed_fields(request), "files": typed.sent_file_names(request)}


@register.filter
def waited(since: datetime | None, now: datetime) -> str:
    """How long it has been: '2 d 3 h'."""
    return formats.duration_text(now - since) if since else ""


@register.filter
def desk_since(item: DeskItem, now: datetime) -> str:
    """Since when something concerns the reader, in its own words."""
    return str(item.entry.since) % {"duration": formats.duration_text(now - item.row.since)}


@register.filter
def overdue(due: datetime | None, now: datetime) -> str:
    """How late something is, or nothing where it is not late."""
    return formats.duration_text(now - due) if due and due < now else ""


@register.filter
def moment(value: datetime | None) -> str:
    """A moment: '5 Jan 2026, 09:00'."""
    return formats.moment_text(value) if value else ""


@register.filter
def zoned_moment(value: datetime | None) -> str:
    """A moment with its time zone: '5 Jan 2026, 09:00 (Europe/Berlin)'."""
    return formats.zoned_moment_text(value) if value else ""


@register.filter
def day(value: date | None) -> str:
    """A day, or that of a moment: '5 Jan 2026'."""
    return formats.date_text(value) if value else ""


@register.filter
def count(number: int) -> str:
    """A whole number with its thousands apart: '12,345'."""
    return formats.count_text(number)


@register.filter
def exactly(value: datetime) -> str:
    """A moment as addresses carry it, in UTC and to the microsecond."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@register.filter
def seconds(value: float | None) -> str:
    """A number of seconds as a length of time; nothing where it is not known."""
    return formats.duration_text(value) if value is not None else ""


@register.filter
def capacity(code: str) -> str:
    """In which capacity somebody acted, as the trail's code says."""
    return wording.capacity_text(code)


@register.filter
def command_label(code: str) -> str:
    """What was done, as the trail's code says; a code that is not known as it is."""
    return str(TrailCommand(code).label) if code in TrailCommand.values else code


@register.filter
def state_word(code: str) -> str:
    """The state of a request, a task or a version, as the trail's code says."""
    return gettext(code) if code in STATE_WORDS else code


@register.filter
def step_title(key: str, instance: WorkflowInstance) -> str:
    """A step of a request's map by its name; one that the map does not have, by its key."""
    graph = cached_map(instance.version_id).graph
    return graph.title(key) if key in graph.steps else key


@register.filter
def outcome_title(event: TrailEvent, instance: WorkflowInstance) -> str:
    """What was chosen, in the words of its button; what is no outcome of the step, as it is."""
    version_map = cached_map(instance.version_id)
    step = version_map.graph.steps.get(event.step)
    outcomes = getattr(step, "outcomes", {})
    if event.outcome not in outcomes:
        return event.outcome
    return outcome_label(version_map, event.step, event.outcome)


@register.filter
def said_of(event: TrailEvent) -> list[str]:
    """What else a row of the trail means, in words: how it was signed, and what it means for
    approvals and for dates that moved."""
    sentences = describe_recorded_facts(event.changes) if event.request_id else []
    if "signature" in event.changes and (signature := read_changes(event).facts.signature):
        sentences.append(signature_text(signature))
    if wording.has_titled_sentences(event.changes):
        request = event.request
        definition = cached_map(request.version_id).graph.definition if request else None
        sentences += wording.approval_sentences(event.changes, definition)
        sentences += wording.date_sentences(event.changes, definition)
    return sentences


@register.filter
def channel(code: str) -> str:
    """By which door a command came, as the trail's code says."""
    return wording.channel_text(code)


register.filter("filesize", formats.file_size_text)
register.filter("person", wording.person_name)


@register.filter
def requester_of(instance: WorkflowInstance) -> str:
    """Who asked for a request, and, while they are away, until when and who stands in; the copied
    name where the account is none of the site's."""
    return name_in_workflow(instance.requester, instance.template_id) or instance.requester_name


@register.filter
def answering_for(person: User | None, template: WorkflowTemplate) -> str:
    """Whoever answers for a workflow, and, while they are away, until when and who stands in."""
    return name_in_workflow(person, template.pk) or wording.person_name(None)
