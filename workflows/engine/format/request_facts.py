"""What the rules of a map may ask beside its fields: who asked, and what was decided so far."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from workflows.engine.format.field_parts import FieldDef
from workflows.engine.format.person_facts import REQUESTER_FACTS, FactDef
from workflows.engine.format.step_kinds import EXPIRED, HUMAN_KINDS, BaseStep
from workflows.engine.rules.fact_names import COUNT_OF, OUTCOME_OF

if TYPE_CHECKING:
    from workflows.engine.format.definition import Definition


class CountDef(FactDef):
    """How often something was decided."""

    is_counted: ClassVar[bool] = True


def outcome_keys(step: BaseStep) -> tuple[str, ...]:
    """The outcomes that a step of people can have; with `expired` where its time can be up."""
    if step.kind not in HUMAN_KINDS:
        return ()
    expires = (EXPIRED,) if getattr(step, "expires", None) else ()
    return tuple(dict.fromkeys((*getattr(step, "outcomes", {}), *expires)))


def fact_fields(definition: "Definition") -> Mapping[str, FieldDef]:
    """All facts that rules of this map may ask, by the names that they have for them."""
    return facts_by_outcomes({key: outcome_keys(step) for key, step in definition.steps.items()})


def facts_by_outcomes(steps: Mapping[str, Sequence[str]]) -> dict[str, FieldDef]:
    """The same, by the outcomes that each step can have."""
    return {**REQUESTER_FACTS, **dict(_decision_facts(steps))}


def _decision_facts(steps: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, FieldDef]]:
    for key, outcomes in steps.items():
        if outcomes:
            yield f"{OUTCOME_OF}.{key}", FactDef(type="choice", choices=list(outcomes))
        for outcome in outcomes:
            yield f"{COUNT_OF}.{key}.{outcome}", CountDef(type="integer")
