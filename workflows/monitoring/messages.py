"""The machine's state and the trail's defects, put into words for whoever reads them."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from workflows.engine.texts import Text, grouped, join_clauses, plural_text, text
from workflows.language.formats import render_time_span
from workflows.monitoring.facts import (
    FailingRound,
    HeartbeatState,
    MachinePart,
    ReadinessCheck,
    SealedRow,
    TrailDefect,
    TrailDefectKind,
    UntoldPublication,
    UntoldTask,
)

LONGEST_LIST = 2000
"""Of characters that the errors of the clock may take on a page."""

# -- the machine ------------------------------------------------------------------------------

_WELL: Mapping[MachinePart, Text] = {
    MachinePart.DATABASE: text("The database answers."),
    MachinePart.MIGRATIONS: text("All migrations are applied."),
    MachinePart.OUTBOX: text("Nothing that is due waits."),
    MachinePart.ROUNDS: text("The rounds of the clock end well."),
    MachinePart.SET_ASIDE: text("The rounds of the clock set nothing aside."),
    MachinePart.SEALS: text("The trail is sealed."),
}
_HEARTBEATS: Mapping[tuple[MachinePart, HeartbeatState], Text] = {
    (MachinePart.WORKER, HeartbeatState.NEVER): text("The worker was never heard: start it."),
    (MachinePart.WORKER, HeartbeatState.AHEAD): text(
        "The worker's clock is %(span)s ahead of this machine's: set both right."
    ),
    (MachinePart.WORKER, HeartbeatState.SILENT): text(
        "The worker was last heard %(span)s ago: start it."
    ),
    (MachinePart.WORKER, HeartbeatState.HEARD): text("The worker was heard %(span)s ago."),
    (MachinePart.CLOCK, HeartbeatState.NEVER): text("The clock was never heard: start it."),
    (MachinePart.CLOCK, HeartbeatState.AHEAD): text(
        "The clock's time is %(span)s ahead of this machine's: set both right."
    ),
    (MachinePart.CLOCK, HeartbeatState.SILENT): text(
        "The clock was last heard %(span)s ago: start it."
    ),
    (MachinePart.CLOCK, HeartbeatState.HEARD): text("The clock was heard %(span)s ago."),
}


def describe_check(check: ReadinessCheck) -> str:
    """The answer about a part of the machine, and what to do where it is not well."""
    if check.heartbeat is not None:
        return _fill_span(_HEARTBEATS[check.part, check.heartbeat], check.span)
    if check.is_well:
        return str(_WELL[check.part])
    return str(_TROUBLES[check.part](check))[:LONGEST_LIST]


def _fill_span(sentence: Text, span: timedelta) -> str:
    return str(sentence.filled({"span": render_time_span(span.total_seconds())}))


def _describe_missing_migrations(check: ReadinessCheck) -> Text:
    return plural_text(
        "%(count)s migration is to be applied: run `migrate`.",
        "%(count)s migrations are to be applied: run `migrate`.",
        check.count,
    )


def _describe_overdue_outbox(check: ReadinessCheck) -> str:
    return _fill_span(text("The oldest message is due for %(span)s."), check.span)


def _describe_failing_rounds(check: ReadinessCheck) -> Text:
    failures = join_clauses([_describe_failing_round(failing) for failing in check.failing_rounds])
    return text("Rounds of the clock fail: %(failures)s", failures=failures)


def _describe_failing_round(failing: FailingRound) -> Text:
    return plural_text(
        "'%(round)s' %(count)s time: %(error)s",
        "'%(round)s' %(count)s times in a row: %(error)s",
        failing.times,
        round=failing.name,
        error=failing.error,
    )


def _describe_set_aside(check: ReadinessCheck) -> Text:
    units = [
        text("%(unit)s (%(error)s)", unit=row.unit, error=row.error) for row in check.set_aside
    ]
    return text("Rounds of the clock set aside: %(units)s", units=join_clauses(units))


def _describe_unsealed_rows(check: ReadinessCheck) -> Text:
    return plural_text(
        "%(count)s row of the trail waits for its seal.",
        "%(count)s rows of the trail wait for their seals.",
        check.count,
    )


_TROUBLES: Mapping[MachinePart, Callable[[ReadinessCheck], Text | str]] = {
    MachinePart.DATABASE: lambda _: text("The database does not answer."),
    MachinePart.MIGRATIONS: _describe_missing_migrations,
    MachinePart.OUTBOX: _describe_overdue_outbox,
    MachinePart.ROUNDS: _describe_failing_rounds,
    MachinePart.SET_ASIDE: _describe_set_aside,
    MachinePart.SEALS: _describe_unsealed_rows,
}

# -- the trail --------------------------------------------------------------------------------


def describe_trail_defect(defect: TrailDefect) -> Text:
    """What does not fit, and what that can mean."""
    return _DEFECTS[defect.kind](defect)


def _describe_sealed_row(row: SealedRow | None) -> Text:
    assert row is not None
    if row.reference:
        return text(
            "%(row)s (%(command)s of %(reference)s)",
            row=row.pk,
            command=row.command,
            reference=row.reference,
        )
    return text("%(row)s (%(command)s)", row=row.pk, command=row.command)


def _describe_changed_row(defect: TrailDefect) -> Text:
    return text(
        "Row %(row)s, at place %(position)s of the chain, does not fit its seal: the row was"
        " changed, or the seal, or the place before it.",
        row=_describe_sealed_row(defect.row),
        position=defect.position,
    )


def _describe_missing_row(defect: TrailDefect) -> Text:
    return text(
        "Row %(row)s, at place %(position)s of the chain, is gone: it was deleted.",
        row=defect.event,
        position=defect.position,
    )


def _describe_gap(defect: TrailDefect) -> Text:
    if defect.position == defect.last:
        return text(
            "Place %(first)s of the chain is missing: seals were deleted.", first=defect.position
        )
    return text(
        "Places %(first)s to %(last)s are missing: seals were deleted.",
        first=defect.position,
        last=defect.last,
    )


def _describe_unsealed_row(defect: TrailDefect) -> Text:
    return text(
        "Row %(row)s was never sealed: it was put in past the sealer, its seal was taken away, or"
        " the sealer does not run.",
        row=_describe_sealed_row(defect.row),
    )


def _describe_cut_chain(defect: TrailDefect) -> Text:
    assert defect.head is not None
    return text(
        "The chain ends at place %(end)s, but on %(day)s it reached place %(position)s: its end"
        " was cut off, or an older backup was restored.",
        end=grouped(defect.last),
        day=defect.head.day,
        position=grouped(defect.head.position),
    )


def _describe_differing_head(defect: TrailDefect) -> Text:
    assert defect.head is not None
    sentence = (
        text(
            "At place %(position)s (row %(row)s) the chain has another hash than the head of"
            " %(day)s that was kept outside: it was written anew, or the head was mistyped."
        )
        if defect.head.is_outside
        else text(
            "At place %(position)s (row %(row)s) the chain has another hash than the head of"
            " %(day)s that was kept here: it was written anew, or the head was mistyped."
        )
    )
    position = grouped(defect.head.position)
    return sentence.filled({"position": position, "row": defect.event, "day": defect.head.day})


def _describe_untold(defect: TrailDefect) -> Text:
    if isinstance(defect.untold, UntoldTask):
        return text(
            "The end of '%(step)s' of %(reference)s (task %(task)s) has no row in the trail: the"
            " row was deleted, with its seal.",
            step=defect.untold.step,
            reference=defect.reference,
            task=defect.untold.pk,
        )
    if isinstance(defect.untold, UntoldPublication):
        return text(
            "The publication of %(workflow)s version %(version)s has no row in the trail: the row"
            " was deleted, with its seal.",
            workflow=defect.untold.workflow,
            version=defect.untold.version,
        )
    return text(
        "Request %(reference)s has no row in the trail: the row was deleted, with its seal.",
        reference=defect.reference,
    )


def _describe_signature(defect: TrailDefect) -> Text:
    return text(
        "The signature in row %(row)s, at place %(position)s of the chain, is not of this decision:"
        " who signed, what it means, what was seen, the outcome or the time was changed.",
        row=_describe_sealed_row(defect.row),
        position=defect.position,
    )


_DEFECTS: Mapping[TrailDefectKind, Callable[[TrailDefect], Text]] = {
    TrailDefectKind.CHANGED: _describe_changed_row,
    TrailDefectKind.MISSING: _describe_missing_row,
    TrailDefectKind.GAP: _describe_gap,
    TrailDefectKind.UNSEALED: _describe_unsealed_row,
    TrailDefectKind.CUT: _describe_cut_chain,
    TrailDefectKind.REWRITTEN: _describe_differing_head,
    TrailDefectKind.UNTOLD: _describe_untold,
    TrailDefectKind.SIGNATURE: _describe_signature,
}
