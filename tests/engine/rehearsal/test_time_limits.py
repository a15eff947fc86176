"""A rehearsal keeps the time that a map sets: for whole requests, more of it, and questions."""

from datetime import UTC, datetime, timedelta

from tests.engine.rehearsal.planted import SOUND, approval, changed, rehearse_map
from workflows.engine.rehearsal.clocks import to_moment, to_seconds

SLOW = {"steps": {"look": {"minutes": 4800}}}
"""Ten working days of work, give or take five, where two are allowed."""


def look_tasks(rehearsal):
    return [task for run in rehearsal.runs for task in run.tasks if task.step == "look"]


def step_figures(rehearsal, step):
    return next(each for each in rehearsal.figures.steps if each.step == step)


def test_a_map_without_a_due_date_of_its_own_says_nothing_of_late_requests():
    deadlines = rehearse_map(SOUND).figures.deadlines
    assert (deadlines.requests, deadlines.late, deadlines.extended) == (0, 0, 0)


def test_requests_that_end_after_they_were_due_as_a_whole_are_found_late():
    rehearsal = rehearse_map(changed(due="2h"))
    late = [run for run in rehearsal.runs if run.ended > run.due]
    found = [each for each in rehearsal.findings if each.cause == "request"]
    assert [(each.kind, each.step, each.share) for each in found] == [
        ("overdue", None, round(len(late) / 100, 4))
    ]
    assert rehearsal.figures.deadlines.late == len(late) > 50
    assert f"{len(late)} of 100" in str(found[0].message)


def test_a_due_date_that_hangs_on_a_field_is_reckoned_when_it_has_a_value():
    rehearsal = rehearse_map(changed(due={"after": "wanted_on", "by": "90cd"}))
    timed = [run for run in rehearsal.runs if run.due is not None]
    assert 0 < len(timed) == rehearsal.figures.deadlines.requests < 100


def test_more_time_is_given_at_the_last_moment_and_only_as_often_as_the_map_lets():
    rehearsal = rehearse_map(changed(due="2h", extend={"by": "1h", "times": 2}))
    given = {run.extended for run in rehearsal.runs}
    assert max(given) == 2
    assert all(run.extended == 2 for run in rehearsal.runs if run.is_late)
    assert all(run.extended == 0 for run in rehearsal.runs if run.ended < run.started + 7200)


def test_a_request_that_may_be_extended_is_less_often_late():
    without = rehearse_map(changed(due="2h")).figures.deadlines.late
    extended = rehearse_map(changed(due="2h", extend={"by": "2d"})).figures.deadlines
    assert extended.late < without
    assert extended.extended > 0


def test_a_task_that_may_be_extended_is_given_more_time_before_it_is_late():
    plain = rehearse_map(changed(rehearse=SLOW))
    more = rehearse_map(changed(rehearse=SLOW, steps__look__extend={"by": "30d"}))
    assert step_figures(plain, "look").late > 50
    assert step_figures(more, "look").late == 0
    assert step_figures(more, "look").extended > 50
    assert all(task.extended <= 1 for task in look_tasks(more))


def test_so_many_tasks_ask_the_requester_as_the_map_says_and_wait_for_the_answer():
    rehearsal = rehearse_map(changed(rehearse={"steps": {"look": {"asks": 0.5}}}))
    plain = rehearse_map(SOUND)
    waited = step_figures(rehearsal, "look").waiting_median_s
    assert waited > step_figures(plain, "look").waiting_median_s
    asked = [task for task in look_tasks(rehearsal) if task.due - task.enabled > 7 * 86400 / 2]
    assert 0.4 < len(asked) / len(look_tasks(rehearsal)) < 0.6


def test_a_clock_that_stops_moves_the_due_date_by_the_question():
    asking = {"steps": {"look": {"asks": 1}}}
    stops = look_tasks(rehearse_map(changed(rehearse=asking)))
    runs = look_tasks(rehearse_map(changed(rehearse=asking, steps__look__clock="runs")))
    assert all(to_moment(task.due) - to_moment(task.enabled) > timedelta(days=2) for task in stops)
    assert sum(task.is_late for task in stops) < sum(task.is_late for task in runs)


