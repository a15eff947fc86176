"""What rules may ask about people: one table, for the managers of a chain and for who asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from workflows.engine.format.field_parts import FieldDef
from workflows.engine.rules.fact_names import REQUESTER
from workflows.engine.texts import Text, text


class FactDef(FieldDef):
    """What a rule may ask beside the request's own values. What is not known of it is empty, and a
    comparison with that does not hold; of what is counted it is nought."""

    is_fact: ClassVar[bool] = True


@dataclass(frozen=True)
class PersonFact:
    """One thing that the directory says of people: what it is called in the rule of a chain and
    behind `requester.`, where it can be asked there, and how that is said in words."""

    spec: FieldDef
    in_chain: str | None
    of_requester: str | None = None
    words: Text | None = None


PEOPLE_FACTS: Final = (
    PersonFact(
        FactDef(type="number"), "limit", "approval_limit", text("the requester's approval limit")
    ),
    PersonFact(
        FactDef(type="text"), "department", "department", text("the requester's department")
    ),
    PersonFact(
        FactDef(type="text"), "cost_centre", "cost_centre", text("the requester's cost centre")
    ),
    PersonFact(FactDef(type="text"), "place", "place", text("the requester's place")),
    PersonFact(FactDef(type="integer"), "level"),
    PersonFact(FactDef(type="user"), None, "manager", text("the requester's manager")),
    PersonFact(FactDef(type="users"), None, "groups", text("the requester's groups")),
)

PERSON_FACTS: Final[Mapping[str, FieldDef]] = {
    fact.in_chain: FieldDef(type=fact.spec.type) for fact in PEOPLE_FACTS if fact.in_chain
}
"""What the rule of a chain knows of each manager, beside the request's own values."""

REQUESTER_FACTS: Final[Mapping[str, FieldDef]] = {
    f"{REQUESTER}.{fact.of_requester}": fact.spec for fact in PEOPLE_FACTS if fact.of_requester
}
"""What any rule knows of who asked."""

REQUESTER_WORDS: Final[Mapping[str, Text]] = {
    f"{REQUESTER}.{fact.of_requester}": fact.words for fact in PEOPLE_FACTS if fact.words
}


def known_of_requester(said: Mapping[str, Any], asked: frozenset[str]) -> dict[str, Any]:
    """Of what the directory says of somebody (by the names behind `requester.`) what a map asks,
    under the names that its rules have for it; what is empty is left out."""
    named = {f"{REQUESTER}.{name}": value for name, value in said.items()}
    return {
        name: value
        for name, value in named.items()
        if name in asked and name in REQUESTER_FACTS and value not in (None, "", [], ())
    }
