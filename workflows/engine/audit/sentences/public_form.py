"""Of the form for people without an account."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

PUBLIC_FORM_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "public_form_field_missing": AuditSentences(
        text(
            "The public form does not ask for %(fields)s, which the start requires: people and"
            " resources are not shown to strangers, so nobody could send it."
        ),
        text(
            "Give them under the trigger's `data`, do not require them at the start, or let a step"
            " fill them in."
        ),
    ),
    "trigger_without_requester": AuditSentences(
        text(
            "Trigger %(number)s starts requests in nobody's name, and %(step)s waits for the role"
            " %(role)s, which is found by the requester: such a request waits on an incident."
        ),
        text("Give the step to a role of groups, or start these requests by a webhook."),
    ),
    "trigger_without_requester.chain": AuditSentences(
        text(
            "Trigger %(number)s starts requests in nobody's name, and %(step)s asks the managers"
            " above the requester: such a request waits on an incident."
        ),
        text("Ask the managers above a person in a field, or start these requests by a webhook."),
    ),
    "public_form_nobody.chain": AuditSentences(
        text(
            "%(step)s asks the managers above the requester, and a request by the public form has"
            " none: it waits there on an incident."
        ),
        text("Ask the managers above a person in a field, or above who did a step."),
    ),
    "public_form_nobody": AuditSentences(
        text(
            "%(step)s is for '%(role)s', who is found by the requester; whoever sends the public"
            " form has no account, so such a request waits there for nobody."
        ),
        text(
            "Give the step or the outcome to a role of people with accounts, or take the public"
            " form out."
        ),
    ),
    "public_form_unfollowed": AuditSentences(
        text(
            "The map has a public form and says `status_link: false`: whoever sends it could never"
            " see what became of it."
        ),
        text("Take out `status_link: false`, or the public form."),
    ),
}
