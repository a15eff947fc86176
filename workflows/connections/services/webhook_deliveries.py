"""Signed calls that were taken, each once: their signatures are kept until time refuses them."""

from datetime import datetime

from django.db import IntegrityError, transaction

from workflows.connections.models import WebhookDelivery, WebhookKey
from workflows.engine.errors import WrongState


def write_delivery(key: WebhookKey, signature: str, *, now: datetime) -> None:
    """Note that a call of this signature was taken; one that was taken before is refused."""
    try:
        # A savepoint: after an error PostgreSQL takes nothing more in the caller's transaction.
        with transaction.atomic():
            WebhookDelivery.objects.create(key=key, signature=signature, received_at=now)
    except IntegrityError:
        raise WrongState(
            "This very call was taken already; sign a new one to start another request."
        ) from None


def delete_deliveries(*, before: datetime) -> int:
    """Delete what was taken before this moment; how many there were."""
    return WebhookDelivery.objects.filter(received_at__lt=before).delete()[0]
