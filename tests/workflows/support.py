"""What these tests lean on: who there is, driving a request by names, and 'nothing changed'."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from tests.factories import NOW, load_map, make_user, open_task
from tests.table_rows import read_rows
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.definitions.services import publishing as definitions
from workflows.engine.errors import HandoffError
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.review_digest import digest_of_shown_values
from workflows.people.models import User
from workflows.trail.models import TrailEvent

only_on_postgres = pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="PostgreSQL alone can show this; set DATABASE_URL",
)

PEOPLE: Mapping[str, tuple[str, ...]] = {
    "olga": (),
    "dan": (),
    "rita": ("staff",),
    "sid": ("staff", "crew"),
    "ann": ("crew",),
    "bob": ("crew",),
    "cat": ("crew",),
    "mona": ("bosses",),
    "max": ("bosses",),
}
"""Olga owns the maps of these tests and Dan is her deputy; Rita asks; the others do."""


def make_people() -> dict[str, User]:
    """Everybody of these tests, by username."""
    return {name: make_user(name, groups=groups) for name, groups in PEOPLE.items()}


def person(name: str) -> User:
    """Somebody who is there already, read afresh."""
    return User.objects.get(username=name)


def paper(text: str = "paper", name: str = "paper.txt") -> ContentFile:
    """A file to upload."""
    return ContentFile(text.encode(), name=name)


# -- nothing changed --------------------------------------------------------------------------


def everything() -> dict[str, list[Any]]:
    """Every row of every table of ours, histories and grants too, and every stored file."""
    models = apps.get_app_config("workflows").get_models(include_auto_created=True)
    rows: dict[str, list[Any]] = {model._meta.db_table: read_rows(model) for model in models}
    rows[User._meta.db_table] = read_rows(User, "last_login")  # signing in is no change
    return rows | {"files": stored_files()}


def stored_files() -> list[str]:
    """The names of the uploaded files on disk."""
    if not default_storage.exists("documents"):
        return []
    return sorted(default_storage.listdir("documents")[1])


@contextmanager
def nothing_changed() -> Iterator[None]:
    """Whatever happens inside leaves every row, and every file, as it was."""
    before = everything()
    yield
    after = everything()
    for table, rows in before.items():
        assert after[table] == rows, f"{table} changed"


@contextmanager
def refused(error: type[HandoffError], *words: str) -> Iterator[None]:
    """What is inside is refused with a sentence that has these words, and changes nothing."""
    with nothing_changed(), pytest.raises(error) as caught:
        yield
    sentence = str(caught.value)
    assert sentence.endswith("."), sentence
    for word in words:
        assert word in sentence, sentence


# -- driving ----------------------------------------------------------------------------------


@dataclass
class Flow:
    """One request, driven by the names of steps and people; each command is an hour later."""

    request: WorkflowInstance
    now: datetime = NOW

    def later(self, **by: float) -> datetime:
        """Let time pass (an hour unless told); what it is then."""
        self.now += timedelta(**(by or {"hours": 1}))
        return self.now

    def task(self, step: str) -> WorkItem:
        """The open task at a step."""
        return open_task(self.request, step)

    def decide(self, step: str, outcome: str, by: str = "ann", **more: Any) -> WorkItem:
        """Decide the open task at a step."""
        return tasks.decide(
            self.task(step).pk, actor=person(by), outcome=outcome, now=self.later(), **more
        )

    def command(self, name: str, by: str | None = "olga", reason: str = "Because.") -> None:
        """Cancel, suspend, resume or reopen."""
        command = getattr(requests, name)
        actor = person(by) if by else None
        command(self.request.pk, actor=actor, reason=reason, now=self.later())
        self.refresh()

    def refresh(self) -> WorkflowInstance:
        """The request as it is now."""
        self.request = WorkflowInstance.objects.get(pk=self.request.pk)
        return self.request

    @property
    def open(self) -> list[str]:
        """The steps that wait, by name."""
        return sorted(self.request.work_items.open().values_list("step__key", flat=True))

    @property
    def where(self) -> str:
        """The open steps in one line, or `= result`."""
        request = self.refresh()
        return " ".join(self.open) if request.is_live else f"= {request.result}"

    @property
    def data(self) -> dict[str, Any]:
        """The request's values now."""
        data: dict[str, Any] = self.refresh().data
        return data

    def merge(self) -> MergeRecord:
        """The newest merge record."""
        return MergeRecord.objects.filter(request=self.request).latest("pk")

    def incident(self) -> Incident:
        """The one open incident."""
        return Incident.objects.get(request=self.request, state=Incident.OPEN)

    def incidents(self) -> list[tuple[str, str]]:
        """Code and state of all incidents, oldest first."""
        return list(self.request.incidents.values_list("code", "state"))

    def last(self) -> TrailEvent:
        """The newest row of the trail."""
        return TrailEvent.objects.filter(request=self.request).latest("pk")


def digest_now(flow: Flow, step: str) -> str:
    """The digest that a step's page shows now."""
    request = flow.refresh()
    return digest_of_shown_values(cached_map(request.version_id), step, request.data)


def begin(data: Mapping[str, Any], *, by: str = "rita", **values: Any) -> Flow:
    """Publish a map and start a request on it."""
    make_people()
    publish(data)
    return again(data["key"], by=by, **values)


def publish(data: Mapping[str, Any]) -> TemplateVersion:
    """A published version of this map."""
    return definitions.publish(load_map(data).pk, actor=None, now=NOW)


def again(key: str, *, by: str = "rita", **values: Any) -> Flow:
    """Start another request of a published map."""
    files = {name: values.pop(name) for name in list(values) if hasattr(values[name], "chunks")}
    given = {"amount": "100.00"} | values
    return Flow(requests.start(key, actor=person(by), now=NOW, data=given, files=files))
