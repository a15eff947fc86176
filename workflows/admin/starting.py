"""How requests of a workflow can be started, in words, for its page in the admin."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workflows.admin.addresses import start_page
from workflows.admin.base import link, list_url, moment
from workflows.engine.definition import StartDef, TriggerDef
from workflows.models import OutboxMessage, TemplateVersion, WebhookKey, WorkflowTemplate
from workflows.services.maps import map_of

NOT_YET = "Nothing can be started yet: no version is published. Publish one under Versions."


def ways_to_start(template: WorkflowTemplate) -> SafeString | str:
    """The form, the API and the triggers of the published version."""
    version = template.versions.filter(state=TemplateVersion.PUBLISHED).first()
    if version is None:
        return NOT_YET
    definition = map_of(version).graph.definition
    if definition.start is None:
        return NOT_YET
    lines = [_form(template, definition.start), _api(template)]
    for number, trigger in enumerate(definition.start.triggers or []):
        lines.append(_TRIGGERS[trigger.kind](version, number, trigger))
    rows = format_html_join("", "<li>{}</li>", ((line,) for line in lines))
    return format_html('<ul class="handoff-list">{}</ul>', rows)


def _form(template: WorkflowTemplate, start: StartDef) -> SafeString:
    page = link(start_page(template.key), "Form")
    return format_html("{}: whoever is in the role “{}” fills it in.", page, start.role or "")


def _api(template: WorkflowTemplate) -> SafeString:
    return format_html(
        "HTTP API: the same people, by a token of theirs: <code>POST /api/v1/instances</code> with"
        " <code>{}</code>.",
        f'{{"workflow": "{template.key}", "data": …}}',
    )


def _webhook(version: TemplateVersion, number: int, trigger: TriggerDef) -> SafeString:
    keys = WebhookKey.objects.filter(template=version.template, revoked_at=None).count()
    said = f"{keys} key{'' if keys == 1 else 's'} in use" if keys else "no key yet: add one"
    return format_html(
        "Webhook: signed calls to <code>POST /api/v1/hooks/{}</code> ({}).",
        version.template.key,
        link(list_url(WebhookKey, template__id__exact=version.template_id), said),
    )


def _schedule(version: TemplateVersion, number: int, trigger: TriggerDef) -> SafeString:
    waiting = OutboxMessage.objects.filter(
        kind=OutboxMessage.SCHEDULE, state__in=("waiting", "taken"),
        payload__version=version.pk, payload__trigger=number,
    ).first()  # fmt: skip
    when = f"next on {moment(waiting.run_after)}" if waiting else "the clock has yet to plan it"
    return format_html("Schedule: <code>{}</code>, {}.", trigger.cron or "", when)


def _after(version: TemplateVersion, number: int, trigger: TriggerDef) -> SafeString:
    result = f" with the result “{trigger.result}”" if trigger.result else ""
    return format_html("When a request of “{}” ends{}.", trigger.workflow or "", result)


_TRIGGERS = {"webhook": _webhook, "schedule": _schedule, "workflow_end": _after}
