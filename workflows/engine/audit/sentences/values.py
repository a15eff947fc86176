"""Of values: what the fields hold, and what rules and roles read before it is filled in."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

_DIVISION_REMEDY: Final = text(
    "Give what it divides by a `min` above 0, or ask first whether it is 0, as in"
    " `pieces != 0 and total / pieces > 5`."
)
VALUES_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "round_unfit": AuditSentences(
        text(
            "%(step)s rounds '%(name)s', and %(problem)s: it would never have the value that is"
            " meant."
        ),
        text("Correct the name or the number of digits under `round`, or remove it."),
    ),
    "rule_wrong": AuditSentences(
        text(
            "%(condition)s can never be worked out, so each request would stop there: %(problem)s"
        ),
        text("Correct the rule."),
    ),
    "decided_too_late": AuditSentences(
        text(
            "%(step)s asks `%(name)s`, and no request can have come to %(other)s before: nothing"
            " has ever been decided there when this is asked."
        ),
        text("Ask a step that comes before, or take it out of the rule."),
    ),
    "choice_of_one": AuditSentences(
        text(
            "The field '%(name)s' offers one choice, '%(choice)s': what everybody must choose says"
            " nothing of any request."
        ),
        text("Add the other choices, or take the field out."),
    ),
    "currency_missing": AuditSentences(
        text(
            "The field '%(name)s' is an amount of no currency: whoever approves 100 does not know"
            " of what, and amounts of two currencies are compared as if they were one."
        ),
        text("Add `currency`, such as EUR."),
    ),
    "public_without_link": AuditSentences(
        text(
            "The field '%(name)s' is `public`, and the map says `status_link: false`: no page shows"
            " it to anybody without an account."
        ),
        text("Take out `public`, or `status_link: false`."),
    ),
    "field_read_too_early": AuditSentences(
        text("%(step)s %(usage)s '%(name)s', and no way there fills it in: it is always empty."),
        text("Ask for '%(name)s' under `start: fields` or in a step before, or take it out here."),
    ),
    "rule_field_may_be_empty": AuditSentences(
        text(
            "%(condition)s needs %(listed)s, which may still be empty there: such a request waits"
            " on an incident."
        ),
        text(
            "Make the field required and ask for it earlier, or let the rule say what holds when it"
            " is empty, with `field == null or …`."
        ),
    ),
    "field_never_filled": AuditSentences(
        text(
            "The field '%(name)s' is required, and neither the start nor any step asks for it: it"
            " stays empty in every request."
        ),
        text("List it under `start: fields` or under a step's `outputs`, or remove it."),
    ),
    "branches_write_same_field": AuditSentences(
        text(
            "Several branches of %(parallel_step)s write '%(name)s' (%(writers)s): where they"
            " differ, %(join)s holds the request until the workflow's owner has chosen."
        ),
        text("Let one branch write it, or give each branch a field of its own."),
    ),
    "result_may_not_fit.whole": AuditSentences(
        text(
            "%(step)s can give '%(name)s' a number with digits after the point, which a whole"
            " number has not, by `%(expression)s`: such a request fails there."
        ),
        text(
            "Say under `round` how it is made whole, such as `round: {pages: 0}`, divide with"
            " `//`, or make the field a number."
        ),
    ),
    "result_may_not_fit.choice": AuditSentences(
        text(
            "%(step)s can give '%(name)s' a text that is none of its choices, by"
            " `%(expression)s`: such a request fails there."
        ),
        text("Choose by the rules of a decision step, with a `set_fields` for each choice."),
    ),
    "may_divide_by_zero": AuditSentences(
        text(
            "%(condition)s divides by %(listed)s, which may be 0 there: such a request waits on an"
            " incident."
        ),
        _DIVISION_REMEDY,
    ),
    "may_divide_by_zero.outcome": AuditSentences(
        text(
            "%(condition)s divides by %(listed)s, which may be 0 there: nobody can choose it in"
            " such a request."
        ),
        _DIVISION_REMEDY,
    ),
    "value_may_be_empty": AuditSentences(
        text(
            "'%(name)s' is worked out by looking at %(listed)s in the rows of a list, where there"
            " may be nothing: it is empty in such a request."
        ),
        text(
            "Make the column required, ask in the `value` whether it is there (`… != null and …`),"
            " or let rules say what holds when the field is empty, with `%(name)s == null or …`."
        ),
    ),
    "value_may_divide_by_zero": AuditSentences(
        text(
            "'%(name)s' is worked out by dividing by %(listed)s, which may be 0: it is empty in"
            " such a request."
        ),
        text(
            "Give what it divides by a `min` above 0, or let rules say what holds when it is empty,"
            " with `%(name)s == null or …`."
        ),
    ),
}
