"""Celery: the worker and the clock. The broker is a doorbell; nothing is kept in it."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("handoff")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["config"])


@celeryd_init.connect
@beat_init.connect
def _require_broker(**_: Any) -> None:
    """A worker that no clock could reach would look as if it worked."""
    if not settings.HAS_BROKER:
        raise SystemExit(
            "There is no broker: set CELERY_BROKER_URL, or run `python -m config.background`, which"
            " is worker and clock in one process without one."
        )
