"""Logs brought in as requests: the report of what came in is the reference, or nothing came in."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories import publish_map
from tests.reporting.comparing import differences, reference
from tests.shared import logs, shared
from workflows.definitions.models import Step, TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import definition_of
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

HEAD = "case_id,activity,resource,start,end\n"
LOG = HEAD + (
    "1,Ask for it,ann,2026-03-02T09:00:00Z,2026-03-02T09:10:00Z\n"
    "2,Ask for it,ann,2026-03-02T10:00:00Z,2026-03-02T10:10:00Z\n"
    "1,Decide,bob,2026-03-02T11:00:00Z,2026-03-02T11:30:00Z\n"
    "1,Ask for it,ann,2026-03-02T12:00:00Z,2026-03-02T12:10:00Z\n"
)


def run(*arguments: str) -> dict[str, Any]:
    """A command's JSON."""
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def rows() -> dict[str, int]:
    """How many rows there are of everything that an import writes."""
    models = (WorkflowTemplate, TemplateVersion, Step, WorkflowInstance, WorkItem, TrailEvent)
    counted = {model.__name__: model.objects.count() for model in models}
    counted["history"] = WorkItem.history.count() + WorkflowInstance.history.count()
    return counted


def log_file(tmp_path: Path, text: str = LOG) -> str:
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("log", logs())
def test_the_report_of_an_imported_log_equals_the_reference(log: str) -> None:
    wanted = reference(log)
    done = run("import_log", "a-log", str(shared("logs", f"{log}.csv.gz")))
    assert (done["cases"], done["rows"]) == (wanted["cases"], wanted["events"])
    assert list(differences(run("report_bottlenecks", "a-log"), wanted)) == []


def test_a_key_that_does_not_exist_gets_an_observed_map(tmp_path: Path) -> None:
    run("import_log", "seen-work", log_file(tmp_path))
    version = TemplateVersion.objects.get(template__key="seen-work")
    definition = definition_of(version)
    assert version.state == "observed"
    assert [step.name for step in definition.steps.values()][:2] == ["Ask for it", "Decide"]
    assert set(definition.steps["ask_for_it"].outcomes) == {"to_decide", "end"}  # type: ignore[union-attr]


def test_ways_are_drawn_in_the_order_of_time_whatever_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    log = "case_id,activity,end\n1,last,2026-03-04\n1,first,2026-03-02\n1,middle,2026-03-03\n"
    run("import_log", "seen-work", log_file(tmp_path, log))
    definition = definition_of(TemplateVersion.objects.get(template__key="seen-work"))
    assert definition.start.first == "first"
    assert set(definition.steps["first"].outcomes) == {"to_middle"}  # type: ignore[union-attr]
    assert set(definition.steps["last"].outcomes) == {"end"}  # type: ignore[union-attr]


def test_an_observed_map_cannot_be_started(tmp_path: Path) -> None:
    from tests.factories import NOW, make_user
    from workflows.engine.errors import NotFound

    run("import_log", "seen-work", log_file(tmp_path))
    with pytest.raises(NotFound, match="no published version"):
        requests.start("seen-work", actor=make_user("ann"), now=NOW)


def test_imported_requests_keep_the_logs_own_times_people_and_rounds(tmp_path: Path) -> None:
    run("import_log", "seen-work", log_file(tmp_path))
    request = WorkflowInstance.objects.get(case_ref="1")
    assert f"{request.started_at:%H:%M} {request.completed_at:%H:%M}" == "09:00 12:10"
    items = request.work_items.order_by("id")
    assert [(i.step.key, i.round, i.performer_name) for i in items] == [
        ("ask_for_it", 1, "ann"),
        ("decide", 1, "bob"),
        ("ask_for_it", 2, "ann"),
    ]
    assert all(item.enabled_at is None and item.working_seconds for item in items)


def test_each_request_has_one_trail_row_and_each_task_its_history(tmp_path: Path) -> None:
    run("import_log", "seen-work", log_file(tmp_path))
    assert TrailEvent.objects.filter(command="import_log").count() == 2
    assert WorkItem.history.count() == 4
    assert WorkflowInstance.history.count() == 2


def test_xes_comes_in_as_csv_does(tmp_path: Path) -> None:
    event = (
        '<event><string key="concept:name" value="Ask"/><string key="org:resource" value="ann"/>'
        '<string key="lifecycle:transition" value="{}"/><date key="time:timestamp" value="{}"/>'
        "</event>"
    )
    events = event.format("start", "2026-03-02T09:00:00Z")
    events += event.format("complete", "2026-03-02T09:10:00Z")
    path = tmp_path / "log.xes"
    path.write_text(f'<log><trace><string key="concept:name" value="1"/>{events}</trace></log>')
    run("import_log", "seen-work", str(path))
    item = WorkItem.objects.get()
    assert (item.performer_name, item.working_seconds) == ("ann", 600.0)


