"""Where a request is, who has it, since when and due when, what is next: short, for a mail."""

from datetime import datetime

from django.utils.translation import gettext

from workflows.engine.format.definition import display_title
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.holders import HolderKind
from workflows.execution.queries.next_steps import (
    find_next_steps,
)
from workflows.execution.queries.position import InstancePosition, StepPosition
from workflows.execution.texts.agreement import describe_needed
from workflows.execution.texts.position import (
    describe_holder,
    describe_step_place,
)
from workflows.language.formats import (
    duration_text,
    join_alternatives,
    join_words,
    zoned_moment_text,
)
from workflows.people.models import User

Answer = tuple[str, str]
"""A question in a word, and its answer."""


def describe_step_standing(
    position: InstancePosition, step: StepPosition, reader: User | None, now: datetime
) -> list[Answer]:
    """The four answers for one open step."""
    return [
        (gettext("Where"), describe_step_place(step)),
        (gettext("Who has it"), _holder_text(step, reader)),
        *_time_answers(step, now),
        (gettext("What is next"), _next_text(position, step, reader)),
    ]


def describe_request_standing(
    position: InstancePosition, reader: User | None, now: datetime
) -> list[Answer]:
    """The four answers for a whole request."""
    steps = position.everywhere
    if len(steps) == 1:
        return describe_step_standing(position, steps[0], reader, now)
    if not steps:
        return _finished_answers(position)
    holders = list(dict.fromkeys(_holder_text(step, reader) for step in steps))
    return [
        (gettext("Where"), join_words([describe_step_place(step) for step in steps])),
        (gettext("Who has it"), join_words(holders)),
        *_time_answers(steps[0], now),
        (
            gettext("What is next"),
            gettext("Each branch goes its own way, then they come together."),
        ),
    ]


def _finished_answers(position: InstancePosition) -> list[Answer]:
    request = position.instance
    if request.state == WorkflowInstance.COMPLETED:
        where = gettext("Complete: %(result)s") % {
            "result": display_title(request.result, None).lower()
        }
    else:
        where = str(request.get_state_display())
    answers = [(gettext("Where"), where)]
    if not request.is_live:
        answers.append((gettext("Who has it"), gettext("nobody; it is over")))
    if request.completed_at is not None:
        answers.append((gettext("Since"), zoned_moment_text(request.completed_at)))
    if not request.is_live:
        answers.append((gettext("What is next"), gettext("nothing")))
    return answers


def _holder_text(step: StepPosition, reader: User | None) -> str:
    holder = step.holder
    if holder.person is not None and holder.person == reader:
        return gettext("you")
    if holder.kind == HolderKind.SYSTEM:
        return gettext("nobody; it goes on by itself")
    if holder.kind == HolderKind.SEVERAL and step.task is not None:
        return describe_needed(holder, step.task)
    return describe_holder(holder)


def _time_answers(step: StepPosition, now: datetime) -> list[Answer]:
    answers = []
    if step.since is not None:
        answers.append((gettext("Since"), zoned_moment_text(step.since)))
    if step.due is not None:
        due = zoned_moment_text(step.due)
        if step.due < now:
            due = gettext("%(moment)s, overdue by %(duration)s") % {
                "moment": due,
                "duration": duration_text(now - step.due),
            }
        answers.append((gettext("Due"), due))
    if step.expires is not None:
        answers.append((gettext("Expires"), zoned_moment_text(step.expires)))
    return answers


def _next_text(position: InstancePosition, step: StepPosition, reader: User | None) -> str:
    if step.incident is not None:
        return gettext("It goes on when the incident is resolved.")
    next_steps = find_next_steps(position.map.graph, step.key, position.instance.data)
    outcomes = [next_step.outcome for next_step in next_steps.ways if next_step.outcome]
    if next_steps.is_human and outcomes:
        places = {
            "outcomes": join_alternatives(
                [gettext("“%(outcome)s”") % {"outcome": outcome} for outcome in outcomes]
            )
        }
        if reader is not None and step.holder.person == reader:
            return gettext("You choose %(outcomes)s.") % places
        return gettext("Whoever has it chooses %(outcomes)s.") % places
    return gettext("It goes on by itself.")
