"""Whether anything was lost, doubled or put out of step: the lines of the table."""

from typing import Any

from tests.acceptance.kill.office import Office
from tests.acceptance.kill.receiver import Receiver


def unfinished() -> int:
    """Requests and messages that are not through: work of people, attempts, timers."""
    from workflows.models import Incident, OutboxMessage, WorkflowInstance

    stuck = Incident.objects.filter(state="open").values("request")
    running = WorkflowInstance.objects.filter(state="running").exclude(pk__in=stuck).count()
    return running + OutboxMessage.objects.filter(state__in=("waiting", "taken")).count()


def judge(office: Office, receiver: Receiver) -> list[tuple[str, Any, bool]]:
    """The lines of the table: what, how much, and whether it is as it must be."""
    from django.db.models import Count

    from workflows.models import Attempt, Incident, MergeRecord, OutboxMessage, WorkflowInstance
    from workflows.services.rebuild import rebuild

    rows = list(WorkflowInstance.objects.all())
    finished = sum(row.state == "completed" for row in rows)
    named = Incident.objects.filter(state="open", owner__isnull=False)
    stuck = set(named.values_list("request_id", flat=True))
    adrift = [row for row in rows if row.state != "completed" and row.pk not in stuck]
    references = set(office.started.values())
    fired: dict[int, int] = {}
    astray = 0
    for row in rows:
        marking, data = rebuild(row)
        astray += (marking.to_json(), data) != (row.marking, row.data)
        fired[row.pk] = sum(len(event.changes.get("merged", ())) for event in row.trail.all())
    merges = MergeRecord.objects.values("request").annotate(n=Count("pk")).filter(n__gt=1).count()
    lost = office.asked - len(references & {row.reference for row in rows})
    open_left = OutboxMessage.objects.filter(state__in=("waiting", "taken")).count()
    attempts = Attempt.objects.count()
    lost_workers = Attempt.objects.filter(state="lost").count()
    doubled = sum(count - 1 for count in receiver.effects.values())
    succeeded = Attempt.objects.filter(state="succeeded").count()
    return [
        ("requests asked for", office.asked, True),
        ("requests lost", lost, lost == 0),
        ("requests that nobody asked for", len(rows) - len(references),
         len(rows) == len(references)),
        ("finished", finished, True),
        ("on an incident with a name", len(stuck), True),
        ("neither finished nor on an incident", len(adrift), not adrift),
        ("joins fired twice", sum(n > 1 for n in fired.values()) + merges,
         all(n <= 1 for n in fired.values()) and not merges),
        ("calls attempted", attempts, attempts >= 2 * office.asked),
        ("attempts whose worker died", lost_workers, True),
        ("effects at the other side", sum(receiver.effects.values()), True),
        ("effects missing", succeeded - sum(receiver.effects.values()),
         succeeded <= sum(receiver.effects.values())),
        ("effects doubled", doubled, doubled == 0),
        ("requests whose trail and state disagree", astray, astray == 0),
        ("messages left over", open_left, open_left == 0),
    ]  # fmt: skip