def test_data_columns_become_fields_of_the_request(tmp_path: Path) -> None:
    log = "case_id,activity,end,data.amount\n1,a,2026-03-02,10\n1,b,2026-03-03,20\n"
    run("import_log", "with-data", log_file(tmp_path, log))
    assert WorkflowInstance.objects.get(case_ref="1").data == {"amount": "20"}


def test_a_known_map_takes_activities_by_name_or_key(tmp_path: Path) -> None:
    version = publish_map()
    key = version.template.key
    step = version.steps.filter(kind="approval").first()
    assert step is not None
    text = f"case_id,activity,end\n1,{step},2026-03-02\n1,{step.key},2026-03-03\n"
    done = run("import_log", key, log_file(tmp_path, text))
    assert (done["observed"], done["rows"]) == (False, 2)
    assert set(WorkItem.objects.values_list("step_id", flat=True)) == {step.pk}


def refusals(tmp_path: Path) -> dict[str, tuple[str, str, str]]:
    key = publish_map().template.key
    bad_date = LOG.replace("2026-03-02T12:10:00Z", "yesterday")
    return {
        "an activity that is no step": (key, LOG, "has no step 'Ask for it'"),
        "a bad row at the end": ("new-one", bad_date, "line 5: the end 'yesterday'"),
        "no rows": ("new-one", HEAD, "has no rows"),
        "a value that does not fit its field": (
            key,
            "case_id,activity,end,data.amount\n77,manager_review,2026-03-02,much\n",
            "Case '77' of the log: ",
        ),
        "a field that the map does not have": (
            key,
            "case_id,activity,end,data.colour\n77,manager_review,2026-03-02,red\n",
            "no field 'colour'",
        ),
        "a field that is none": (
            "new-one",
            "case_id,activity,end,data.Größe\n1,a,2026-03-02,3\n",
            "column 'data.Größe' cannot become a field",
        ),
        "a key that is none": ("New One", LOG, "cannot be a workflow's key"),
        "a definition that is not there": ("none.yaml", LOG, "cannot be read"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "an activity that is no step",
        "a bad row at the end",
        "no rows",
        "a value that does not fit its field",
        "a field that the map does not have",
        "a field that is none",
        "a key that is none",
        "a definition that is not there",
    ],
)
def test_a_refused_import_writes_nothing(name: str, tmp_path: Path) -> None:
    key, text, words = refusals(tmp_path)[name]
    before = rows()
    with pytest.raises(CommandError) as refused:
        run("import_log", key, log_file(tmp_path, text))
    assert words in str(refused.value)
    assert refused.value.returncode == 2
    assert rows() == before


def test_the_same_log_is_not_taken_twice(tmp_path: Path) -> None:
    run("import_log", "seen-work", log_file(tmp_path))
    before = rows()
    with pytest.raises(CommandError, match="is in 'seen-work' already"):
        run("import_log", "seen-work", log_file(tmp_path))
    assert rows() == before


def test_a_later_log_with_new_activities_is_observed_as_a_new_version(tmp_path: Path) -> None:
    run("import_log", "seen-work", log_file(tmp_path))
    more = HEAD + "9,Pay,cleo,2026-04-02T09:00:00Z,2026-04-02T09:10:00Z\n"
    done = run("import_log", "seen-work", log_file(tmp_path, more))
    assert (done["version"], done["observed"]) == (2, True)
    assert run("report_bottlenecks", "seen-work")["cases"] == 3


def test_the_report_takes_requests_started_in_a_period(tmp_path: Path) -> None:
    run("import_log", "seen-work", log_file(tmp_path))
    found = run("report_bottlenecks", "seen-work", "--since", "2026-03-02T09:30:00Z")
    assert found["cases"] == 1
    assert run("report_bottlenecks", "seen-work", "--until", "2026-03-02")["cases"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("none",), "no workflow 'none'"), (("seen-work", "--since", "soon"), "'soon' is not a day")],
)
def test_a_bad_question_is_answered_in_one_line(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    run("import_log", "seen-work", log_file(tmp_path))
    with pytest.raises(CommandError, match=words) as refused:
        run("report_bottlenecks", *arguments)
    assert refused.value.returncode == 2


def test_the_text_report_names_steps_and_hand_offs(tmp_path: Path) -> None:
    run("import_log", "seen-work", log_file(tmp_path))
    out = StringIO()
    call_command("report_bottlenecks", "seen-work", stdout=out)
    assert "Ask for it → Decide" in out.getvalue()
    assert "Hand-offs by total waiting" in out.getvalue()
