"""What each row knows of its times is kept by step and day; stale days are marked."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.db import migrations, models

from reporting.cases import Done, hand_over, in_order
from reporting.quantiles import at, us

COLUMNS = ("id", "request_id", "step__key", "enabled_at", "started_at", "completed_at")


def tell_each_row(apps: Any, schema_editor: Any) -> None:
    """Logs that came in before did not say on each row who handed over to it, and how long it
    waited: that was worked out for all logs of a day at once."""
    tasks = apps.get_model("workflows", "WorkItem").objects
    logged = tasks.filter(request__source="log", state="done", outcome="", came_from="")
    rows = logged.order_by("request_id", "id").values_list(*COLUMNS).iterator(5000)
    changed: list[Any] = []
    for _, case in groupby(rows, key=lambda row: row[1]):
        changed += told(tasks.model, list(case))
        if len(changed) >= 2000:
            save(tasks, changed)
    if changed:
        save(tasks, changed)
        apps.get_model("reporting", "Freshness").objects.update(compared_at=None)


def save(tasks: Any, changed: list[Any]) -> None:
    names = ["came_from", "waiting_seconds", "lead_in_seconds"]
    tasks.bulk_update(changed, names, batch_size=200)
    changed.clear()


def told(model: Any, case: list[Any]) -> Iterator[Any]:
    done = [Done(key, str(pk), us(a), us(b), at(c)) for pk, _, key, a, b, c in case]
    hand_over(sorted(done, key=in_order))
    for row in done:
        yield model(
            pk=int(row.resource),
            came_from=row.before.activity if row.before else "",
            waiting_seconds=None if row.waiting is None else row.waiting / 1_000_000,
            lead_in_seconds=None if row.lead_in is None else row.lead_in / 1_000_000,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("reporting", "0002_reviews"),
        ("workflows", "0010_logs_come_in_pieces"),
    ]

    operations = [
        migrations.AddField(
            model_name="steprollup",
            name="lead_in",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="steprollup",
            name="lead_in_spread",
            field=models.BinaryField(default=b""),
        ),
        migrations.CreateModel(
            name="StaleCell",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "grain",
                    models.CharField(
                        choices=[("day", "day"), ("week", "week")],
                        max_length=4,
                        verbose_name="grain",
                    ),
                ),
                ("day", models.DateField(verbose_name="first day (UTC)")),
                ("marked", models.BigIntegerField(verbose_name="mark")),
            ],
            options={
                "verbose_name": "stale roll-up",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("grain", "day"), name="a_day_is_stale_once")
                ],
            },
        ),
        migrations.RunPython(tell_each_row, migrations.RunPython.noop),
    ]
