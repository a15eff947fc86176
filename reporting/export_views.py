"""A workflow's event log, streamed to whoever may read its reports."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from reporting.csv_out import streamed
from reporting.exports.log import ENDINGS, TYPES, log_lines
from reporting.models import LookAtPeople
from reporting.report_views import NAME_PEOPLE
from reporting.rows import Period
from workflows.permissions import auditable


@login_required
@require_GET
def log(request: HttpRequest, key: str, kind: str) -> HttpResponseBase:
    """The log in one of its formats. With `?people=1` people are named, for those who may name
    them, and it is recorded."""
    template = get_object_or_404(auditable(request.user), key=key)
    if kind not in TYPES:
        raise Http404("A log is written as xes, ocel or csv.")
    people = request.GET.get("people") == "1"
    if people:
        if not request.user.has_perm(NAME_PEOPLE):
            raise PermissionDenied(
                "A log with people's names is for those who may name people; ask an administrator."
            )
        assert request.user.pk is not None
        LookAtPeople.objects.create(
            user_id=request.user.pk,
            user_name=request.user.get_username(),
            template=template,
            looked_at=timezone.now(),
            asked=f"the event log ({kind})",
        )
    lines = log_lines(template, kind, Period(), people=people)
    return streamed(f"{template.key}.{ENDINGS[kind]}", lines, TYPES[kind])
