"""What each finding of a rehearsal says, by its kind and cause: what goes wrong, how to mend it."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.texts import Text, text

SENTENCES: Final[Mapping[str, tuple[Text, Text]]] = {
    "never_ends": (
        text("Requests go round at '%(step)s' and never end."),
        text("Draw a way out of the circle that is taken in the end."),
    ),
    "never_ends.loop": (
        text("Requests go round at '%(step)s' without a person and never end."),
        text("Put a step of people or a wait into the circle, or correct the rule."),
    ),
    "never_ends.idle": (
        text("Requests stand still at '%(step)s': nobody of its role is ever at work."),
        text("Give the role's people working hours, or add people."),
    ),
    "nobody": (
        text("Nobody can do '%(step)s': there is nobody in the role %(role)s."),
        text("Add people to the role, or make sure that its field is always filled in."),
    ),
    "quorum_unreachable": (
        text(
            "'%(step)s' needs %(needed)s people who agree, and fewer can be found in the role"
            " %(role)s."
        ),
        text("Ask for fewer, or add people to the role."),
    ),
    "barred": (
        text("Separation of duties keeps everybody from '%(step)s' who is in the role %(role)s."),
        text("Add people to the role, or change who may not act under `not_by`."),
    ),
    "automation_fails": (
        text("'%(step)s' fails, and no way leads on: the request waits for its owner."),
        text("Draw an error way: `on_error`."),
    ),
    "automation_fails.expression_failed": (
        text("'%(step)s' cannot work out its values: %(why)s"),
        text(
            "Correct the expression, make sure that its fields are filled in, or draw `on_error`."
        ),
    ),
    "incident": (
        text("'%(step)s' cannot go on by itself, and waits for the owner."),
        text("Make sure that what it needs is always there."),
    ),
    "incident.rule_failed": (
        text("'%(step)s' cannot decide: %(why)s"),
        text(
            "Make the field required, or ask for it before this step, or say in the rule what holds"
            " where it is empty."
        ),
    ),
    "incident.no_date": (
        text("'%(step)s' waits for a date that is empty: the field %(field)s."),
        text("Make the field required, or ask for it before this step."),
    ),
    "incident.no_outcome": (
        text("At '%(step)s' no outcome can be chosen: none of the conditions holds."),
        text("Add an outcome without a condition."),
    ),
    "merge_conflict": (
        text("The branches that meet at '%(step)s' give different values to %(fields)s."),
        text("Let one branch write each field, or give each branch a field of its own."),
    ),
    "too_many_rounds": (
        text("Requests come to '%(step)s' more than %(limit)s times, up to %(most)s times."),
        text("Say better what is wanted before this step, or draw a way out after a few rounds."),
    ),
    "role_overloaded": (
        text(
            "The role %(role)s drowns: its work fills %(load)s of 100 hours, and the queue at"
            " '%(step)s' grows."
        ),
        text("Add people to the role, take work from it, or let fewer requests in."),
    ),
    "overdue": (
        text("Tasks of '%(step)s' are late: %(late)s of %(tasks)s."),
        text("Give more time in `due`, or add people to the role."),
    ),
    "overdue.request": (
        text("Requests as a whole are late: %(late)s of %(requests)s."),
        text("Give more time in the request's own `due`, or look at where most is waited."),
    ),
    "rule_never": (
        text("The condition `%(rule)s` of '%(step)s' never holds when it is asked."),
        text("Correct the condition, change the order of the rules, or take the way out."),
    ),
    "rule_always": (
        text("The condition `%(rule)s` of '%(step)s' always holds."),
        text("Correct the condition, or take it out: the way is taken anyway."),
    ),
    "dead_step": (
        text("No request ever comes to '%(step)s'."),
        text("Draw a way to the step that can be taken, or take the step out."),
    ),
    "single_person": (
        text("Without %(person)s nothing goes on at '%(step)s': nobody else is in the role."),
        text("Add somebody to the role %(role)s."),
    ),
    "single_person.quorum": (
        text(
            "'%(step)s' needs everybody of the role %(role)s: without one of them nothing goes on."
        ),
        text("Add somebody to the role %(role)s, or ask for fewer."),
    ),
}
