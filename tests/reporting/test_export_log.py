"""Event logs out: read back they tell the same, in every format, and name nobody unasked."""

import json
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_user
from tests.shared import QUICK, shared
from tests.workflows import drawn
from tests.workflows.support import begin, nothing_changed, paper, person
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

SPACE = "{http://www.xes-standard.org/}"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def a_day() -> WorkflowInstance:
    """A request that went back and forth, with a paper and a name that needs care."""
    flow = begin(drawn.sequential(), paper=paper(name='a & b "c".txt'), helper="bob")
    flow.decide("review", "back", comment="Not yet.")
    flow.decide("fix", "again", "rita")
    flow.decide("review", "ok")
    WorkflowInstance.objects.filter(pk=flow.request.pk).update(title="<b>&\x0b=1+1</b>")
    return flow.refresh()


def traces(text: str) -> list[Any]:
    return ElementTree.fromstring(text.encode()).findall(f"{SPACE}trace")


def told(element: Any) -> dict[str, str]:
    return {one.get("key"): one.get("value") for one in element if one.get("key")}


def test_xes_has_each_task_with_its_three_moments() -> None:
    request = a_day()
    (trace,) = traces(run("export_log", "sequential", "--people"))
    assert told(trace)["concept:name"] == request.reference
    assert told(trace)["handoff:title"] == "<b>&\ufffd=1+1</b>"
    events = [told(event) for event in trace.findall(f"{SPACE}event")]
    done = [e["concept:name"] for e in events if e["lifecycle:transition"] == "complete"]
    tasks = WorkItem.objects.filter(request=request, state="done").order_by("completed_at")
    assert done == [str(task.step) for task in tasks]
    over = {e["concept:instance"] for e in events if e["lifecycle:transition"] == "complete"}
    per_task = Counter(e["concept:instance"] for e in events if e["concept:instance"] in over)
    assert set(per_task.values()) == {3}
    moments = [event["time:timestamp"] for event in events]
    assert moments == sorted(moments)


def test_every_vote_of_a_step_that_several_decide_is_told() -> None:
    flow = begin(drawn.quorum(2))
    flow.decide("review", "ok", comment="Fine by me.")
    flow.decide("review", "ok", "bob", comment="By me too.")
    for form in ("csv", "xes", "ocel"):
        named = run("export_log", "quorum", "--people", "--format", form)
        for words in ("Fine by me.", "By me too.", "ann", "bob"):
            assert words in named, form
        unnamed = run("export_log", "quorum", "--format", form)
        assert "votes" in unnamed
        for words in ("by me", "ann", "bob"):
            assert words not in unnamed, form


def test_people_are_named_only_where_it_is_asked() -> None:
    a_day()
    for kind in ("xes", "ocel", "csv"):
        plain, named = (
            run("export_log", "sequential", "--format", kind),
            run("export_log", "sequential", "--format", kind, "--people"),
        )
        for name in ("ann", "bob"):
            assert f'"{name}"' not in plain
            assert f",{name}," not in plain
        assert "ann" in named


def test_the_command_records_that_people_were_named_and_nothing_else() -> None:
    a_day()
    before = TrailEvent.objects.count()
    run("export_log", "sequential")
    with pytest.raises(CommandError):
        run("export_log", "sequential", "--people", "--since", "soon")
    assert TrailEvent.objects.count() == before
    run("export_log", "sequential", "--people", "--format", "csv", "--since", "2026-01-01")
    (row,) = TrailEvent.objects.order_by("pk")[before:]
    assert (row.command, row.workflow, row.request) == ("export_log", "sequential", None)
    assert row.changes == {"format": "csv", "since": "2026-01-01", "until": None, "people": True}


