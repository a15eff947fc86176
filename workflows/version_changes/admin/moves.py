"""The page that moves running requests to a version, and puts them back.

Which step is which stands in the address, so that the table of what would become of whom can be
looked at again, and what is moved is what was looked at. One press of the button moves a piece of
them; the page says how many are left.
"""

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from unfold.widgets import INPUT_CLASSES, SELECT_CLASSES

from workflows.access.services.once_only_forms import serve_view_once
from workflows.admin_site.base import actor_of
from workflows.admin_site.drafts import manages_workflow
from workflows.admin_site.links import change_url
from workflows.admin_site.site_links import retire_page_url
from workflows.definitions.models import TemplateVersion
from workflows.engine.versions.move_reasons import Verdict
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.queries.move_plans import RequestVerdict, plan_requests
from workflows.version_changes.queries.move_summary import (
    group_choices,
    group_verdicts,
    list_runs,
    list_step_choices,
    read_written_steps,
)
from workflows.version_changes.queries.target_versions import (
    MoveTarget,
    build_target,
    find_target_version,
)
from workflows.version_changes.queries.versions_in_use import RETIRING
from workflows.version_changes.services.runs import move_requests, put_back_requests

PIECE: Final = 100
"""So many requests are moved by one press of the button."""
LOOKED_AT: Final = 2000
"""Of so many requests a page works out what would become of them; the next page goes on."""
AFTER: Final = "after"
"""In the address: the number of the request behind which a page begins."""


