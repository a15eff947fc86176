"""What `bench.pages` compares with: the same rows on pages of Django alone.

Django's own middleware and admin, one query with its joins, one template with a table or a form;
no rights, no words made of codes, no record.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Avg, Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template import engines
from django.urls import path
from django.views.generic import DetailView, FormView, ListView, View

from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.inbox import inbox_page
from workflows.people.models import User

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROWS = 50


def _template(body: str) -> Any:
    return engines["django"].from_string("<!doctype html><title>Bare</title><body>" + body)


class BarePage(LoginRequiredMixin):
    """A page whose template is written beside it."""

    body = ""

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> HttpResponse:
        """The template with its context, by Django's own context processors."""
        cls = type(self)
        if "compiled" not in cls.__dict__:
            cls.compiled = _template(cls.body)  # type: ignore[attr-defined]
        return HttpResponse(cls.compiled.render(context, self.request))  # type: ignore[attr-defined]


TASK_ROW = (
    "<li><a href='{% url 'bare-task' row.pk %}'>{{ row.request.title }}</a> {{ row.step.name }}"
    " {{ row.request.template.name }} {{ row.request.requester.get_full_name }}"
    " {{ row.state }} {{ row.enabled_at|timesince }} {{ row.due_at|date:'j M Y, H:i' }}"
    "<form method='post'>{% csrf_token %}<button>Take it</button></form></li>"
)
REQUEST_ROW = (
    "<tr><td><a href='{% url 'bare-request' row.pk %}'>{{ row.title }}</a></td>"
    "<td>{{ row.template.name }}</td><td>{{ row.requester.get_full_name }}</td>"
    "<td>{{ row.get_state_display }}</td>"
    "<td>{% for task in row.work_items.all %}{{ task.step.name }}: {{ task.assignee }}"
    "{% endfor %}</td><td>{{ row.started_at|date:'j M Y, H:i' }}</td></tr>"
)


class BareInbox(BarePage, ListView):
    """Open tasks of the person's groups, as the inbox lists them."""

    body = "<h1>Inbox</h1><ul>{% for row in object_list %}" + TASK_ROW + "{% endfor %}</ul>"

    def get_queryset(self) -> QuerySet[WorkItem]:
        """Those rows that the inbox showed."""
        tasks = WorkItem.objects.filter(pk__in=ROW_IDS.get("inbox", ()))
        joined = tasks.select_related("step", "request__template", "request__requester")
        return joined.order_by("due_at")


class BareRequests(BarePage, ListView):
    """The same requests as the list's, with their open tasks."""

    body = "<table>{% for row in object_list %}" + REQUEST_ROW + "{% endfor %}</table>"

    def get_queryset(self) -> QuerySet[WorkflowInstance]:
        """Those rows that the list showed."""
        requests = WorkflowInstance.objects.filter(pk__in=ROW_IDS.get("requests", ()))
        joined = requests.select_related("template", "requester").order_by("-pk")
        return joined.prefetch_related("work_items__step", "work_items__assignee")


class BareRequest(BarePage, DetailView):
    """One request: its values, its tasks, its documents and its trail."""

    queryset = WorkflowInstance.objects.select_related(
        "template__owner", "requester", "version"
    ).prefetch_related("work_items__step", "work_items__assignee", "documents", "incidents")
    body = (
        "<h1>{{ object.title }}</h1><dl>{% for key, value in object.data.items %}<dt>{{ key }}</dt>"
        "<dd>{{ value }}</dd>{% endfor %}</dl>"
        "<table>{% for row in object.work_items.all %}<tr><td>{{ row.step.name }}</td>"
        "<td>{{ row.performer_name }}</td><td>{{ row.outcome }}</td>"
        "<td>{{ row.enabled_at|date:'j M Y, H:i' }}</td><td>{{ row.waiting_seconds }}</td>"
        "<td>{{ row.working_seconds }}</td></tr>{% endfor %}</table>"
        "<table>{% for row in object.trail.all %}<tr><td>{{ row.recorded_at|date:'j M Y, H:i' }}"
        "</td><td>{{ row.actor_name }}</td><td>{{ row.command }}</td><td>{{ row.step }}</td>"
        "<td>{{ row.from_state }} {{ row.to_state }}</td><td>{{ row.comment }}</td></tr>"
        "{% endfor %}</table>"
    )


class DecisionForm(forms.Form):
    """An outcome and a comment."""

    outcome = forms.CharField(max_length=80)
    comment = forms.CharField(max_length=4000, required=False, widget=forms.Textarea)


