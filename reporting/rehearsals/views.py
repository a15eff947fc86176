"""The page on which a version is rehearsed. A GET alone: nothing is changed by it."""

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.ui.responses import refusal_context, signed_in_page, signed_in_user
from reporting.rehearsals.choices import USUAL, RehearsalForm
from reporting.rehearsals.page import RehearsalPage, build_page
from reporting.rehearsals.preparing import suppose_setting
from workflows.access.permissions import may_manage
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.errors import HandoffError, NotAllowed, NotFound
from workflows.engine.format.definition import Definition
from workflows.engine.routing.holds import holds_something
from workflows.people.models import User


@require_safe
@signed_in_page
def rehearsal_view(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Rehearse a version as its form says, or a hundred times."""
    version = _find_managed_version(signed_in_user(request), key, number)
    definition, form, page, refused = None, None, None, None
    try:
        definition = definition_of(version)
        form = RehearsalForm(definition, _asked(request.GET))
        if form.is_valid():
            page = _rehearse(request.GET, form, definition, version)
    except HandoffError as error:
        refused = error
    context = {
        "version": version,
        "workflow": version.template,
        "form": form,
        "page": page,
        "supposes_free": definition is not None and holds_something(definition),
        "query": _query_without_place(request.GET),
        **refusal_context(refused),
    }
    return render(request, "reporting/rehearsal.html", context)


def _asked(query: QueryDict) -> dict[str, str]:
    """What was asked; a hundred runs where nothing was."""
    return {"runs": str(USUAL), "seed": "1", **{name: query.get(name, "") for name in query}}


def _rehearse(
    query: QueryDict, form: RehearsalForm, definition: Definition, version: TemplateVersion
) -> RehearsalPage:
    runs, seed = form.cleaned_data["runs"], form.cleaned_data["seed"]
    setting = suppose_setting(definition, version, seed=seed, runs=runs)
    rehearsal = setting.rehearse(runs)
    return build_page(
        setting,
        rehearsal,
        setting.rehearse_alternatives(form.alternatives, runs),
        run=_number(query.get("run")),
        moment=_number(query.get("moment")) or 1,
        today=timezone.localdate(),
    )


def _number(written: str | None) -> int | None:
    is_number = written is not None and written.isascii() and written.isdigit()
    return int(written) if is_number and written and len(written) < 8 else None


def _query_without_place(query: QueryDict) -> str:
    """The rest of the address, for links to a run and its moments."""
    rest = query.copy()
    for name in ("run", "moment"):
        rest.pop(name, None)
    return rest.urlencode()


def _find_managed_version(user: User, key: str, number: int) -> TemplateVersion:
    template = WorkflowTemplate.objects.auditable_by(user).filter(key=key).first()
    if template is None:
        raise NotFound("There is no such workflow, or it is not yours to see.")
    if not may_manage(user, template):
        raise NotAllowed("Only the owner or deputy of “%(name)s” may do this.", name=template.name)
    version = template.versions.select_related("template").filter(number=number).first()
    if version is None:
        raise NotFound("There is no such version of this workflow.")
    return version
