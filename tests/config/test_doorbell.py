"""The embedded broker: a doorbell in files, which needs no server."""

from pathlib import Path

from celery import Celery


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
