"""The page of an inbox: its rows in sections, how many there are, and where the next page is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.utils.translation import gettext

from approvals.pages.inbox_filters import InboxFilter
from approvals.pages.saved_filters import WHOSE, SavedTab, read_saved_tabs
from approvals.ui.cursors import encode_inbox_cursor
from workflows.definitions.queries.published_versions import find_published_version_id
from workflows.execution.queries.closed_tasks import find_last_decisions
from workflows.execution.queries.inbox import (
    PAGE,
    InboxCount,
    InboxPage,
    InboxRow,
    count_inbox_tasks,
    inbox_page,
)
from workflows.execution.queries.inbox_choices import (
    Choices,
    find_inbox_choices,
    find_step_choices,
)
from workflows.execution.queries.inbox_narrowing import (
    InboxCursor,
    TaskConditions,
    read_task_conditions,
)
from workflows.execution.queries.inbox_reach import MINE, WorkReach, find_work_reach
from workflows.people.models import User
from workflows.people.queries.person_names import name_with_absence
from workflows.people.queries.stand_ins import read_away_notes

NARROWED_CAP = 200
"""So many tasks are counted of an inbox that is narrowed; they are read with its first page."""


@dataclass(frozen=True, slots=True)
class InboxSection:
    """The tasks of a page that belong together, under one heading."""

    heading: str
    rows: list[InboxRow]


@dataclass(frozen=True, slots=True)
class InboxTab:
    """A choice of what the inbox shows."""

    label: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxView:
    """Everything on the page of an inbox."""

    sections: list[InboxSection]
    tabs: list[InboxTab]
    whose: str
    filters: InboxFilter
    count: InboxCount
    is_first_page: bool
    is_narrowed: bool
    chosen: Mapping[str, str]
    """What the address chooses, as it would be saved."""
    saved: list[SavedTab]
    next: str
    """The address of the next page, from `?`; empty where there is none."""
    first: str

    @property
    def is_saved(self) -> bool:
        """Whether what is chosen is a saved filter."""
        return any(tab.is_current for tab in self.saved)


def read_inbox(
    user: User, filters: InboxFilter, whose: str, after: InboxCursor | None, now: datetime
) -> InboxView:
    """The page. The number of statements does not depend on how much is there."""
    whole_reach = find_work_reach(user, now)
    reach = whole_reach.narrowed(whose)
    narrowing = filters.read_narrowing(now)
    choices = find_inbox_choices(whole_reach)
    filters.offer_choices(choices, _step_choices(narrowing.workflow))
    conditions = read_task_conditions(narrowing)
    if narrowing.is_wide:
        page = inbox_page(user, after=after, reach=reach, conditions=conditions)
        count = _whole_page_count(page, after) or count_inbox_tasks(user, reach=reach)
    else:
        page, count = _read_narrowed(reach, after, conditions)
    link = {**({WHOSE: whose} if whose else {}), **filters.chosen}
    saved_ids = [int(pk) for pk, _ in choices.filters]
    next_link = {**link, "after": encode_inbox_cursor(page.after)} if page.after else {}
    return InboxView(
        sections=group_rows(_with_absences(_with_last_decisions(page.rows), now)),
        tabs=_inbox_tabs(whole_reach, whose, filters.chosen),
        whose=whose,
        filters=filters,
        count=count,
        is_first_page=after is None,
        is_narrowed=not narrowing.is_wide,
        chosen=link,
        saved=read_saved_tabs(whole_reach, saved_ids, link, now),
        next=f"?{urlencode(next_link)}" if next_link else "",
        first=f"?{urlencode(link)}",
    )


def _step_choices(workflow: str) -> Choices:
    version = find_published_version_id(workflow) if workflow else None
    return find_step_choices(version) if version is not None else []


def _read_narrowed(
    reach: WorkReach, after: InboxCursor | None, conditions: TaskConditions
) -> tuple[InboxPage, InboxCount]:
    """The page and, from the same rows, the count: a narrowed list is short, or says so. Nothing
    further is read for the count alone, so it may stop a little before its cap."""
    counted = inbox_page(
        reach.user, reach=reach, conditions=conditions, limit=NARROWED_CAP, enough=PAGE
    )
    count = InboxCount(counted.found, is_capped=counted.after is not None)
    if after is not None:
        return inbox_page(reach.user, reach=reach, conditions=conditions, after=after), count
    behind = counted.rows[-1].place if counted.found > PAGE else None
    return InboxPage(counted.rows, behind), count


def _with_last_decisions(rows: list[InboxRow]) -> list[InboxRow]:
    """The rows with what was decided on their requests before. One statement, or none."""
    if not rows:
        return rows
    decided = find_last_decisions(row.request_id for row in rows)
    return [replace(row, last=decided.get(row.request_id)) for row in rows]


def _with_absences(rows: list[InboxRow], now: datetime) -> list[InboxRow]:
    """The rows with until when who asked is away, and who stands in. One statement where somebody
    is."""
    people = {row.requester_id for row in rows if row.is_requester_away}
    if not people:
        return rows
    notes = read_away_notes(people, now)
    return [
        replace(
            row,
            requester=name_with_absence(row.requester, notes.of(row.requester_id, row.template_id)),
        )
        for row in rows
    ]


def group_rows(rows: Iterable[InboxRow]) -> list[InboxSection]:
    """The reader's own tasks first, then what their teams can take, then those that they have for
    others, each in its order. One group alone needs no heading."""
    grouped: dict[tuple[int, str], list[InboxRow]] = {}
    for row in rows:
        grouped.setdefault(_section_of(row), []).append(row)
    return [InboxSection(heading, own) for (_, heading), own in sorted(grouped.items())]


def _section_of(row: InboxRow) -> tuple[int, str]:
    if row.acted_for:
        return 3, gettext("For %(person)s") % {"person": row.acted_for_name}
    if row.mine:
        return 1, gettext("With you")
    return 2, gettext("With your teams")


def _inbox_tabs(reach: WorkReach, whose: str, chosen: Mapping[str, str]) -> list[InboxTab]:
    """Everything, mine, for each person for whom I stand in; nothing to choose without these."""
    if not reach.people:
        return []
    tabs = [("", gettext("Everything")), (MINE, gettext("Mine"))]
    tabs += [
        (person.username, gettext("For %(person)s") % {"person": person.name})
        for person in reach.people
    ]
    return [
        InboxTab(label, urlencode({**({WHOSE: key} if key else {}), **chosen}), key == whose)
        for key, label in tabs
    ]


def _whole_page_count(current_page: InboxPage, after: InboxCursor | None) -> InboxCount | None:
    """A first page that has everything is its own count."""
    whole = after is None and current_page.after is None
    return InboxCount(len(current_page.rows)) if whole else None
