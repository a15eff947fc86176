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
    """The same task draws on a budget, no less than nothing."""
    drawn = put(S + "tech.spends", {"budget": "centre", "amount": "amount"} | keys)
    return several(put("fields.amount.min", 0), drawn)


def asked_before(
    *edits: Callable[[Map], None], amount: Any = 1, asked: Any = None, **ends: Any
) -> Callable[[Map], None]:
    """What is booked is asked for at the start, and not by the task."""
    fields = {
        "room": FIELDS["room"] | {"required": True},
        "starts": FIELDS["starts"] | {"required": True},
        "ends": FIELDS["ends"] | {"required": True} | ends,
        "seats": {"type": "integer", "required": True},
    }
    return several(
        holds(amount=amount),
        *(put(f"fields.{name}", field) for name, field in fields.items()),
        put(S + "tech.outputs", []),
        put("start.fields", ["amount", "urgent", "lead", *(asked or fields)]),
        *edits,
    )


def reckoned(value: str, *edits: Callable[[Map], None], of: str = "ends") -> Callable[[Map], None]:
    """One end of the booking is worked out."""
    rest = [name for name in ("room", "starts", "ends", "seats") if name != of]
    field = {"type": "datetime", "value": value}
    return asked_before(put(f"fields.{of}", field), *edits, asked=rest)


def past(rule: str) -> Callable[[Map], None]:
    """A decision before the block leads past it where a rule holds."""
    onward = {"when": "urgent", "to": "checks"}
    return put(S + "size.rules", [{"when": rule, "to": "lead_look"}, onward])


HASTE = several(
    put(S + "size.rules", [{"when": "urgent", "to": "checks"}]),
    put(S + "checks.branches.1.when", "urgent"),
)
SAID = ["amount", "urgent", "lead", "room", "starts", "ends", "seats"]
BEFORE = "hold_may_end_before@tech"
AMOUNT = "hold_amount_unfit@tech"
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
    # what nothing can be held of
    ("an end that may lie before the beginning", asked_before(), BEFORE),
    ("an end that may not", asked_before(min="starts"), ""),
    ("an end behind something else", asked_before(min="today"), BEFORE),
    (
        "a beginning that may not lie behind the end",
        asked_before(put("fields.starts.max", "ends")),
        "",
    ),
    ("an end that is worked out", reckoned("starts + t'PT1H' + t'PT30M'"), ""),
    ("an end that is worked out to lie before", reckoned("starts - t'PT1H'"), BEFORE),
    ("a beginning that is worked out", reckoned("ends - t'PT1H'", of="starts"), ""),
    (
        "a beginning that is worked out to lie behind",
        reckoned("ends + t'PT1H'", of="starts"),
        BEFORE,
    ),
    (
        "a booking of one moment",
        asked_before(put(S + "tech.books.until", "starts"), min="starts"),
        "hold_may_end_before@tech",
    ),
    (
        "a booking of one day",
        several(
            asked_before(
                put(S + "tech.books", {"resource": "room", "from": "day", "until": "day"})
            ),
            put("fields.day.required", True),
            put("start.fields", [*SAID, "day"]),
        ),
        "",
    ),
    ("an end that the step asks for", asked_before(put(S + "tech.outputs", ["ends"])), ""),
    ("an end that was asked before", asked_before(past("ends <= starts")), ""),
    ("an end that was asked wrongly before", asked_before(past("ends > starts")), BEFORE),
    ("as many as may be none", asked_before(amount="seats", min="starts"), AMOUNT),
    (
        "as many as may be none from 0",
        asked_before(put("fields.seats.min", 0), amount="seats", min="starts"),
        AMOUNT,
    ),
    (
        "as many as one at least",
        asked_before(put("fields.seats.min", 1), amount="seats", min="starts"),
        "",
    ),
    (
        "as many as were asked before",
        asked_before(past("seats <= 0"), amount="seats", min="starts"),
        "",
    ),
    (
        "as many as a number that is not whole",
        asked_before(
            put("fields.seats", {"type": "number", "required": True, "min": 1}),
            amount="seats",
            min="starts",
        ),
        AMOUNT,
    ),
    (
        "as many as the step asks for",
        asked_before(put(S + "tech.outputs", ["seats"]), amount="seats", min="starts"),
        "",
    ),
    (
        "a draw that may be less than nothing",
        several(holds(), spends(), put("fields.amount.min", -5), HASTE),
        AMOUNT,
    ),
    (
        "a draw that nothing bounds",
        several(holds(), spends(), put("fields.amount.min", ...), HASTE),
        AMOUNT,
    ),
    (
        "a draw of more than a rule has asked for",
        several(holds(), spends(), put("fields.amount.min", ...)),
        "",
    ),
    (
        "a draw on what is worked out",
        several(
            holds(),
            spends(amount="tax"),
            put("fields.tax", {"type": "money", "currency": "EUR", "value": "amount * 0.19"}),
        ),
        "",
    ),
]
