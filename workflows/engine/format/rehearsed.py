"""What a map may state for its rehearsals, where nothing was learnt from history."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field

from workflows.engine.format.parts import Count, DefinitionPart, Key, Name
from workflows.engine.texts import Text, text

Weight = Annotated[float | int, Field(ge=0, le=1_000_000)]


class RehearseStepDef(DefinitionPart):
    """What is known of one step for rehearsals: how long its work takes, how often each outcome is
    chosen (as weights), how many of its attempts come to nothing in the end, and at how many of its
    tasks the requester is asked something."""

    minutes: Weight | None = None
    outcomes: dict[Key, Weight] | None = None
    fails: Annotated[float | int, Field(ge=0, le=1)] | None = None
    asks: Annotated[float | int, Field(ge=0, le=1)] | None = None


class RehearseDef(DefinitionPart):
    """What a rehearsal is to suppose, where nothing was learnt from history."""

    requests_per_week: Annotated[float | int, Field(gt=0, le=1_000_000)] | None = None
    people: dict[Name, Count] | None = None
    steps: dict[Key, RehearseStepDef] | None = None

    def problems(
        self, roles: Collection[str], outcomes: Mapping[str, Collection[str]]
    ) -> Iterator[Text]:
        """What is named here that the map does not have, as sentences; `outcomes` by step."""
        for name in self.people or {}:
            if name not in roles:
                yield text(
                    "`rehearse` counts the people of the role '%(role)s', and there is no such"
                    " role; correct the name",
                    role=name,
                )
        for key, said in (self.steps or {}).items():
            if key not in outcomes:
                yield text(
                    "`rehearse` speaks of the step '%(key)s', and there is no such step; correct"
                    " the name",
                    key=key,
                )
            else:
                yield from _outcome_problems(key, said.outcomes or {}, outcomes[key])


def _outcome_problems(
    key: str, said: Mapping[str, float], known: Collection[str]
) -> Iterator[Text]:
    for name in said:
        if name not in known:
            yield text(
                "`rehearse` says how often '%(name)s' is chosen at '%(key)s', which has no such"
                " outcome; correct the name",
                name=name,
                key=key,
            )
    if said and not any(said.values()):
        yield text(
            "`rehearse` says that nothing is ever chosen at '%(key)s'; give one of its outcomes"
            " more than 0",
            key=key,
        )
