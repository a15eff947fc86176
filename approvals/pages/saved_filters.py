"""The saved filters over an inbox, each with how many tasks it leaves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from approvals.pages.inbox_filters import InboxFilter
from workflows.execution.queries.inbox import InboxCount
from workflows.execution.queries.inbox_narrowing import InboxNarrowing
from workflows.execution.queries.inbox_reach import WorkReach
from workflows.execution.queries.saved_filters import count_filters, saved_filters_with_ids
from workflows.people.models import SavedFilter

WHOSE = "for"
"""What says in an address whose tasks are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedTab:
    """One saved filter as the page offers it."""

    id: int
    name: str
    query: str
    count: InboxCount
    is_current: bool


def read_saved_tabs(
    reach: WorkReach, ids: Iterable[int], current: Mapping[str, str], now: datetime
) -> list[SavedTab]:
    """These filters. No statement where there are none."""
    rows = saved_filters_with_ids(ids)
    narrowed = {row.pk: (_whose_of(row), _narrowing_of(row, now)) for row in rows}
    counts = count_filters(reach, narrowed)
    return [
        SavedTab(
            id=row.pk,
            name=row.name,
            query=urlencode(row.chosen),
            count=counts[row.pk],
            is_current=row.chosen == current,
        )
        for row in rows
    ]


def read_chosen(address: Mapping[str, str]) -> dict[str, str]:
    """What an address chooses, as it is saved; what cannot be read is for the form to say."""
    whose = address.get(WHOSE, "").replace("\x00", "")[:150]
    return {**({WHOSE: whose} if whose else {}), **InboxFilter(address).chosen}


def _whose_of(row: SavedFilter) -> str:
    return str(row.chosen.get(WHOSE, ""))


def _narrowing_of(row: SavedFilter, now: datetime) -> InboxNarrowing:
    return InboxFilter(row.chosen).read_narrowing(now)
