"""Decision tables: that they can be asked, leave nothing out, and say one thing only.

All of it is exact, by sets of values. A field that is surely filled in when a request comes to the
table has no empty case there; of any other field, that it is empty is a case of its own.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import TableStep, display_title
from workflows.engine.rules.fact_names import fact_words
from workflows.engine.tables.analysis import (
    Box,
    TooEntangled,
    find_dead_rows,
    find_gaps,
    find_overlaps,
    space_of,
)
from workflows.engine.tables.compiling import TableProblem, find_table_problems
from workflows.engine.tables.decision import UNIQUE, DecisionTable
from workflows.engine.texts import Text, join_texts, text

MOST_SHOWN: Final = 3
"""So many gaps, overlaps or rows of a table are shown, each with an example."""


def check_tables(survey: Survey) -> Iterator[AuditFinding]:
    """Every table can be asked, one of its rows holds, and no two that may not."""
    for key, step in survey.graph.steps.items():
        if not isinstance(step, TableStep):
            continue
        problems, table = find_table_problems(step, survey.definition.table_fields)
        if table is None:
            told = [problem for problem in problems if not _is_unknown(survey, problem)]
            for problem in told[:MOST_SHOWN]:
                yield _problem_finding(survey, key, problem)
            continue
        space = space_of(table, survey.filled[key])
        yield from _check_gaps(survey, key, table, space)
        yield from _check_rows(survey, key, table, space)


def _is_unknown(survey: Survey, problem: TableProblem) -> bool:
    """Whether it is about a field that is not declared, which is found of all kinds of steps."""
    return not problem.row and problem.column not in ("", *survey.definition.table_fields)


def _problem_finding(survey: Survey, key: str, problem: TableProblem) -> AuditFinding:
    variant = "cell" if problem.row else "column" if problem.column else ""
    column = _heading(survey, problem.column)
    places = {"row": problem.row, "column": column} if variant else {}
    said = {"step": survey.called(key), "problem": problem.text}
    return make_finding("table_wrong", key, variant, **said, **places)


def _check_gaps(
    survey: Survey, key: str, table: DecisionTable, space: Box
) -> Iterator[AuditFinding]:
    step = survey.called(key)
    is_answered = table.way_without_row() is not None
    try:
        gaps = find_gaps(table, space, most=1 if is_answered else MOST_SHOWN)
    except TooEntangled:
        if not is_answered:
            yield make_finding("table_gap_unsure", key, step=step)
        return
    if not is_answered:
        for gap in gaps:
            yield make_finding(
                "table_gap", key, step=step, example=describe_box(survey, table, gap)
            )
    elif not gaps and table.step.otherwise is not None:
        target = survey.called(table.step.otherwise)
        yield make_finding("otherwise_never", key, "table", step=step, target=target)


def _check_rows(
    survey: Survey, key: str, table: DecisionTable, space: Box
) -> Iterator[AuditFinding]:
    step = survey.called(key)
    if table.hit == UNIQUE:
        for row, other, box in islice(find_overlaps(table, space), MOST_SHOWN):
            example = describe_box(survey, table, box)
            numbers = {"row": row + 1, "other": other + 1}
            yield make_finding("table_overlap", key, step=step, example=example, **numbers)
    dead, _ = find_dead_rows(table, space)
    for row in dead[:MOST_SHOWN]:
        yield make_finding("table_row_never", key, step=step, row=row + 1)


def describe_box(survey: Survey, table: DecisionTable, box: Box) -> Text | str:
    """A value of each column, for which a box of values is an example."""
    return join_texts(
        [
            text(
                "%(field)s = %(value)s",
                field=_heading(survey, column.key),
                value=column.example_of(region),
            )
            for column, region in zip(table.columns, box, strict=True)
        ]
    )


def _heading(survey: Survey, key: str) -> str:
    """What pages head a column by: the field's label; a fact of the request as it is written."""
    field = survey.definition.table_fields.get(key)
    return key if field is None or fact_words(key) else display_title(key, field.label)


CHECKS = (check_tables,)
