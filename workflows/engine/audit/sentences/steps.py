"""Of single steps: what people, automations and subworkflows are told to do, and by when."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

STEPS_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "expected_missing": AuditSentences(
        text("Nobody can say whether %(step)s is slow: it has no expected time."),
        text("Add `expected`, the working time that it should take, queue included."),
    ),
    "input_unknown": AuditSentences(
        text(
            "%(step)s shows '%(name)s', and no such field is declared: people would decide"
            " without it."
        ),
        text("Declare '%(name)s' under `fields`, or correct the name."),
    ),
    "output_unknown": AuditSentences(
        text(
            "%(step)s gives '%(name)s', and no such field is declared: what it gives would be lost."
        ),
        text("Declare '%(name)s' under `fields`, or correct the name."),
    ),
    "until_unfit": AuditSentences(
        text(
            "%(step)s waits until '%(field)s', which is no declared date: it would wait for ever."
        ),
        text("Name a field of type date or datetime under `until`."),
    ),
    "until_field_may_be_empty": AuditSentences(
        text(
            "%(step)s waits until '%(field)s', which may still be empty there: such a request waits"
            " on an incident."
        ),
        text(
            "Make the field required and ask for it before, or lead a request without it past the"
            " wait by a rule such as `%(field)s == null`."
        ),
    ),
    "action_unknown": AuditSentences(
        text(
            "%(step)s runs the action '%(action)s', which this site does not have: every request"
            " waits there on an incident."
        ),
        text(
            "Write http, email, set_fields or start_workflow, or add the module with the action to"
            " HANDOFF_EXTENSIONS."
        ),
    ),
    "action_field_may_be_empty": AuditSentences(
        text(
            "%(step)s cannot do what it is told without '%(field)s', which may be empty there: such"
            " a request waits on an incident."
        ),
        text("Make the field required and ask for it before, or add `on_error`."),
    ),
    "action_told_wrongly": AuditSentences(
        text("%(step)s cannot do what it is told: %(problem)s."),
        text("Correct what stands under `with`."),
    ),
    "placeholder_unknown": AuditSentences(
        text("What %(step)s is told cannot be filled in: %(problem)s."),
        text("Name a declared field, such as {{ amount }}, or request.reference."),
    ),
    "output_path_wrong": AuditSentences(
        text("%(step)s cannot find '%(name)s' in an answer: %(problem)s"),
        text("Write where it stands in the answer, such as $.number."),
    ),
    "subworkflow_unknown": AuditSentences(
        text(
            "%(step)s starts '%(workflow)s', and there is no such workflow: every request waits"
            " there on an incident."
        ),
        text("Correct the key, or load that workflow first."),
    ),
    "outcome_uncertain": AuditSentences(
        text(
            "Where no outcome of %(step)s is open, whoever has it can choose nothing and the"
            " request stays there."
        ),
        text("Give at least one outcome neither a `when` nor a role that nobody is in."),
    ),
    "due_after_no_date": AuditSentences(
        text("%(step)s is due before or after '%(field)s', and that is no date field."),
        text("Name a field of the type date or datetime under `due`."),
    ),
    "due_missing": AuditSentences(
        text("%(step)s is never overdue: forgotten work reminds nobody."), text("Add `due`.")
    ),
    "due_before_expected": AuditSentences(
        text(
            "%(step)s is due after %(due)s and expected to take %(expected)s: work that goes as"
            " planned is late."
        ),
        text("Make `due` longer than `expected`."),
    ),
    "overdue_without_due": AuditSentences(
        text("What %(step)s says under `on_overdue` never happens, because it is never due."),
        text("Add `due`, or remove `on_overdue`."),
    ),
    "extend_without_due": AuditSentences(
        text("%(step)s lets more time be given, and is never due."),
        text("Add `due`, or remove `extend`."),
    ),
    "expires_too_soon": AuditSentences(
        text(
            "%(step)s expires after %(after)s, before it is late or is expected to be done: work"
            " that goes as planned is taken away."
        ),
        text("Let it expire later than it is due with all the time that may be given."),
    ),
    "signed_not_by_mail": AuditSentences(
        text(
            "%(step)s is signed, so nobody decides it from a mail: `decide_by_mail: true` does not"
            " reach it, and its mails lead to the task."
        ),
        text("Take out `decide_by_mail`, or `sign` where a mail is enough."),
    ),
    "reminder_never": AuditSentences(
        text("%(step)s reminds every %(interval)s: once, and never again."),
        text("Write how long until the next reminder, such as 1d."),
    ),
    "nothing_shown": AuditSentences(
        text(
            "Whoever decides %(step)s is shown none of the request's values: they approve what they"
            " have not seen."
        ),
        text("List under `inputs` what the decision is about, or leave `inputs` out to show all."),
    ),
    "no_document_shown": AuditSentences(
        text(
            "%(step)s says under `on_new_version` what follows when a document has a new version,"
            " and it shows no document: nothing ever follows."
        ),
        text("List the document under `inputs`, or remove `on_new_version`."),
    ),
    "subworkflow_not_in_use": AuditSentences(
        text(
            "%(step)s starts '%(workflow)s', of which no version is published: until one is, every"
            " request waits there on an incident."
        ),
        text("Publish that workflow, or start another one."),
    ),
    "connection_off": AuditSentences(
        text(
            "%(step)s calls by the connection '%(connection)s', which is switched off: every"
            " request waits there on an incident."
        ),
        text("Ask the connection's owner to switch it on, or use another one."),
    ),
    "subworkflow_field_missing": AuditSentences(
        text(
            "%(step)s does not give %(fields)s, which the start of '%(workflow)s' requires: every"
            " request waits there on an incident."
        ),
        text("Give them under `data`."),
    ),
    "subworkflow_field_unfit": AuditSentences(
        text(
            "%(step)s cannot start '%(workflow)s': %(problem)s. Every request waits there on an"
            " incident."
        ),
        text("Correct what stands under `data`."),
    ),
    "subworkflow_field_may_be_empty": AuditSentences(
        text(
            "%(step)s gives '%(name)s' as '%(key)s', which '%(workflow)s' requires and which may"
            " still be empty there: such a request waits on an incident."
        ),
        text("Require '%(name)s' and ask for it before."),
    ),
    "error_way_missing": AuditSentences(
        text(
            "When %(step)s fails for good, the request stops there until its owner mends it by"
            " hand."
        ),
        text("Add `on_error` with the step where people put it right."),
    ),
}
