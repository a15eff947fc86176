"""Whether an inbox has changed since its page was made: what the page remembers, and looks up."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from approvals.pages.inbox_filters import InboxFilter
from workflows.execution.queries.desk import DeskRow, read_desk
from workflows.execution.queries.inbox import InboxRow, inbox_page
from workflows.execution.queries.inbox_narrowing import InboxCursor, read_task_conditions
from workflows.execution.queries.inbox_reach import find_work_reach
from workflows.people.models import User


def digest_inbox(tasks: Iterable[InboxRow], desk: Iterable[DeskRow]) -> str:
    """What stands on the page and whose it is, as a short text; times that pass are left out."""
    seen = [
        *sorted(
            (row.id, row.state, row.mine, row.acted_for, row.suspended, row.agreed) for row in tasks
        ),
        *((row.kind, row.id, row.person, row.code) for row in desk),
    ]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def read_inbox_digest(
    user: User, filters: InboxFilter, whose: str, after: InboxCursor | None, now: datetime
) -> str:
    """The same of the inbox as it is now; without what only the page needs."""
    narrowing = filters.read_narrowing(now)
    page = inbox_page(
        user,
        after=after,
        reach=find_work_reach(user, now).narrowed(whose),
        conditions=read_task_conditions(narrowing),
    )
    is_whole = after is None and not whose and narrowing.is_wide
    return digest_inbox(page.rows, read_desk(user) if is_whole else [])
