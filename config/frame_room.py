"""Room for all the frames of a request, taken from the system once.

CPython keeps its frames in pieces of 16 KB and gives a piece back when the last frame in it ends.
Where the busiest loop of a page happens to call across the end of a piece, each of its thousands of
calls maps a piece and gives it back, and the page takes up to twice the time, for nothing but how
deep it was called. A frame that asks for more than a piece gets a larger one; whatever is called
under it lies in the rest. Only what is used of it becomes memory.
"""

from collections.abc import Callable
from types import FunctionType
from typing import TypeVar

from django.http import HttpRequest, HttpResponse

FRAME_SLOTS = 33_000
"""Of 8 bytes each: a little over 256 KB, so that the piece has 512 KB and half of it is free. The
deepest pages use 40 KB."""
Function = TypeVar("Function", bound=Callable[..., object])


def with_frame_room(function: Function) -> Function:
    """The same function, whose frame makes room for those under it."""
    assert isinstance(function, FunctionType)
    function.__code__ = function.__code__.replace(co_stacksize=FRAME_SLOTS)
    return function


class FrameRoomMiddleware:
    """The outermost of all: everything that a request needs is called under it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    @with_frame_room
    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)
