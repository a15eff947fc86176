"""`manage.py rehearse`: the findings, the figures, one run, and what would be with a change."""

import json
from pathlib import Path

import pytest
import yaml
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from tests.engine.rehearsal.planted import SOUND, changed
from tests.factories import make_user
from workflows.definitions.models import WorkflowTemplate

pytestmark = pytest.mark.django_db

KEYS = {"runs", "seed", "ended", "duration", "findings"}


@pytest.fixture
def sound(tmp_path: Path) -> str:
    return write(tmp_path, SOUND)


def write(folder: Path, written: object) -> str:
    path = folder / "map.yaml"
    path.write_text(yaml.safe_dump(written, sort_keys=False))
    return str(path)


def rehearse(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = 0
    try:
        call_command("rehearse", *arguments)
    except SystemExit as left:
        code = int(left.code or 0)
    return code, capsys.readouterr().out


def test_a_sound_map_exits_with_0_and_says_so(capsys, sound):
    code, text = rehearse(capsys, sound, "--runs", "40")
    assert code == 0
    assert "Nothing went wrong." in text


def test_json_has_the_keys_of_the_contract_and_the_same_seed_says_the_same(capsys, sound):
    said = [rehearse(capsys, sound, "--json", "--seed", "4", "--runs", "30")[1] for _ in range(2)]
    assert said[0] == said[1]
    data = json.loads(said[0])
    assert data.keys() >= KEYS
    assert (data["runs"], data["seed"], sum(data["ended"].values())) == (30, 4, 30)
    assert data["duration"]["median_s"] < data["duration"]["p90_s"]


def test_a_finding_exits_with_1_and_names_a_run_to_step_through(capsys, tmp_path):
    path = write(tmp_path, changed(steps__order__on_error=None))
    code, text = rehearse(capsys, path, "--json")
    assert code == 1
    data = json.loads(text)
    first = data["findings"][0]
    assert set(first) == {"kind", "step", "share", "example", "message"}
    assert (first["kind"], first["step"]) == ("automation_fails", "order")
    moments = data["examples"][str(first["example"])]
    assert any(each["step"] == "order" and each["outcome"] == "failed" for each in moments)
    _, shown = rehearse(capsys, path, "--example", str(first["example"]))
    assert "order failed" in shown


@pytest.mark.parametrize(
    "wrong",
    [["--runs", "0"], ["--runs", "200000"], ["--what-if", "magic"], ["--example", "100000"]],
)
def test_bad_input_is_refused_in_one_line(capsys, sound, wrong):
    with pytest.raises(CommandError) as refused:
        call_command("rehearse", sound, *wrong)
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_an_unknown_map_is_refused():
    with pytest.raises(CommandError, match="no workflow 'nowhere'"):
        call_command("rehearse", "nowhere")


def test_nothing_is_written(capsys, sound):
    rehearse(capsys, sound, "--runs", "5")
    assert not WorkflowTemplate.objects.exists()


def test_what_if_stands_beside_today(capsys, sound):
    code, text = rehearse(
        capsys,
        sound,
        "--json",
        "--runs",
        "20",
        "--what-if",
        "volume:2",
        "--what-if",
        "person:finance+without:money",
    )
    assert code == 0
    changes = [each["changes"] for each in json.loads(text)["what_if"]]
    assert changes == [["volume:2"], ["person:finance:1", "without:money"]]


def test_the_people_of_a_group_that_is_here_are_its_people(capsys, sound):
    group = Group.objects.create(name="legal")
    assert rehearse(capsys, sound)[0] == 1  # there, and empty
    group.user_set.add(make_user("lena"))
    _, text = rehearse(capsys, sound, "--json")
    assert [each["kind"] for each in json.loads(text)["findings"]] == ["single_person"]


def test_without_a_history_there_is_nothing_to_learn_from(sound):
    with pytest.raises(CommandError, match="no workflow 'sound'"):
        call_command("rehearse", sound, "--history")
    call_command("load_workflow", sound)
    with pytest.raises(CommandError, match="Nothing was done on 'sound' yet"):
        call_command("rehearse", sound, "--history")
