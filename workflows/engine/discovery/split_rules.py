"""Rules that would have led cases the way that they went, and how often they would have been right.

A rule is learnt on every second case and judged on the others, so that its accuracy is not its own
praise. It is proposed only where it does better than always going the most frequent way.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

LEAST_CASES: Final = 20
LEAST_ACCURACY: Final = 0.8
LEAST_GAIN: Final = 0.5
"""Of what the most frequent way gets wrong, a rule must put so much right."""
MOST_CHOICES: Final = 12
MOST_CUTS: Final = 40
"""So many thresholds of a number are tried."""

Values = Mapping[str, str]
FieldKind = Literal["number", "boolean", "choice", "long_text"]


@dataclass(frozen=True, slots=True)
class SplitRule:
    """Under which conditions cases went which way, else `otherwise`. `accuracy` is the share of
    judged cases that went as the rule says, `usual` the share that went the most frequent way."""

    conditions: tuple[tuple[str, str], ...]
    otherwise: str
    cases: int
    accuracy: float
    usual: float

    @property
    def ways(self) -> list[str]:
        """The ways of which it speaks."""
        return list(dict.fromkeys([*(way for _, way in self.conditions), self.otherwise]))


def kind_of_values(values: Iterable[str]) -> FieldKind:
    """What a column holds, by what stands in it."""
    seen = set(values)
    if seen <= {"true", "false"}:
        return "boolean"
    if all(_number(value) is not None for value in seen):
        return "number"
    return "choice" if len(seen) <= MOST_CHOICES else "long_text"


def _number(value: str) -> Decimal | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@dataclass(frozen=True, slots=True)
class _Condition:
    """One comparison of one field, as a rule writes it."""

    field: str
    sign: Literal[">", "<=", "==", "true", "false"]
    value: str = ""

    @property
    def text(self) -> str:
        """The condition as a map says it."""
        if self.sign in ("true", "false"):
            return self.field if self.sign == "true" else f"not {self.field}"
        written = f"'{self.value}'" if self.sign == "==" else self.value
        return f"{self.field} {self.sign} {written}"

    def holds(self, values: Values) -> bool:
        found = values.get(self.field)
        if found is None:
            return False
        if self.sign in ("true", "false", "=="):
            return found == (self.value or self.sign)
        number, bound = _number(found), Decimal(self.value)
        return number is not None and (number > bound) is (self.sign == ">")


def learn_split_rule(
    cases: Sequence[tuple[Values, str]], kinds: Mapping[str, FieldKind]
) -> SplitRule | None:
    """The rule that says best where these cases went, by their values; None where none is good
    enough."""
    if len(cases) < LEAST_CASES or len({way for _, way in cases}) < 2:
        return None
    learnt, judged = cases[::2], cases[1::2]
    usual_way = Counter(way for _, way in learnt).most_common(1)[0][0]
    conditions = _learn_conditions(learnt, usual_way, kinds)
    if not conditions:
        return None
    right = sum(_decide(conditions, usual_way, values) == way for values, way in judged)
    usual = sum(way == usual_way for _, way in judged) / len(judged)
    accuracy = right / len(judged)
    if accuracy < LEAST_ACCURACY or accuracy - usual < LEAST_GAIN * (1 - usual):
        return None
    written = tuple((condition.text, way) for condition, way in conditions)
    return SplitRule(written, usual_way, len(judged), accuracy, usual)


def _decide(conditions: Sequence[tuple[_Condition, str]], otherwise: str, values: Values) -> str:
    return next((way for condition, way in conditions if condition.holds(values)), otherwise)


def _learn_conditions(
    cases: Sequence[tuple[Values, str]], usual: str, kinds: Mapping[str, FieldKind]
) -> list[tuple[_Condition, str]]:
    """For each other way, the rarest last, the condition that puts most right of what is left."""
    found: list[tuple[_Condition, str]] = []
    left = list(cases)
    for way, _ in Counter(way for _, way in cases).most_common():
        if way == usual:
            continue
        best = max(
            ((_gain(condition, way, left, usual), condition) for condition in _tried(left, kinds)),
            key=lambda pair: pair[0],
            default=(0, None),
        )
        if best[1] is not None and best[0] > 0:
            found.append((best[1], way))
            left = [case for case in left if not best[1].holds(case[0])]
    return found


def _gain(condition: _Condition, way: str, cases: Sequence[tuple[Values, str]], usual: str) -> int:
    """How many more cases go right with this condition than without."""
    taken = [found for values, found in cases if condition.holds(values)]
    return taken.count(way) - taken.count(usual)


def _tried(
    cases: Sequence[tuple[Values, str]], kinds: Mapping[str, FieldKind]
) -> Iterator[_Condition]:
    for field, kind in kinds.items():
        seen = {values[field] for values, _ in cases if field in values}
        if kind == "boolean":
            yield _Condition(field, "true")
            yield _Condition(field, "false")
        elif kind == "choice":
            yield from (
                _Condition(field, "==", value) for value in sorted(seen) if "'" not in value
            )
        elif kind == "number":
            for cut in _cuts(seen):
                yield _Condition(field, ">", cut)
                yield _Condition(field, "<=", cut)


def _cuts(seen: Iterable[str]) -> list[str]:
    """Thresholds between the values, evenly over them."""
    numbers = sorted({number for value in seen if (number := _number(value)) is not None})
    step = max(1, len(numbers) // MOST_CUTS)
    return [format(number, "f") for number in numbers[:-1:step]]
