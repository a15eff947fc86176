"""Of resources: what steps book, spend and confirm."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

_CONFIRM_REMEDY: Final = text(
    "Name a step under `confirms` that books or spends, and that comes before."
)
RESOURCE_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "hold_field_unfit": AuditSentences(
        text(
            "%(step)s says `%(place)s: %(name)s`, which is not the field of %(wanted)s that is"
            " needed there: nothing could be held."
        ),
        text("Name a declared field of the right type."),
    ),
    "hold_field_may_be_empty": AuditSentences(
        text(
            "%(step)s books or spends by '%(field)s', which may be empty there: such a request"
            " cannot go on from there, as nothing can be held for it."
        ),
        text("Make the field required and ask for it before, or in the step."),
    ),
    "hold_amount_unfit.books": AuditSentences(
        text(
            "%(step)s books as many as '%(field)s' says, and that may be none, or less: such a"
            " request cannot go on from there."
        ),
        text("Give the field `min: 1`, or ask for its value in the step."),
    ),
    "hold_amount_unfit.whole": AuditSentences(
        text(
            "%(step)s books as many as '%(field)s' says, and that need not be a whole number: such"
            " a request cannot go on from there."
        ),
        text("Name a field of type integer."),
    ),
    "hold_amount_unfit.spends": AuditSentences(
        text(
            "%(step)s draws what '%(field)s' says, and that may be less than nothing: such a"
            " request cannot go on from there."
        ),
        text("Give the field `min: 0`, or ask for its value in the step."),
    ),
    "hold_may_end_before": AuditSentences(
        text(
            "%(step)s books from '%(starts)s' until '%(ends)s', and nothing keeps the end behind"
            " the beginning: such a request cannot go on from there."
        ),
        text(
            "Give '%(ends)s' `min: %(bound)s`, work it out from '%(starts)s', or ask for one of the"
            " two in the step."
        ),
    ),
    "confirm_unfit.nothing": AuditSentences(
        text("%(step)s confirms what %(other)s holds, and %(other)s books and spends nothing."),
        _CONFIRM_REMEDY,
    ),
    "confirm_unfit.late": AuditSentences(
        text("%(step)s confirms what %(other)s holds, and no way leads from there to here."),
        _CONFIRM_REMEDY,
    ),
    "hold_never_confirmed": AuditSentences(
        text(
            "No step confirms what %(step)s holds, so it is given back when the request ends:"
            " nothing stays booked, and no money counts as spent."
        ),
        text("Write the step under `confirms` of the step, or of the end, from which on it stays."),
    ),
    "hold_step_shared": AuditSentences(
        text(
            "Two branches of %(parallel_step)s lead to %(step)s, which books or spends: it cannot"
            " be said for which of them something is held, and given back."
        ),
        text("Give each branch a step of its own, or book and spend before it or behind the join."),
    ),
    "resource_group_unknown": AuditSentences(
        text(
            "The field '%(name)s' offers the resources of '%(group)s', and there are none in use:"
            " nobody can choose one."
        ),
        text("Correct `of`, or set up resources of this group."),
    ),
    "resource_kind_wrong.bookable": AuditSentences(
        text("%(step)s books of '%(group)s', and these are budgets: nothing could be held."),
        text("Book of another group, or draw on it with `spends`."),
    ),
    "resource_kind_wrong.budget": AuditSentences(
        text("%(step)s draws on '%(group)s', and these are no budgets: nothing could be held."),
        text("Draw on another group, or book of it with `books`."),
    ),
    "resource_kind_wrong.currency": AuditSentences(
        text(
            "%(step)s draws %(currency)s on '%(group)s', and none of these budgets is kept in it:"
            " nothing could be held."
        ),
        text("Give the field the budgets' currency, or draw on another group."),
    ),
}
