"""The commands on maps: what they print, their exit codes, and that a refusal writes nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.db import connection, connections

from tests.factories import MAPS, load_map, make_user, map_data, publish_map, purchase_people
from workflows.definitions.models import Step, TemplateVersion, WorkflowTemplate
from workflows.trail.models import TrailEvent

PURCHASE = str(MAPS / "purchase.yaml")


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output, read as JSON."""
        return json.loads(self.out)


Run = Callable[..., Answer]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], db: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as `manage.py` does, and says how it ended; the test's connection stays."""
    monkeypatch.setattr(connections, "close_all", lambda: None)

    def run_command(*argv: str) -> Answer:
        command = load_command_class(get_commands()[argv[0]], argv[0])
        try:
            command.run_from_argv(["manage.py", *argv])
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run_command


def nothing_was_written() -> bool:
    """No workflow, no version, no trail."""
    tables = (WorkflowTemplate, TemplateVersion, Step, TrailEvent)
    return not any(table.objects.exists() for table in tables)


def is_one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


def written(tmp_path: Path, data: dict[str, Any], name: str = "map.yaml") -> str:
    path = tmp_path / name
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return str(path)


def test_load_workflow_makes_a_draft_and_says_so(run: Run) -> None:
    purchase_people()
    answer = run("load_workflow", PURCHASE)
    assert answer == Answer(
        0, f"{PURCHASE}: loaded as version 1 of purchase-approval (draft).\n", ""
    )
    assert TemplateVersion.objects.get().state == "draft"


def test_load_workflow_can_publish_at_once_and_print_json(run: Run) -> None:
    purchase_people()
    answer = run("load_workflow", PURCHASE, "--publish", "--as", "olivia", "--json")
    assert answer.code == 0
    assert answer.json == [
        {
            "file": PURCHASE,
            "workflow": "purchase-approval",
            "version": 1,
            "state": "published",
            "new": True,
        }
    ]
    assert TemplateVersion.objects.get().published_by.username == "olivia"


def test_loading_an_equal_file_again_makes_no_second_version(run: Run) -> None:
    publish_map()
    answer = run("load_workflow", PURCHASE, "--publish")
    assert (answer.code, TemplateVersion.objects.count()) == (0, 1)
    assert "is already version 1" in answer.out


def test_of_several_files_all_are_loaded_or_none(run: Run, tmp_path: Path) -> None:
    purchase_people()
    bad = written(tmp_path, {"format": 1, "key": "Not A Key"}, "bad.yaml")
    answer = run("load_workflow", PURCHASE, bad)
    assert (answer.code, answer.out) == (2, "")
    assert is_one_line(answer.err)
    assert "bad.yaml" in answer.err
    assert nothing_was_written()


def test_publishing_a_map_with_errors_writes_nothing(run: Run, tmp_path: Path) -> None:
    purchase_people()
    data = map_data()
    del data["owner"]
    answer = run("load_workflow", written(tmp_path, data), "--publish")
    assert answer.code == 2
    assert is_one_line(answer.err)
    assert "was not published" in answer.err
    assert nothing_was_written()


def test_a_person_who_does_not_manage_the_workflow_may_not_load_it(
    run: Run, tmp_path: Path
) -> None:
    publish_map()
    make_user("mallory")
    changed = written(tmp_path, map_data(purpose="Spend it on me."))
    trail = TrailEvent.objects.count()
    answer = run("load_workflow", changed, "--as", "mallory")
    assert answer.code == 2
    assert "Only the owner or deputy" in answer.err
    assert (TemplateVersion.objects.count(), TrailEvent.objects.count()) == (1, trail)


@pytest.mark.parametrize("who", ["nobody", "gone"])
def test_as_takes_only_people_who_are_there(run: Run, who: str) -> None:
    purchase_people()
    make_user("gone", is_active=False)
    answer = run("load_workflow", PURCHASE, "--as", who)
    assert answer.code == 2
    assert who in answer.err
    assert nothing_was_written()


@pytest.mark.parametrize(
    "argv",
    [
        ("load_workflow",),
        ("load_workflow", "no-such-file.yaml"),
        ("load_workflow", "tests"),
        ("load_workflow", "a\x00b.yaml"),
        ("dump_workflow", "no-such-workflow"),
        ("dump_workflow", "purchase-approval", "--version", "x"),
        ("audit_map", "no-such-workflow"),
        ("audit_map", "no-such-file.yaml"),
        ("audit_map", "--nonsense"),
        ("definition_schema", "too", "much"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run: Run, argv: tuple[str, ...]) -> None:
    answer = run(*argv)
    assert (answer.code, answer.out) == (2, "")
    assert is_one_line(answer.err), answer.err
    assert nothing_was_written()


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"[1, 2]", b"format: 1", b"a: &a [*a, *a]", b"{", b"x" * 2_000_000],
)
def test_a_file_that_is_no_definition_is_refused_in_one_line(
    run: Run, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    for command in ("load_workflow", "audit_map"):
        answer = run(command, str(path))
        assert (answer.code, answer.out) == (2, "")
        assert is_one_line(answer.err), answer.err
    assert nothing_was_written()


def test_a_file_that_is_much_too_large_is_not_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"x" * 10_000_001)
    answer = run("load_workflow", str(path))
    assert answer.code == 2
    assert "larger than" in answer.err


