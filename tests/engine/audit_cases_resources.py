"""Ways to damage the sound map by what its steps book, spend and confirm."""

from collections.abc import Callable
from typing import Any

from tests.engine.audit_cases import Map, S, put, several

FIELDS: dict[str, Any] = {
    "room": {"type": "resource", "of": "rooms"},
    "starts": {"type": "datetime"},
    "ends": {"type": "datetime"},
    "centre": {"type": "resource", "of": "costs"},
}


def holds(
    *edits: Callable[[Map], None], confirms: Any = ("tech",), **keys: Any
) -> Callable[[Map], None]:
    """The task of the block fills in and books a room, and an end confirms it."""
    fields = [put(f"fields.{name}", field) for name, field in FIELDS.items()]
    books = {"resource": "room", "from": "starts", "until": "ends"} | keys
    confirming = [put(S + "approved.confirms", list(confirms))] if confirms else []
    outputs = put(S + "tech.outputs", list(FIELDS))
    return several(*fields, outputs, put(S + "tech.books", books), *confirming, *edits)


def spends(**keys: Any) -> Callable[[Map], None]:
    """The same task draws on a budget."""
    return put(S + "tech.spends", {"budget": "centre", "amount": "amount"} | keys)


RESOURCES: list[tuple[str, Callable[[Map], None], str]] = [
    ("a booking that an end confirms", holds(), ""),
    ("a booking of a field of text", holds(resource="note"), "hold_field_unfit@tech"),
    ("a booking from no date", holds(**{"from": "amount"}), "hold_field_unfit@tech"),
    ("a booking until nothing", holds(until="nowhere"), "hold_field_unfit@tech"),
    ("a booking nobody confirms", holds(confirms=()), "hold_never_confirmed@tech"),
    (
        "nothing held is confirmed",
        holds(confirms=("tech", "legal")),
        "confirm_unfit@approved",
    ),
    (
        "confirmed before it is held",
        holds(put(S + "review.confirms", ["tech"]), put(S + "refused.reopen", ...)),
        "confirm_unfit@review",
    ),
    (
        "a booking at which two branches arrive",
        holds(put(S + "legal.outcomes.ok", "tech")),
        "hold_step_shared@tech branches_write_same_field@checks",
    ),
    (
        "rooms that there are not",
        holds(put("fields.room", {"type": "resource", "of": "halls"})),
        "resource_group_unknown",
    ),
    (
        "a budget that is booked",
        holds(put("fields.room", {"type": "resource", "of": "costs"})),
        "resource_kind_wrong@tech",
    ),
    ("a draw on a budget", several(holds(), spends()), ""),
    ("a draw on a room", several(holds(), spends(budget="room")), "resource_kind_wrong@tech"),
    (
        "a draw in another currency",
        several(holds(), spends(), put("fields.amount.currency", "USD")),
        "resource_kind_wrong@tech",
    ),
    ("a draw of a text", several(holds(), spends(amount="note")), "hold_field_unfit@tech"),
]
