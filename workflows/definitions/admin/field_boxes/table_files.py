"""A table's rows as files on the page of its step: CSV and DMN to keep, and a file to take over."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext

from workflows.admin_site.base import actor_of
from workflows.admin_site.links import change_url
from workflows.definitions.models import Step
from workflows.definitions.queries.table_files import write_table_file, write_table_text
from workflows.definitions.services.table_files import put_table_file
from workflows.engine.errors import HandoffError, InvalidInput
from workflows.engine.tables.csv_file import MOST_BYTES

PASTED: Final = "pasted"
MOST_PASTED: Final = 200_000
"""So many characters that were pasted and refused are there again."""


class TableFilesMixin:
    """Addresses of a table's files."""

    def get_urls(self) -> list[URLPattern]:
        """Beside those of the step's own page."""
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        dmn = {"ending": "dmn"}
        return [
            path("<int:pk>/table.csv", view(self.table_file_view), name="table_csv"),
            path("<int:pk>/table.dmn", view(self.table_file_view), dmn, name="table_dmn"),
            path("<int:pk>/table/", view(self.put_table_view), name="put_table"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def table_file_view(self, request: HttpRequest, pk: int, ending: str = "csv") -> HttpResponse:
        """The rows as a file, for whoever may read the step."""
        page: Any = self
        if not page.has_view_permission(request):
            raise PermissionDenied
        step = page.get_object(request, str(pk))
        if step is None:
            return _missing(page, request, pk)
        try:
            file = write_table_file(step, ending)
        except HandoffError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(change_url(step))
        return HttpResponse(file.text, content_type=file.content_type, headers=file.headers)

    def put_table_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The rows of a file in the place of those of a draft's table."""
        put = _put_pasted if PASTED in request.POST else _put_file
        answer = self._answer_map_command(request, pk, put)  # type: ignore[attr-defined]
        assert isinstance(answer, HttpResponse)
        return answer


def table_text(request: HttpRequest, step: Step) -> str:
    """What stands where rows are pasted: what was pasted and refused, once, else the rows."""
    refused = request.session.get(PASTED) or {}
    if refused.get("step") != step.pk:
        return write_table_text(step)
    del request.session[PASTED]
    return str(refused["text"])


def _missing(page: Any, request: HttpRequest, pk: int) -> HttpResponse:
    missing: HttpResponse = page._get_obj_does_not_exist_redirect(request, page.opts, str(pk))
    return missing


def _put_pasted(request: HttpRequest, step: Step) -> HttpResponse:
    """The rows of what was pasted; it is there again where they are refused."""
    text = request.POST[PASTED]
    try:
        return _put(request, step, text.encode(), "rows.csv", gettext("what was pasted"))
    except HandoffError:
        if len(text) <= MOST_PASTED:
            request.session[PASTED] = {"step": step.pk, "text": text}
        raise


def _put_file(request: HttpRequest, step: Step) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidInput("Choose a file first.")
    if (file.size or 0) > MOST_BYTES:
        raise InvalidInput("The file is larger than 5 MB; a table has at most 10,000 rows.")
    return _put(request, step, file.read(), str(file.name), str(file.name))


def _put(
    request: HttpRequest, step: Step, content: bytes, name: str, said_name: str
) -> HttpResponse:
    version = put_table_file(
        step.version_id,
        step.key,
        content,
        name=name,
        actor=actor_of(request),
        now=timezone.now(),
    )
    changed = version.steps.get(key=step.key)
    rows = len((changed.config or {}).get("rows") or ())
    words = gettext("“%(step)s” has the rows of %(file)s now: %(count)s.")
    messages.success(request, words % {"step": changed, "file": said_name, "count": rows})
    return HttpResponseRedirect(change_url(changed))
