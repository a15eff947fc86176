"""Away, and standing in: what is with who is away is the deputy's from the day on, and the record
says for whom they acted."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.factories import NOW, make_group, make_user
from tests.workflows import drawn
from tests.workflows.support import again, begin, nothing_changed, person, refused
from workflows.access.models import ServiceAccount
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import Incident, WorkflowInstance
from workflows.execution.queries.inbox import inbox_page
from workflows.execution.services import work_items as tasks
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.outbox.models import OutboxMessage
from workflows.people.models import Absence, User
from workflows.people.queries.stand_ins import AwayNote, read_away_notes
from workflows.people.services import absences
from workflows.people.services.absences import AbsencePlan
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
DAY = timedelta(days=1)


def away(
    name: str, deputy: str, days: int = 10, first: int = 0, by: str = "", **plan: Any
) -> Absence:
    """Somebody is away from today (or some day) on, for so many days."""
    first_day = TODAY + first * DAY
    wanted = AbsencePlan(
        deputy=person(deputy), first_day=first_day, last_day=first_day + (days - 1) * DAY, **plan
    )
    return absences.set_absence(person(name), wanted, by=person(name), now=NOW)


def waiting_for(name: str, now: datetime) -> list[int]:
    """The tasks in somebody's inbox at a moment."""
    return [row.id for row in inbox_page(person(name), now=now).rows]


def note_of(name: str, now: datetime, template: int | None = None) -> AwayNote | None:
    """That somebody is away."""
    pk = person(name).pk
    return read_away_notes([pk], now).of(pk, template)


def outsider(name: str = "omar") -> User:
    """Somebody in no role of these maps."""
    return make_user(name)


def said(event: TrailEvent) -> tuple[str, str, str, str]:
    return event.actor_name, event.acted_for, event.capacity, event.role


# -- deciding ---------------------------------------------------------------------------------


def test_a_deputy_decides_what_is_in_the_queue_and_the_record_says_for_whom() -> None:
    outsider()
    flow = begin(drawn.sequential())
    with refused(NotAllowed, "not in its role"):
        tasks.decide(flow.task("review").pk, actor=person("omar"), outcome="ok", now=flow.now)
    away("ann", "omar")
    task = flow.decide("review", "ok", "omar")
    assert said(flow.last()) == ("omar", "ann", "stand_in", "crew")
    assert (task.decided_by, task.decided_for) == (person("omar"), person("ann"))
    assert rebuild_from_trail(flow.refresh())[0].to_json() == flow.request.marking


def test_what_is_with_the_person_is_claimed_started_and_given_back_in_their_name() -> None:
    outsider()
    flow = begin(drawn.sequential())
    task = flow.task("review")
    away("ann", "omar")
    tasks.claim(task.pk, actor=person("omar"), now=flow.later())
    assert (flow.task("review").assignee, said(flow.last())[:2]) == (person("ann"), ("omar", "ann"))
    with refused(NotAllowed, "with ann"):
        tasks.decide(task.pk, actor=person("bob"), outcome="ok", now=flow.now)
    tasks.start_work(task.pk, actor=person("omar"), now=flow.later())
    tasks.pause(task.pk, actor=person("omar"), now=flow.later())
    tasks.release(task.pk, actor=person("omar"), now=flow.later())
    assert flow.task("review").assignee is None


def test_who_has_the_right_themselves_acts_as_themselves() -> None:
    flow = begin(drawn.sequential())
    away("ann", "bob")
    flow.decide("review", "ok", "bob")
    assert said(flow.last()) == ("bob", "", "role", "crew")


def test_somebody_of_the_role_may_decide_in_their_place_what_the_person_has() -> None:
    flow = begin(drawn.sequential())
    tasks.claim(flow.task("review").pk, actor=person("ann"), now=flow.later())
    away("ann", "bob")
    flow.decide("review", "ok", "bob")
    assert said(flow.last()) == ("bob", "ann", "stand_in", "crew")


