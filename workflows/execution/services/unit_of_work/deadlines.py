"""The due date of a request as a whole, as its map says it: reckoned when it can be, anew where the
field that it hangs on names another date, and moved by the time for which the requester has a
question, where the map says that its clock stops then.

It is asked with each command's saving, so that no command can forget it.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.timing.due_dates import RelativeDate
from workflows.engine.timing.due_records import (
    DueRecord,
    begin_record,
    due_of_record,
    follow_values,
)
from workflows.execution.models import ASKED, NEVER
from workflows.outbox.payloads import DeadlinePayload
from workflows.trail.changes import DateFollowed

if TYPE_CHECKING:
    from workflows.execution.services.unit_of_work.unit import UnitOfWork


def follow_deadline(work: "UnitOfWork") -> None:
    """Let the request's due date follow its values and its questions."""
    head = work.map.graph.definition
    if head.due is None or not work.instance.is_live:
        return
    before, record = work.instance.deadline_at, read_deadline(work)
    followed = follow_values(
        record,
        head.due,
        calendar=work.map.calendar,
        zone=work.map.graph.zone,
        data=work.instance.data,
        now=work.instance.started_at,
    )
    if followed is None:
        return
    set_deadline(work, _with_clock(work, followed))
    if followed != record and work.instance.pk is not None:
        _note_deadline(work, before)


def move_deadline(work: "UnitOfWork", old_map: VersionMap) -> None:
    """The due date of a request that stands on another map: as it is where that says the same of
    it; else reckoned anew, and where it would be past by that, from now."""
    old, head = old_map.graph.definition, work.map.graph.definition
    record, before = read_deadline(work), work.instance.deadline_at
    if (old.due, old.calendar) == (head.due, head.calendar) or (head.due is None and not record):
        return
    begun = _begin_on_map(work, head.due, work.instance.started_at)
    if begun is not None and datetime.fromisoformat(begun.first) < work.now:
        begun = _begin_on_map(work, head.due, work.now)
    if begun is None:
        _forget_deadline(work)
    else:
        set_deadline(work, record.count_from(begun) if record else begun)
    _note_deadline(work, before)


def _begin_on_map(
    work: "UnitOfWork", due: str | RelativeDate | None, now: datetime
) -> DueRecord | None:
    return begin_record(
        due,
        calendar=work.map.calendar,
        zone=work.map.graph.zone,
        data=work.instance.data,
        now=now,
    )


def _forget_deadline(work: "UnitOfWork") -> None:
    work.instance.deadline_record, work.instance.deadline_at = None, NEVER
    work.changed_columns |= {"deadline_record", "deadline_at"}


def _note_deadline(work: "UnitOfWork", before: datetime) -> None:
    after = work.instance.deadline_at
    if after != before:
        was, to = (None if at >= NEVER else at.isoformat() for at in (before, after))
        work.note(DateFollowed(before=was, to=to))


def read_deadline(work: "UnitOfWork") -> DueRecord | None:
    """How the request's due date came to be; None where it has none yet."""
    written = work.instance.deadline_record
    return DueRecord.from_json(written) if written else None


def due_by_deadline_record(work: "UnitOfWork", record: DueRecord) -> datetime:
    """The moment to which a record of the request's due date leads."""
    due = work.map.graph.definition.due
    assert due is not None
    calendar, zone = work.map.calendar, work.map.graph.zone
    return due_of_record(due, record, calendar=calendar, zone=zone)


def set_deadline(work: "UnitOfWork", record: DueRecord) -> None:
    """Keep the record with the moment that it leads to, and set the timer where that moves."""
    moment = due_by_deadline_record(work, record)
    for name, value in (("deadline_record", record.to_json()), ("deadline_at", moment)):
        if getattr(work.instance, name) != value:
            setattr(work.instance, name, value)
            work.changed_columns.add(name)
            if name == "deadline_at":
                work.message(DeadlinePayload(at=moment), run_after=moment)


def _with_clock(work: "UnitOfWork", record: DueRecord) -> DueRecord:
    """The record as the requester's questions leave it."""
    if work.map.graph.definition.clock != "stops":
        return record
    new = any(task.is_open and task.state == ASKED for task in work.new_items)
    has_question = new or work.items.has_open_in(ASKED)
    if has_question == (record.stands_since is not None):
        return record
    if has_question:
        return record.stand(work.now)
    since = datetime.fromisoformat(record.stands_since or work.now.isoformat())
    until = max(work.now, since)
    return record.go_on(since, until, work.map.calendar, work.map.graph.zone)
