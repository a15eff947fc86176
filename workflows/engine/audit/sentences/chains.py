"""Of branches through a chain of managers: from whom, and how far up."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

CHAIN_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "chain_start_unfit": AuditSentences(
        text(
            "%(parallel_step)s asks the managers above the person in '%(field)s', which is no field"
            " that names one person: every request waits there on an incident."
        ),
        text("Name a field of type `user` under `chain_of`, or write `requester`."),
    ),
    "chain_start_unfit.step": AuditSentences(
        text(
            "%(parallel_step)s asks the managers above whoever did '%(chain_of)s', and there is no"
            " such step of people: every request waits there on an incident."
        ),
        text("Write `requester`, `field:` and a field, or the key of a step of people."),
    ),
    "chain_manager_missing": AuditSentences(
        text(
            "%(parallel_step)s asks the managers above the requester, and of those who may ask"
            " %(count)s have none: their requests wait on an incident."
        ),
        text("Give them a manager in the directory of people."),
    ),
    "chain_rule_wrong": AuditSentences(
        text(
            "%(parallel_step)s asks managers until `%(until)s`, which can never be worked out, so"
            " each request would stop there: %(problem)s"
        ),
        text("Compare %(known)s of a manager with fields of the request."),
    ),
    "chain_never_ends": AuditSentences(
        text(
            "%(parallel_step)s asks managers until `%(until)s`, and %(count)s at most: it holds for"
            " none of them, and every request waits there on an incident."
        ),
        text("Raise `levels`, or correct the rule."),
    ),
    "chain_rule_idle": AuditSentences(
        text(
            "%(parallel_step)s asks managers until `%(until)s`, which asks nothing of a manager: it"
            " holds for the first, or for none."
        ),
        text("Compare %(known)s of a manager with fields of the request."),
    ),
    "chain_fact_is_field": AuditSentences(
        text(
            "%(parallel_step)s asks managers until `%(until)s`. There '%(name)s' is the manager's,"
            " and not the field of the request that is called so."
        ),
        text("Give the field another key, if it is meant."),
    ),
    "chain_currencies": AuditSentences(
        text(
            "%(parallel_step)s asks managers until `%(until)s`, and sets one approval limit against"
            " amounts in several currencies (%(listed)s): which of them it is in cannot be said."
        ),
        text("Compare it with amounts of one currency."),
    ),
    "chain_value_may_be_empty": AuditSentences(
        text(
            "%(parallel_step)s asks managers by %(listed)s, which may be empty then: such a request"
            " waits there on an incident."
        ),
        text("Make it required where it is asked for, or ask for it in a step before."),
    ),
}