def test_a_task_by_a_field_is_the_deputys_from_the_first_day_and_not_after_the_last() -> None:
    outsider()
    steps = {"review": drawn.approval(ok="done", no=drawn.NO, stop=drawn.STOP, _role="helper")}
    flow = begin(drawn.drawn("named", steps), helper="cat")
    task = flow.task("review").pk
    away("cat", "omar", days=2, first=1)
    assert waiting_for("omar", NOW) == []
    tomorrow = datetime(2026, 3, 3, tzinfo=UTC)
    assert waiting_for("omar", tomorrow - timedelta(seconds=1)) == []
    assert waiting_for("omar", tomorrow) == [task]
    assert waiting_for("cat", tomorrow) == [task]
    assert waiting_for("omar", tomorrow + 2 * DAY) == []
    with refused(NotAllowed):
        tasks.decide(task, actor=person("omar"), outcome="ok", now=tomorrow + 2 * DAY)
    tasks.decide(task, actor=person("omar"), outcome="ok", now=tomorrow)
    assert said(flow.last()) == ("omar", "cat", "stand_in", "helper")


def test_the_day_begins_where_the_person_is() -> None:
    outsider()
    flow = begin(drawn.sequential())
    User.objects.filter(username="ann").update(time_zone="Pacific/Auckland")
    away("ann", "omar", days=1, first=1)
    begins = datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert waiting_for("omar", begins - timedelta(seconds=1)) == []
    assert waiting_for("omar", begins) == [flow.task("review").pk]
    assert waiting_for("omar", begins + DAY) == []
    User.objects.filter(username="ann").update(time_zone="America/Los_Angeles")
    assert absences.follow_time_zones(NOW) == 1
    assert absences.follow_time_zones(NOW) == 0
    assert waiting_for("omar", begins) == []
    assert waiting_for("omar", datetime(2026, 3, 3, 8, tzinfo=UTC)) == [flow.task("review").pk]


# -- chains -----------------------------------------------------------------------------------


def test_the_deputys_deputy_stands_in_while_both_are_away() -> None:
    outsider(), outsider("paula")
    flow = begin(drawn.sequential())
    away("ann", "omar")
    away("omar", "paula", days=1, first=1)
    tomorrow = datetime(2026, 3, 3, 12, tzinfo=UTC)
    task = flow.task("review").pk
    assert (waiting_for("omar", NOW), waiting_for("paula", NOW)) == ([task], [])
    assert (waiting_for("omar", tomorrow), waiting_for("paula", tomorrow)) == ([], [task])
    User.objects.filter(username="omar").update(is_active=False)
    assert waiting_for("paula", tomorrow) == []


def test_a_chain_that_ends_in_nobody_leaves_the_task_with_the_person() -> None:
    outsider()
    flow = begin(drawn.sequential())
    away("ann", "omar")
    away("omar", "ann")
    assert waiting_for("omar", NOW) == []
    assert waiting_for("ann", NOW) == [flow.task("review").pk]
    assert note_of("ann", NOW) == AwayNote(TODAY + 9 * DAY, None)
    flow.decide("review", "ok", "ann")


@pytest.mark.parametrize("closed", ["omar", "ann"])
def test_a_closed_account_stands_in_for_nobody_and_nobody_for_it(closed: str) -> None:
    outsider()
    flow = begin(drawn.sequential())
    away("ann", "omar")
    User.objects.filter(username=closed).update(is_active=False)
    note = note_of("ann", NOW)
    assert note is not None
    assert (note.deputy is None) == (closed == "omar")
    with refused(NotAllowed):
        tasks.decide(flow.task("review").pk, actor=person("omar"), outcome="ok", now=NOW)


# -- separation of duties ---------------------------------------------------------------------


def test_neither_the_deputy_nor_the_person_may_have_asked_for_it() -> None:
    make_user("ann", groups=["staff"])
    flow = begin(drawn.sequential())
    away("ann", "rita")
    with refused(NotAllowed, "separation of duties"):
        tasks.decide(flow.task("review").pk, actor=person("rita"), outcome="ok", now=NOW)
    outsider()
    own = begin(drawn.sequential() | {"key": "own"}, by="ann")
    absences.end_absence(Absence.objects.get().pk, by=person("ann"), now=NOW)
    away("ann", "omar")
    with refused(NotAllowed, "in whose place"):
        tasks.decide(own.task("review").pk, actor=person("omar"), outcome="ok", now=NOW)
    assert waiting_for("omar", NOW) == [flow.task("review").pk]


