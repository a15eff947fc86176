"""Mentions: only of people who may see the request, or are let see it where the map allows."""

from datetime import timedelta

import pytest

from tests.approvals.office import ask, decide, open_office
from tests.factories import NOW, let, make_user
from tests.rights.everything import make_everything
from tests.workflows.support import refused
from workflows.access.conditions import VIEW, seen_by_condition
from workflows.conversation.models import Comment, Mention
from workflows.conversation.queries.mentions import (
    find_people_named,
    mentioned_names,
    offered_people,
    people_who_see,
)
from workflows.conversation.services.comments import (
    edit_comment,
    withdraw_comment,
    write_comment,
)
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def say(request: WorkflowInstance, by: User, text: str, **more: bool) -> Comment:
    return write_comment(request.pk, actor=by, text=text, now=LATER, **more)


def sees(person: User, request: WorkflowInstance) -> bool:
    return WorkflowInstance.objects.visible_to(person).filter(pk=request.pk).exists()


# -- who may see it, the other way round ------------------------------------------------------


def test_who_is_offered_is_exactly_who_may_see_the_request() -> None:
    there = make_everything()
    for request in (there.site.waiting, there.site.stuck, there.site.over):
        offered = set(User.objects.filter(seen_by_condition(request.pk)))
        seeing = {person for person in User.objects.all() if sees(person, request)}
        assert offered == seeing
        assert len(seeing) > 3


def test_programs_and_strangers_are_not_offered(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    assert set(people_who_see(request)) == {people[n] for n in ("sam", "mia", "olivia", "omar")}
    decide(request, "manager_review", people["mia"], "approve")
    assert people["lena"] in people_who_see(request)  # it is in the queue of legal now
    assert offered_people(request, "le") == [people["lena"], people["leo"]]
    assert offered_people(request, "Haddad") == [people["omar"]]
    assert offered_people(request, "nora") == []


# -- what a text mentions ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hello @mia, and @omar!", ["mia", "omar"]),
        ("@mia@mia", ["mia@mia"]),
        ("mail sam@example.com", []),
        ("see /@x and a.@y", []),
        ("(@mia) @mia", ["mia"]),
        ("@ nobody", []),
    ],
)
def test_an_at_sign_that_begins_a_word_mentions(text: str, names: list[str]) -> None:
    assert mentioned_names(text) == names


def test_a_sentence_may_end_behind_a_login(people: dict[str, User]) -> None:
    dotted = make_user("mia.")
    everybody = User.objects.all()
    assert find_people_named(["omar.", "OLIVIA...", "sam-"], everybody) == {
        "omar.": people["omar"],
        "OLIVIA...": people["olivia"],
        "sam-": people["sam"],
    }
    assert find_people_named(["mia."], everybody) == {"mia.": dotted}
    make_user("Sue")
    assert find_people_named(["SUE"], everybody) == {}  # two could be meant


def test_a_mention_is_a_row_and_stands_in_the_trail(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    comment = say(request, people["sam"], "@mia, is it urgent? Ask @omar. At @10.")
    assert comment.mentioned == {"mia": "Mia Lopez", "omar": "Omar Haddad"}
    assert {row.person for row in Mention.objects.all()} == {people["mia"], people["omar"]}
    row = TrailEvent.objects.latest("id")
    assert row.changes["comment"][0]["mentioned"] == ["mia", "omar"]


@pytest.mark.parametrize("name", ["stranger", "sue", "nosuchperson", "closed"])
def test_whom_one_may_not_mention_is_said_and_nothing_is_written(
    people: dict[str, User], name: str
) -> None:
    make_user("closed", is_active=False)
    request = ask(people["sam"])
    sentence = f"“@{name}” is the login of nobody who may see {request.reference}."
    for gives_sight in (False, True):  # nobody learns whether there is somebody of that name
        with refused(InvalidInput, sentence):
            say(request, people["sam"], f"Hello @{name}", gives_sight=gives_sight)


def test_a_comment_mentions_a_few_people(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    with refused(InvalidInput, "20"):
        say(request, people["sam"], " ".join(f"@x{number}" for number in range(21)))


# -- giving sight -----------------------------------------------------------------------------


@pytest.fixture
def open_people() -> dict[str, User]:
    """The office, whose map lets mentions give sight."""
    return open_office(mentions_give_sight=True)


def test_sight_is_given_where_the_map_allows_it_and_it_is_wished(
    open_people: dict[str, User],
) -> None:
    people = open_people
    request = ask(people["sam"])
    with refused(InvalidInput, "may not see", "sight"):
        say(request, people["sam"], "Hello @stranger")
    assert not sees(people["stranger"], request)
    say(request, people["sam"], "Hello @stranger", gives_sight=True)
    assert sees(people["stranger"], request)
    assert people["stranger"] in people_who_see(request)
    row = TrailEvent.objects.latest("id")
    assert row.changes["comment"][0]["given_sight"] == ["stranger"]
    other = ask(people["sam"])
    assert not sees(people["stranger"], other)


def test_nobody_is_given_sight_who_is_not_there(open_people: dict[str, User]) -> None:
    make_user("closed", is_active=False)
    request = ask(open_people["sam"])
    for name in ("nosuchperson", "closed"):
        with refused(InvalidInput, "nobody"):
            say(request, open_people["sam"], f"@{name}", gives_sight=True)


def test_sight_goes_with_the_mention(open_people: dict[str, User]) -> None:
    people = open_people
    request = ask(people["sam"])
    first = say(request, people["sam"], "Hello @stranger", gives_sight=True)
    edit_comment(first.pk, actor=people["sam"], text="Hi @stranger!", now=LATER)
    assert sees(people["stranger"], request)
    edit_comment(first.pk, actor=people["sam"], text="Hi!", now=LATER)
    assert not sees(people["stranger"], request)
    second = say(request, people["sam"], "Hello @stranger", gives_sight=True)
    withdraw_comment(second.pk, actor=people["sam"], now=LATER)
    assert not sees(people["stranger"], request)


def test_who_sees_it_anyway_is_given_nothing(open_people: dict[str, User]) -> None:
    people = open_people
    request = ask(people["sam"])
    let(people["stranger"], VIEW, request.template)
    say(request, people["sam"], "Hello @stranger", gives_sight=True)
    assert not Mention.objects.get().gives_sight
