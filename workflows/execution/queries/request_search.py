"""Finding requests by what somebody types: the reference with or without its prefix, words of the
title, who asked, and what the map marks `searchable`; and by who asked or an amount alone.

Each term is one condition, in SQL that both databases take. Where few requests meet one of them,
they are read first, by its index, and everything else is asked of these few. Where many do, a list
that is walked in its order meets one soon, and asks each row; but queues have to be put in order
first, so also what a share of all requests meet is listed once beside them.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import connection

from workflows.execution.models import SearchValue, WorkflowInstance
from workflows.execution.search_words import split_search_words
from workflows.language.typed_numbers import read_typed_number
from workflows.people.models import PersonWord
from workflows.people.search_words import split_typed_words
from workflows.persistence.begins_with import begins_sql, range_of_beginning
from workflows.persistence.sql_text import compose_sql, hide_values

MOST_TERMS = 8
FEW = 3_000
"""So many requests are asked for by their ids."""
MANY = 50_000
"""So many where open tasks are searched for: a list of them is put beside the queues."""
LARGEST_ID = 2**63 - 1
LARGEST_AMOUNT = Decimal(10) ** 15
_REFERENCE = re.compile(r"(?:([A-Za-z0-9]{1,8})-)?([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """One condition on requests: any of these holds."""

    word: str = ""
    number: Decimal | None = None
    id: int | None = None
    prefix: str = ""
    person: str = ""
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None


def read_search_terms(typed: str) -> tuple[SearchTerm, ...]:
    """What was typed, as terms that all have to hold. A word is found by its beginning."""
    chunks = typed.split()
    whole = read_typed_number(typed)
    if whole is not None and len(chunks) > 1:
        return (SearchTerm(number=whole),)
    terms = [term for chunk in chunks for term in _terms_of(chunk)]
    return tuple(dict.fromkeys(terms))[:MOST_TERMS]


def _terms_of(chunk: str) -> list[SearchTerm]:
    number, named = read_typed_number(chunk), _REFERENCE.fullmatch(chunk)
    prefix, pk = (named[1] or "", int(named[2])) if named else ("", None)
    pk = None if pk is not None and pk > LARGEST_ID else pk
    words = split_search_words(chunk)
    if number is not None:
        word = words[0] if len(words) == 1 else ""
        return [SearchTerm(word=word, number=number, id=pk)]
    logins = split_typed_words(chunk)
    people = logins * len(words) if len(logins) == 1 else words
    if prefix:  # nobody is called that
        people = [""] * len(words)
    return [
        SearchTerm(word=word, id=pk, prefix=prefix.upper(), person=person)
        for word, person in zip(words, people, strict=True)
    ]


def read_person_terms(typed: str) -> tuple[SearchTerm, ...]:
    """The words of somebody's name or login, as terms for who asked."""
    return tuple(SearchTerm(person=word) for word in split_typed_words(typed)[:MOST_TERMS])


