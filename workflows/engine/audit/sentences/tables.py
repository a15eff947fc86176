"""Of decision tables: cells, values that no row takes, and rows that meet."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

TABLES_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "table_wrong": AuditSentences(
        text("%(step)s cannot be asked, so each request would stop there: %(problem)s"),
        text("Correct the table."),
    ),
    "table_wrong.column": AuditSentences(
        text(
            "%(step)s cannot be asked, so each request would stop there; '%(column)s': %(problem)s"
        ),
        text("Correct the table."),
    ),
    "table_wrong.cell": AuditSentences(
        text(
            "%(step)s cannot be asked, so each request would stop there; row %(row)s,"
            " '%(column)s': %(problem)s"
        ),
        text("Correct this cell of the table."),
    ),
    "table_gap": AuditSentences(
        text(
            "No row of %(step)s holds for %(example)s, and it does not say where else requests go:"
            " such a request would stop there."
        ),
        text("Add a row for it, or say where a request goes that no row takes (`otherwise`)."),
    ),
    "table_gap_unsure": AuditSentences(
        text(
            "The rows of %(step)s cross in so many ways that it cannot be shown that one of them"
            " always holds, and it does not say where else requests go: a request might stop there."
        ),
        text(
            "Say where a request goes that no row takes (`otherwise`), or part the table into"
            " several."
        ),
    ),
    "table_overlap": AuditSentences(
        text(
            "Rows %(row)s and %(other)s of %(step)s both hold for %(example)s, and only one may:"
            " such a request would stop there."
        ),
        text(
            "Correct one of the two; or, if the upper one is to count, say that the first row"
            " counts that holds (`hit: first`)."
        ),
    ),
    "table_row_never": AuditSentences(
        text(
            "Row %(row)s of %(step)s never counts: no request is left for it, as rows above it take"
            " all of its values, or no value is."
        ),
        text("Correct it, move it up, or take it out."),
    ),
    "otherwise_never.table": AuditSentences(
        text(
            "One of the rows of %(step)s always holds: its way for what no row takes, to"
            " %(target)s, is never taken."
        ),
        text("Correct the rows, or take that way out (`otherwise`)."),
    ),
}
"""The two sentences of a finding."""
