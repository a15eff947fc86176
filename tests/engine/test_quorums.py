"""Quorums by share, by roles and from a field: exact, whoever votes first."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tests.engine.driving import FIELDS, Run, approval, draw, end, task
from workflows.engine.format.definition import ApprovalStep
from workflows.engine.format.quorums import (
    Quorum,
    people_for_share,
    read_quorum,
    share_of,
    write_quorum,
)
from workflows.engine.routing import effects as fx
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.routing.quorum import filled_parts, lacking_roles, vote_counts
from workflows.engine.routing.step_troubles import RULE_FAILED

GOOD = (1, 1000, "all", "1%", "60%", "100%", {"finance": 1, "legal": 2}, {"field": "how_many"})
BAD = (
    *(0, 1001, True, 2.5, "", "60", "0%", "101%", "60 %", "some", {}, {"finance": 0}),
    *({"field": 3, "legal": "x"}, {"finance": True}, {"Finance": 1}, {"a": 1000, "b": 1}, [1]),
)


@pytest.mark.parametrize("quorum", GOOD)
def test_a_quorum_is_the_same_in_a_file_and_in_a_row(quorum: Any) -> None:
    assert TypeAdapter(Quorum).validate_python(quorum) == quorum
    assert read_quorum(write_quorum(quorum)) == quorum


@pytest.mark.parametrize("quorum", BAD)
def test_what_is_no_quorum_is_refused(quorum: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Quorum).validate_python(quorum)


def test_a_share_is_rounded_up_and_one_at_least() -> None:
    assert [share_of(60, people) for people in range(7)] == [1, 1, 2, 2, 3, 3, 4]
    assert (share_of(100, 7), share_of(1, 100), share_of(1, 101)) == (7, 1, 2)


def test_how_many_people_make_a_share_so_many_is_known_from_the_trail() -> None:
    for share, needed in product(range(1, 101), range(1, 60)):
        assert share_of(share, people_for_share(share, needed)) == needed


def brute_force(parts: dict[str, int], people: list[frozenset[str]]) -> int:
    """The most places that can be filled, by trying every choice of every person."""
    best = 0
    for choice in product(*([*roles, None] for roles in people)):
        used = {role: choice.count(role) for role in parts}
        if all(used[role] <= parts[role] for role in parts):
            best = max(best, sum(used.values()))
    return best


ROLES = st.frozensets(st.sampled_from("abc"), max_size=3)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), min_size=1),
    st.lists(ROLES, max_size=6),
)
def test_places_are_filled_as_well_as_they_can_be(
    parts: dict[str, int], people: list[frozenset[str]]
) -> None:
    assert filled_parts(parts, people) == brute_force(parts, people)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 2), min_size=1),
    st.lists(ROLES, max_size=8),
)
def test_taking_only_votes_that_count_ends_exactly_when_it_can(
    parts: dict[str, int], people: list[frozenset[str]]
) -> None:
    step = ApprovalStep.model_construct(kind="approval", quorum=parts, outcomes={})
    token = Token(1, "step", 1, needed=sum(parts.values()))
    for number, roles in enumerate(people):
        if vote_counts(step, token, number, roles):
            token = Token(
                *(1, "step", 1),
                needed=token.needed,
                votes=(*token.votes, number),
                vote_roles=(*token.vote_roles, tuple(sorted(roles))),
            )
    assert len(token.votes) == brute_force(parts, people)
    assert bool(lacking_roles(step, token)) == (len(token.votes) < token.needed)


def test_who_was_added_counts_for_themselves_alone() -> None:
    step = ApprovalStep.model_construct(kind="approval", quorum=None, outcomes={})
    token = Token(1, "step", 1, needed=2, extras=("eve",))
    assert vote_counts(step, token, "ann", ())
    assert vote_counts(step, token, "eve", ())
    agreed = Token(1, "step", 1, needed=2, extras=("eve",), votes=("ann",))
    assert not vote_counts(step, agreed, "bob", ())
    assert vote_counts(step, agreed, "eve", ())


def test_a_marking_keeps_for_what_each_vote_counts() -> None:
    token = Token(
        *(1, "step", 1), needed=3, votes=(4, 5), vote_roles=(("a", "b"), ("b",)), extras=(9,)
    )
    marking = Marking(tokens=(token,))
    assert Marking.from_json(marking.to_json()) == marking
    plain = Marking(tokens=(Token(1, "step", 1),))
    assert "extras" not in plain.to_json()["tokens"][0]


def test_an_approval_asked_again_without_a_number_waits_for_it() -> None:
    steps = {"a": approval(ok="b", _quorum={"field": "votes"}), "b": task(ok="done"), "done": end()}
    graph = draw(steps, fields=FIELDS | {"votes": {"type": "integer"}})
    run = Run(graph, {"amount": "1.00", "urgent": False, "votes": 2}).start()
    run.decide("a", "ok", by="ann").decide("a", "ok", by="bob")
    assert run.where == "b"
    run.apply(fx.CorrectValues({"amount": "2.00", "votes": None}, "olga"))
    (token,) = run.marking.tokens
    assert (token.step, token.again, token.stuck) == ("a", True, RULE_FAILED)
    run.apply(fx.Retry(token.id, {"votes": 1}, "olga"))
    (token,) = run.marking.tokens
    assert (token.step, token.again, token.stuck, token.needed) == ("a", True, None, 1)
    assert run.decide("a", "ok", by="cy").where == "b"
    assert run.folded() == (run.marking, run.data)


def test_an_approval_that_waits_for_a_number_is_closed_when_its_values_are_back() -> None:
    steps = {"a": approval(ok="b", _quorum={"field": "votes"}), "b": task(ok="done"), "done": end()}
    graph = draw(steps, fields=FIELDS | {"votes": {"type": "integer"}})
    run = Run(graph, {"amount": "1.00", "urgent": False, "votes": 1}).start().decide("a", "ok")
    run.apply(fx.CorrectValues({"votes": None}, "olga"))
    run.apply(fx.CorrectValues({"votes": 1}, "olga"))
    assert run.where == "b"
