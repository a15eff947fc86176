"""How requests of a workflow can be started, in words, for its page in the admin."""

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from workflows.admin_site.elements import format_local_minute, render_include
from workflows.admin_site.links import list_url
from workflows.admin_site.site_links import start_form_url
from workflows.connections.models import WebhookKey
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.format.trigger_kinds import PUBLIC_FORM, SCHEDULE, TRIGGER_KINDS, WEBHOOK
from workflows.links.queries.addresses import public_form_address
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import OutboxMessage


def render_start_options(template: WorkflowTemplate) -> SafeString | str:
    """The form, the API and the triggers of the published version."""
    version = template.versions.filter(state=TemplateVersion.PUBLISHED).first()
    start = get_version_map(version).graph.definition.start if version is not None else None
    if version is None or start is None:
        return gettext(
            "Nothing can be started yet: no version is published. Publish one under Versions."
        )
    triggers = [
        {
            "trigger": trigger,
            "kind_title": str(TRIGGER_KINDS[trigger.kind].title),
            **_TRIGGER_FACTS.get(trigger.kind, _no_facts)(version, number),
        }
        for number, trigger in enumerate(start.triggers or [])
    ]
    return render_include(
        "start_options",
        template=template,
        form_url=start_form_url(template.key),
        role=start.role or "",
        triggers=triggers,
    )


def _webhook_facts(version: TemplateVersion, number: int) -> dict[str, Any]:
    keys = WebhookKey.objects.filter(template=version.template, revoked_at=None).count()
    return {
        "keys": keys,
        "keys_url": list_url(WebhookKey, template__id__exact=version.template_id),
    }


def _schedule_facts(version: TemplateVersion, number: int) -> dict[str, Any]:
    waiting = OutboxMessage.objects.filter(
        kind=MessageKind.SCHEDULE,
        state__in=("waiting", "taken"),
        payload__version=version.pk,
        payload__trigger=number,
    ).first()
    return {"planned": format_local_minute(waiting.run_after) if waiting else ""}


def _public_form_facts(version: TemplateVersion, number: int) -> dict[str, Any]:
    return {"address": public_form_address(version.template.key)}


def _no_facts(version: TemplateVersion, number: int) -> dict[str, Any]:
    return {}


_TRIGGER_FACTS = {
    WEBHOOK: _webhook_facts,
    SCHEDULE: _schedule_facts,
    PUBLIC_FORM: _public_form_facts,
}
