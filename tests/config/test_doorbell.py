"""The embedded broker: a doorbell in files, which needs no server."""

import uuid
from pathlib import Path

import pytest
from celery import Celery
from kombu import Queue


def test_a_nudge_through_the_filesystem_broker_reaches_a_worker(tmp_path: Path) -> None:
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    app = Celery("doorbell", broker="filesystem://")
    app.conf.broker_transport_options = {
        "data_folder_in": str(tmp_path / "messages"),
        "data_folder_out": str(tmp_path / "messages"),
        "control_folder": str(tmp_path / "control"),
    }
    app.send_task("ring", args=["HO-1"])
    with app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        message = queue.get(timeout=5)
        message.ack()
    assert message.headers["task"] == "ring"


def test_the_clocks_tasks_are_registered() -> None:
    from config.celery import app

    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled <= set(app.tasks)
    assert {"handoff.deliver", "config.tasks.keep_schedules"} <= scheduled


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
