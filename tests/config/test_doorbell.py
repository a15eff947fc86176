"""The broker: a doorbell, and only where there is one."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from celery import Celery
from kombu import Queue


def test_the_clocks_tasks_are_registered() -> None:
    from config.celery import app

    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled <= set(app.tasks)
    assert {"handoff.deliver", "config.tasks.keep_schedules"} <= scheduled


@pytest.mark.parametrize("program", ["worker", "beat"])
def test_celery_without_a_broker_says_in_a_line_what_to_do(program: str, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "celery", "--quiet", "-A", "config", program],
        env={
            **os.environ,
            "CELERY_BROKER_URL": "",
            "HANDOFF_VAR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "There is no broker: set CELERY_BROKER_URL" in said.stdout + said.stderr
    assert "Traceback" not in said.stdout + said.stderr


REAL = ["redis://127.0.0.1:6379/9", "amqp://guest:guest@127.0.0.1:5672//"]


@pytest.mark.parametrize("broker", REAL, ids=["redis", "rabbitmq"])
def test_a_nudge_through_a_real_broker_reaches_a_worker(broker: str) -> None:
    queue = f"handoff-test-{uuid.uuid4().hex}"
    app = Celery("doorbell", broker=broker, set_as_current=False)
    with app.connection_for_read() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
        except Exception as problem:
            pytest.skip(f"{broker.partition(':')[0]} does not answer on loopback ({problem})")
        app.send_task("ring", args=["HO-1"], queue=queue)
        with connection.SimpleQueue(queue) as waiting:
            message = waiting.get(timeout=5)
            message.ack()
        Queue(queue, channel=connection.default_channel).delete()
    app.close()
    assert message.headers["task"] == "ring"
