"""Small maps as plain data, one a kind of work; each passes the audit."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from tests.engine.driving import approval, decision, end, join, parallel, task

NO = {"to": "rejected", "comment": "required", "exception": True}
STOP = {"to": "stopped", "exception": True}
ENDS = {
    "done": end("done", reopen="review"),
    "rejected": end("rejected"),
    "stopped": end("stopped"),
}
HEAD: dict[str, Any] = {
    "format": 1,
    "name": "Drawn for a test",
    "purpose": "To be tried out.",
    "owner": "olga",
    "deputy": "dan",
    "calendar": "24/7",
    "roles": {
        "staff": {"groups": ["staff"]},
        "crew": {"groups": ["crew"]},
        "bosses": {"groups": ["bosses"]},
        "asker": {"requester": True},
        "helper": {"field": "helper"},
    },
    "fields": {
        "amount": {"type": "money", "required": True},
        "urgent": {"type": "boolean"},
        "note": {"type": "text"},
        "code": {"type": "text", "required": True},
        "helper": {"type": "user"},
        "paper": {"type": "document"},
    },
}


def drawn(key: str, steps: Mapping[str, Any], **head: Any) -> dict[str, Any]:
    """The data of a map that starts at its first step, with the ends that its steps name."""
    start = {
        "role": "staff",
        "fields": ["amount", "urgent", "helper", "paper"],
        "first": next(iter(steps)),
    }
    steps = deepcopy(dict(steps))
    ends = {name: step for name, step in ENDS.items() if f"'{name}'" in repr(steps)}
    return {
        "key": key,
        **deepcopy(HEAD),
        "start": start,
        "steps": {**steps, **deepcopy(ends)},
    } | head


def sequential() -> dict[str, Any]:
    """An approval, a task that sends back, and a step after it."""
    return drawn(
        "sequential",
        {
            "review": approval(
                ok="pay",
                back={"to": "fix", "comment": "required", "exception": True},
                no=NO,
                _inputs=["amount", "paper"],
            ),
            "fix": task(again="review", drop=STOP, _role="asker", _outputs=["note", "paper"]),
            "pay": task(paid="done", no=NO, _role="bosses", _outputs=["code"], _due="2d"),
        },
    )


def branches(wait_for: int | str = "all") -> dict[str, Any]:
    """Three branches that write, a join, and a step after it; each can be left by `out`."""
    out = {"to": "fix", "exception": True}
    return drawn(
        "branches",
        {
            "split": parallel("legal", "tech", ("cost", "amount > 1000"), join="merge"),
            "legal": approval(ok="merge", more="legal", out=out, _outputs=["note", "paper"]),
            "tech": approval(ok="merge", out=out, no=NO, _outputs=["note", "paper"]),
            "cost": approval(ok="merge", out=out, _role="bosses", _outputs=["note"]),
            "merge": join("review", wait_for),
            "review": task(ok="done", no=NO, _role="bosses"),
            "fix": task(again="split", drop=STOP, _role="asker"),
        },
    )


def nested() -> dict[str, Any]:
    """A block in a branch of a block."""
    return drawn(
        "nested",
        {
            "outer": parallel("left", "inner", join="outer_join"),
            "left": task(ok="outer_join", no=NO, _outputs=["note"]),
            "inner": parallel("one", "two", join="inner_join"),
            "one": task(ok="inner_join", no=NO, _outputs=["note"]),
            "two": task(ok="inner_join", out={"to": "left_out", "exception": True}),
            "inner_join": join("after_inner"),
            "after_inner": task(ok="outer_join", _outputs=["note"]),
            "left_out": task(ok="outer_join", _role="bosses"),
            "outer_join": join("review"),
            "review": task(ok="done", no=NO, _role="bosses"),
        },
    )


def rules() -> dict[str, Any]:
    """A decision by rules, the second of which needs a value that may be missing."""
    return drawn(
        "rules",
        {
            "sort": decision("review", big="amount > 1000", fast="urgent"),
            "big": approval(ok="review", no=NO, _role="bosses"),
            "fast": task(ok="done", no=NO, back={"to": "sort", "exception": True}),
            "review": approval(ok="done", no=NO),
        },
    )


def states() -> dict[str, Any]:
    """A record that people move among states; some moves have their own role and condition."""
    return drawn(
        "states",
        {
            "review": task(
                to_work="work",
                force={"to": "done", "role": "bosses"},
                hurry={"to": "done", "when": "urgent"},
                no=NO,
            ),
            "work": task(
                check="review", ready={"to": "done", "when": "amount < 500"}, park="parked"
            ),
            "parked": task(
                wake="work", drop=STOP, mine={"to": "done", "role": "helper"}, _role="bosses"
            ),
        },
    )


def quorum(needed: int | str = 2) -> dict[str, Any]:
    """An approval by several people."""
    return drawn(
        "quorum",
        {
            "review": approval(ok="pay", no=NO, _quorum=needed, _outputs=["note"]),
            "pay": task(paid="done", no=NO, _role="bosses", _not_by=["review"]),
        },
    )
