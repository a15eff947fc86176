"""The example of the docs: installed into an empty folder, found by its entry points, and run."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.migrated import copy_migrated

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "example-extension"


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, from the checkout."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as an installer leaves it, by what its own file says; no index and no builder is
    asked, for a bare machine has none."""
    site = tmp_path_factory.mktemp("installed")
    said = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    shutil.copytree(EXAMPLE / "src", site, dirs_exist_ok=True)
    info = site / f"{said['name'].replace('-', '_')}-{said['version']}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {said['name']}\nVersion: {said['version']}\n"
    (info / "METADATA").write_text(head)
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in points.items())
            for group, points in said["entry-points"].items()
        )
    )
    return site


def path_with(site: Path) -> str:
    return os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)


def test_its_own_tests_pass_with_what_is_shipped_for_them(installed: Path) -> None:
    script = (
        "import django, pytest, sys; django.setup();"
        f"sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-p', 'no:django', '-c',"
        f" {os.devnull!r}, '--rootdir', {str(EXAMPLE)!r}, {str(EXAMPLE / 'tests')!r}]))"
    )
    done = run("-c", script, PYTHONPATH=path_with(installed), PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_a_map_that_uses_it_is_published_where_it_is_installed_and_refused_where_it_is_not(
    installed: Path, tmp_path: Path
) -> None:
    copy_migrated(tmp_path)
    there = {"HANDOFF_VAR": str(tmp_path), "DATABASE_URL": ""}
    with_it = there | {"PYTHONPATH": path_with(installed)}
    assert in_site(PEOPLE, there) == ""
    load = ("manage.py", "load_workflow", str(EXAMPLE / "desk.yaml"), "--publish")
    without = run(*load, **there)
    assert without.returncode != 0
    assert "Traceback" not in without.stderr
    published = run(*load, **with_it)
    assert published.returncode == 0, published.stderr + published.stdout
    assert in_site(f"{STEPS}{START}", with_it) == "3-01 given []"
    # Taken out while its map is in use: what needs it waits on somebody, and nothing falls over.
    assert in_site(f"{STEPS}{START}{DECIDE}", there) == "4-17  ['rule_failed']"


PEOPLE = """
from django.contrib.auth.models import Group
from workflows.people.models import User
for name, group in (("olga", "staff"), ("dan", "crew")):
    User.objects.create_user(name).groups.add(Group.objects.create(name=group))
"""
STEPS = """
from datetime import timedelta
from django.utils import timezone
from workflows.automation.services.delivery import deliver_due
from workflows.execution.models import Incident, WorkItem, WorkflowInstance
from workflows.execution.services import instances, work_items
from workflows.people.models import User
def show():
    deliver_due(timezone.now)
    row = WorkflowInstance.objects.get(pk=request.pk)
    codes = [incident.code for incident in Incident.objects.filter(request=row)]
    return f"{row.data.get('desk')} {row.result} {codes}"
"""
START = """
request = instances.start(
    "desk", actor=User.objects.get(username="olga"), now=timezone.now(), data={"floor": "3"}
)
shown = show()
"""
DECIDE = """
task = WorkItem.objects.get(request=request, is_open=True, step__key="find")
work_items.decide(
    task.pk,
    actor=User.objects.get(username="dan"),
    outcome="found",
    now=timezone.now(),
    data={"desk": "4-17"},
)
shown = show()
"""


def in_site(script: str, there: dict[str, str]) -> str:
    """What a script in the site ends with, in `shown`."""
    done = run(
        "manage.py",
        "shell",
        "-v",
        "0",
        "-c",
        f"{script}\nprint(globals().get('shown', ''))",
        **there,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def test_one_that_is_made_for_another_version_stops_the_start_with_one_line(
    installed: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    shutil.copytree(installed, site)
    (site / "handoff_desks" / "__init__.py").write_text("HANDOFF_API = 2\n")
    refused = run("manage.py", "check", PYTHONPATH=path_with(site))
    [line] = [line for line in refused.stderr.splitlines() if line.startswith("Handoff cannot")]
    assert "version 2 of the extension API, and this Handoff has version 1" in line
    assert refused.returncode == 1
