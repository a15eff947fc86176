"""Whom a box for a person offers, as one types in it."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from approvals.forms.people_boxes import MOST_FOUND, about_person, person_label, read_offer
from approvals.ui.responses import signed_in_page, signed_in_user
from workflows.engine.errors import NotFound
from workflows.people.queries.people_search import search_people


@require_safe
@signed_in_page
def offered_people_view(request: HttpRequest) -> HttpResponse:
    """The first of those who may be chosen in that box, by what was typed. The address is of a
    form that this person was shown; nobody learns by another's who is in a role."""
    scope = read_offer(request.GET.get("in", ""), signed_in_user(request))
    if scope is None:
        raise NotFound(gettext("This list of people is not for you, or too old; load the page."))
    typed = request.GET.get("q", "").replace("\x00", "").strip()[:150]
    matches = search_people(scope, typed, MOST_FOUND, timezone.now())
    people = [
        {
            "login": match.person.username,
            "name": person_label(match.person),
            "about": about_person(match),
        }
        for match in matches
    ]
    return JsonResponse({"people": people})