# -- as SQL -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SqlCondition:
    """A condition in SQL with named places, and what stands in them."""

    sql: str
    values: dict[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _tables() -> dict[str, str]:
    return {
        "value": SearchValue._meta.db_table,
        "request": WorkflowInstance._meta.db_table,
        "person": PersonWord._meta.db_table,
    }


def _begins(column: str, place: str, word: str) -> SqlCondition:
    """That the column begins with a word; an index of it serves."""
    sql = begins_sql(column, f"%({place})s", f"%({place}_end)s", connection.vendor)
    return SqlCondition(
        sql, dict(zip((place, f"{place}_end"), range_of_beginning(word), strict=True))
    )


def _value_conditions(term: SearchTerm, name: str) -> list[SqlCondition]:
    """On a search value `v`: each holds for one of the ways in which the term is met."""
    conditions = []
    if term.word:
        conditions.append(_begins("v.word", f"{name}_word", term.word))
    if term.number is not None:
        conditions.append(
            SqlCondition(f"v.number = %({name}_number)s", {f"{name}_number": term.number})
        )
    if term.amount_from is not None or term.amount_to is not None:
        conditions.append(_amount_condition(term, name))
    return conditions


def _amount_condition(term: SearchTerm, name: str) -> SqlCondition:
    """Always between two bounds: PostgreSQL takes one alone for a third of all there are, and reads
    through them."""
    least = -LARGEST_AMOUNT if term.amount_from is None else term.amount_from
    most = LARGEST_AMOUNT if term.amount_to is None else term.amount_to
    between = f"v.number >= %({name}_from)s AND v.number <= %({name}_to)s"
    values = {f"{name}_from": least, f"{name}_to": most}
    return SqlCondition(f"v.is_amount AND v.number IS NOT NULL AND {between}", values)


def _request_conditions(term: SearchTerm, name: str) -> list[SqlCondition]:
    """On a request `r`: the same."""
    conditions = []
    if term.id is not None:
        prefix = f" AND r.prefix = %({name}_prefix)s" if term.prefix else ""
        values = {f"{name}_id": term.id} | ({f"{name}_prefix": term.prefix} if prefix else {})
        conditions.append(SqlCondition(f"r.id = %({name}_id)s{prefix}", values))
    if term.person:
        begins = _begins("p.word", f"{name}_person", term.person)
        people = compose_sql(
            "SELECT p.person_id FROM {person} p WHERE p.is_name AND {matches}",
            matches=begins.sql,
            **_tables(),
        )
        # PostgreSQL expects a share of all people, and reads every request; of a list, a few.
        within = "= ANY(ARRAY({}))" if connection.vendor == "postgresql" else "IN ({})"
        sql = f"r.requester_id {within.format(people)}"
        conditions.append(SqlCondition(sql, begins.values))
    return conditions


def term_condition(term: SearchTerm, name: str, request: str) -> SqlCondition:
    """That the request whose id this expression gives meets the term. `name` keeps the places of
    several terms apart.

    Not as `EXISTS`, which PostgreSQL likes to answer for all requests beforehand."""
    on_value = "(SELECT true FROM {value} v WHERE v.request_id = {of} AND {condition} LIMIT 1)"
    on_request = "(SELECT true FROM {request} r WHERE r.id = {of} AND {condition} LIMIT 1)"
    parts: list[str] = []
    values: dict[str, Any] = {}
    for template, conditions in (
        (on_value, _value_conditions(term, name)),
        (on_request, _request_conditions(term, name)),
    ):
        for condition in conditions:
            asked = condition.sql
            if connection.vendor == "sqlite":  # not along the index of all words
                asked = asked.replace("v.word", "+v.word")
            parts.append(compose_sql(template, of=request, condition=asked, **_tables()))
            values |= condition.values
    return SqlCondition(f"({' OR '.join(parts)})" if parts else "1 = 0", values)


def _ids_sql(term: SearchTerm, name: str, *, is_open: bool, most: int) -> SqlCondition:
    """The ids of the requests that meet the term, some twice; no more than `most` in each way."""
    live = " AND r.state IN ('running', 'suspended')" if is_open else ""
    of_value = "SELECT v.request_id AS id FROM {value} v WHERE {condition}"
    of_request = "SELECT r.id FROM {request} r WHERE {condition}{live}"
    pieces: list[str] = []
    values: dict[str, Any] = {}
    for template, conditions in (
        (of_value, _value_conditions(term, name)),
        (of_request, _request_conditions(term, name)),
    ):
        for condition in conditions:
            ids = compose_sql(template, condition=condition.sql, live=live, **_tables())
            limited = "SELECT * FROM ({ids} LIMIT {most}) AS {name}"
            pieces.append(compose_sql(limited, ids=ids, most=most, name=name))
            values |= condition.values
    return SqlCondition(" UNION ALL ".join(pieces), values)


# -- which requests ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FoundRequests:
    """The requests that terms leave: `ids` where they can be listed, and what is still to be asked
    of each request."""

    ids: frozenset[int] | None
    terms: tuple[SearchTerm, ...]

    def conditions(self, request: str) -> list[SqlCondition]:
        """What is to be asked of the request whose id this expression gives."""
        return [term_condition(term, f"t{n}", request) for n, term in enumerate(self.terms)]


EVERYTHING = FoundRequests(None, ())


def find_requests(terms: Sequence[SearchTerm], *, is_open: bool) -> FoundRequests:
    """The requests that meet all of these terms, with `is_open` only such as are not over, as far
    as that is known without looking at each. One statement, or none without terms."""
    (requests,) = find_several_requests([terms], is_open=is_open)
    return requests


def find_several_requests(
    searches: Sequence[Sequence[SearchTerm]], *, is_open: bool
) -> list[FoundRequests]:
    """The same for several searches, in one statement."""
    every_term = [term for terms in searches for term in terms]
    ids = iter(_read_ids(every_term, is_open=is_open))
    return [_found_requests(terms, [next(ids) for _ in terms]) for terms in searches]


def _found_requests(
    terms: Sequence[SearchTerm], ids_by_term: Sequence[frozenset[int] | None]
) -> FoundRequests:
    unlisted = [term for term, ids in zip(terms, ids_by_term, strict=True) if ids is None]
    listed = [ids for ids in ids_by_term if ids is not None]
    return FoundRequests(frozenset.intersection(*listed) if listed else None, tuple(unlisted))


def _read_ids(terms: Sequence[SearchTerm], *, is_open: bool) -> list[frozenset[int] | None]:
    """For each term the requests that meet it, or None where there are more than are listed."""
    most = MANY if is_open else FEW
    pieces: list[str] = []
    values: dict[str, Any] = {}
    for n, term in enumerate(terms):
        ids = _ids_sql(term, f"t{n}", is_open=is_open, most=most + 1)
        if ids.sql:
            is_postgres = connection.vendor == "postgresql"
            collect = "array_agg" if is_postgres else "json_group_array"
            pieces.append(compose_sql(_LISTED, n=n, ids=ids.sql, most=most, collect=collect))
            values |= ids.values
    ids_by_term: list[frozenset[int] | None] = [frozenset() for _ in terms]
    if pieces:
        with connection.cursor() as cursor:
            cursor.execute(hide_values(" UNION ALL ".join(pieces)), values)
            for n, count, listed in cursor.fetchall():
                ids_by_term[n] = _read_list(listed) if count <= most else None
    return ids_by_term


_LISTED = """
    SELECT {n} AS term, count(*) AS met,
        CASE WHEN count(*) <= {most} THEN {collect}(f.id) END AS ids FROM ({ids}) AS f
"""


def _read_list(ids: Any) -> frozenset[int]:
    return frozenset(json.loads(ids) if isinstance(ids, str) else ids or ())


def join_values(conditions: Iterable[SqlCondition]) -> dict[str, Any]:
    """What stands in the places of several conditions."""
    return {name: value for condition in conditions for name, value in condition.values.items()}
