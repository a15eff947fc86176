"""Triggers of kinds that a company added: which maps name them, and how they start requests.

Whoever added the kind hears of what happens outside and calls here, from a command, a task of its
own or a page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.automation.triggers.webhooks import map_trigger_values
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.format.parts import TriggerDef
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests


@dataclass(frozen=True, slots=True)
class PublishedTrigger:
    """A trigger of a published version."""

    version: TemplateVersion
    trigger: TriggerDef


def find_published_triggers(kind: str) -> Iterator[PublishedTrigger]:
    """All triggers of one kind that published versions name, with their settings (`with`)."""
    published = TemplateVersion.objects.filter(
        state=TemplateVersion.PUBLISHED, start_triggers__isnull=False
    )
    for version in published.select_related("template").order_by("pk"):
        start = get_version_map(version).graph.definition.start
        for trigger in (start.triggers if start else None) or []:
            if trigger.kind == kind:
                yield PublishedTrigger(version, trigger)


def start_by_trigger(
    published: PublishedTrigger, body: Any, *, now: datetime, title: str = ""
) -> WorkflowInstance:
    """Start the request that a trigger asks for; `body` is what came in, in which the trigger's
    `mapping` looks. Raises what starting raises."""
    definition = get_version_map(published.version).graph.definition
    return requests.start_on_version(
        published.version,
        actor=None,
        now=now,
        data=map_trigger_values(definition, published.trigger, body),
        title=title,
        source=WorkflowInstance.API,
    )
