"""The short form of the kill test; `make kill` runs the long one on both databases."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="on PostgreSQL `make kill` runs it whole")
def test_nothing_is_lost_or_doubled_when_processes_are_killed() -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HANDOFF_", "DJANGO_"))}
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.acceptance.kill",
            "--requests",
            "12",
            "--kills",
            "3",
            "--workers",
            "1",
        ],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    print(ran.stdout)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert "requests lost                                 0" in ran.stdout