class BareTask(BarePage, DetailView):
    """One task with its request's values and the form of a decision; a POST writes the row."""

    queryset = WorkItem.objects.select_related("step", "request__template", "request__requester")
    body = (
        "<h1>{{ object.request.title }}</h1>"
        "<dl>{% for key, value in object.request.data.items %}<dt>{{ key }}</dt>"
        "<dd>{{ value }}</dd>{% endfor %}</dl>"
        "{% for row in object.request.work_items.all %}<p>{{ row.performer_name }}"
        " {{ row.outcome }}</p>{% endfor %}"
        "<form method='post'>{% csrf_token %}{{ form }}<button>Decide</button></form>"
    )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the form."""
        return super().get_context_data(form=DecisionForm(), **kwargs)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write the decision into the row, and lead to the inbox."""
        form = DecisionForm(request.POST)
        task = get_object_or_404(WorkItem.objects.select_related("request", "step"), pk=pk)
        if form.is_valid():
            task.comment, task.outcome = form.cleaned_data["comment"], form.cleaned_data["outcome"]
            task.save()
            task.request.save()
        return redirect("bare-inbox")


class StartForm(forms.Form):
    """As many fields as a start form has, one of them a list of the people."""

    title = forms.CharField(max_length=200)
    amount = forms.DecimalField()
    needed_by = forms.DateField()
    reason = forms.CharField(widget=forms.Textarea)
    region = forms.ChoiceField(choices=[(word, word) for word in ("EU", "US", "APAC")])
    manager = forms.ModelChoiceField(User.objects.filter(is_active=True))


class BareStart(BarePage, FormView):
    """The form by which something begins."""

    form_class = StartForm
    body = (
        "<h1>Start</h1><form method='post'>{% csrf_token %}{{ form }}<button>Start</button></form>"
    )


class BareReport(BarePage, View):
    """How long each step of a workflow took, by the database's own average."""

    body = (
        "<table>{% for row in rows %}<tr><td>{{ row.step__name }}</td><td>{{ row.count }}</td>"
        "<td>{{ row.waiting }}</td><td>{{ row.working }}</td></tr>{% endfor %}</table>"
    )

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The table."""
        done = WorkItem.objects.filter(request__template__key=key, state="done")
        rows = done.values("step__name").annotate(
            count=Count("pk"), waiting=Avg("waiting_seconds"), working=Avg("working_seconds")
        )
        return self.render_to_response({"rows": list(rows)})


class BareTaskAdmin(admin.ModelAdmin):
    """Django's own list of tasks."""

    list_display = ("step", "request", "state", "assignee", "enabled_at", "due_at", "outcome")
    list_select_related = ("step", "request__template", "assignee")
    list_filter = ("request__template", "step__kind", "state")
    search_fields = ("step__key", "step__name", "assignee__username", "performer_name")
    ordering = ("-id",)


class BareRequestAdmin(admin.ModelAdmin):
    """Django's own list of requests."""

    list_display = ("title", "state", "result", "requester_name", "template", "started_at")
    list_select_related = ("template",)
    list_filter = ("template", "state", "source")
    search_fields = ("title", "requester_name")
    ordering = ("-id",)


site = admin.AdminSite(name="admin")
site.register(WorkItem, BareTaskAdmin)
site.register(WorkflowInstance, BareRequestAdmin)

ROW_IDS: dict[str, tuple[int, ...]] = {}
"""Which rows the pages that are compared with showed, by page."""


def find_row_ids(approver: str) -> dict[str, tuple[int, ...]]:
    """The rows that are compared: this person's inbox, and the newest open requests."""
    live = WorkflowInstance.objects.filter(state__in=WorkflowInstance.LIVE).order_by("-pk")
    inbox = inbox_page(User.objects.get(username=approver))
    return {
        "inbox": tuple(row.id for row in inbox.rows),
        "requests": tuple(live.values_list("pk", flat=True)[:ROWS]),
    }


urlpatterns = [
    path("inbox/", BareInbox.as_view(), name="bare-inbox"),
    path("requests/", BareRequests.as_view(), name="bare-requests"),
    path("requests/<int:pk>/", BareRequest.as_view(), name="bare-request"),
    path("tasks/<int:pk>/", BareTask.as_view(), name="bare-task"),
    path("start/", BareStart.as_view(), name="bare-start"),
    path("report/<slug:key>/", BareReport.as_view(), name="bare-report"),
    path("admin/", site.urls),
]
