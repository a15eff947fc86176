"""A workflow's event log, streamed to whoever may read its reports."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from approvals.ui.csv_download import stream_file
from approvals.ui.responses import signed_in_user
from reporting.bottlenecks.models import NAME_PEOPLE
from reporting.bottlenecks.services import record_look_at_people
from reporting.eventlogs.writers.log import FILE_SUFFIXES, TYPES, log_lines
from reporting.metrics.native_rows import RequestPeriod
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.queries.sight.field_sight import masked_fields


@login_required
@require_GET
def event_log_view(request: HttpRequest, key: str, kind: str) -> HttpResponseBase:
    """The log in one of its formats. With `?people=1` people are named, for those who may name
    them, and it is recorded."""
    template = get_object_or_404(WorkflowTemplate.objects.auditable_by(request.user), key=key)
    if kind not in TYPES:
        raise Http404(gettext("A log is written as xes, ocel or csv."))
    people = request.GET.get("people") == "1"
    if people:
        if not request.user.has_perm(NAME_PEOPLE):
            raise PermissionDenied(
                gettext(
                    "A log with people's names is for those who may name people; ask an"
                    " administrator."
                )
            )
        record_look_at_people(
            signed_in_user(request),
            template,
            question=f"the event log ({kind})",
            now=timezone.now(),
        )
    masked = masked_fields(signed_in_user(request), [template.pk])
    untold = masked.get(template.pk, frozenset())
    lines = log_lines(template, kind, RequestPeriod(), people=people, untold=untold)
    return stream_file(f"{template.key}.{FILE_SUFFIXES[kind]}", lines, TYPES[kind])
