"""A vote that is taken back, and somebody who is added to a step: the engine's half."""

import random
from typing import Any

import pytest

from tests.engine.driving import approval, draw, end
from workflows.engine.errors import WrongState
from workflows.engine.routing.advance import advance
from workflows.engine.routing.effects import (
    AddApprover,
    CorrectValues,
    Decide,
    Effect,
    Event,
    Start,
    TakeBack,
)
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Token

NO = {"to": "refused", "exception": True}
DATA = {"amount": "1.00", "urgent": False}


def agreeing(quorum: Any = 2, **more: Any) -> Graph:
    step = approval(ok="done", no=NO, **{f"_{key}": value for key, value in more.items()})
    return draw({"agree": step | {"quorum": quorum}, "done": end(), "refused": end("refused")})


class Walk:
    """One request at the only step of people of its map."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.marking, self.data = graph, Marking(), dict(DATA)
        self.effects: tuple[Effect, ...] = ()
        self.do(Start("rita"))

    def do(self, event: Event) -> "Walk":
        moved = advance(self.graph, self.marking, self.data, event, lambda step: frozenset())
        self.marking, self.data = moved.marking, dict(moved.data)
        self.effects = tuple(moved.effects)
        return self

    def agree(self, who: str, acted_for: str | None = None) -> "Walk":
        return self.do(Decide(self.token.id, who, "ok", acted_for=acted_for))

    @property
    def token(self) -> Token:
        (token,) = self.marking.tokens
        return token


def test_a_vote_taken_back_is_as_if_it_had_not_been_given_but_who_gave_it_stays_on_record() -> None:
    walk = Walk(agreeing())
    before = walk.marking
    walk.agree("ann").do(TakeBack(walk.token.id, "ann"))
    assert walk.token == before.token(walk.token.id)
    assert walk.marking.approved == before.approved == {}
    assert walk.marking.deciders["agree"] == ("ann",)
    walk.agree("bob").agree("ann")
    assert walk.marking.tokens == ()


def test_a_vote_in_place_of_somebody_goes_with_who_stood_in_and_leaves_the_others() -> None:
    walk = Walk(agreeing(3)).agree("ann", acted_for="cat").agree("bob")
    walk.do(TakeBack(walk.token.id, "cat", "ann"))
    assert (walk.token.votes, walk.token.stand_ins) == (("bob",), ())
    assert walk.token.voters == {"bob"}
    with pytest.raises(WrongState, match="not agreed here"):
        walk.do(TakeBack(walk.token.id, "ann"))


def test_what_was_agreed_on_is_forgotten_with_the_last_vote_alone() -> None:
    walk = Walk(agreeing(3)).agree("ann").agree("bob")
    walk.do(TakeBack(walk.token.id, "ann"))
    assert walk.marking.approved["agree"].votes_of == walk.token.id
    walk.do(CorrectValues({"amount": "2.00"}, "olga"))
    assert walk.token.votes == ()
    walk.agree("ann").do(TakeBack(walk.token.id, "ann"))
    assert walk.marking.approved == {}


def test_who_is_added_must_agree_besides_and_counts_for_nobody_else() -> None:
    walk = Walk(agreeing(1))
    walk.do(AddApprover(walk.token.id, "eve"))
    assert walk.token.needed == 2
    walk.agree("ann")
    with pytest.raises(WrongState, match="others are awaited"):
        walk.agree("bob")
    walk.agree("eve")
    assert walk.marking.tokens == ()


def test_who_is_added_in_the_place_of_another_raises_no_number() -> None:
    walk = Walk(agreeing(2))
    walk.do(AddApprover(walk.token.id, "eve")).do(AddApprover(walk.token.id, "fay", "eve"))
    assert (walk.token.extras, walk.token.needed) == (("fay",), 3)
    with pytest.raises(WrongState, match="already"):
        walk.do(AddApprover(walk.token.id, "fay"))
    walk.do(AddApprover(walk.token.id, "gil", "nobody"))
    assert (walk.token.extras, walk.token.needed) == (("fay", "gil"), 4)


def test_a_refusal_decides_at_once_whoever_is_still_awaited() -> None:
    walk = Walk(agreeing(2))
    walk.do(AddApprover(walk.token.id, "eve")).do(Decide(walk.token.id, "eve", "no"))
    assert walk.marking.ended == "refused"


def test_values_that_change_take_the_votes_and_leave_who_was_added() -> None:
    walk = Walk(agreeing(2))
    walk.do(AddApprover(walk.token.id, "eve")).agree("eve")
    walk.do(CorrectValues({"amount": "2.00"}, "olga"))
    assert (walk.token.votes, walk.token.extras, walk.token.needed) == ((), ("eve",), 3)


@pytest.mark.parametrize("seed", range(60))
def test_at_random_a_step_ends_exactly_when_its_own_and_all_who_were_added_have_agreed(
    seed: int,
) -> None:
    choose = random.Random(seed)
    quorum = choose.randint(1, 3)
    walk, own, extras = Walk(agreeing(quorum)), set[str](), set[str]()
    people = [f"p{number}" for number in range(7)]
    for _ in range(60):
        who, token = choose.choice(people), walk.token
        agreed = own | (extras & set(token.votes))
        before = walk.marking
        try:
            match choose.choice(["agree", "agree", "back", "add"]):
                case "agree":
                    walk.agree(who)
                    own |= {who} - extras
                case "back":
                    walk.do(TakeBack(token.id, who))
                    own -= {who}
                case _:
                    walk.do(AddApprover(token.id, who))
                    extras.add(who)
        except WrongState:
            assert walk.marking == before
            continue
        agreed = {*own, *(extras & {*agreed, who})}
        if not walk.marking.tokens:
            assert len(own) == quorum
            assert extras <= agreed
            return
        assert walk.token.needed == quorum + len(extras)
        assert {*walk.token.votes} == own | (extras & {*walk.token.votes})
        assert len(own) < quorum or not extras <= {*walk.token.votes}
        assert Marking.from_json(walk.marking.to_json()) == walk.marking
