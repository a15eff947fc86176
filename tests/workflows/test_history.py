"""Every governed row keeps every version of itself, bulk writes too: 'as of' has an answer."""

from datetime import timedelta

import pytest
from django.db import models

from tests.factories import NOW
from tests.workflows import drawn
from tests.workflows.support import begin, make_people, paper, person, publish
from workflows.definitions.models import Field, Role, Route, Step, TemplateVersion, WorkflowTemplate
from workflows.documents.models import Document
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import merges
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db

GOVERNED = [
    Document,
    Field,
    Role,
    Route,
    Step,
    TemplateVersion,
    WorkflowInstance,
    WorkflowTemplate,
    WorkItem,
]


def newest_history_is_the_row(model: type[models.Model]) -> bool:
    """Whether each row's newest history says what the row says."""
    history = model.history.model  # type: ignore[attr-defined]
    names = [field.attname for field in history.tracked_fields]
    rows = list(model._default_manager.all())
    assert rows, model
    for row in rows:
        newest = history.objects.filter(id=row.pk).order_by("history_date", "history_id").last()
        if newest is None or any(getattr(newest, n) != getattr(row, n) for n in names):
            return False
    return True


def test_the_newest_history_of_every_governed_row_is_the_row_after_every_command() -> None:
    flow = begin(drawn.branches(), amount="5000", paper=paper())
    olga, ann = person("olga"), person("ann")
    task = flow.task("legal").pk
    for command in (tasks.claim, tasks.start_work, tasks.pause, tasks.release):
        command(task, actor=ann, now=flow.later())
    tasks.reassign(task, actor=olga, to=ann, reason="So.", now=flow.later())
    flow.decide("legal", "ok", data={"note": "one"})
    flow.command("suspend")
    flow.command("resume")
    flow.decide("cost", "ok", "mona", data={"note": "two"})
    flow.decide("tech", "ok", "bob")
    merges.resolve_merge(
        flow.merge().pk, actor=olga, choices={"note": "0"}, reason="So.", now=flow.later()
    )
    flow.decide("review", "ok", "mona")
    flow.command("reopen")
    flow.command("cancel")
    for model in GOVERNED:
        assert newest_history_is_the_row(model), model


def test_work_that_was_cancelled_in_bulk_has_its_history() -> None:
    flow = begin(drawn.branches(), amount="5000")
    flow.decide("tech", "out")
    for item in flow.request.work_items.filter(state="cancelled"):
        assert list(item.history.order_by("history_id").values_list("state", "history_type")) == [
            ("enabled", "+"),
            ("cancelled", "~"),
        ]


def test_what_a_task_looked_like_then_has_an_answer() -> None:
    flow = begin(drawn.sequential())
    task = flow.task("review")
    tasks.claim(task.pk, actor=person("ann"), now=NOW + timedelta(hours=1))
    tasks.decide(task.pk, actor=person("ann"), outcome="ok", now=NOW + timedelta(hours=2))
    then = {
        minutes: task.history.as_of(NOW + timedelta(minutes=minutes)) for minutes in (0, 90, 150)
    }
    assert [row.state for row in then.values()] == ["enabled", "claimed", "done"]
    assert (then[0].assignee, then[90].assignee) == (None, person("ann"))


def test_what_the_data_was_when_somebody_approved_has_an_answer() -> None:
    flow = begin(drawn.sequential(), paper=paper("first"))
    flow.decide("review", "back", comment="Not yet.")
    approved = flow.now
    flow.decide("fix", "again", "rita", data={"note": "later"}, files={"paper": paper("second")})
    before = flow.request.history.as_of(approved)
    assert (before.data["paper"]["version"], "note" in before.data) == (1, False)
    assert flow.data["paper"]["version"] == 2


def test_history_says_who_by_which_command_and_when_it_happened() -> None:
    flow = begin(drawn.sequential())
    task = flow.decide("review", "ok")
    newest = task.history.latest()
    assert (newest.history_user, newest.history_change_reason, newest.history_date) == (
        person("ann"),
        "decide",
        flow.now,
    )


def test_a_map_as_it_was_before_it_was_published_has_an_answer() -> None:
    make_people()
    version = publish(drawn.sequential())
    states = version.history.order_by("history_id").values_list("state", "history_change_reason")
    assert list(states) == [("draft", "load_definition"), ("published", "publish")]
    for model in (Role, Field, Step, Route):
        assert model.history.count() == model.objects.count()