def test_a_dumped_workflow_is_equal_to_the_file_that_was_loaded(run: Run) -> None:
    publish_map()
    answer = run("dump_workflow", "purchase-approval")
    assert (answer.code, answer.err) == (0, "")
    assert yaml.safe_load(answer.out) == map_data()
    assert run("dump_workflow", "purchase-approval", "--json").json == map_data()


def test_dump_gives_the_published_version_unless_a_number_is_named(run: Run) -> None:
    publish_map()
    load_map(map_data(purpose="Changed."))
    assert yaml.safe_load(run("dump_workflow", "purchase-approval").out) == map_data()
    second = run("dump_workflow", "purchase-approval", "--version", "2")
    assert yaml.safe_load(second.out)["purpose"] == "Changed."
    third = run("dump_workflow", "purchase-approval", "--version", "3")
    assert third.code == 2
    assert "no version 3" in third.err


def test_audit_map_ends_with_0_where_there_is_no_error(run: Run) -> None:
    publish_map()
    for source in ("purchase-approval", PURCHASE):
        answer = run("audit_map", source, "--json")
        assert (answer.code, answer.err, answer.json["errors"]) == (0, "", 0)


def test_audit_map_ends_with_1_where_the_map_has_an_error(run: Run, tmp_path: Path) -> None:
    purchase_people()
    data = map_data()
    del data["owner"]
    answer = run("audit_map", written(tmp_path, data))
    assert (answer.code, answer.err) == (1, "")
    assert answer.out.startswith("error")
    listed = run("audit_map", written(tmp_path, data), "--json").json
    assert listed["errors"] >= 1
    assert {"severity", "step", "message", "remedy"} <= set(listed["findings"][0])
    assert nothing_was_written()


def test_audit_map_looks_at_the_newest_version(run: Run) -> None:
    publish_map()
    data = map_data()
    del data["owner"]
    load_map(data)
    answer = run("audit_map", "purchase-approval", "--json")
    assert (answer.code, answer.json["version"]) == (1, 2)


def test_definition_schema_is_json_with_and_without_the_option(run: Run) -> None:
    plain, asked = run("definition_schema"), run("definition_schema", "--json")
    assert plain.json == asked.json
    assert plain.json["properties"]["steps"]


@pytest.mark.parametrize(
    "command", ["load_workflow", "dump_workflow", "audit_map", "definition_schema"]
)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    answer = run(command, "--help")
    assert answer.code == 0
    assert "--json" in answer.out


def test_without_tables_a_command_says_to_migrate(run: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE workflows_workflowtemplate RENAME TO elsewhere")
    answer = run("dump_workflow", "purchase-approval")
    assert answer.code == 2
    assert "migrate" in answer.err
    assert is_one_line(answer.err)


# -- BPMN -------------------------------------------------------------------------------------


def test_a_map_goes_out_as_bpmn_and_comes_in_as_it_was(run: Run, tmp_path: Path) -> None:
    load_map()
    file = str(tmp_path / "purchase.bpmn")
    exported = run("export_bpmn", "purchase-approval", "--out", file, "--json")
    assert exported.json == {"key": "purchase-approval", "version": 1, "steps": 12, "file": file}
    assert run("export_bpmn", "purchase-approval").out == Path(file).read_text()
    imported = run("import_bpmn", file, "--json")
    assert imported.code == 0
    assert imported.json == {
        "key": "purchase-approval",
        "version": 1,
        "steps": 12,
        "unsupported": [],
    }
    assert TemplateVersion.objects.count() == 1


def test_what_a_bpmn_file_says_and_a_draft_does_not_is_listed_and_exits_1(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "leave.bpmn"
    file.write_text(
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">'
        '<task id="t"/>\n<dataObject id="d" name="Form"/></process></definitions>'
    )
    answer = run("import_bpmn", str(file), "--key", "leave", "--json")
    assert answer.code == 1
    assert answer.json["unsupported"] == [
        {
            "element": "dataObject",
            "id": "d",
            "name": "Form",
            "line": 2,
            "why": "a map has no counterpart for it",
        }
    ]
    assert TemplateVersion.objects.get().template.key == "leave"
    assert "line 2: dataObject 'Form'" in run("import_bpmn", str(file), "--key", "leave").out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["import_bpmn", "{}/gone.bpmn"], "cannot be read"),
        (["import_bpmn", PURCHASE], "not readable as XML"),
        (["export_bpmn", "nothing"], "There is no workflow"),
    ],
)
def test_a_refused_bpmn_command_is_one_line_and_writes_nothing(
    run: Run, tmp_path: Path, argv: list[str], says: str
) -> None:
    answer = run(*(part.format(tmp_path) for part in argv))
    assert answer.code == 2
    assert says in answer.err
    assert answer.err.count("\n") == 1
    assert nothing_was_written()
