"""Worker and clock without a broker: each round in its time, and no round stops another."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from celery.schedules import crontab
from django.conf import settings

from config.background import Background, Round, load_clock_rounds


def run_for(seconds: float, *some: Round) -> int:
    background = Background(list(some))
    threading.Timer(seconds, background.stop.set).start()
    return background.run()


@pytest.mark.django_db
def test_all_rounds_of_the_clock_are_run_as_celery_would() -> None:
    known = {one.name: one for one in load_clock_rounds(settings.CELERY_BEAT_SCHEDULE)}
    assert set(known) == set(settings.CELERY_BEAT_SCHEDULE)
    assert (known["deliver"].every, known["forget"].every) == (1.0, None)


def test_an_interval_is_kept() -> None:
    often, seldom = [], []
    run_for(
        1.5, Round("a", lambda: often.append(1), 0.4), Round("b", lambda: seldom.append(1), 60.0)
    )
    assert 2 <= len(often) <= 4
    assert len(seldom) == 1


def test_a_round_that_fails_stops_no_other_and_fills_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    well: list[int] = []

    def fail() -> None:
        raise RuntimeError("the disk is full")

    assert run_for(2.0, Round("bad", fail, 0.1), Round("good", lambda: well.append(1), 0.3)) == 0
    assert len(well) > 2
    assert [record.getMessage() for record in caplog.records] == ["The round 'bad' failed."]


def test_a_round_that_takes_long_is_not_begun_twice_and_holds_up_no_other() -> None:
    begun, well = [], []

    def slow() -> None:
        begun.append(1)
        time.sleep(1.2)

    run_for(1.0, Round("slow", slow, 0.1), Round("good", lambda: well.append(1), 0.3))
    assert len(begun) == 1
    assert len(well) > 1


def test_delivering_goes_on_beside_a_call_that_hangs() -> None:
    begun: list[int] = []

    def hangs_at_first() -> None:
        begun.append(1)
        if len(begun) == 1:
            time.sleep(1.5)

    run_for(1.5, Round("deliver", hangs_at_first, 0.2))
    assert len(begun) > 2


def test_what_has_an_hour_of_the_day_is_made_up_for_and_run_once() -> None:
    nightly: list[int] = []
    moment = datetime.now(UTC)
    late = Round(
        "head",
        lambda: nightly.append(1),
        crontab(minute="0", hour="3"),
        last=moment - timedelta(days=3),
    )
    run_for(0.6, late)
    late.next_at = 0.0
    run_for(0.6, late)
    assert len(nightly) == 1


def test_a_round_that_never_ends_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.background.STUCK_SECONDS", 0.3)
    assert run_for(5.0, Round("seal", lambda: time.sleep(3), 0.1)) == 1
