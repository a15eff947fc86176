"""What automations tried, for whoever looks at it."""

from collections.abc import Collection, Iterable

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.outbox.models import Attempt


def conceal_attempts(attempts: Iterable[Attempt], hidden: Collection[str]) -> list[Attempt]:
    """Attempts for a reader who may not see these fields: what came back, and why it failed, are
    left out of those whose step sends, or fills in, one of them."""
    found = list(attempts)
    for attempt in found if hidden else ():
        version_map = cached_map(attempt.step.version_id)
        if version_map.restricted_at(attempt.step.key) & set(hidden):
            attempt.conceal()
    return found


def conceal_from_all(attempt: Attempt) -> Attempt:
    """The same for sentences that are read by anybody."""
    if cached_map(attempt.step.version_id).restricted_at(attempt.step.key):
        attempt.conceal()
    return attempt
