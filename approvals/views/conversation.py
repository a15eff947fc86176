"""Pages on which people comment, look up whom they may mention, and choose what they follow."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from approvals.ui.formats import person_name
from approvals.ui.responses import (
    button_only_view,
    is_shown_on_page,
    refusal_context,
    signed_in_page,
    signed_in_user,
    status_of,
    submit_and_redirect,
)
from approvals.ui.typed_text import form_data
from approvals.views.confirmations import GET_OR_POST
from workflows.access.services.once_only_forms import FormSubmission, Twins
from workflows.conversation.models import Comment, Follow
from workflows.conversation.queries.comments import find_visible_comment
from workflows.conversation.queries.following import (
    followable_teams,
    followable_workflows,
    follows_of_person,
)
from workflows.conversation.queries.mentions import offered_people
from workflows.conversation.services import comments, following
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import HandoffError
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.visible_instances import find_visible_request

# -- comments ---------------------------------------------------------------------------------


@require_http_methods(GET_OR_POST)
@signed_in_page
def write_comment_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Write a comment; where it is refused the page shows what was typed."""
    user = signed_in_user(request)
    instance = find_visible_request(user, reference)

    def submit_comment() -> FormSubmission:
        comment = comments.write_comment(
            instance.pk,
            actor=user,
            text=request.POST.get("comment", ""),
            now=timezone.now(),
            files=request.FILES.getlist("files"),
            gives_sight=bool(request.POST.get("gives_sight")),
        )
        return FormSubmission(_address_after(request, comment), _written_notice())

    return _comment_form_response(request, instance, submit_comment, twins=Twins.ASKED)


