"""The clock of production: Celery's own, which also writes down that it is alive."""

import logging
from typing import Any

from celery.beat import PersistentScheduler
from django.db import close_old_connections
from django.utils import timezone

log = logging.getLogger(__name__)


class Clock(PersistentScheduler):
    """Celery's clock with a sign of life, so that a clock that stands still is seen."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        """One turn. A database that does not answer stops no clock."""
        from workflows.outbox.heartbeat_models import Heartbeat
        from workflows.outbox.services.heartbeats import record_sign_of_life

        try:
            close_old_connections()
            record_sign_of_life(Heartbeat.CLOCK, timezone.now())
        except Exception:
            log.debug("No sign of life could be written.", exc_info=True)
        return super().tick(*args, **kwargs)
