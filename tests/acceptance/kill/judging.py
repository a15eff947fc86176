"""Whether anything was lost, doubled or put out of step: the lines of the table."""

from collections import Counter
from typing import Any

from tests.acceptance.kill.office import Office
from tests.acceptance.kill.receiver import Receiver
from tests.notices.mail_server import Mailbox


def unfinished() -> int:
    """Requests and messages that are not through: work of people, attempts, timers."""
    from workflows.execution.models import Incident, WorkflowInstance
    from workflows.outbox.models import OutboxMessage

    stuck = Incident.objects.filter(state="open").values("request")
    running = WorkflowInstance.objects.filter(state="running").exclude(pk__in=stuck).count()
    return running + _open_messages(OutboxMessage.objects).count()


def _open_messages(messages: Any) -> Any:
    """Messages that are not through, but for those of another day: due dates and digests."""
    return messages.filter(state__in=("waiting", "taken")).exclude(kind__in=("due", "digest"))


def judge_mails(mailbox: Mailbox) -> list[tuple[str, Any, bool]]:
    """The lines about notices: each mail came once, and each notice was written once."""
    from django.db.models import Count

    from workflows.notices.models import Notice

    taken = Counter(str(mail["Message-ID"]) for mail in mailbox.mails)
    alike = Notice.objects.values("event", "request", "task", "person").annotate(n=Count("pk"))
    states = dict(Notice.objects.values_list("state").annotate(n=Count("pk")).order_by())
    doubled = sum(count - 1 for count in taken.values())
    twice = alike.filter(n__gt=1).count()
    missing = states.get("sent", 0) - len(taken)
    return [
        ("mails taken by the mail server", len(mailbox.mails), bool(mailbox.mails)),
        ("mails doubled", doubled, doubled == 0),
        ("notices written twice", twice, twice == 0),
        ("notices called sent without a mail", max(missing, 0), missing <= 0),
        ("notices that broke off while handed over", states.get("unsure", 0), True),
        ("notices not needed any more", states.get("needless", 0), True),
        ("notices that failed", states.get("failed", 0), not states.get("failed")),
    ]


def judge(office: Office, receiver: Receiver) -> list[tuple[str, Any, bool]]:
    """The lines of the table: what, how much, and whether it is as it must be."""
    from django.db.models import Count

    from workflows.execution.models import Incident, MergeRecord, WorkflowInstance
    from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
    from workflows.outbox.models import Attempt, OutboxMessage

    rows = list(WorkflowInstance.objects.all())
    finished = sum(row.state == "completed" for row in rows)
    named = Incident.objects.filter(state="open", owner__isnull=False)
    stuck = set(named.values_list("request_id", flat=True))
    adrift = [row for row in rows if row.state != "completed" and row.pk not in stuck]
    references = set(office.started.values())
    fired: dict[int, int] = {}
    astray = 0
    for row in rows:
        marking, data = rebuild_from_trail(row)
        astray += (marking.to_json(), data) != (row.marking, row.data)
        fired[row.pk] = sum(len(event.changes.get("merged", ())) for event in row.trail.all())
    merges = MergeRecord.objects.values("request").annotate(n=Count("pk")).filter(n__gt=1).count()
    lost = office.asked - len(references & {row.reference for row in rows})
    open_left = _open_messages(OutboxMessage.objects).count()
    attempts = Attempt.objects.count()
    lost_workers = Attempt.objects.filter(state="lost").count()
    doubled = sum(count - 1 for count in receiver.effects.values())
    succeeded = Attempt.objects.filter(state="succeeded").count()
    return [
        ("requests asked for", office.asked, True),
        ("requests lost", lost, lost == 0),
        (
            "requests that nobody asked for",
            len(rows) - len(references),
            len(rows) == len(references),
        ),
        ("finished", finished, True),
        ("on an incident with a name", len(stuck), True),
        ("neither finished nor on an incident", len(adrift), not adrift),
        (
            "joins fired twice",
            sum(n > 1 for n in fired.values()) + merges,
            all(n <= 1 for n in fired.values()) and not merges,
        ),
        ("calls attempted", attempts, attempts >= 2 * office.asked),
        ("attempts whose worker died", lost_workers, True),
        ("effects at the other side", sum(receiver.effects.values()), True),
        (
            "effects missing",
            succeeded - sum(receiver.effects.values()),
            succeeded <= sum(receiver.effects.values()),
        ),
        ("effects doubled", doubled, doubled == 0),
        ("requests whose trail and state disagree", astray, astray == 0),
        ("messages left over", open_left, open_left == 0),
    ]