@require_http_methods(GET_OR_POST)
@signed_in_page
def edit_comment_view(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Write one's own comment anew, for as long as that may be."""
    user = signed_in_user(request)
    comment = find_visible_comment(user, comment_id)
    refusal = comments.comment_change_refusal(comment, user, timezone.now())
    if refusal is not None and request.method != "POST":
        raise refusal

    def submit_edit() -> FormSubmission:
        edited = comments.edit_comment(
            comment_id,
            actor=user,
            text=request.POST.get("comment", ""),
            now=timezone.now(),
            gives_sight=bool(request.POST.get("gives_sight")),
        )
        return FormSubmission(_address_after(request, edited), gettext("Your comment is changed."))

    return _comment_form_response(request, comment.request, submit_edit, comment)


def _comment_form_response(
    request: HttpRequest,
    instance: WorkflowInstance,
    submit: Callable[[], FormSubmission],
    comment: Comment | None = None,
    twins: Twins = Twins.REFUSED,
) -> HttpResponse:
    """Ask on GET; on POST run the command, or show what was refused with what was typed."""
    error = None
    if request.method == "POST":
        try:
            return submit_and_redirect(request, submit, twins)
        except HandoffError as refused:
            if not is_shown_on_page(refused):
                raise
            error = refused
    typed = form_data(request)
    context = {
        "instance": instance,
        "comment": comment,
        "text": typed.get("comment", "") if typed else comment.text if comment else "",
        "task_id": _task_number(request),
        "gives_sight": bool(typed and typed.get("gives_sight")),
        "sight_is_offered": sight_is_offered(instance),
        **refusal_context(error),
    }
    status = status_of(error) if error else 200
    return render(request, "approvals/comment.html", context, status=status)


def sight_is_offered(instance: WorkflowInstance) -> bool:
    """Whether a comment may give sight of the request to whom it mentions."""
    return bool(cached_map(instance.version_id).graph.definition.mentions_give_sight)


def _written_notice() -> str:
    minutes = int(comments.TIME_TO_CHANGE.total_seconds() // 60)
    return gettext("Your comment is there. You can change it for %(minutes)s minutes.") % {
        "minutes": minutes
    }


def _task_number(request: HttpRequest) -> int | None:
    """The task on whose page the comment is written, if it is."""
    text = request.POST.get("task", "") or request.GET.get("task", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _address_after(request: HttpRequest, comment: Comment) -> str:
    """Where the comment stands: on the task's page that it was written on, or the request's."""
    task_id = _task_number(request)
    page = (
        reverse("approvals:task", args=[task_id])
        if task_id is not None
        else reverse("approvals:request", args=[comment.request.reference])
    )
    return f"{page}#comment-{comment.pk}"


@signed_in_page
@button_only_view(lambda comment_id: reverse("approvals:comment-edit", args=[comment_id]))
def withdraw_comment_view(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Take one's own comment back."""
    user = signed_in_user(request)
    find_visible_comment(user, comment_id)

    def submit_withdrawal() -> FormSubmission:
        comment = comments.withdraw_comment(comment_id, actor=user, now=timezone.now())
        notice = gettext("Your comment is withdrawn.")
        return FormSubmission(_address_after(request, comment), notice)

    return submit_and_redirect(request, submit_withdrawal)


@require_safe
@signed_in_page
def mentionable_people_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Whom a comment on this request may mention, by the beginning of a name: as a page, and for
    the list under the text field as JSON."""
    instance = find_visible_request(signed_in_user(request), reference)
    typed = request.GET.get("q", "").strip()[:150].replace("\x00", "")
    people = offered_people(instance, typed)
    if request.GET.get("format") == "json":
        offered = [{"login": person.username, "name": person_name(person)} for person in people]
        return JsonResponse({"people": offered})
    context = {"instance": instance, "typed": typed, "people": people}
    return render(request, "approvals/people.html", context)


# -- following --------------------------------------------------------------------------------


@require_safe
@signed_in_page
def following_view(request: HttpRequest) -> HttpResponse:
    """What I follow, and what else I could."""
    user = signed_in_user(request)
    follows = follows_of_person(user)
    context = {
        "follows": follows,
        "visible_requests": _visible_request_ids(request, follows),
        "workflows": followable_workflows(user, [follow.template_id for follow in follows]),
        "teams": followable_teams(user, [follow.team_id for follow in follows]),
    }
    return render(request, "approvals/following.html", context)


def _visible_request_ids(request: HttpRequest, follows: list[Follow]) -> set[int]:
    """Those of the followed requests that the person may still see."""
    ids = [follow.request_id for follow in follows if follow.request_id is not None]
    rows = WorkflowInstance.objects.visible_to(signed_in_user(request)).filter(pk__in=ids)
    return set(rows.values_list("pk", flat=True)) if ids else set()


@signed_in_page
@button_only_view(lambda reference: reverse("approvals:request", args=[reference]))
def follow_request_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Follow one request."""
    instance = find_visible_request(signed_in_user(request), reference)
    return _follow(
        request,
        lambda now: following.follow_request(instance.pk, actor=signed_in_user(request), now=now),
        reverse("approvals:request", args=[reference]),
    )


@signed_in_page
@button_only_view(lambda key: reverse("approvals:following"))
def follow_workflow_view(request: HttpRequest, key: str) -> HttpResponse:
    """Follow all of a workflow."""
    return _follow(
        request,
        lambda now: following.follow_workflow(key, actor=signed_in_user(request), now=now),
        reverse("approvals:following"),
    )


@signed_in_page
@button_only_view(lambda team_id: reverse("approvals:following"))
def follow_team_view(request: HttpRequest, team_id: int) -> HttpResponse:
    """Follow all that comes to a team of mine."""
    return _follow(
        request,
        lambda now: following.follow_team(team_id, actor=signed_in_user(request), now=now),
        reverse("approvals:following"),
    )


def _follow(request: HttpRequest, command: Callable[[datetime], Follow], to: str) -> HttpResponse:
    def submit_follow() -> FormSubmission:
        follow = command(timezone.now())
        places = {"what": _followed_name(follow)}
        return FormSubmission(to, gettext("You follow %(what)s now.") % places)

    return submit_and_redirect(request, submit_follow)


def _followed_name(follow: Follow) -> str:
    if follow.request is not None:
        return follow.request.reference
    places: dict[str, Any] = {"name": follow.template or follow.team}
    return gettext("“%(name)s”") % places


@signed_in_page
@button_only_view(lambda follow_id: reverse("approvals:following"))
def unfollow_view(request: HttpRequest, follow_id: int) -> HttpResponse:
    """Stop following something."""
    user = signed_in_user(request)

    def submit_unfollow() -> FormSubmission:
        follow = following.unfollow(follow_id, actor=user, now=timezone.now())
        comes_from_request = follow.request is not None and bool(request.POST.get("on_request"))
        to = (
            reverse("approvals:request", args=[follow.request.reference])
            if comes_from_request and follow.request is not None
            else reverse("approvals:following")
        )
        places = {"what": _followed_name(follow)}
        return FormSubmission(to, gettext("You do not follow %(what)s any more.") % places)

    return submit_and_redirect(request, submit_unfollow)
