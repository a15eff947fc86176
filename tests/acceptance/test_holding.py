"""The short form of clients that book and spend at once; `make hold` runs the long one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="`make hold` runs it on PostgreSQL")
def test_never_two_and_never_over_while_clients_are_killed() -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HANDOFF_", "DJANGO_"))}
    counts = ["--clients", "3", "--rounds", "12", "--kills", "2"]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.acceptance.holding", *counts],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert "holds without a request                       0" in ran.stdout
