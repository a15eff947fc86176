"""The due date of a request as a whole, as its map says it: reckoned when it can be, and moved by
the time for which the requester has a question, where the map says that its clock stops then.

It is asked with each command's saving, so that no command can forget it.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from workflows.engine.timing.due_records import DueRecord, begin_record, due_of_record
from workflows.execution.models import ASKED
from workflows.outbox.payloads import DeadlinePayload

if TYPE_CHECKING:
    from workflows.execution.services.unit_of_work.unit import UnitOfWork


def follow_deadline(work: "UnitOfWork") -> None:
    """Let the request's due date follow its values and its questions."""
    head = work.map.graph.definition
    if head.due is None or not work.instance.is_live:
        return
    record = read_deadline(work)
    if record is None:
        record = begin_record(
            head.due,
            calendar=work.map.calendar,
            zone=work.map.graph.zone,
            data=work.instance.data,
            now=work.instance.started_at,
        )
    if record is not None:
        set_deadline(work, _with_clock(work, record))


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
