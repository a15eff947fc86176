"""A page's time does not hang on how deep in the interpreter's stack it is called."""

import resource
from collections.abc import Callable

from django.conf import settings

from config.frame_room import with_frame_room

DEPTHS = range(300)
CALLS = 300


def call_at_depth(depth: int, work: Callable[[], object]) -> object:
    return work() if depth == 0 else call_at_depth(depth - 1, work)


def call_often() -> None:
    """What a page's busiest loop does: small calls, one after the other."""
    for _ in range(CALLS):
        call_at_depth(3, lambda: None)


@with_frame_room
def call_at_every_depth() -> int:
    """The pages of memory that the system had to give meanwhile."""
    call_often()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for depth in DEPTHS:
        call_at_depth(depth, call_often)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_calls_take_no_memory_from_the_system_at_any_depth() -> None:
    assert call_at_every_depth() < CALLS


def test_every_request_has_the_room() -> None:
    assert settings.MIDDLEWARE[0] == "config.frame_room.FrameRoomMiddleware"
