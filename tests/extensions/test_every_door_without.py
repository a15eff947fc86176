"""An extension is gone while requests need it: every page, file, call, command and round of the
clock still answers, and where the map cannot be read what is missing is named."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client

from config import tasks as rounds
from tests.extensions.acme_site import EVERY_MODULE, KEY, MODULES, AcmeSite, make_acme_site
from tests.extensions.company import Load
from tests.factories import NOW, make_user
from tests.rights.addresses import addresses
from tests.rights.everything import read_out
from tests.workflows.support import person
from workflows.definitions.models import Field, MapFinding, Role, Step, TemplateVersion
from workflows.definitions.services.map_watch import audit_published_maps
from workflows.outbox.heartbeat_models import Heartbeat, Trouble

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]
READABLE = ("action", "function", "channel")
"""Without these the map is still read as it was."""
MISSING = (
    *("'iban'", "'boss_of'", "'departments'", "'acme.badge'", "'acme.reserve_desk'"),
    *("'is_even'", "'four-days'"),
)
Out = Callable[..., None]


@pytest.fixture
def out(load: Load, take_out: Callable[[], None]) -> Out:
    """Takes out what these kinds name, and nothing else of the company's."""

    def take_these_out(*kinds: str) -> None:
        gone = {module for kind in kinds for module in MODULES[kind]}
        take_out()
        load(*(module for module in EVERY_MODULE if module not in gone))

    return take_these_out


@pytest.fixture
def site(load: Load, out: Out) -> AcmeSite:
    load(*EVERY_MODULE)
    return make_acme_site()


def root() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


# -- what is opened -----------------------------------------------------------------------------


def pages(site: AcmeSite) -> Iterator[str]:
    """Every address outside the admin's tables, with each of the site's rows that belong in it."""
    for flow in (site.reviewed, site.paid, site.over):
        for version in (site.version, site.draft):
            for task in flow.request.work_items.all():
                rows = {"key": KEY, "workflow": KEY, "task_id": task.pk, "pk": version.pk}
                rows |= {"reference": flow.request.reference, "number": version.number}
                for address in addresses():
                    if "_" not in address.name or not address.template.startswith("/admin/"):
                        yield address.at(**dict.fromkeys(address.holes, "1") | rows)


def versions_in_admin(site: AcmeSite) -> Iterator[str]:
    """The pages of both versions, and of all that they are made of."""
    for version in (site.version, site.draft):
        home = f"/admin/workflows/templateversion/{version.pk}/"
        yield from (f"{home}{page}/" for page in ("change", "differences", "move", "file", "bpmn"))
        yield from (f"{home}change/?part={part}" for part in ("start", "steps", "exceptions"))
        for model in (Step, Role, Field):
            for pk in model.objects.filter(version=version).values_list("pk", flat=True):
                yield f"/admin/workflows/{model._meta.model_name}/{pk}/change/"
        for pk in version.steps.values_list("pk", flat=True):
            yield f"/admin/workflows/step/{pk}/dry-run/"


def tables_in_admin() -> Iterator[str]:
    """The list, the form for a new row, and all pages of the newest rows, of each table."""
    for model in admin.site._registry:
        home = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield from (home, f"{home}add/")
        for pk in model._default_manager.order_by("-pk").values_list("pk", flat=True)[:5]:
            yield from (f"{home}{pk}/{page}/" for page in ("change", "history", "delete"))


def asked_pages(site: AcmeSite) -> Iterator[str]:
    """Pages that do something only when they are asked to."""
    yield f"/workflows/{KEY}/conformance/?source=history&version={site.version.pk}"
    yield f"/workflows/{KEY}/versions/1/rehearsal/?runs=5&seed=1"
    yield f"/requests/?workflow={KEY}&whose=all&state=open"
    yield f"/?workflow={KEY}"


def failing(client: Client, paths: Iterator[str]) -> list[str]:
    """The addresses that answer with an error of ours."""
    wrong = []
    for path in dict.fromkeys(paths):
        answer = client.get(path)
        read_out(answer)
        if answer.status_code >= 500 and path != "/readyz":  # which says how the machine is
            wrong.append(path)
    return wrong


NEAR = (KEY, "A-", "/tasks/", "/work-items/", "/reports/", "/api/v1/inbox")
TOGETHER = {"all": tuple(MODULES), "what leaves the map readable": READABLE}


@pytest.mark.parametrize("kinds", TOGETHER.values(), ids=TOGETHER.keys())
def test_every_page_of_the_map_answers(site: AcmeSite, out: Out, kinds: tuple[str, ...]) -> None:
    out(*kinds)
    client = root()
    near = (path for path in pages(site) if any(part in path for part in NEAR))
    for paths in (near, versions_in_admin(site), asked_pages(site)):
        assert failing(client, paths) == []


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [tuple(MODULES), *((kind,) for kind in MODULES)])
def test_every_page_of_the_site_answers(site: AcmeSite, out: Out, kinds: tuple[str, ...]) -> None:
    out(*kinds)
    client = root()
    for paths in (pages(site), versions_in_admin(site), tables_in_admin(), asked_pages(site)):
        assert failing(client, paths) == []


# -- what is missing is named -------------------------------------------------------------------


