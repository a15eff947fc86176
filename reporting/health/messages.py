"""The sentences of the health page, in the reader's language."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext, gettext_lazy, ngettext

from approvals.ui.tables import CellLight, Sentence
from reporting.health.actions import HealthAction, HealthToDo
from workflows.language.formats import count_text, render_time_span
from workflows.monitoring.queries.step_health import AMBER, GREEN, GREY, RED
from workflows.outbox.choices import MessageKind

STATE_LABELS: Mapping[str, Sentence] = {
    RED: gettext_lazy("red"),
    AMBER: gettext_lazy("amber"),
    GREEN: gettext_lazy("green"),
    GREY: gettext_lazy("grey"),
}


def state_light(state: str) -> CellLight:
    """The light of a state, with its word."""
    return CellLight(state, str(STATE_LABELS.get(state, state)))


def describe_todo(todo: HealthToDo) -> str:
    """What is to be done, in words."""
    return _SENTENCES[todo.action](todo)


def _retry_text(todo: HealthToDo) -> str:
    sentence = ngettext("Retry %(count)s incident", "Retry %(count)s incidents", todo.count)
    return sentence % {"count": count_text(todo.count)}


def _resolve_text(todo: HealthToDo) -> str:
    sentence = ngettext("Put right %(count)s incident", "Put right %(count)s incidents", todo.count)
    return sentence % {"count": count_text(todo.count)}


def _last_error_text(todo: HealthToDo) -> str:
    return gettext("See why the last attempt failed (%(error)s)") % {"error": todo.error}


def _failures_text(todo: HealthToDo) -> str:
    if todo.count == 1:
        return gettext("See what failed once in 7 days")
    sentence = ngettext(
        "See what failed %(count)s time in 7 days",
        "See what failed %(count)s times in 7 days",
        todo.count,
    )
    return sentence % {"count": count_text(todo.count)}


def _overdue_text(todo: HealthToDo) -> str:
    sentence = ngettext(
        "Remind or reassign %(count)s overdue task, the oldest by %(length)s",
        "Remind or reassign %(count)s overdue tasks, the oldest by %(length)s",
        todo.count,
    )
    return sentence % _count_and_length(todo)


def _clock_text(todo: HealthToDo) -> str:
    if todo.late_by is None:
        sentence = ngettext(
            "Start the clock and the workers: %(count)s message waits",
            "Start the clock and the workers: %(count)s messages wait",
            todo.count,
        )
        return sentence % {"count": count_text(todo.count)}
    sentence = ngettext(
        "Start the clock and the workers: %(count)s message waits, the oldest for %(length)s",
        "Start the clock and the workers: %(count)s messages wait, the oldest for %(length)s",
        todo.count,
    )
    return sentence % _count_and_length(todo)


def _aside_text(todo: HealthToDo) -> str:
    sentence = ngettext(
        "Look at %(count)s message set aside: send again, or give up",
        "Look at %(count)s messages set aside: send again, or give up",
        todo.count,
    )
    return sentence % {"count": count_text(todo.count)}


def _failing_text(todo: HealthToDo) -> str:
    names = dict(MessageKind.choices)
    sentence = ngettext(
        "See why %(count)s message fails since %(length)s ago (%(kinds)s)",
        "See why %(count)s messages fail since %(length)s ago (%(kinds)s)",
        todo.count,
    )
    kinds = ", ".join(str(names.get(kind, kind)) for kind in todo.message_kinds)
    return sentence % {**_count_and_length(todo), "kinds": kinds}


def _lost_notices_text(todo: HealthToDo) -> str:
    sentence = ngettext(
        "See who may not have been told: %(count)s notice failed or broke off in 7 days",
        "See who may not have been told: %(count)s notices failed or broke off in 7 days",
        todo.count,
    )
    return sentence % {"count": count_text(todo.count)}


def _count_and_length(todo: HealthToDo) -> dict[str, str]:
    length = render_time_span(todo.late_by.total_seconds() if todo.late_by is not None else None)
    return {"count": count_text(todo.count), "length": length}


_SENTENCES: Mapping[HealthAction, Callable[[HealthToDo], str]] = {
    HealthAction.RETRY_INCIDENTS: _retry_text,
    HealthAction.RESOLVE_INCIDENTS: _resolve_text,
    HealthAction.READ_LAST_ERROR: _last_error_text,
    HealthAction.READ_FAILURES: _failures_text,
    HealthAction.REMIND_OR_REASSIGN: _overdue_text,
    HealthAction.START_CLOCK_AND_WORKERS: _clock_text,
    HealthAction.DECIDE_MESSAGES_ASIDE: _aside_text,
    HealthAction.READ_FAILING_MESSAGES: _failing_text,
    HealthAction.READ_LOST_NOTICES: _lost_notices_text,
}
