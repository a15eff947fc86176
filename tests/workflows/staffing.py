"""People who leave work and come back to it, and what is then seen of their work."""

from django.contrib.auth.models import Group

from tests.factories import make_group
from tests.telling import told_of, work_out_notices
from tests.workflows import drawn
from tests.workflows.support import (
    Flow,
    begin,
    nothing_changed,
    person,
)
from workflows.execution.models import Incident
from workflows.execution.services.staffing_watch import watch_queues
from workflows.notices.choices import NoticeEvent
from workflows.people.models import User

CREW = ("ann", "bob", "cat", "sid")


def leave(*names: str) -> None:
    User.objects.filter(username__in=names).update(is_active=False)


def started() -> Flow:
    return begin(drawn.sequential())


def go(*names: str, group: str = "crew") -> None:
    """These people leave a group."""
    Group.objects.get(name=group).user_set.remove(*User.objects.filter(username__in=names))


def come(*names: str, group: str = "crew") -> None:
    make_group(group).user_set.add(*User.objects.filter(username__in=names))


def watched(flow: Flow) -> Incident:
    """The clock comes by once and opens one incident, for owner and deputy to hear of."""
    work_out_notices(flow.now)
    before = len(told_of(NoticeEvent.INCIDENT_OPENED))
    assert watch_queues(now=flow.later(minutes=1)) == 1
    incident = flow.incident()
    assert (incident.code, incident.owner) == ("nobody", person("olga"))
    work_out_notices(flow.now)
    assert len(told_of(NoticeEvent.INCIDENT_OPENED)) == before + 2
    with nothing_changed():
        assert watch_queues(now=flow.later(minutes=1)) == 0
    return incident


def at_rest(flow: Flow) -> bool:
    """Whether the clock finds nothing to say, and no incident is open."""
    found = watch_queues(now=flow.later(minutes=1))
    return found == 0 and not flow.request.incidents.filter(state="open").exists()
