"""A queryset that is written out once gives the rows that it would give each time."""

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import NOW, make_user
from tests.workflows import drawn
from tests.workflows.support import begin
from tests.workflows.test_fastsql import values
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.people.models import User
from workflows.persistence.prepared_queries import (
    ANY_MOMENT,
    ANY_ROW,
    LARGEST_KEY,
    PreparedQuery,
    _Statement,
    any_rows,
    place_of_moment,
    places_of_rows,
)
from workflows.persistence.row_reading import RowReader
from workflows.persistence.sql_constants import write_constants, written_out

pytestmark = pytest.mark.django_db
MOVED = "A queryset of this Django reads its rows another way: `RowReader` has to follow it"


def tasks_of_any() -> QuerySet[WorkItem]:
    """With a row joined that is there, one that is not, and what is worked out beside them."""
    begun = WorkflowInstance.objects.filter(pk=OuterRef("request"), started_at__lt=ANY_MOMENT)
    rows = WorkItem.objects.filter(request=ANY_ROW).select_related("request", "decided_by")
    return rows.annotate(is_begun=Exists(begun), word=Value("50% 'of' it")).order_by("pk")


def test_its_rows_are_those_of_the_queryset_with_what_is_joined_and_annotated() -> None:
    begin(drawn.sequential())
    instance = WorkflowInstance.objects.get()
    prepared = PreparedQuery(tasks_of_any)
    for moment, is_begun in ((timezone.now(), True), (NOW.replace(year=1999), False)):
        rows = prepared.rows({ANY_ROW: instance.pk} | place_of_moment(moment))
        (task,) = WorkItem.objects.filter(request=instance)
        (row,) = rows
        assert (values(row), row.word, row.is_begun) == (values(task), "50% 'of' it", is_begun)  # type: ignore[attr-defined]
        assert row.request == instance
        assert values(row.request) == values(instance)
        assert row.decided_by is None


def test_django_still_reads_rows_by_the_sql_and_the_converters_that_are_kept() -> None:
    statement = _Statement(User.objects.filter(pk=ANY_ROW), {ANY_ROW: 1})
    with CaptureQueriesContext(connection) as ran:
        statement.rows({ANY_ROW: make_user("mia").pk})
    assert statement.sql.split("%s")[0] in ran.captured_queries[-1]["sql"], MOVED
    assert statement.reader.converters is not None, MOVED


def test_django_still_makes_rows_of_what_was_read_already() -> None:
    people = [make_user(name) for name in ("mia", "sam")]
    reader = RowReader(User.objects.order_by("pk"))
    with connection.cursor() as cursor:
        cursor.execute(reader.sql, reader.parameters)
        records = cursor.fetchall()
    with CaptureQueriesContext(connection) as ran:
        rows = reader.rows_of_records(records)
    assert not ran.captured_queries, MOVED
    assert [values(row) for row in rows] == [values(person) for person in people], MOVED


def test_a_key_has_a_statement_of_its_own() -> None:
    prepared = PreparedQuery(lambda count: User.objects.filter(pk__in=any_rows(count)))
    keys = [make_user(name).pk for name in ("mia", "sam")]
    for chosen in (keys, keys[:1], []):
        rows = prepared.rows(places_of_rows(chosen), len(chosen))
        assert sorted(row.pk for row in rows) == chosen


def test_a_key_that_is_larger_than_any_is_no_row_s() -> None:
    prepared = PreparedQuery(tasks_of_any)
    places = place_of_moment(timezone.now())
    assert prepared.rows({ANY_ROW: LARGEST_KEY} | places) == []
    assert prepared.rows({ANY_ROW: LARGEST_KEY + 1} | places) == []


def test_a_moment_that_nothing_stands_for_is_refused_before_it_is_kept() -> None:
    def rows_until_now() -> QuerySet[WorkflowInstance]:
        return WorkflowInstance.objects.filter(pk=ANY_ROW, started_at__lt=timezone.now())

    with pytest.raises(ValueError, match="a value with no stand-in"):
        PreparedQuery(rows_until_now).rows({ANY_ROW: 1})


def test_codes_are_written_into_a_statement_and_stand_ins_are_left() -> None:
    sql = "SELECT '%%' WHERE a = %s AND b = %s AND c = %s AND d IN (%s, %s)"
    parameters = ("it's 5%", ANY_ROW, True, 7, NOW)
    assert write_constants(sql, parameters, (ANY_ROW,)) == (
        "SELECT '%%' WHERE a = 'it''s 5%%' AND b = %s AND c = TRUE AND d IN (7, %s)",
        (ANY_ROW, NOW),
    )


def test_codes_that_a_queryset_writes_out_are_written_in_the_same_way() -> None:
    people = User.objects.filter(username__in=written_out(["o'hara", "5%"]))
    sql, parameters = people.query.sql_with_params()
    assert "IN (('o''hara'), ('5%%'))" in sql
    assert parameters == ()
