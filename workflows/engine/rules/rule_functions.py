"""Functions that a company's own packages add to rules: `is_iban(account)`.

They are pure: from the values of a request, and nothing else, to one value. What they take and give
is declared, so that the audit finds a call that does not fit before the map is published. The
rule-engine package never calls them: a symbol stands in a rule's tree for what the call comes to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, Literal

from workflows.engine.registries import Registry, RegistryProblem
from workflows.engine.rules.explanations import KINDS, render_rule_part
from workflows.engine.rules.list_functions import LIST_FUNCTIONS
from workflows.engine.rules.operands import Operand, RuleProblem
from workflows.engine.texts import text

Kind = Literal["text", "number", "boolean", "date"]
LONGEST_TEXT: Final = 10_000
"""A longer text is given to no function, and taken from none."""


@dataclass(frozen=True, kw_only=True)
class RuleFunction:
    """A function of rules: the kinds of what it takes, the kind of what it gives, and what works it
    out. It is given str, Decimal, bool and aware datetime, and gives str, Decimal (or int) or bool.
    """

    takes: Sequence[Kind]
    gives: Literal["text", "number", "boolean"]
    run: Callable[..., Any]


class RuleFunctions(Registry[RuleFunction]):
    """Functions of rules by their names, which are words as fields' are."""

    def register(self, name: str, entry: RuleFunction) -> RuleFunction:
        """Add a function. A name of a function of lists is taken."""
        if name in LIST_FUNCTIONS or not name.isidentifier() or name != name.lower():
            raise RegistryProblem(
                f"The rule function '{name}' has a name that rules cannot use; choose another."
            )
        return super().register(name, entry)


RULE_FUNCTIONS: Final = RuleFunctions("rule_functions", RuleFunction, noun="rule function")


class FunctionUnusable(ValueError):
    """A function gave no value that rules can go on with."""


@dataclass(frozen=True)
class FunctionCall:
    """One call in a rule; `arguments` are parts of its tree."""

    name: str
    function: RuleFunction = field(repr=False)
    arguments: tuple[Any, ...] = field(repr=False, compare=False)

    @property
    def kind(self) -> str:
        """The kind of what it gives."""
        return self.function.gives

    def built(self) -> "FunctionCall":
        """With arguments that can be worked out."""
        return replace(self, arguments=tuple(part.build() for part in self.arguments))

    def value(self, data: Mapping[str, Any]) -> Any:
        """What it comes to. Raises FunctionUnusable, and what its arguments raise."""
        given = [part.evaluate(data) for part in self.arguments]
        if any(isinstance(value, str) and len(value) > LONGEST_TEXT for value in given):
            raise FunctionUnusable(self.name)
        try:
            result = self.function.run(*given)
        except Exception:  # noqa: BLE001 - somebody else's code
            raise FunctionUnusable(self.name) from None
        return _checked_result(self, result)


def _checked_result(call: FunctionCall, result: Any) -> Any:
    if call.kind == "number" and isinstance(result, int) and not isinstance(result, bool):
        result = Decimal(result)
    expected = {"text": str, "number": Decimal, "boolean": bool}[call.kind]
    is_sound = isinstance(result, expected)
    if isinstance(result, str):
        is_sound = is_sound and len(result) <= LONGEST_TEXT
    if isinstance(result, Decimal):
        is_sound = is_sound and result.is_finite()
    if not is_sound:
        raise FunctionUnusable(call.name)
    return result


def check_call(checker: Any, node: Any, name: str, arguments: Sequence[Any]) -> FunctionCall:
    """A call whose arguments fit. Raises RuleProblem."""
    function = RULE_FUNCTIONS[name]
    if len(arguments) != len(function.takes):
        raise RuleProblem(
            "In `%(part)s`: %(name)s takes %(count)s values.",
            part=render_rule_part(node),
            name=name,
            count=len(function.takes),
        )
    for argument, kind in zip(arguments, function.takes, strict=True):
        operand: Operand = checker.operand(argument)
        if operand.kind != kind:
            raise RuleProblem(
                "In `%(part)s`: %(name)s takes %(expected)s, and `%(argument)s` is %(kind)s.",
                part=render_rule_part(node),
                name=name,
                expected=KINDS[kind],
                argument=render_rule_part(argument),
                kind=KINDS[operand.kind],
            )
    return FunctionCall(name, function, tuple(arguments))


UNUSABLE: Final = text("gives nothing that a rule can go on with; ask who wrote it")