def test_what_was_decided_in_their_place_keeps_both_from_the_next_step() -> None:
    outsider()
    steps = {
        "review": drawn.approval(ok="check", no=drawn.NO, stop=drawn.STOP),
        "check": drawn.approval(ok="done", _not_by=["requester", "review"]),
    }
    flow = begin(drawn.drawn("twice", steps))
    away("ann", "omar")
    flow.decide("review", "ok", "omar")
    for name in ("omar", "ann"):
        with refused(NotAllowed, "separation of duties"):
            tasks.decide(flow.task("check").pk, actor=person(name), outcome="ok", now=flow.now)
        assert waiting_for(name, flow.now) == []
    flow.decide("check", "ok", "bob")


def test_a_quorum_counts_the_person_once_however_many_deputies() -> None:
    outsider(), outsider("paula")
    flow = begin(drawn.quorum(2))
    absence = away("ann", "omar")
    flow.decide("review", "ok", "omar")
    assert flow.last().votes[0]["acted_for"] == "ann"
    plan = AbsencePlan(deputy=person("paula"), first_day=TODAY, last_day=TODAY + 9 * DAY)
    absences.change_absence(absence.pk, plan, by=person("ann"), now=flow.now)
    task = flow.task("review").pk
    for name, words in (("paula", "in whose place"), ("ann", "already agreed")):
        with refused(NotAllowed, words):
            tasks.decide(task, actor=person(name), outcome="ok", now=flow.now)
        assert waiting_for(name, flow.now) == []
    flow.decide("review", "ok", "bob")
    assert flow.where != "review"
    assert rebuild_from_trail(flow.refresh())[0].to_json() == flow.request.marking


def test_one_person_never_gives_two_votes() -> None:
    flow = begin(drawn.quorum(2))
    away("ann", "bob")
    flow.decide("review", "ok", "bob")
    with refused(NotAllowed, "already agreed"):
        tasks.decide(flow.task("review").pk, actor=person("bob"), outcome="ok", now=flow.now)
    assert not Incident.objects.filter(state=Incident.OPEN).exists()
    flow.decide("review", "ok", "ann")


# -- seeing -----------------------------------------------------------------------------------


def test_a_deputy_sees_the_requests_of_those_tasks_and_no_others() -> None:
    outsider()
    flow = begin(drawn.sequential())
    other = again("sequential")
    other.decide("review", "ok", "bob")
    now = datetime.now(UTC)
    plan = AbsencePlan(deputy=person("omar"), first_day=now.date(), last_day=now.date() + DAY)
    seen = WorkflowInstance.objects.visible_to(person("omar"))
    assert list(seen) == []
    absence = absences.set_absence(person("ann"), plan, by=person("ann"), now=now)
    assert list(WorkflowInstance.objects.visible_to(person("omar"))) == [flow.request]
    absences.end_absence(absence.pk, by=person("ann"), now=now)
    assert list(WorkflowInstance.objects.visible_to(person("omar"))) == []


# -- setting, changing, ending ----------------------------------------------------------------


@pytest.fixture
def people() -> None:
    begin(drawn.sequential())
    outsider()


def plan_for(deputy: str, first: int = 0, last: int = 5, **more: Any) -> AbsencePlan:
    return AbsencePlan(
        deputy=person(deputy), first_day=TODAY + first * DAY, last_day=TODAY + last * DAY, **more
    )


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("deputy", "first", "last", "words"),
    [
        ("ann", 0, 5, "themselves"),
        ("omar", -1, 5, "today or later"),
        ("omar", 5, 0, "before the first"),
        ("omar", 0, 1000, "two years"),
        ("omar", 0, 100_000 // 2, "these years"),
    ],
)
def test_an_absence_that_cannot_be_is_refused_in_words(
    deputy: str, first: int, last: int, words: str
) -> None:
    if "these years" in words:
        last = (date(2300, 1, 1) - TODAY).days
    with refused(InvalidInput, words):
        absences.set_absence(
            person("ann"), plan_for(deputy, first, last), by=person("ann"), now=NOW
        )


