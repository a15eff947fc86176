"""Of what fields ask of their values."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

CONSTRAINT_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "bound_unfit": AuditSentences(
        text(
            "The field '%(name)s' is held against nothing by its `%(end)s`: %(problem)s, so every"
            " value would be taken."
        ),
        text("Name a field of the same kind under `%(end)s`, or write a constant."),
    ),
    "value_wrong": AuditSentences(
        text("The field '%(name)s' can never be worked out: %(problem)s."),
        text("Correct its `value`, or round it."),
    ),
    "value_circle": AuditSentences(
        text(
            "These fields are worked out from one another in a circle, and stay empty: %(names)s."
        ),
        text("Take one of them out of the `value` of another."),
    ),
    "value_written": AuditSentences(
        text("The field '%(name)s' is worked out, and %(writer)s would write it: that is refused."),
        text("Take it out there, or take its `value` out."),
    ),
    "bounds_crossed": AuditSentences(
        text(
            "The field '%(name)s' takes no value at all: what is %(least)s or more is never"
            " %(most)s or less."
        ),
        text("Correct `min` or `max`."),
    ),
    "pattern_never": AuditSentences(
        text("The field '%(name)s' takes no value at all: no text has the form `%(pattern)s`."),
        text("Correct `pattern`."),
    ),
    "pattern_too_long": AuditSentences(
        text(
            "The field '%(name)s' takes no value at all: what has the form `%(pattern)s`, such as"
            " %(example)s, is longer than %(most)s characters."
        ),
        text("Correct `pattern` or `max_length`."),
    ),
    "field_group_unknown": AuditSentences(
        text(
            "The field '%(name)s' offers the people of the group '%(group)s', and there is no such"
            " group."
        ),
        text("Correct the name, or make the group."),
    ),
    "nobody_to_choose": AuditSentences(
        text("The field '%(name)s' takes no value at all: nobody active is in %(groups)s."),
        text("Add people to the groups, or name others under `in`."),
    ),
    "condition_wrong": AuditSentences(
        text(
            "The rule under `%(said)s` of the field '%(name)s' can never be worked out, so it is"
            " never asked for: %(problem)s"
        ),
        text("Correct the rule."),
    ),
    "condition_in_circle": AuditSentences(
        text(
            "Whether the field '%(name)s' is asked for depends on itself, by the rules under `when`"
            " of the fields that its rule reads: it may never be asked for."
        ),
        text("Take the field out of one of these rules."),
    ),
    "default_unfit": AuditSentences(
        text("The field '%(name)s' opens with a value that it does not take: %(problem)s."),
        text("Correct `default`."),
    ),
    "field_asked_unseen": AuditSentences(
        text(
            "%(step)s asks for '%(name)s', which the people of %(role)s may not see: they could not"
            " fill it in."
        ),
        text("Name the role under `visible_to`, or let another step ask for it."),
    ),
    "field_not_shown": AuditSentences(
        text(
            "%(step)s lists '%(name)s' under `inputs`, and the people of %(role)s may not see it:"
            " they only read that it is not shown to them."
        ),
        text("Name the role under `visible_to`, or take the field out of `inputs`."),
    ),
    "hidden_field_told": AuditSentences(
        text(
            "%(step)s tells others '%(name)s', which only some may see here: whoever reads it there"
            " sees it."
        ),
        text("Take it out, if that is not meant."),
    ),
    "hidden_date_told": AuditSentences(
        text(
            "%(step)s is due, or ends, by '%(name)s', which only some may see here: by when it is"
            " shown to everybody, one can tell that date."
        ),
        text("Reckon it from another date, if that is not meant."),
    ),
    "hidden_date_told.request": AuditSentences(
        text(
            "The request as a whole is due by '%(name)s', which only some may see here: by when it"
            " is shown to everybody, one can tell that date."
        ),
        text("Reckon it from another date, if that is not meant."),
    ),
}
