"""Commands on the map as a whole: add a step, take one out. Each is one POST and one service."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext

from workflows.access.services.once_only_forms import serve_view_once
from workflows.admin_site.base import actor_of
from workflows.admin_site.drafts import may_edit
from workflows.admin_site.links import change_url
from workflows.definitions.admin.add_step import AddStepForm
from workflows.definitions.admin.map_inlines import load_version_options
from workflows.definitions.models import Step, TemplateVersion
from workflows.definitions.services.map_edits import edit_map
from workflows.engine.editing.removing import Removed, remove_step
from workflows.engine.editing.ways import Form
from workflows.engine.errors import HandoffError


class MapCommandsMixin:
    """Addresses of the commands on a draft's map; the page of a step has their forms."""

    def get_urls(self) -> list[URLPattern]:
        """Beside those of the step's own page."""
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("<int:pk>/add/", view(self.add_view_here), name="add_step"),
            path("<int:pk>/remove/", view(self.remove_view), name="remove_step"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def add_view_here(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a step around this one."""
        return self._answer_map_command(request, pk, _add_here)

    def remove_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take this step out; its ways are joined up."""
        return self._answer_map_command(request, pk, _remove)

    def _answer_map_command(self, request: HttpRequest, pk: int, command: Any) -> HttpResponse:
        page: Any = self
        if request.method != "POST":  # whoever signed in again on the way: the form is there
            return redirect("admin:workflows_step_change", pk)
        step = page.get_object(request, str(pk))
        if step is None:
            missing: HttpResponse = page._get_obj_does_not_exist_redirect(
                request, page.opts, str(pk)
            )
            return missing
        if not (page.has_change_permission(request) and may_edit(request, step.version)):
            raise PermissionDenied
        try:
            return serve_view_once(request, lambda: command(request, step))
        except HandoffError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(change_url(step) + _typed_query(request))


def build_add_form(request: HttpRequest, step: Step, **kwargs: Any) -> AddStepForm:
    """The form of a new step around this one; after a refusal with what was typed."""
    offer = load_version_options(request, step.version)
    routes = list(step.routes.select_related("to_step").order_by("position", "id"))
    initial = {
        name.removeprefix("new-"): value for name, value in request.GET.items() if "new-" in name
    }
    return AddStepForm(step, routes, offer, initial={"kind": "task", **initial}, **kwargs)


def _typed_query(request: HttpRequest) -> str:
    """What was typed for a new step, to be shown again."""
    typed = {
        f"new-{name}": request.POST[f"new-{name}"]
        for name in ("place", "kind", "name", "owner", "rule", "rule_to")
        if request.POST.get(f"new-{name}")
    }
    return f"?{urlencode(typed)}#add-step" if typed else ""


def _add_here(request: HttpRequest, step: Step) -> HttpResponse:
    form = build_add_form(request, step, data=request.POST)
    if not form.is_valid():
        for name, problems in form.errors.items():
            label = form.fields[name].label if name in form.fields else ""
            messages.error(request, f"{label}: {' '.join(map(str, problems))}")
        return HttpResponseRedirect(change_url(step) + _typed_query(request))
    keys: list[str] = []

    def edit(map_form: Form) -> Form:
        added = form.add_to(map_form)
        keys.append(added.key)
        return added.form

    version = _edit(request, step.version, edit)
    new = version.steps.get(key=keys[0])
    messages.success(request, gettext("“%(step)s” is on the map.") % {"step": new})
    return HttpResponseRedirect(change_url(new))


def _remove(request: HttpRequest, step: Step) -> HttpResponse:
    done: list[Removed] = []

    def edit(map_form: Form) -> Form:
        done.append(remove_step(map_form, step.key))
        return done[0].form

    version = _edit(request, step.version, edit)
    removed = done[0]
    led_to = version.steps.filter(key=removed.led_to).first()
    messages.success(request, _say_removed(step, led_to, removed))
    return HttpResponseRedirect(change_url(led_to or version))


def _edit(request: HttpRequest, version: TemplateVersion, edit: Any) -> TemplateVersion:
    return edit_map(version.pk, edit, actor=actor_of(request), now=timezone.now())


def _say_removed(step: Step, led_to: Step | None, removed: Removed) -> str:
    if led_to is None:
        sentences = [gettext("“%(step)s” is taken out.") % {"step": step}]
    else:
        words = gettext("“%(step)s” is taken out; what led to it leads to “%(target)s”.")
        sentences = [words % {"step": step, "target": led_to}]
    if removed.dissolved:
        sentences.append(gettext("Only one thing was left of what went on at the same time."))
    if removed.conditions:
        words = gettext("These conditions are no longer asked: %(conditions)s.")
        sentences.append(words % {"conditions": "; ".join(removed.conditions)})
    return " ".join(sentences)
