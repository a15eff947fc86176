"""A company's directory comes in by a file: all of it, or nothing and every row that is wrong."""

from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_user
from tests.workflows.support import nothing_changed
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

HEADS = "login,name,mail,time_zone,language,manager,department,place,approval_limit\n"


def load(tmp_path: Path, text: str, **options: Any) -> str:
    file = tmp_path / "people.csv"
    file.write_text(text, encoding="utf-8")
    out = StringIO()
    call_command("load_people", str(file), stdout=out, **options)
    return out.getvalue()


def refused_lines(tmp_path: Path, text: str, **options: Any) -> list[str]:
    err = StringIO()
    with nothing_changed(), pytest.raises(CommandError) as refused:
        load(tmp_path, text, stderr=err, **options)
    assert refused.value.returncode == 2
    return err.getvalue().splitlines()


def test_a_row_says_all_that_a_directory_knows(db: None, tmp_path: Path) -> None:
    ann, bob = make_user("ann"), make_user("bob")
    row = "ann,Ann Lee,ann@example.org,Europe/Berlin,en-gb,bob,Sales,Hall 2,2500.00\n"
    assert "1 changed" in load(tmp_path, HEADS + row)
    ann.refresh_from_db()
    assert (ann.get_full_name(), ann.email, ann.time_zone) == (
        "Ann Lee",
        "ann@example.org",
        "Europe/Berlin",
    )
    assert (ann.language, ann.manager, ann.department) == ("en-gb", bob, "Sales")
    assert (ann.place, ann.approval_limit) == ("Hall 2", Decimal("2500.00"))


def test_a_cost_centre_comes_with_a_file_and_is_a_fact_of_rights(db: None, tmp_path: Path) -> None:
    ann = make_user("ann")
    load(tmp_path, "login,cost_centre,place\nann,4711,Hall 2\n")
    ann.refresh_from_db()
    assert ann.cost_centre == "4711"
    fact = TrailEvent.objects.filter(command="change_account").latest("pk")
    assert set(fact.changes["changed"]) == {"cost_centre", "place"}


def test_what_is_a_fact_of_rights_is_in_the_trail(db: None, tmp_path: Path) -> None:
    make_user("ann"), make_user("bob")
    load(tmp_path, "login,manager,department,approval_limit\nann,bob,Sales,10.00\n")
    fact = TrailEvent.objects.filter(command="change_account").latest("pk")
    assert fact.changes["account"] == "ann"
    assert set(fact.changes["changed"]) == {"manager", "department", "approval_limit"}


def test_a_column_that_is_not_there_leaves_what_is_known(db: None, tmp_path: Path) -> None:
    ann = make_user("ann", department="Sales", place="Hall 2")
    load(tmp_path, "login,place\nann,\n")
    ann.refresh_from_db()
    assert (ann.department, ann.place) == ("Sales", "")


def test_the_same_file_again_changes_nothing(db: None, tmp_path: Path) -> None:
    make_user("ann")
    text = "login,department,approval_limit\nann,Sales,10.00\n"
    load(tmp_path, text)
    with nothing_changed():
        assert "1 as they were" in load(tmp_path, text)


def test_a_login_that_nobody_has_is_refused_unless_accounts_are_made(
    db: None, tmp_path: Path
) -> None:
    text = "login,manager\nnew,boss\nboss,\n"
    lines = refused_lines(tmp_path, text)
    assert [line[:7] for line in lines[:2]] == ["Line 2:", "Line 3:"]
    assert "2 made" in load(tmp_path, text, create=True)
    new = User.objects.get(username="new")
    assert new.manager is not None
    assert new.manager.username == "boss"
    assert not new.has_usable_password()


def test_every_row_that_is_wrong_is_named_with_its_line_and_nothing_is_written(
    db: None, tmp_path: Path
) -> None:
    make_user("ann"), make_user("bob")
    lines = refused_lines(
        tmp_path,
        HEADS
        + "ann,Ann,ann@example.org,,,,Sales,,\n"
        + "bob,Bob,no address,Berlin,xx,nobody,,,much\n"
        + ",Carl,,,,,,,\n"
        + "ann,Ann again,,,,,,,\n",
    )
    told = "\n".join(lines)
    for expected in (
        "Line 3: mail:",
        "Line 3: time_zone:",
        "Line 3: language:",
        "Line 3: manager: nobody has the login 'nobody'",
        "Line 3: approval_limit: 'much' is no amount",
        "Line 4: The row has no login",
        "Line 5: 'ann' is in line 2 already",
    ):
        assert expected in told


def test_nobody_is_above_themselves(db: None, tmp_path: Path) -> None:
    make_user("ann"), make_user("bob")
    lines = refused_lines(tmp_path, "login,manager\nann,bob\nbob,ann\n")
    assert "would be above themselves" in lines[0]


@pytest.mark.parametrize("heads", ["mail", "login,salary", "login,name,first_name", "login,login"])
def test_headings_that_cannot_be_read_are_refused(db: None, tmp_path: Path, heads: str) -> None:
    refused_lines(tmp_path, f"{heads}\nann,x,y\n")


def test_a_dry_run_says_what_would_change_and_writes_nothing(db: None, tmp_path: Path) -> None:
    make_user("ann")
    with nothing_changed():
        told = load(tmp_path, "login,place\nann,Hall 2\nnew,\n", create=True, dry_run=True)
    assert "1 would be made, 1 changed" in told
