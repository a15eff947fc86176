"""What binds a signature to its row of the trail: one digest of who signed what, how, and when.

The seal covers the row as a whole. This digest is of the signature alone, so that a row can be
checked by itself, wherever it was carried to.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from workflows.trail.changes import SignatureRecord


def digest_of_seen(values: Mapping[str, Any]) -> str:
    """One text for the values that were in front of somebody: other values have another one."""
    return _digest(values)


def digest_of_signature(
    signature: SignatureRecord,
    *,
    signer: int | None,
    request: str,
    step: str,
    activation: int | None,
    outcome: str,
    at: datetime,
) -> str:
    """One text for a signature and the decision that it is of; `signer` is a person's id, `request`
    a reference."""
    return _digest(
        {
            "name": signature.name,
            "meaning": signature.meaning,
            "method": signature.method,
            "seen": signature.digest,
            "signer": signer,
            "request": request,
            "step": step,
            "activation": activation,
            "outcome": outcome,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        }
    )


def _digest(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return sha256(canonical.encode()).hexdigest()
