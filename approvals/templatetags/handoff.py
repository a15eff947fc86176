"""How templates say times and lengths of time."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals import typed, wording
from approvals import ways_on as ways
from workflows.models import TrailEvent
from workflows.once import FIELD, new_key
from workflows.services.maps import cached_map

register = template.Library()


@register.simple_tag(takes_context=True)
def once(context: template.Context) -> SafeString:
    """The key by which a form is taken once; a new one for each rendering."""
    key = new_key(context["request"].user)
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, key)


@register.inclusion_tag("approvals/_ways_on.html", takes_context=True)
def ways_on(context: template.Context) -> dict[str, Any]:
    """What was typed and not taken, and where to go from a refusal. Some of Django's own pages
    are made without the request."""
    request = context.get("request")
    return {"ways": ways.ways_on(request) if request else ways.HOME, **_typed(request)}


@register.inclusion_tag("approvals/_typed.html", takes_context=True)
def typed_text(context: template.Context) -> dict[str, Any]:
    """What was typed into a form that has no place on this page any more."""
    return _typed(context.get("request"))


def _typed(request: HttpRequest | None) -> dict[str, Any]:
    if request is None:
        return {"typed": [], "files": []}
    return {"typed": typed.texts(request), "files": typed.file_names(request)}


@register.filter
def waited(since: datetime | None, now: datetime) -> str:
    """How long it has been: '2 d 3 h'."""
    return wording.span(now - since) if since else ""


@register.filter
def overdue(due: datetime | None, now: datetime) -> str:
    """How late something is, or nothing where it is not late."""
    return wording.span(now - due) if due and due < now else ""


@register.filter
def moment(value: datetime | None) -> str:
    """A moment: '5 Jan 2026, 09:00'."""
    return wording.moment(value) if value else ""


@register.filter
def exactly(value: datetime) -> str:
    """A moment as addresses carry it, in UTC and to the microsecond."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@register.filter
def seconds(value: float | None) -> str:
    """A number of seconds as a length of time; nothing where it is not known."""
    return wording.span(value) if value is not None else ""


@register.filter
def capacity(code: str) -> str:
    """In which capacity somebody acted, as the trail's code says."""
    return wording.CAPACITIES.get(code, "")


@register.filter
def said_of(event: TrailEvent) -> list[str]:
    """What else a row of the trail means, in words: approvals gone past, or asked again."""
    if not wording.says_more(event.changes):
        return []
    request = event.request
    return wording.said_of(
        event.changes, cached_map(request.version_id).graph.definition if request else None
    )


@register.filter
def channel(code: str) -> str:
    """By which door a command came, as the trail's code says."""
    return wording.CHANNELS.get(code, "")


register.filter("filesize", wording.file_size)
register.filter("person", wording.person)