NAMED_AT = {
    "/workflows/acme/": 200,
    "/workflows/acme/versions/1/rehearsal/": 200,
    "/workflows/acme/versions/2/rehearsal/": 200,
    "/workflows/acme/versions/1.yaml": 422,
    "/workflows/acme/versions/1.bpmn": 422,
    "/workflows/acme/conformance/?source=history&version=1": 422,
    "/admin/workflows/templateversion/{version}/change/": 200,
    "/admin/workflows/templateversion/{draft}/change/": 200,
}
"""Where all that is missing is named, and how the page answers."""


def test_what_is_missing_is_named_all_at_once(site: AcmeSite, out: Out) -> None:
    out(*MODULES)
    client = root()
    for path, status in NAMED_AT.items():
        answer = client.get(path.format(version=site.version.pk, draft=site.draft.pk))
        page = answer.content.decode().replace("&#x27;", "'")
        assert answer.status_code == status, path
        assert [name for name in MISSING if name not in page] == [], path
        assert "Ask who runs the site to install its extension again." in page, path


def test_of_a_map_that_can_be_read_what_is_missing_is_named_too(site: AcmeSite, out: Out) -> None:
    out(*READABLE)
    page = root().get(f"/workflows/{KEY}/").content.decode().replace("&#x27;", "'")
    assert "the action 'acme.order_badge'" in page
    assert "the rule function 'is_even', the calendar 'four-days'" in page.replace(" and ", ", ")
    sheet = root().get(f"/admin/workflows/templateversion/{site.version.pk}/change/")
    for name in ("is_even", "four-days", "acme.order_badge"):
        assert name in sheet.content.decode()


def test_the_clock_tells_of_a_map_that_can_be_read_what_is_missing(
    site: AcmeSite, out: Out
) -> None:
    out(*READABLE)
    audit_published_maps(now=NOW)
    rows = MapFinding.objects.filter(version=site.version, closed_at=None)
    told = {(row.code, row.step) for row in rows}
    assert told >= {
        ("value_wrong", ""),  # of rules too, once the process that had compiled them is gone
        ("calendar_unknown", "review"),
        ("action_unknown", "badge"),
    }


def test_where_all_is_there_nothing_is_said(site: AcmeSite) -> None:
    assert "not installed here" not in root().get(f"/workflows/{KEY}/").content.decode()


# -- what is pressed ----------------------------------------------------------------------------


def test_every_button_answers(site: AcmeSite, out: Out) -> None:
    out(*MODULES)
    client, wrong = root(), []
    for path in dict.fromkeys((*pages(site), *versions_in_admin(site))):
        if "logout" in path or "/pause/" in path or "/retire/" in path:
            continue
        form = {"reason": "Because.", "title": "It", "f-amount": "5", "f-account": "x"}
        answer = client.post(path, {**form, "outcome": "approve", "comment": "So."})
        read_out(answer)
        if answer.status_code >= 500:
            wrong.append(path)
    assert wrong == []


def test_a_draft_is_not_published_and_says_why(site: AcmeSite, out: Out) -> None:
    out(*MODULES)
    answer = root().post(f"/workflows/{KEY}/versions/2/publish/")
    assert answer.status_code == 422
    assert "boss_of" in answer.content.decode()
    site.draft.refresh_from_db()
    assert site.draft.state == TemplateVersion.DRAFT


# -- the API, the commands, the clock ------------------------------------------------------------


def test_the_api_shows_the_request_and_takes_no_value(site: AcmeSite, out: Out) -> None:
    out(*MODULES)
    client = Client(raise_request_exception=False)
    client.force_login(person("rita"))
    shown = client.get(f"/api/v1/instances/{site.reviewed.request.reference}")
    assert shown.status_code == 200
    assert shown.json()["data"]["account"].startswith("DE89")
    body = {"workflow": KEY, "data": {"amount": "7", "account": "DE89370400440532013000"}}
    refused = client.post("/api/v1/instances", body, content_type="application/json")
    assert refused.status_code == 422
    assert "'iban' is not installed" in refused.content.decode()


READ_MAPS = (
    ("rehearse", KEY, "--runs", "5"),
    ("audit_map", KEY),
    ("dump_workflow", KEY),
    ("export_bpmn", KEY),
)
READ_RECORDS = (
    ("report_bottlenecks", KEY),
    ("export_log", KEY),
    ("export_audit", "--workflow", KEY),
    ("roll_up",),
)


def test_a_command_that_needs_the_map_says_what_is_missing(site: AcmeSite, out: Out) -> None:
    out(*MODULES)
    for command in READ_MAPS:
        said = StringIO()
        with pytest.raises((CommandError, SystemExit)) as refused:
            call_command(*command, stdout=said, stderr=said)
        words = f"{refused.value} {said.getvalue()}"
        assert [name for name in MISSING if name not in words] == [], command


def test_a_command_that_reads_records_goes_on(site: AcmeSite, out: Out) -> None:
    out(*MODULES)
    for command in READ_RECORDS:
        call_command(*command, stdout=StringIO(), stderr=StringIO())


def test_every_round_of_the_clock_ends_well(site: AcmeSite, out: Out) -> None:
    out(*MODULES)
    for name in dir(rounds):
        task: Any = getattr(rounds, name)
        if hasattr(task, "apply") and task.__module__ == rounds.__name__:
            task.run()
    assert not Heartbeat.objects.filter(failures__gt=0).exists()
    set_aside = [(row.round, row.unit) for row in Trouble.objects.all()]
    assert set_aside == [("forecast", KEY)]
