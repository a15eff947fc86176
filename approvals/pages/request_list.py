"""The list of requests as its page shows it."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import urlencode

from django.utils import timezone, translation
from django.utils.translation import gettext

from approvals.pages.request_columns import (
    ALWAYS,
    COLUMNS,
    SORTED_BY,
    RequestRow,
    choose_columns,
    describe_request,
    file_columns,
)
from approvals.ui.csv_cells import EchoFile, csv_cell
from approvals.ui.tables import Column, ReportTable
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.instance_lists import (
    ALL,
    ANY,
    FINISHED,
    MINE,
    OPEN,
    InstanceFilter,
    ListOrder,
    ListPlace,
    find_instances,
    related_workflows,
    walk_instances,
)
from workflows.execution.queries.position import find_positions
from workflows.people.models import User

PAGE = 50
FILE_ROWS = 50_000
"""So many requests are in a CSV at most."""
PIECE = 500
"""So many of them are read at once."""


@dataclass(frozen=True, slots=True)
class FilterTab:
    """One choice over the list."""

    label: str
    link: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilters(InstanceFilter):
    """What the list is narrowed to, as its address says."""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "RequestFilters":
        """What the address says; whatever it does not say rightly is left at its default."""
        whose, state = query.get("whose", MINE), query.get("state", OPEN)
        order = query.get("sort", "")
        return cls(
            whose=whose if whose in (MINE, ALL) else MINE,
            state=state if state in (OPEN, FINISHED, ANY) else OPEN,
            words=query.get("q", "").replace("\x00", "").strip()[:200],
            workflow=query.get("workflow", "").replace("\x00", "")[:60],
            order=ListOrder(order) if order in list(ListOrder) else ListOrder.NEWEST,
            after=ListPlace.read(query.get("after", "")),
        )

    def link(self, **changed: str) -> str:
        """The address of the same list with something changed, from its beginning."""
        return f"?{self.query(**changed)}"

    def query(self, **changed: str) -> str:
        """What that address asks for."""
        parameters = {
            "whose": self.whose,
            "state": self.state,
            "q": self.words,
            "workflow": self.workflow,
            "sort": self.order if self.order != ListOrder.NEWEST else "",
            **changed,
        }
        return urlencode({name: value for name, value in parameters.items() if value})

    @property
    def orders(self) -> list[tuple[ListOrder, str]]:
        """In which order the list can be, as a telephone shows no headings to sort by."""
        return [
            (ListOrder.NEWEST, gettext("Newest first")),
            (ListOrder.OLDEST, gettext("Oldest first")),
            (ListOrder.DUE, gettext("Due first")),
            (ListOrder.MOVED, gettext("Last moved first")),
            (ListOrder.STILL, gettext("Longest without a move first")),
        ]

    @property
    def tabs(self) -> list[tuple[str, list[FilterTab]]]:
        """The choices over the list, in their groups."""
        whose = [(MINE, gettext("I asked for")), (ALL, gettext("I may see"))]
        states = [
            (OPEN, gettext("Open")),
            (FINISHED, gettext("Finished")),
            (ANY, gettext("All")),
        ]
        return [
            (
                gettext("Whose"),
                [FilterTab(label, self.link(whose=k), k == self.whose) for k, label in whose],
            ),
            (
                gettext("State"),
                [FilterTab(label, self.link(state=k), k == self.state) for k, label in states],
            ),
        ]


@dataclass(frozen=True, slots=True)
class ColumnHead:
    """What stands over a column: also the address that sorts by it, and how it is sorted now."""

    heading: str
    css: str
    link: str = ""
    sorted: str = ""


@dataclass(frozen=True)
class RequestsPage:
    """One page of the list, with the workflows to choose from and the link to the next page."""

    table: ReportTable[RequestRow]
    filters: RequestFilters
    workflows: list[WorkflowTemplate]
    next: str

    @property
    def rows(self) -> Sequence[RequestRow]:
        """The requests that it shows."""
        return self.table.rows

    @cached_property
    def heads(self) -> list[ColumnHead]:
        """What stands over the columns."""
        return [self._head(column) for column in self.table.columns]

    def _head(self, column: Column[RequestRow]) -> ColumnHead:
        orders, order = SORTED_BY.get(column.name, ()), self.filters.order
        heading = str(column.heading)
        if not orders:
            return ColumnHead(heading, column.css)
        other_orders = [other for other in orders if other != order] or [ListOrder.NEWEST]
        direction = "descending" if order.is_falling else "ascending"
        return ColumnHead(
            heading,
            column.css,
            self.filters.link(sort=other_orders[0] if other_orders[0] != ListOrder.NEWEST else ""),
            direction if order in orders else "",
        )

    @property
    def columns_to_choose(self) -> list[tuple[str, str, bool]]:
        """The columns that can be left out: name, heading, and whether it is shown."""
        names_shown = {column.name for column in self.table.columns}
        return [
            (column.name, str(column.heading), column.name in names_shown)
            for column in COLUMNS
            if column.name != ALWAYS
        ]


def requests_page(user: User, filters: RequestFilters, now: datetime) -> RequestsPage:
    """The first requests that fit. At most nine statements, however many rows."""
    matching = find_instances(user, filters, PAGE + 1)
    rows, has_more = matching[:PAGE], len(matching) > PAGE
    return RequestsPage(
        table=ReportTable(
            key="requests",
            columns=choose_columns(user.request_columns.split()),
            rows=_describe_rows(rows, now),
            as_cards=True,
        ),
        filters=filters,
        workflows=related_workflows(user),
        next=filters.link(after=str(ListPlace.of(rows[-1], filters.order))) if has_more else "",
    )


def _describe_rows(rows: Sequence[WorkflowInstance], now: datetime) -> list[RequestRow]:
    positions = find_positions(rows)
    return [describe_request(positions[request.pk], now) for request in rows]


def requests_csv_lines(user: User, filters: RequestFilters, now: datetime) -> Iterator[str]:
    """The list as CSV, whole up to `FILE_ROWS`, in the columns that the page shows. Whoever sends
    the lines does so after the page's language and zone are gone, so they are kept."""
    language, zone = translation.get_language(), timezone.get_current_timezone()
    columns = file_columns(choose_columns(user.request_columns.split()))
    writer = csv.writer(EchoFile())
    yield writer.writerow([column.name for column in columns])
    for piece in walk_instances(user, filters, piece=PIECE, most=FILE_ROWS):
        with translation.override(language), timezone.override(zone):
            lines = [
                writer.writerow([csv_cell(column.csv_value(row)) for column in columns])
                for row in _describe_rows(piece, now)
            ]
        yield from lines