def test_ocel_relates_events_to_requests_roles_and_documents() -> None:
    request = a_day()
    log = json.loads(run("export_log", "sequential", "--format", "ocel"))
    assert set(log) == {"eventTypes", "objectTypes", "events", "objects"}
    ids = [one["id"] for one in log["objects"]]
    assert len(ids) == len(set(ids))
    kinds = {one["name"]: {a["name"] for a in one["attributes"]} for one in log["objectTypes"]}
    for one in log["objects"]:
        assert {a["name"] for a in one["attributes"]} <= kinds[one["type"]]
        assert all(set(a) == {"name", "time", "value"} for a in one["attributes"])
    types = {one["name"] for one in log["eventTypes"]}
    for event in log["events"]:
        assert event["type"] in types
        assert event["time"].endswith("Z")
        assert {r["objectId"] for r in event["relationships"]} <= set(ids)
        assert {"objectId": request.reference, "qualifier": "of"} in event["relationships"]
    assert len(log["events"]) == WorkItem.objects.filter(state="done").count()
    assert any(one["type"] == "document" for one in log["objects"])
    assert len({event["id"] for event in log["events"]}) == len(log["events"])


@pytest.mark.parametrize("name", QUICK)
def test_a_log_brought_in_written_out_and_brought_in_again_has_the_same_figures(
    name: str, tmp_path: Path
) -> None:
    run("import_log", "first", str(shared("logs", f"{name}.csv.gz")))
    run("export_log", "first", "--format", "csv", "--people", "--out", str(tmp_path / "log.csv"))
    run("import_log", "again", str(tmp_path / "log.csv"))
    first, again = (
        json.loads(run("report_bottlenecks", key, "--json")) for key in ("first", "again")
    )
    for figures in (first, again):
        figures.pop("workflow", None)
    if name == "receipt":  # without start times, what was a lead-in stays one
        assert first["cases"] == again["cases"]
    assert {k: first[k] for k in ("cases", "events", "variants", "rework")} == {
        k: again[k] for k in ("cases", "events", "variants", "rework")
    }


@pytest.mark.parametrize("name", QUICK)
def test_xes_has_the_cases_events_and_variants_of_our_own_figures(name: str) -> None:
    run("import_log", "brought", str(shared("logs", f"{name}.csv.gz")))
    figures = json.loads(run("report_bottlenecks", "brought", "--json"))
    variants = Counter()
    events = 0
    for trace in traces(run("export_log", "brought")):
        done = [
            told(event)["concept:name"]
            for event in trace.findall(f"{SPACE}event")
            if told(event)["lifecycle:transition"] == "complete"
        ]
        events += len(done)
        variants[tuple(done)] += 1
    assert (sum(variants.values()), events) == (figures["cases"], figures["events"])
    assert len(variants) == figures["variants"]


def test_a_log_goes_into_a_file_that_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    a_day()
    where = tmp_path / "log.xes"
    assert str(where) in run("export_log", "sequential", "--out", str(where))
    assert len(traces(where.read_text())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["log.xes"]


# -- the page -----------------------------------------------------------------------------------

URL = "/reports/workflow/sequential/log/{}/"


def read(client: Any, url: str, by: str) -> Any:
    client.force_login(person(by))
    return client.get(url)


def test_the_page_streams_the_log_to_those_who_may_read_the_reports(client: Any) -> None:
    a_day()
    answer = read(client, URL.format("xes"), "olga")
    assert len(traces(b"".join(answer.streaming_content).decode())) == 1
    assert "sequential.xes" in answer["Content-Disposition"]
    assert read(client, URL.format("xes"), "rita").status_code == 404
    assert read(client, URL.format("docx"), "olga").status_code == 404


def test_naming_people_is_a_permission_and_is_recorded(client: Any) -> None:
    from django.contrib.auth.models import Permission

    from reporting.bottlenecks.models import LookAtPeople

    a_day()
    with nothing_changed():
        assert read(client, URL.format("csv") + "?people=1", "olga").status_code == 403
    assert not LookAtPeople.objects.exists()
    make_user("olga").user_permissions.add(Permission.objects.get(codename="name_people"))
    answer = read(client, URL.format("csv") + "?people=1", "olga")
    assert b",ann," in b"".join(answer.streaming_content)
    assert LookAtPeople.objects.get().asked == "the event log (csv)"
