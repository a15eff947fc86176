"""Of the workflow as a whole: its owner and deputy, how it starts, and what it relies on."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

OWNERSHIP_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "start_role_missing": AuditSentences(
        text("No role may start this workflow: no request would ever begin."),
        text("Name a role under `start: role`."),
    ),
    "start_role_unfit": AuditSentences(
        text(
            "The role %(name)s of the start is found in a request, and there is none yet: nobody"
            " could start."
        ),
        text("Give the start a role of groups and users."),
    ),
    "start_role_empty": AuditSentences(
        text("Nobody active is in the role %(name)s of the start: no request would ever begin."),
        text("Add people to the role's groups, or name another role under `start: role`."),
    ),
    "start_fields_missing": AuditSentences(
        text("The start asks for no fields: every request would begin with nothing to decide on."),
        text("List the fields that the requester fills in under `start: fields`."),
    ),
    "start_first_missing": AuditSentences(
        text("No first step is named: a request that is started has nowhere to go."),
        text("Name the first step under `start: first`."),
    ),
    "start_field_unknown": AuditSentences(
        text(
            "The start asks for '%(key)s', and no such field is declared: the form cannot show it."
        ),
        text("Declare '%(key)s' under `fields`, or correct the name."),
    ),
    "trigger_field_unknown": AuditSentences(
        text(
            "Trigger %(number)s fills in '%(key)s', and no such field is declared: each request"
            " that it starts would be refused."
        ),
        text("Declare '%(key)s' under `fields`, or correct the name."),
    ),
    "part_owner_inactive": AuditSentences(
        text(
            "%(part)s names '%(person)s' as its owner or deputy, who is not active or not there:"
            " its incidents come to the workflow's owner instead."
        ),
        text("Name somebody else, or nobody."),
    ),
    "part_deputy_is_owner": AuditSentences(
        text(
            "%(part)s names '%(person)s' as its owner and as its deputy: nobody stands in for its"
            " owner."
        ),
        text("Name another deputy, or none."),
    ),
    "owner_missing": AuditSentences(
        text(
            "Nobody is the owner: incidents and conflicts of a hundred requests would reach nobody."
        ),
        text("Name a person under `owner`."),
    ),
    "owner_inactive": AuditSentences(
        text(
            "'%(person)s', the owner, is not active: incidents would be in the name of somebody"
            " who never sees them."
        ),
        text("Name an active person under `owner`."),
    ),
    "owner_inactive.unknown": AuditSentences(
        text(
            "'%(person)s', the owner, is nobody here: incidents would be in the name of somebody"
            " who never sees them."
        ),
        text("Name an active person under `owner`."),
    ),
    "deputy_missing": AuditSentences(
        text(
            "Nobody is the deputy: incidents and conflicts of a hundred requests would reach"
            " nobody while the owner is away."
        ),
        text("Name a person under `deputy`."),
    ),
    "deputy_inactive": AuditSentences(
        text(
            "'%(person)s', the deputy, is not active: incidents would be in the name of somebody"
            " who never sees them."
        ),
        text("Name an active person under `deputy`."),
    ),
    "deputy_inactive.unknown": AuditSentences(
        text(
            "'%(person)s', the deputy, is nobody here: incidents would be in the name of somebody"
            " who never sees them."
        ),
        text("Name an active person under `deputy`."),
    ),
    "deputy_is_owner": AuditSentences(
        text(
            "'%(person)s' is both owner and deputy: while that person is away, nobody answers for"
            " the workflow."
        ),
        text("Name somebody else under `deputy`."),
    ),
    "calendar_unknown": AuditSentences(
        text("There is no calendar '%(name)s' on this site: no due date could be worked out."),
        text("Write business or 24/7, or add the calendar under Set up, Calendars."),
    ),
    "schedule_wrong": AuditSentences(
        text("Trigger %(number)s can never start: '%(cron)s' is no schedule (%(problem)s)."),
        text('Write minute, hour, day, month and weekday, such as "0 9 1 * *".'),
    ),
    "trigger_path_wrong": AuditSentences(
        text("Trigger %(number)s cannot find '%(name)s' in what comes in: %(problem)s"),
        text("Write where it stands, such as $.order.amount."),
    ),
    "exceptions_too_few": AuditSentences(
        text(
            "In the whole map only one way is marked as an exception: of a hundred requests some"
            " are refused, withdrawn or fail, and these would be settled outside the record."
        ),
        text(
            "Draw at least two exception ways, such as a rejection and a withdrawal, and mark each"
            " with `exception: true`."
        ),
    ),
    "exceptions_too_few.none": AuditSentences(
        text(
            "In the whole map no way is marked as an exception: of a hundred requests some are"
            " refused, withdrawn or fail, and these would be settled outside the record."
        ),
        text(
            "Draw at least two exception ways, such as a rejection and a withdrawal, and mark each"
            " with `exception: true`."
        ),
    ),
    "trigger_field_missing": AuditSentences(
        text(
            "Trigger %(number)s does not fill in %(fields)s, which the start requires: each request"
            " that it should start is refused, and the owner is told."
        ),
        text("Give them under the trigger's `data` or `mapping`, or do not require them."),
    ),
    "schedule_too_often": AuditSentences(
        text(
            "Trigger %(number)s ('%(cron)s') starts a request %(interval)s: inboxes fill up before"
            " anybody has looked."
        ),
        text("Let it start more seldom, or start by a webhook when something has happened."),
    ),
    "schedule_skips_months": AuditSentences(
        text(
            "Trigger %(number)s ('%(cron)s') starts nothing in some months that have no such day:"
            " %(listed)s."
        ),
        text("Name a day that each month has, 1 to 28, or write L for the last one."),
    ),
    "calendar_runs_out": AuditSentences(
        text(
            "The calendar '%(name)s' knows no day off from today on: dues and reminders will fall"
            " on holidays."
        ),
        text("Add the closures to come, or choose the country whose holidays count."),
    ),
    "trigger_workflow_unknown": AuditSentences(
        text(
            "Trigger %(number)s waits for ends of '%(workflow)s', of which no version is published:"
            " nothing ever ends there."
        ),
        text("Correct the key, publish that workflow, or take the trigger out."),
    ),
    "trigger_value_unfit": AuditSentences(
        text(
            "Trigger %(number)s always gives a value that its field refuses (%(problem)s): each"
            " request that it should start is refused."
        ),
        text("Correct the value under the trigger's `data`."),
    ),
    "step_name_twice": AuditSentences(
        text(
            "Two steps are called '%(title)s' (%(other)s and %(key)s): in inboxes and reports"
            " nobody can tell them apart."
        ),
        text("Give one of them another `name`."),
    ),
    "extension_gone": AuditSentences(
        text(
            "The map needs what is not installed here any more: %(problem)s. What needs it waits on"
            " incidents."
        ),
        text("Have the extension installed again, or make a new version that does without."),
    ),
    **{
        code: AuditSentences(
            text("What the map relies on was withdrawn: %(refusal)s"),
            text("Ask for the permission again, or make a new version that does without."),
        )
        for code in ("connection_not_granted", "start_not_granted", "listen_not_granted")
    },
}