class RequestMovesMixin:
    """The addresses of moving requests to a version."""

    def get_urls(self) -> list[URLPattern]:
        """The page and its command, beside what there is."""
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("<int:pk>/move/", view(self.move_view), name="move_requests"),
            path("<int:pk>/put-back/", view(self.put_back_view), name="put_back_requests"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def move_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What would become of running requests here; a POST moves a piece of them."""
        return self._answer_for_manager(request, pk, self._answer_move)

    def put_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put back what one run moved. Only by its button."""
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:move_requests", args=[pk]))

        def put_back_run(request: HttpRequest, version: TemplateVersion) -> HttpResponse:
            return serve_view_once(request, lambda: _put_back_run(request, version))

        return self._answer_for_manager(request, pk, put_back_run)

    def _answer_for_manager(self, request: HttpRequest, pk: int, answer: Any) -> HttpResponse:
        if not self.has_command_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied

        def answer_manager(version: TemplateVersion) -> HttpResponse:
            if not manages_workflow(request, version.template):
                raise PermissionDenied
            response: HttpResponse = answer(request, version)
            return response

        return self._answer_for_version(request, pk, answer_manager)  # type: ignore[attr-defined]

    def _answer_move(self, request: HttpRequest, version: TemplateVersion) -> HttpResponse:
        find_target_version(version.template, version.number)
        target = build_target(version, read_written_steps(request.GET))
        if request.method == "POST":
            return serve_view_once(request, lambda: _move_piece(request, target))
        context = move_context(request, target)
        context |= self.admin_site.each_context(request)  # type: ignore[attr-defined]
        context["media"] = self.media  # type: ignore[attr-defined]
        context["title"] = gettext("Move requests to %(version)s") % {"version": version}
        return TemplateResponse(request, "admin/workflows/move_requests.html", context)


def look_at(request: HttpRequest, target: MoveTarget) -> tuple[list[RequestVerdict], int]:
    """What would become of as many requests as a page works out, and behind which one there are
    more: 0 where there are none."""
    written = request.GET.get(AFTER, "")
    after = int(written) if written.isascii() and written.isdigit() and len(written) < 18 else 0
    plans = plan_requests(target, actor_of(request), after=after)
    lines = list(islice(plans, LOOKED_AT + 1))
    if len(lines) <= LOOKED_AT:
        return lines, 0
    return lines[:LOOKED_AT], lines[LOOKED_AT - 1].request_id


def _address(request: HttpRequest, after: int) -> str:
    """The same page, beginning behind a request."""
    query = request.GET.copy()
    query.pop(AFTER, None)
    if after:
        query[AFTER] = str(after)
    return f"?{query.urlencode()}"


def move_context(request: HttpRequest, target: MoveTarget) -> dict[str, Any]:
    """What the page shows."""
    lines, next_after = look_at(request, target)
    groups = group_verdicts(lines)
    return {
        "version": target.version,
        "back": change_url(target.version),
        "groups": groups,
        "moving": sum(group.count for group in groups if group.verdict is Verdict.MOVES),
        "total": len(lines),
        "piece": PIECE,
        "choice_groups": group_choices(list_step_choices(target)),
        "select_classes": " ".join(SELECT_CLASSES),
        "input_classes": " ".join(INPUT_CLASSES),
        "retiring_name": RETIRING,
        "retire_url": retire_page_url(target.version.template.key)
        if RETIRING in request.GET
        else "",
        "next_page": _address(request, next_after) if next_after else "",
        "first_page": _address(request, 0) if AFTER in request.GET else "",
        "looked_at": LOOKED_AT,
        "query": request.GET.urlencode(),
        "runs": list_runs(target.version),
    }


def _move_piece(request: HttpRequest, target: MoveTarget) -> HttpResponse:
    """Move the next of them, and lead back to the page."""
    chosen = set(request.POST.getlist("group"))
    actor = actor_of(request)
    groups = group_verdicts(look_at(request, target)[0])
    wanted = [pk for group in groups if group.code in chosen for pk in group.request_ids]
    if not wanted:
        messages.error(request, gettext("Choose at least one line of those that move."))
        return _back_to_page(target.version, request.GET)
    lines = list(
        move_requests(
            target,
            actor=actor,
            reason=request.POST.get("reason", "").strip(),
            clock=timezone.now,
            only=wanted[:PIECE],
        )
    )
    moved = sum(line.verdict is Verdict.MOVES for line in lines)
    _say_moved(request, moved, len(lines) - moved, len(wanted) - len(lines))
    return _back_to_page(target.version, request.GET)


def _say_moved(request: HttpRequest, moved: int, others: int, left: int) -> None:
    sentence = ngettext("%(count)s request was moved.", "%(count)s requests were moved.", moved)
    messages.success(request, sentence % {"count": moved})
    if others:
        sentence = ngettext(
            "%(count)s has gone on meanwhile and was not moved; see below.",
            "%(count)s have gone on meanwhile and were not moved; see below.",
            others,
        )
        messages.warning(request, sentence % {"count": others})
    if left:
        sentence = ngettext(
            "%(count)s more is to be moved: press the button again.",
            "%(count)s more are to be moved: press the button again.",
            left,
        )
        messages.warning(request, sentence % {"count": left})


def _put_back_run(request: HttpRequest, version: TemplateVersion) -> HttpResponse:
    moves = find_moves_of_run(version, request.POST.get("run", ""))
    results = list(put_back_requests(moves, actor=actor_of(request), reason="", clock=timezone.now))
    back = sum(not result.why_not for result in results)
    sentence = ngettext(
        "%(count)s request was put back.", "%(count)s requests were put back.", back
    )
    messages.success(request, sentence % {"count": back})
    for result in [result for result in results if result.why_not][:5]:
        messages.warning(request, str(result.why_not))
    return _back_to_page(version, QueryDict())


def find_moves_of_run(version: TemplateVersion, run: str) -> Collection[int]:
    """What one run moved to this version and was not put back, a piece of them."""
    rows = MovedRequest.objects.filter(to_version=version, run=run, put_back_at=None)
    return list(rows.order_by("-pk").values_list("pk", flat=True)[:PIECE])


def _back_to_page(version: TemplateVersion, query: Mapping[str, Any]) -> HttpResponse:
    address = reverse("admin:move_requests", args=[version.pk])
    written = query.urlencode() if isinstance(query, QueryDict) else ""
    return HttpResponseRedirect(f"{address}?{written}" if written else address)
