"""Requests with lists move where their rows can be read; amounts are the same on any database."""

import copy
import io
import json
import random
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from tests.factories import make_user, publish_map
from tests.workflows.support import nothing_changed
from tests.workflows.test_worked_out_values import MAP, start
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db
People = dict[str, User]
CENT = Decimal("0.01")


@pytest.fixture
def people() -> People:
    """Those of the map, which is published."""
    make_user("dan")
    found = {"sam": make_user("sam", groups=["staff"]), "olga": make_user("olga")}
    make_user("bo", groups=["board"])
    make_user("kim", groups=["staff", "board"])
    publish_map(yaml.safe_load(MAP))
    return found


def next_version(**columns: Any) -> None:
    """The map again with these columns in its list."""
    data = copy.deepcopy(yaml.safe_load(MAP)) | {"purpose": "Another."}
    data["fields"]["lines"]["columns"] = columns
    publish_map(data)


def move(*arguments: str) -> dict[str, Any]:
    """What the command says of the only request."""
    out = io.StringIO()
    with suppress(SystemExit):
        call_command("migrate_requests", "order", "--to", "2", *arguments, "--json", stdout=out)
    (row,) = json.loads(out.getvalue())["requests"]
    return dict(row)


PIECES, PRICE = {"type": "integer"}, {"type": "money", "currency": "EUR"}
NET = PRICE | {"value": "pieces * price"}
REQUIRED = {"type": "text", "required": True}


@pytest.mark.parametrize(
    "columns",
    [
        {"number": PIECES, "price": PRICE, "net": PRICE | {"value": "number * price"}},
        {"pieces": PIECES, "price": PRICE | {"currency": "USD"}, "net": PRICE},
        {"pieces": PIECES, "price": PRICE, "net": NET, "item": {"type": "text", "required": True}},
        {"pieces": PIECES, "price": PRICE, "net": NET, "item": REQUIRED | {"when": "net > 1"}},
        {
            "pieces": PIECES,
            "price": PRICE,
            "net": NET,
            "item": REQUIRED | {"required": {"when": "net > 1"}},
        },
    ],
    ids=["renamed", "another currency", "newly required", "newly asked", "under a rule"],
)
def test_a_request_stays_where_its_rows_cannot_be_read(
    people: People,
    columns: dict[str, Any],
) -> None:
    start(people)
    next_version(**columns)
    with nothing_changed():
        row = move()
    assert (row["verdict"], row["code"]) == ("needs_person", "fields_unreadable")
    assert "lines" in row["reason"]


def test_a_request_moves_with_its_rows_and_what_is_worked_out_follows(
    people: People,
) -> None:
    start(people)
    next_version(pieces=PIECES, price=PRICE, net=PRICE | {"value": "pieces * price * 2"})
    move("--apply", "--as", "olga", "--reason", "Twice the price.")
    request = WorkflowInstance.objects.get()
    assert request.version.number == 2
    assert request.data["lines"] == [{"pieces": 2, "price": "10.00", "net": "40.00"}]
    assert request.data["total"] == "47.60"


def test_a_request_moves_where_no_row_is_asked_for_more(people: People) -> None:
    start(people)
    item = REQUIRED | {"when": "net > 100"}
    next_version(pieces=PIECES, price=PRICE, net=NET, item=item)
    move("--apply", "--as", "olga", "--reason", "Items where they are dear.")
    assert WorkflowInstance.objects.get().version.number == 2


def test_amounts_come_to_the_same_cent_whatever_the_database(
    people: People,
) -> None:
    """What is expected is counted here; both databases have to hold it to the digit."""
    chance = random.Random(20261127)
    for _ in range(25):
        rows = [
            {"pieces": chance.randint(1, 9), "price": f"{chance.randint(1, 999) / 100:.2f}"}
            for _ in range(chance.randint(1, 8))
        ]
        vat = f"{chance.randint(0, 2500) / 10000:.4f}"
        request = start(people, lines=rows, vat=vat)
        kept = WorkflowInstance.objects.get(pk=request.pk).data
        nets = [row["pieces"] * Decimal(row["price"]) for row in rows]
        total = (sum(nets) * (1 + Decimal(vat))).quantize(CENT, ROUND_HALF_UP)
        assert [Decimal(row["net"]) for row in kept["lines"]] == nets
        assert kept["total"] == str(total), (rows, vat)
