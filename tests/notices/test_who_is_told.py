"""The table of who is told of what: cell by cell in the pure rules, and event by event for real."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from tests.notices.scenes import SCENES, Scene
from tests.telling import told_of, work_out_notices
from tests.workflows import drawn
from tests.workflows.support import PEOPLE, Flow, begin, person
from workflows.calendars.models import BusinessCalendar
from workflows.calendars.queries.working_calendars import forget_calendars
from workflows.execution.models import WorkflowInstance
from workflows.notices.choices import NoticeEvent, NoticeKind, NoticeRelation, NoticeTiming
from workflows.notices.messages.letters import compose_letter
from workflows.notices.messages.sentences import EVENT_SENTENCES
from workflows.notices.messages.telling_table import (
    people_of_table,
    render_telling_table,
    telling_cell,
)
from workflows.notices.models import Notice
from workflows.notices.queries.digest_times import next_digest_at
from workflows.notices.queries.news import find_news
from workflows.notices.services.planning import NewsOrigin, write_notices
from workflows.notices.telling import (
    DEFAULT_TIMINGS,
    EVENT_RULES,
    WORK_KINDS,
    Bystander,
    is_told,
    kind_of_notice,
    notice_timing,
)
from workflows.outbox.models import OutboxMessage
from workflows.people.models import Absence, User
from workflows.people.services.absences import AbsencePlan, end_absence, set_absence
from workflows.trail.models import TrailEvent

DOCS = Path(__file__).parents[2] / "docs" / "notices.md"
CELLS = [(event, name) for event in NoticeEvent for name in people_of_table()]


# -- the rules ----------------------------------------------------------------------------------


def test_the_docs_show_the_table_as_it_is() -> None:
    assert "\n".join(render_telling_table()) in DOCS.read_text(encoding="utf-8")


def test_every_event_has_a_rule_a_kind_and_words() -> None:
    assert set(EVENT_RULES) == set(NoticeEvent)
    brings_its_own = {
        *(NoticeEvent.START_REFUSED, NoticeEvent.MAP_PROBLEM, NoticeEvent.REVIEW_DUE),
        *(NoticeEvent.ACCESS_CHANGED, NoticeEvent.FINDING_GIVEN),
    }
    assert set(EVENT_SENTENCES) == set(NoticeEvent) - brings_its_own
    assert set(SCENES) == set(EVENT_SENTENCES)


@pytest.mark.parametrize(("event", "name"), CELLS)
def test_each_cell_says_whether_they_are_told(event: NoticeEvent, name: str) -> None:
    rule, who = EVENT_RULES[event], people_of_table()[name]
    cell = telling_cell(event, who)
    if name == "closed account":
        assert cell == "-"
    elif name == "doer":
        assert (cell == "-") == (rule.kind != NoticeKind.ACCESS)
    elif name == "away":
        assert (cell == "-") == (rule.kind in WORK_KINDS)
    else:
        assert (cell == "-") == (not who.relations & rule.tells)


def test_what_somebody_chose_goes_before_what_is_usual_and_never_for_their_account() -> None:
    off = dict.fromkeys(NoticeKind, NoticeTiming.OFF)
    for kind in NoticeKind:
        usual = notice_timing(kind, {})
        assert usual == DEFAULT_TIMINGS[kind]
        expected = NoticeTiming.AT_ONCE if kind == NoticeKind.ACCESS else NoticeTiming.OFF
        assert notice_timing(kind, off) == expected
    assert notice_timing(NoticeKind.TEAM, {}, team_is_told=True) == NoticeTiming.OFF
    chosen = {NoticeKind.TEAM: NoticeTiming.AT_ONCE}
    assert notice_timing(NoticeKind.TEAM, chosen, team_is_told=True) == NoticeTiming.AT_ONCE


def test_late_work_in_a_queue_is_the_teams_until_the_map_reminds() -> None:
    member = frozenset({NoticeRelation.TEAM_MEMBER})
    assert kind_of_notice(NoticeEvent.TASK_OVERDUE, member) == NoticeKind.TEAM
    assert kind_of_notice(NoticeEvent.TASK_REMINDED, member) == NoticeKind.LATE


# -- for real -----------------------------------------------------------------------------------


def expected_people(event: NoticeEvent, scene: Scene) -> set[str]:
    return {
        name
        for name in PEOPLE
        if is_told(
            event,
            Bystander(
                scene.relations(name),
                is_doer=name == scene.doer,
                is_closed=name in scene.closed,
            ),
        )
    }


@pytest.mark.django_db
@pytest.mark.parametrize("event", SCENES)
def test_an_event_is_told_to_whom_the_table_names_and_never_to_its_doer_or_the_closed(
    event: NoticeEvent,
) -> None:
    scene = SCENES[event]()
    with rolled_back():
        nobody_is_told_whose_account_is_closed(scene)
    work_out_notices(scene.flow.now)
    told = told_of(event)
    assert set(told) == expected_people(event, scene)
    assert len(told) == len(set(told)) > 0
    assert scene.doer not in Notice.objects.values_list("person__username", flat=True)
    whoever_did_it_is_not_told_whatever_else_they_are(event, scene)


@contextmanager
def rolled_back() -> Iterator[None]:
    """What is done inside is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def nobody_is_told_whose_account_is_closed(scene: Scene) -> None:
    User.objects.filter(username__in=PEOPLE).update(is_active=False)
    Notice.objects.all().delete()
    work_out_notices(scene.flow.now)
    assert not Notice.objects.filter(person__username__in=PEOPLE).exists()