def test_the_clock_of_a_whole_request_stops_only_where_its_map_says_so():
    asking = {"steps": {"look": {"asks": 1}}}
    runs = rehearse_map(changed(rehearse=asking, due="3d"))
    stops = rehearse_map(changed(rehearse=asking, due="3d", clock="stops"))
    assert stops.figures.deadlines.late < runs.figures.deadlines.late
    pairs = zip(runs.runs, stops.runs, strict=True)
    assert all(a.due <= b.due for a, b in pairs)


def expiring(**more):
    """The revision expires, after less time than it takes."""
    task = SOUND["steps"]["revise"] | {"expires": {"after": "2h", "to": "withdrawn"}} | more
    looks = {"minutes": 20, "outcomes": {"return": 1, "approve": 1}}
    asks = {"minutes": 480}
    return changed(steps__revise=task, rehearse={"steps": {"look": looks, "revise": asks}})


def test_tasks_that_expire_are_counted_and_go_their_way():
    rehearsal = rehearse_map(expiring())
    expired = step_figures(rehearsal, "revise").expired
    assert expired > 20
    assert rehearsal.figures.ended["withdrawn"] >= expired


def test_nothing_expires_while_the_requester_has_the_question():
    by_staff = {"role": "finance", "rehearse": None}
    by_staff.pop("rehearse")
    asked = expiring(**by_staff)
    asked["rehearse"]["steps"]["revise"] = {"minutes": 20, "asks": 1}
    runs = expiring(**by_staff, clock="runs")
    runs["rehearse"]["steps"]["revise"] = {"minutes": 20, "asks": 1}
    stood, went_on = rehearse_map(asked), rehearse_map(runs)
    assert step_figures(stood, "revise").expired < step_figures(went_on, "revise").expired
    assert step_figures(went_on, "revise").expired > 20


def test_nobody_asks_the_requester_about_a_task_of_their_own():
    asked = rehearse_map(changed(rehearse={"steps": {"revise": {"asks": 1}}}))
    assert [run.moments for run in asked.runs] == [run.moments for run in rehearse_map(SOUND).runs]


def test_late_work_is_escalated_once_when_its_clock_has_gone_on():
    written = changed(
        steps__safety=approval(
            "finance", "checked", on_overdue={"escalate_to": "legal"}, outputs=["safety_note"]
        ),
        rehearse={"steps": {"safety": {"asks": 1, "minutes": 2000}}},
    )
    rehearsal = rehearse_map(written)
    assert rehearsal.figures.runs == sum(rehearsal.figures.ended.values())


NEW_YEAR = to_seconds(datetime(2030, 1, 1, tzinfo=UTC))
SAY_WHEN = {
    "kind": "automation",
    "action": "set_fields",
    "with": {"wanted_on": "'2030-01-01'"},
    "on_error": "rejected",
    "to": "checks",
}


def test_dates_that_become_others_move_the_request_and_open_tasks():
    rehearsal = rehearse_map(
        changed(
            due={"after": "wanted_on", "by": "1cd"},
            steps__safety__due={"after": "wanted_on", "by": "0cd"},
            steps__law=SAY_WHEN | {"to": "checked"},
            steps__checks__branches=[{"to": "law"}, {"to": "safety"}],
        )
    )
    ended = [run for run in rehearsal.runs if any(task.step == "law" for task in run.tasks)]
    assert len(ended) > 50
    assert {run.due for run in ended} == {NEW_YEAR + 2 * 86400 - 60}
    safe = [task for run in ended for task in run.tasks if task.step == "safety" and task.due]
    assert {task.due for task in safe} == {NEW_YEAR + 86400 - 60}


def test_a_wait_goes_on_until_the_date_that_became_right_meanwhile():
    rehearsal = rehearse_map(
        changed(
            fields__wanted_on={"type": "date", "required": True},
            steps__law=SAY_WHEN | {"to": "checked"},
            steps__safety={"kind": "wait", "until": "wanted_on", "to": "checked"},
            steps__checks__branches=[{"to": "safety"}, {"to": "law"}],
        )
    )
    ends = [
        {task.step: task.completed for task in run.tasks if task.outcome == "done"}
        for run in rehearsal.runs
    ]
    ends = [end["safety"] for end in ends if end.get("safety", 1) % 86400 == 0]
    assert len(ends) > 20
    assert set(ends) == {NEW_YEAR}
