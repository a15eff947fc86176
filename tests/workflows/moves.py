"""Moving requests in tests: two versions of a map, and what became of whom."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from tests.engine.driving import approval, end, join, parallel, task
from tests.workflows import drawn
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import Flow, person, publish
from workflows.definitions.models import TemplateVersion
from workflows.engine.routing.marking import Marking
from workflows.execution.models import WorkflowInstance
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.queries.move_plans import RequestVerdict, plan_requests
from workflows.version_changes.queries.target_versions import MoveTarget, build_target
from workflows.version_changes.services.moving import move_request
from workflows.version_changes.services.putting_back import put_back


def hire_map(steps: Mapping[str, Any]) -> dict[str, Any]:
    """A map of these steps, which ends by `hired`."""
    return drawn.drawn("hiring", {**steps, "hired": end("hired")})


def row_and_block() -> tuple[dict[str, Any], dict[str, Any]]:
    """Two steps in a row, and the same two as branches of a block."""
    row = {"desk": task(ok="keys", no=NO), "keys": task(ok="hired", no=NO)}
    later = hiring_later()["steps"]
    beside = {key: later[key] for key in ("settle", "desk", "keys")}
    beside["settled"] = join("hired")
    return hire_map(row), hire_map(beside)


def hiring() -> dict[str, Any]:
    """A map that will be changed: steps of people in a row, an exception, a wait."""
    return hire_map(
        {
            "screen": approval(ok="talk", no=NO, _inputs=["amount", "note"]),
            "talk": task(
                ok="desk", no=NO, _outputs=["note"], _due="2d", _on_overdue={"remind_every": "1d"}
            ),
            "desk": task(ok="keys", no=NO),
            "keys": task(ok="offer", no=NO),
            "offer": approval(
                ok="papers", no=NO, _role="bosses", _quorum=2, _not_by=["screen", "requester"]
            ),
            "papers": task(ok="rest", stop=STOP, _role="helper"),
            "rest": {"kind": "wait", "for": "3d", "to": "hired"},
        }
    )


def hiring_later() -> dict[str, Any]:
    """The same after a year: screening has another key, the talk is two talks, papers are gone,
    a check comes before the desk, and desk and keys are done beside one another."""
    return hire_map(
        {
            "sifting": approval(ok="talk_one", no=NO, _inputs=["amount", "note"], _name="Screen"),
            "talk_one": task(ok="talk_two", no=NO, _outputs=["note"], _name="Talk one"),
            "talk_two": task(ok="check", no=NO, _outputs=["note"], _name="Talk two"),
            "check": approval(ok="settle", no=NO, _role="bosses"),
            "settle": parallel("desk", "keys", join="settled"),
            "desk": task(ok="settled", no=NO),
            "keys": task(ok="settled", no=NO),
            "settled": join("offer"),
            "offer": approval(
                ok="rest",
                no=NO,
                stop=STOP,
                _role="bosses",
                _quorum=2,
                _not_by=["sifting", "requester"],
            ),
            "rest": {"kind": "wait", "for": "3d", "to": "hired"},
        }
    )


WAY = (
    *("screen/ok/ann", "talk/ok/ann", "desk/ok/ann", "keys/ok/ann"),
    *("offer/ok/mona", "offer/ok/max", "papers/ok/bob"),
)
"""The whole way of the first of the two, decision by decision."""


def changed(data: Mapping[str, Any], **steps: Any) -> dict[str, Any]:
    """A map with some steps other."""
    after = deepcopy(dict(data))
    after["steps"] = {**after["steps"], **steps}
    return after


def target(version: TemplateVersion, **written: Any) -> MoveTarget:
    return build_target(version, written)


def publish_target(data: Mapping[str, Any], **written: Any) -> MoveTarget:
    """A newer version, published, as where requests are to move."""
    return target(publish(data), **written)


def foreseen(to: MoveTarget, by: str | None = "olga") -> dict[str, str]:
    """What the dry run says of each request: verdict and code, by reference."""
    mover = person(by) if by else None
    return {line.reference: said(line) for line in plan_requests(to, mover)}


def said(line: RequestVerdict) -> str:
    return f"{line.verdict.value} {line.reason.code}"


def move(flow: Flow, to: MoveTarget, by: str | None = "olga", reason: str = "So.") -> str:
    """Move one request; verdict and code."""
    mover = person(by) if by else None
    found = move_request(
        flow.request.pk, to, actor=mover, reason=reason, now=flow.later(), run="run"
    )
    flow.refresh()
    return said(found)


def undo(flow: Flow, by: str | None = "olga") -> WorkflowInstance:
    """Put one request back."""
    moved = MovedRequest.objects.filter(request=flow.request).latest("pk")
    mover = person(by) if by else None
    put_back(moved.pk, actor=mover, reason="No.", now=flow.later())
    return flow.refresh()


def agrees(request: WorkflowInstance) -> bool:
    """Whether the trail and the request's row say the same."""
    request = WorkflowInstance.objects.get(pk=request.pk)
    marking, data = rebuild_from_trail(request)
    return (marking, data) == (Marking.from_json(request.marking), request.data)


def rows_of(request: WorkflowInstance) -> dict[str, Any]:
    """Every row that says where a request stands: itself, tasks, merges, timers, incidents."""
    related = ("work_items", "merges", "incidents")
    rows: dict[str, Any] = {
        name: list(getattr(request, name).order_by("pk").values()) for name in related
    }
    messages = request.messages.exclude(kind__in=("tell", "notice", "mail", "digest", "due"))
    rows["timers"] = list(messages.order_by("pk").values())
    rows["request"] = WorkflowInstance.objects.filter(pk=request.pk).values().get()
    return rows