@pytest.mark.usefixtures("people")
def test_the_same_days_are_set_once_unless_for_other_workflows() -> None:
    template = WorkflowInstance.objects.get().template
    away("ann", "omar")
    with refused(InvalidInput, "set already"):
        absences.set_absence(person("ann"), plan_for("bob", 9, 12), by=person("ann"), now=NOW)
    away("ann", "bob", workflows=[template])
    with refused(InvalidInput, "set already"):
        absences.set_absence(
            person("ann"), plan_for("cat", 3, 4, workflows=[template]), by=person("ann"), now=NOW
        )
    assert waiting_for("omar", NOW) == []
    last_day = TODAY + 9 * DAY
    assert note_of("ann", NOW, template.pk) == AwayNote(last_day, person("bob"))
    assert note_of("ann", NOW) == AwayNote(last_day, person("omar"))


@pytest.mark.usefixtures("people")
def test_an_administrator_sets_it_for_others_but_never_puts_themselves_in() -> None:
    root = make_user("root", is_superuser=True)
    with refused(NotAllowed, "themselves when they are away"):
        absences.set_absence(person("ann"), plan_for("omar"), by=person("bob"), now=NOW)
    with refused(NotAllowed, "puts themselves"):
        absences.set_absence(person("ann"), plan_for("root"), by=root, now=NOW)
    away("omar", "root")
    with refused(NotAllowed, "puts themselves"):
        absences.set_absence(person("ann"), plan_for("omar"), by=root, now=NOW)
    absences.set_absence(person("ann"), plan_for("bob"), by=root, now=NOW)
    event = TrailEvent.objects.latest("pk")
    assert (event.command, event.actor_name) == ("set_absence", "root")
    assert event.changes == {
        "person": "ann",
        "stands_in": "bob",
        "first_day": "2026-03-02",
        "last_day": "2026-03-07",
    }
    mails = OutboxMessage.objects.filter(kind="mail")
    told = {mail.payload["to"] for mail in mails}
    assert {person("ann").pk, person("bob").pk} <= told


@pytest.mark.usefixtures("people")
def test_a_program_is_not_away_and_closed_accounts_are_not_named() -> None:
    robot = make_user("robot")
    ServiceAccount.objects.create(user=robot, purpose="Pays.", owner=person("ann"))
    with refused(InvalidInput, "program"):
        absences.set_absence(person("ann"), plan_for("robot"), by=person("ann"), now=NOW)
    User.objects.filter(username="omar").update(is_active=False)
    with refused(InvalidInput, "closed"):
        absences.set_absence(person("ann"), plan_for("omar"), by=person("ann"), now=NOW)


@pytest.mark.usefixtures("people")
def test_what_has_begun_keeps_its_first_day_and_what_is_over_stays() -> None:
    absence = away("ann", "omar", days=3)
    later = NOW + DAY
    with refused(InvalidInput, "first day stays"):
        absences.change_absence(absence.pk, plan_for("omar", 1, 5), by=person("ann"), now=later)
    absences.change_absence(absence.pk, plan_for("bob", 0, 5), by=person("ann"), now=later)
    with refused(NotFound):
        absences.end_absence(absence.pk, by=person("bob"), now=later)
    absences.end_absence(absence.pk, by=person("ann"), now=later)
    with refused(WrongState, "over"):
        absences.end_absence(absence.pk, by=person("ann"), now=later)
    assert note_of("ann", later) is None
    away_again = absences.set_absence(
        person("ann"), plan_for("bob", 1, 2), by=person("ann"), now=later
    )
    absences.end_absence(away_again.pk, by=person("ann"), now=later)


@pytest.mark.usefixtures("people")
def test_an_absence_that_is_called_off_before_it_begins_never_holds() -> None:
    absence = away("ann", "omar", first=3)
    absences.end_absence(absence.pk, by=person("ann"), now=NOW)
    assert note_of("ann", NOW + 4 * DAY) is None


@pytest.mark.usefixtures("people")
def test_a_refused_change_leaves_who_stands_in_as_it_was() -> None:
    away("ann", "omar")
    make_group("crew")
    with nothing_changed(), pytest.raises(InvalidInput):
        absences.set_absence(person("ann"), plan_for("ann"), by=person("ann"), now=NOW)
