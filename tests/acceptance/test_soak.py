"""The short form of the soak; `make soak` runs the hour."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the embedded mode is on SQLite")
def test_make_run_outlives_its_children_and_loses_nothing() -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HANDOFF_", "DJANGO_"))}
    # What a killed worker had taken is taken again after so long, which is waited for at the end.
    env["OUTBOX_LEASE_SECONDS"] = "5"
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.acceptance.soak",
            "--minutes",
            "1.2",
            "--kills",
            "2",
            "--load",
            "0",
        ],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    print(ran.stdout)
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-3000:]
    assert "deaths that were not ours                     0" in ran.stdout
