"""Lists of requests: who asked, in which state, of which workflow, with which words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from workflows.access.conditions import AUDIT, MANAGE, START, VIEW, performs_step_condition
from workflows.access.conditions.person_conditions import (
    PersonCondition,
    anybody,
    kind_of_reader,
    places_of,
)
from workflows.definitions.models import Step, WorkflowTemplate
from workflows.execution.models import InstanceQuerySet, WorkflowInstance
from workflows.execution.queries.open_work import open_instances_condition
from workflows.execution.queries.request_search import find_requests, read_search_terms
from workflows.people.models import User
from workflows.persistence.prepared_queries import (
    ANY_MOMENT,
    ANY_ROW,
    PreparedQuery,
    place_of_moment,
)
from workflows.persistence.sql_text import is_one_of, sql_condition
from workflows.trail.choices import MOVES
from workflows.trail.models import TrailEvent

OPEN, FINISHED, ANY = "open", "finished", "any"
MINE, ALL = "mine", "all"


LIST_COLUMNS = (
    *("prefix", "title", "state", "result", "source", "version", "data", "marking"),
    *("requester_name", "started_at", "completed_at", "due_at", "moved_at"),
    *("deadline_at", "deadline_record"),
    *("template__key", "template__name"),
    *("requester__username", "requester__first_name", "requester__last_name"),
)
"""What lists show of a request, and what its position is worked out from."""


class ListOrder(StrEnum):
    """In which order requests are listed; each is an index's."""

    NEWEST = "newest"
    OLDEST = "oldest"
    DUE = "due"
    DEADLINE = "deadline"
    MOVED = "moved"
    STILL = "still"
    """Those first that have not moved for longest."""

    @property
    def column(self) -> str:
        """By what, behind which the id decides; nothing where the id alone does."""
        columns = {"due": "due_at", "deadline": "deadline_at"}
        return (columns | {"moved": "moved_at", "still": "moved_at"}).get(self.value, "")

    @property
    def is_falling(self) -> bool:
        """Whether the latest come first."""
        return self in (ListOrder.NEWEST, ListOrder.MOVED)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ListPlace:
    """The request at which a page ended: its id, and its moment where the order is by one."""

    id: int
    moment: datetime | None = None

    @classmethod
    def of(cls, row: WorkflowInstance, order: ListOrder) -> "ListPlace":
        """Where this row stands in that order."""
        return cls(row.pk, getattr(row, order.column) if order.column else None)

    @classmethod
    def read(cls, text: str) -> "ListPlace | None":
        """What `str` wrote; anything else is the beginning."""
        match = re.fullmatch("([0-9]{1,18})(?:-([0-9]{1,18}))?", text)
        if match is None:
            return None
        if match[2] is None:
            return cls(int(match[1]))
        try:
            return cls(int(match[1]), EPOCH + timedelta(microseconds=int(match[2])))
        except OverflowError:
            return None

    def __str__(self) -> str:
        if self.moment is None:
            return str(self.id)
        return f"{self.id}-{(self.moment - EPOCH) // timedelta(microseconds=1)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """What a list is narrowed to, and its order; `after` is where the page before ended."""

    whose: str = MINE
    state: str = OPEN
    words: str = ""
    workflow: str = ""
    order: ListOrder = ListOrder.NEWEST
    after: ListPlace | None = None


def find_instances(user: User, narrowed: InstanceFilter, limit: int) -> list[WorkflowInstance]:
    """The first requests that fit and that this person may see, each with its `last_move`
    (what of the trail's last row of a move lists show, or None). One statement; where words are
    searched for, one more, and before them one for a reference: it finds its request at once,
    whatever else is chosen."""
    named = _find_named(user, narrowed)
    if named:
        return named
    if narrowed.words:
        rows = _narrowed_rows(user, narrowed, _matching_words(narrowed.words))
        return list(_with_list_columns(_in_list_order(rows, narrowed))[:limit])
    return _LISTED.rows(*_shape_of(user, narrowed, limit))


def _narrowed_rows(
    user: User, narrowed: InstanceFilter, meeting_words: InstanceQuerySet | None = None
) -> InstanceQuerySet:
    """All that fit; whether somebody may see them, which is dear, is asked last."""
    rows = WorkflowInstance.objects.all() if meeting_words is None else meeting_words
    if narrowed.state == OPEN:
        rows = rows.filter(open_instances_condition())
    elif narrowed.state == FINISHED:
        rows = rows.exclude(open_instances_condition())
    if narrowed.workflow:
        rows = rows.filter(template__key=narrowed.workflow)
    return rows.filter(requester=user) if narrowed.whose == MINE else rows.visible_to(user)


ANY_WORKFLOW = "any workflow's key"


def _shape_of(user: User, narrowed: InstanceFilter, limit: int) -> tuple[Any, ...]:
    """The values of a list without words, and what its statement hangs on beside them."""
    places = places_of(user.pk) | {ANY_WORKFLOW: narrowed.workflow}
    workflow, after = ANY_WORKFLOW if narrowed.workflow else "", narrowed.after
    if after is not None:
        places[ANY_ROW] = after.id
        places |= place_of_moment(after.moment) if after.moment is not None else {}
        after = ListPlace(ANY_ROW, ANY_MOMENT if after.moment is not None else None)
    shape = InstanceFilter(
        whose=narrowed.whose,
        state=narrowed.state,
        workflow=workflow,
        order=narrowed.order,
        after=after,
    )
    return places, shape, limit, *kind_of_reader(user)


def _listed_rows(
    shape: InstanceFilter, limit: int, is_active: bool, is_superuser: bool, _ways: Any
) -> QuerySet[WorkflowInstance]:
    rows = _narrowed_rows(anybody(is_active, is_superuser), shape)
    return _with_list_columns(_in_list_order(rows, shape))[:limit]


_LISTED = PreparedQuery(_listed_rows)


def walk_instances(
    user: User, narrowed: InstanceFilter, *, piece: int, most: int
) -> Iterator[list[WorkflowInstance]]:
    """The same from the beginning, in pieces, up to so many in all. A statement a piece."""
    rest, part = most, replace(narrowed, after=None)
    while rest > 0:
        rows = find_instances(user, part, min(piece, rest))
        yield rows
        if len(rows) < piece:
            return
        rest, part = rest - len(rows), replace(part, after=ListPlace.of(rows[-1], part.order))


def _in_list_order(rows: InstanceQuerySet, narrowed: InstanceFilter) -> InstanceQuerySet:
    """In the order that was chosen, from behind where the page before ended."""
    order, after = narrowed.order, narrowed.after
    sign, beyond = ("-", "lt") if order.is_falling else ("", "gt")
    if after is not None and order.column and after.moment is not None:
        further = Q(**{f"{order.column}__{beyond}": after.moment}) | Q(
            **{f"pk__{beyond}": after.id}
        )
        rows = rows.filter(further, **{f"{order.column}__{beyond}e": after.moment})
    elif after is not None and not order.column:
        rows = rows.filter(**{f"pk__{beyond}": after.id})
    named = [order.column] if order.column else []
    return rows.order_by(*(f"{sign}{name}" for name in [*named, "pk"]))


def _with_list_columns(rows: InstanceQuerySet) -> InstanceQuerySet:
    moves = TrailEvent.objects.filter(request=OuterRef("pk"), command__in=MOVES).order_by("-pk")
    move = JSONObject(
        command=F("command"),
        step=F("step"),
        outcome=F("outcome"),
        login=F("actor_name"),
        first_name=F("actor__first_name"),
        last_name=F("actor__last_name"),
        acted_for=F("acted_for"),
    )
    rows = rows.select_related("template", "requester").only(*LIST_COLUMNS)
    return rows.annotate(last_move=Subquery(moves.values(move=move)[:1]))


def _find_named(user: User, narrowed: InstanceFilter) -> list[WorkflowInstance]:
    """The request of an exact reference, if the person may see it."""
    if "-" not in narrowed.words or narrowed.after is not None:
        return []
    rows = WorkflowInstance.objects.visible_to(user).by_reference(narrowed.words)
    return list(_with_list_columns(rows))


def _matching_words(words: str) -> InstanceQuerySet:
    """The requests that meet every word, by what the inbox finds as well."""
    requests = find_requests(read_search_terms(words), is_open=False)
    rows, key = WorkflowInstance.objects.all(), f"{WorkflowInstance._meta.db_table}.id"
    if requests.ids is not None:
        rows = rows.filter(is_one_of(key, requests.ids))
    for condition in requests.conditions(key):
        rows = rows.filter(sql_condition(condition.sql, condition.values))
    return rows


def related_workflows(user: User) -> list[WorkflowTemplate]:
    """The workflows that this person has to do with. One statement."""
    rows = WorkflowTemplate.objects.only("key", "name").order_by("name")
    return list(rows if user.is_superuser else rows.filter(_RELATED.holds_for(user)))


def _find_related_workflows(user: User) -> QuerySet[WorkflowTemplate]:
    requested = WorkflowInstance.objects.filter(template=OuterRef("pk"), requester=user)
    works = Step.objects.filter(
        performs_step_condition(user, "pk"), version__template=OuterRef("pk")
    )
    granted = WorkflowTemplate.objects.with_verbs(user, START, VIEW, MANAGE, AUDIT)
    return WorkflowTemplate.objects.filter(
        Q(Exists(requested)) | Q(Exists(works)) | Q(pk__in=granted)
    )


_RELATED = PersonCondition(_find_related_workflows)
