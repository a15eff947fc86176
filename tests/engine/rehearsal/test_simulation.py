"""Simulated requests go through the engine of the real ones, and say the same on any machine."""

from hashlib import sha256
from itertools import pairwise
from random import Random

from tests.engine.rehearsal.planted import MONDAY, SOUND, changed, rehearse_map
from workflows.engine.rehearsal.arriving import draw_exponential
from workflows.engine.rehearsal.clocks import calendar_time, to_seconds
from workflows.engine.timing.working_time import Calendar

COURSE = "1895cbebc19f9635f09f074d5833972c8dc95d9a6e8a19a61a392cfec2674d84"
"""The digest of thirty runs of the sound map with seed 7."""


def digest(rehearsal):
    lines = [repr((run.number, run.result, run.moments)) for run in rehearsal.runs]
    return sha256("\n".join(lines).encode()).hexdigest()


def test_the_same_seed_goes_the_same_course_on_any_machine():
    assert digest(rehearse_map(SOUND, runs=30, seed=7)) == COURSE


def test_another_seed_goes_another_course():
    assert digest(rehearse_map(SOUND, runs=30, seed=8)) != COURSE


def test_every_request_of_a_sound_map_ends_and_nothing_stays_open():
    rehearsal = rehearse_map(SOUND)
    assert sum(rehearsal.figures.ended.values()) == rehearsal.figures.runs == 100
    assert all(run.moments[-1].open == () for run in rehearsal.runs)
    assert all(task.completed is not None for run in rehearsal.runs for task in run.tasks)


def test_nobody_does_two_things_at_once():
    rehearsal = rehearse_map(changed(rehearse={"requests_per_week": 90}))
    spans = {}
    for run in rehearsal.runs:
        for task in run.tasks:
            if task.who and task.who.startswith("legal"):
                spans.setdefault(task.who, []).append((task.started, task.completed))
    for worked in spans.values():
        ordered = sorted(worked)
        assert all(a[1] <= b[0] for a, b in pairwise(ordered))


def test_nobody_decides_what_separation_of_duties_keeps_from_them():
    rehearsal = rehearse_map(changed(steps__safety__not_by=["requester", "money"]))
    for run in rehearsal.runs:
        deciders = {}
        for moment in run.moments:
            deciders.setdefault(moment.step, set()).add(moment.who)
        assert not deciders.get("safety", set()) & deciders.get("money", set())
        assert run.requester not in deciders.get("look", set())


def test_a_quorum_is_decided_by_different_people():
    moments = [m for run in rehearse_map(SOUND).runs for m in run.moments if m.step == "money"]
    agreed = [m.who for m in moments if m.outcome == "approve"]
    assert len(set(agreed)) > 1


def test_stated_shares_are_kept():
    stated = {"steps": {"look": {"outcomes": {"approve": 1, "return": 0, "reject": 3}}}}
    runs = rehearse_map(changed(rehearse=stated), runs=400).runs
    said = [m.outcome for run in runs for m in run.moments if m.step == "look"]
    assert "return" not in said
    assert 0.68 < said.count("reject") / len(said) < 0.82


def test_more_requests_wait_longer():
    def waited(per_week):
        stated = {"requests_per_week": per_week, "people": {"finance": 2}}
        steps = rehearse_map(changed(rehearse=stated)).figures.steps
        return next(each.waiting_total_s for each in steps if each.step == "safety")

    assert waited(60) > waited(10)


def test_working_time_of_a_simulation_is_that_of_the_calendar():
    calendar = Calendar.business(MONDAY.tzinfo)
    time, random = calendar_time(calendar, MONDAY), Random(4)
    for _ in range(200):
        begin = to_seconds(MONDAY) + random.randrange(40_000_000)
        work = random.randrange(1, 400_000)
        ends = time.add(begin, work)
        assert time.between(begin, ends) == work
        assert not time.is_open(ends) or time.between(begin, ends - 1) == work - 1


def test_chance_between_arrivals_has_the_mean_and_spread_of_an_exponential():
    random = Random(1)
    drawn = [draw_exponential(random) for _ in range(20_000)]
    mean = sum(drawn) / len(drawn)
    assert 0.97 < mean < 1.03
    assert 1.9 < sum(each * each for each in drawn) / len(drawn) < 2.1
