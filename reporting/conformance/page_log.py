"""An uploaded log as a page keeps it: the different courses of its cases, how many took each, and
one that did. So a mapping can be changed without choosing the file again, and nothing is stored."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from reporting.conformance.checks import empty_result, make_checker
from reporting.conformance.results import ConformanceResult
from reporting.conformance.row_meanings import interpret_case
from reporting.eventlogs.account import Account
from reporting.eventlogs.readers.read import LogReadOptions
from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.uploads.uploaded_log import (
    count_uploaded_rows,
    open_sealed,
    seal_for_page,
    uploaded_log,
)
from reporting.replay.activity_mapping import ActivityMapping
from reporting.replay.log_replay import read_log_cases
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition

MOST_ACTIVITIES = 200
PageRow = tuple[str, str, tuple[tuple[str, str], ...]]
"""An activity, its outcome where the log says it, and the values that rules of the map ask for."""


@dataclass(frozen=True, slots=True)
class LogCourse:
    """One course of cases: its rows, how many cases took it, and one of them."""

    rows: tuple[PageRow, ...]
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class PageLog:
    """A log by its courses."""

    name: str
    courses: tuple[LogCourse, ...]

    @property
    def activities(self) -> list[str]:
        """All activities, in the order in which they come."""
        return list(dict.fromkeys(name for one in self.courses for name, _, _ in one.rows))

    def seal(self) -> str:
        """For a hidden field. Raises InvalidInput where it is too much."""
        return seal_for_page(
            [self.name, [[one.rows, one.count, one.example] for one in self.courses]]
        )

    @classmethod
    def unseal(cls, sealed: str) -> "PageLog":
        """From a hidden field. Raises InvalidInput."""
        name, courses = _as_list(open_sealed(sealed), 2)
        return cls(name, tuple(LogCourse(_rows(rows), n, case) for rows, n, case in courses))


def _as_list(data: object, length: int) -> list[Any]:
    if not isinstance(data, list) or len(data) != length:
        raise InvalidInput("Choose the log again: what the page kept of it is damaged.")
    return data


def _rows(written: list[Any]) -> tuple[PageRow, ...]:
    return tuple(
        (name, outcome, tuple((key, value) for key, value in values))
        for name, outcome, values in written
    )


def read_page_log(sent: UploadedFile | None, definition: Definition) -> PageLog:
    """An uploaded log, for a map. Raises InvalidInput."""
    fields = make_checker(definition).rules.fields
    counts: Counter[tuple[PageRow, ...]] = Counter()
    examples: dict[tuple[PageRow, ...], str] = {}
    with uploaded_log(sent) as path:
        options, account = LogReadOptions(), Account(path.name)
        for rows in read_log_cases(path, count_uploaded_rows(path, options, account), options):
            course = tuple(_page_row(row, fields) for row in rows)
            counts[course] += 1
            examples.setdefault(course, rows[0].case_id)
        log = PageLog(path.name, tuple(_courses(counts, examples)))
    if len(log.activities) > MOST_ACTIVITIES:
        raise InvalidInput("The log has too many different activities for a page.")
    return log


def _page_row(row: LogRow, fields: tuple[str, ...]) -> PageRow:
    values = tuple((key, row.data[key]) for key in fields if key in row.data)
    return (row.activity, row.outcome, values)


def _courses(
    counts: Counter[tuple[PageRow, ...]], examples: dict[tuple[PageRow, ...], str]
) -> Iterator[LogCourse]:
    for course, count in counts.most_common():
        yield LogCourse(course, count, examples[course])


def check_page_log(log: PageLog, activities: ActivityMapping) -> ConformanceResult:
    """How far the log fits the map of this mapping."""
    checker = make_checker(activities.definition)
    result = empty_result(checker)
    for course in log.courses:
        rows = [
            LogRow(course.example, name, "", None, None, None, dict(values), outcome=outcome)
            for name, outcome, values in course.rows
        ]
        verdict = checker.judge(list(interpret_case(rows, activities)))
        result.add(course.example, verdict, count=course.count)
    return result