def whoever_did_it_is_not_told_whatever_else_they_are(event: NoticeEvent, scene: Scene) -> None:
    row = TrailEvent.objects.filter(request=scene.flow.request).latest("pk")
    for name in set(told_of(event)):
        before = Notice.objects.count()
        origin = NewsOrigin(
            key=f"once more by {name}",
            actor_id=person(name).pk,
            request=row.request,
            workflow_id=row.template_id,
            facts={},
        )
        write_notices(find_news(row), origin, now=scene.flow.now)
        written = Notice.objects.order_by("pk")[before:]
        assert name not in {notice.person.username for notice in written if notice.person}


@pytest.mark.django_db
def test_nothing_is_told_of_what_a_log_or_a_replay_brought() -> None:
    flow = begin(drawn.sequential())
    OutboxMessage.objects.all().delete()
    for source in WorkflowInstance.PAST:
        WorkflowInstance.objects.update(source=source)
        flow.request.refresh_from_db()
        row = TrailEvent.objects.filter(request=flow.request).latest("pk")
        assert find_news(row) == []
        flow.command("suspend")
        flow.command("resume")
        assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_a_row_of_the_trail_that_is_looked_at_twice_tells_once() -> None:
    flow = begin(drawn.sequential())
    work_out_notices(flow.now)
    before = set(Notice.objects.values_list("key", flat=True))
    OutboxMessage.objects.filter(kind="tell").update(state="waiting", closed_at=None)
    work_out_notices(flow.now)
    assert set(Notice.objects.values_list("key", flat=True)) == before


# -- away ---------------------------------------------------------------------------------------


def stands_in(deputy: str, absent: str, flow: Flow) -> None:
    today = flow.now.date()
    plan = AbsencePlan(deputy=person(deputy), first_day=today, last_day=today + timedelta(days=9))
    set_absence(person(absent), plan, by=person(absent), now=flow.now)


@pytest.mark.django_db
def test_who_stands_in_is_told_of_work_instead_of_who_is_away_and_the_mail_says_for_whom() -> None:
    flow = begin(drawn.sequential())
    stands_in("cat", "rita", flow)
    flow.decide("review", "back", comment="Say more.")
    work_out_notices(flow.now)
    assert told_of(NoticeEvent.TASK_REACHED) == ["cat"]
    notice = Notice.objects.get(event=NoticeEvent.TASK_REACHED)
    letter = compose_letter(notice, flow.now)
    assert letter is not None
    assert letter.headline == "For rita, for whom you stand in: Fix"


@pytest.mark.django_db
def test_who_is_away_still_hears_of_what_they_asked_for() -> None:
    flow = begin(drawn.sequential())
    stands_in("cat", "rita", flow)
    flow.decide("review", "ok")
    work_out_notices(flow.now)
    assert told_of(NoticeEvent.REQUEST_APPROVED) == ["rita"]


@pytest.mark.django_db
def test_who_is_away_gets_nothing_of_their_teams_queue() -> None:
    flow = begin(drawn.sequential())
    stands_in("cat", "ann", flow)
    work_out_notices(flow.now)
    assert sorted(told_of(NoticeEvent.TASK_QUEUED)) == ["bob", "cat", "sid"]


