"""Of each-branches: what they go through, and where their rows are known."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

ROW_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "each_unfit": AuditSentences(
        text(
            "%(parallel_step)s goes through '%(field)s', which is of type %(kind)s and has no rows:"
            " no branch is ever opened."
        ),
        text("Name a field of type `list` or `users` under `each`."),
    ),
    "each_unfit.unknown": AuditSentences(
        text(
            "%(parallel_step)s goes through '%(field)s', and there is no such field: no branch is"
            " ever opened."
        ),
        text("Declare it as a `list` or `users`, or correct the name under `each`."),
    ),
    "each_of_nothing": AuditSentences(
        text(
            "%(parallel_step)s goes through '%(field)s', which nothing can have filled in by then:"
            " its join passes at once, every time."
        ),
        text("Ask for it at the start, or in a step before."),
    ),
    "each_step_shared": AuditSentences(
        text(
            "Two branches of %(parallel_step)s lead to %(step)s, and one of them is for each row:"
            " it cannot be said which row the work there is about."
        ),
        text("Give each branch steps of its own."),
    ),
    "each_too_deep": AuditSentences(
        text(
            "%(parallel_step)s goes through '%(field)s' within two others that go through rows: a"
            " request could open a thousand times a thousand times a thousand branches."
        ),
        text("Go through it in a workflow of its own, with a `subworkflow` step."),
    ),
    "each_never_stops": AuditSentences(
        text(
            "%(parallel_step)s is to stop going through '%(field)s' at a refusal, and no way of"
            " that branch leads to %(join)s as an exception: it never stops."
        ),
        text("Mark the refusal's way to the join with `exception: true`, or take `stop_on` out."),
    ),
    "column_filled_by_nobody": AuditSentences(
        text(
            "The column '%(column)s' of '%(field)s' is required and left to a branch that goes"
            " through the rows, and a request may come to %(end)s without it: then nobody fills it"
            " in."
        ),
        text(
            "Lead every usual way through the branch, and let every way in it fill the column in;"
            " or take `required` out."
        ),
    ),
    "each_list_changed": AuditSentences(
        text(
            "%(step)s writes '%(field)s' while %(parallel_step)s goes through its rows, which is"
            " refused every time."
        ),
        text("Write columns of the row (`row.checked`), or change the list behind the join."),
    ),
    "row_outside": AuditSentences(
        text("%(step)s %(usage)s '%(name)s', and is about no such row."),
        text("Name it only in steps of the branch that goes through the rows, or use a field."),
    ),
}
