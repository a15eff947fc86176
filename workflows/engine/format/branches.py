"""The branches of a parallel step: one, or one for each of several: rows, people, or the managers
above somebody, as far up as a rule says."""

from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from workflows.engine.format.directory_finders import (
    REQUESTER_WORD,
    PersonOfRequest,
    field_of_word,
)
from workflows.engine.format.parts import ROW, DefinitionPart, Key, Name, RuleText, display_title
from workflows.engine.texts import Text, text

LEVELS: Final = 8
"""So many managers a chain has at most, where the map says nothing."""
MOST_LEVELS: Final = 20


class ChainDef(DefinitionPart):
    """The managers above somebody, one after another: up to the first for whom `until` holds.

    `levels` is how many they may be at most (8, where it says nothing).
    """

    chain_of: PersonOfRequest
    until: RuleText
    levels: Annotated[int, Field(ge=1, le=MOST_LEVELS)] | None = None

    @property
    def most(self) -> int:
        """How many managers the chain has at most."""
        return self.levels or LEVELS

    @property
    def person_field(self) -> str | None:
        """The field with the person from whom it starts."""
        return field_of_word(self.chain_of)

    @property
    def step_read(self) -> str | None:
        """The step from whose last decider it starts."""
        is_step = self.chain_of != REQUESTER_WORD and self.person_field is None
        return self.chain_of if is_step else None

    @property
    def words(self) -> Text:
        """Through whom it goes, as a part of a sentence."""
        field, step = self.person_field, self.step_read
        if field is not None:
            return text(
                "the managers of the person in “%(field)s”, until %(until)s",
                field=display_title(field, None),
                until=self.until,
            )
        if step is not None:
            return text(
                "the managers of who did “%(step)s”, until %(until)s",
                step=display_title(step, None),
                until=self.until,
            )
        return text("the requester's managers, until %(until)s", until=self.until)


def _written_how(value: Any) -> str:
    return "chain" if isinstance(value, dict | ChainDef) else "text"


EachText = Annotated[
    Annotated[Name, Tag("text")] | Annotated[ChainDef, Tag("chain")], Discriminator(_written_how)
]
"""What a branch goes through: a list or people, by their field, or a chain of managers."""


class BranchDef(DefinitionPart):
    """One branch of a parallel step; without `when` it is always taken.

    With `each` it is one branch for each row of a list, each person of several, or each manager of
    a chain, at the moment at which the step is reached; `when` is asked of each row then. The row
    is named `row`, or as `as` says.
    """

    to: Key
    when: RuleText | None = None
    each: EachText | None = None
    as_: Name | None = Field(None, alias="as")
    one_at_a_time: bool | None = None
    stop_on: Literal["refusal"] | None = None

    @model_validator(mode="after")
    def _rows_belong_to_each(self) -> "BranchDef":
        if self.each is None and (self.as_ or self.one_at_a_time or self.stop_on):
            raise ValueError(
                text("`as`, `one_at_a_time` and `stop_on` go with `each`; add it or remove them")
            )
        return self

    @property
    def row_name(self) -> str:
        """What the row is called in the steps of this branch."""
        return self.as_ or ROW

    @property
    def listed(self) -> str | None:
        """The field whose rows or people it goes through."""
        return self.each if isinstance(self.each, str) else None

    @property
    def chain(self) -> ChainDef | None:
        """The chain of managers that it goes through."""
        return self.each if isinstance(self.each, ChainDef) else None


def chain_source(parallel: str, index: int) -> str:
    """What stands for a field where a branch goes through a chain; no field can be called so."""
    return f"{parallel}#{index}"


def split_chain_source(source: str) -> tuple[str, int]:
    """The parallel step and the branch of such a name."""
    parallel, _, index = source.rpartition("#")
    return parallel, int(index)