@pytest.mark.django_db
def test_who_stands_in_for_a_member_of_a_team_is_told_of_its_queue_as_the_member_would_be() -> None:
    flow = begin(drawn.sequential())
    stands_in("max", "ann", flow)
    work_out_notices(flow.now)
    assert sorted(told_of(NoticeEvent.TASK_QUEUED)) == ["bob", "cat", "max", "sid"]
    notice = Notice.objects.get(person__username="max", event=NoticeEvent.TASK_QUEUED)
    assert (notice.kind, notice.state) == (NoticeKind.TEAM, "digest")
    assert notice.facts["told_as"] == [NoticeRelation.TEAM_DEPUTY]
    letter = compose_letter(notice, flow.now)
    assert letter is not None
    assert letter.headline == "For a team in which you stand in: Review"


@pytest.mark.django_db
def test_an_incident_of_an_owner_who_is_away_goes_to_who_stands_in_and_sees_it_too() -> None:
    scene = SCENES[NoticeEvent.INCIDENT_OPENED]()
    row = TrailEvent.objects.filter(request=scene.flow.request).latest("pk")
    seeing = "rita"
    visible = {
        name: WorkflowInstance.objects.visible_to(person(name)).filter(pk=row.request_id).exists()
        for name in ("max", seeing)
    }
    assert visible == {"max": False, seeing: True}
    for deputy, expected in (("max", set()), (seeing, {seeing})):
        for absence in Absence.objects.filter(ended_at=None):
            end_absence(absence.pk, by=person("olga"), now=scene.flow.later())
        stands_in(deputy, "olga", scene.flow)
        Notice.objects.all().delete()
        told = tell_again(row, scene.flow)
        assert {"olga", "dan"} <= told.keys()
        assert {name for name, told_as in told.items() if told_as == ["owner_deputy"]} == expected


@pytest.mark.django_db
def test_an_incident_handed_to_who_is_away_is_told_to_who_answers_for_the_workflow() -> None:
    scene = SCENES[NoticeEvent.INCIDENT_HANDED_ON]()
    row = TrailEvent.objects.filter(request=scene.flow.request).latest("pk")
    User.objects.filter(username="olga").update(is_active=True)
    Notice.objects.all().delete()
    stands_in("max", "dan", scene.flow)
    assert tell_again(row, scene.flow) == {"dan": ["owner"], "olga": ["owner_deputy"]}


def tell_again(row: TrailEvent, flow: Flow) -> dict[str, list[str]]:
    """Who is told of a row as if it were new, by what they are told as."""
    origin = NewsOrigin(
        key="once more",
        actor_id=None,
        request=row.request,
        workflow_id=row.template_id,
        facts={},
    )
    write_notices(find_news(row), origin, now=flow.now)
    rows = Notice.objects.filter(request=flow.request).select_related("person")
    return {row.person.username: row.facts["told_as"] for row in rows if row.person}


@pytest.mark.django_db
def test_a_digest_waits_for_a_day_on_which_the_sites_calendar_has_work() -> None:
    ann = User.objects.create(username="anna", time_zone="Europe/Berlin")
    zone = ZoneInfo("Europe/Berlin")
    eve = datetime(2026, 12, 24, 9, tzinfo=zone)
    assert next_digest_at(ann, None, eve).date() == date(2026, 12, 25)
    BusinessCalendar.objects.create(key="berlin", name="B", zone="Europe/Berlin", country="DE")
    forget_calendars()
    assert next_digest_at(ann, None, eve) == datetime(2026, 12, 28, 8, tzinfo=zone)
    forget_calendars()


# -- what it says -------------------------------------------------------------------------------


def sentence_told(event: NoticeEvent, name: str, scene: Scene) -> str:
    """What the mail about an event says to somebody."""
    work_out_notices(scene.flow.now)
    notice = Notice.objects.filter(event=event, person__username=name).latest("pk")
    letter = compose_letter(notice, scene.flow.now)
    assert letter is not None
    return letter.sentence


@pytest.mark.django_db
def test_who_answers_for_a_workflow_is_told_who_was_asked_besides() -> None:
    scene = SCENES[NoticeEvent.APPROVER_ADDED]()
    said = sentence_told(NoticeEvent.APPROVER_ADDED, "olga", scene)
    assert "ann asked max to agree to “Review”" in said


@pytest.mark.django_db
def test_a_request_that_ended_as_nobody_did_its_task_in_time_says_so() -> None:
    scene = SCENES[NoticeEvent.TASK_EXPIRED]()
    said = sentence_told(NoticeEvent.REQUEST_FINISHED, "rita", scene)
    assert said.endswith("Nobody did “Review” in time.")


@pytest.mark.django_db
def test_a_request_that_somebody_finished_says_nothing_of_a_time() -> None:
    scene = SCENES[NoticeEvent.REQUEST_FINISHED]()
    said = sentence_told(NoticeEvent.REQUEST_FINISHED, "rita", scene)
    assert "in time" not in said
