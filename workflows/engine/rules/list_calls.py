"""Functions of lists in rules: whether they fit their list, and what they give."""

from typing import Any

from rule_engine import ast

from workflows.engine.rules.explanations import KINDS, render_rule_part
from workflows.engine.rules.list_functions import (
    COUNT,
    LIST_FUNCTIONS,
    OVER_COLUMN,
    OVER_ROWS,
    ListFunction,
)
from workflows.engine.rules.operands import (
    CONDITION,
    Operand,
    RuleProblem,
    become_symbol,
    refusal_of,
)
from workflows.engine.rules.rule_functions import RULE_FUNCTIONS, check_call


class ListCallChecker:
    """Checks a function of a list, and puts a symbol for what it comes to in its place. The checker
    is that of the rule around it."""

    def __init__(self, checker: Any) -> None:
        self.checker = checker

    def call(self, node: Any) -> Operand:
        """What the function gives."""
        _, function, arguments = node.args
        name = str(function.args[1]) if function.cls is ast.SymbolExpression else ""
        is_added = name in RULE_FUNCTIONS
        if not (name in LIST_FUNCTIONS or is_added) or function.kwargs.get("scope") is not None:
            raise refusal_of(node)
        if self.checker.lists is None:
            raise RuleProblem(
                "In `%(part)s`: functions do not stand inside what is asked of each row of a list;"
                " ask for them beside it.",
                part=render_rule_part(node),
            )
        written = render_rule_part(node, 200)
        if is_added:
            called = check_call(self.checker, node, name, list(arguments))
            become_symbol(node, self.checker.lists.add(written, called))
            return Operand(called.kind)
        found, operand = self._function(node, name, list(arguments))
        become_symbol(node, self.checker.lists.add(written, found))
        return operand

    def _function(self, node: Any, name: str, arguments: list[Any]) -> tuple[ListFunction, Operand]:
        if name in OVER_COLUMN and len(arguments) in (1, 2):
            return self._over_column(node, name, *arguments)
        if name == COUNT and len(arguments) in (1, 2):
            return self._count(node, *arguments)
        if name in OVER_ROWS and len(arguments) == 2:
            return self._over_rows(node, name, *arguments)
        raise RuleProblem(
            "In `%(part)s`: write sum(lines.net), min(lines.net), max(lines.net), count(lines),"
            " any(lines, net > 100) or all(lines, net > 100), with a list of yours; of the rows"
            " that a condition chooses alone, sum(lines.net, net > 100).",
            part=render_rule_part(node),
        )

    def _count(
        self, node: Any, argument: Any, condition: Any = None
    ) -> tuple[ListFunction, Operand]:
        kinds = ("list", "rows") if condition is None else ("rows",)
        key, held = self._list(node, argument, *kinds)
        self._check_condition(held, condition)
        found = ListFunction(COUNT, key, "number", condition=condition)
        return found, Operand("number", whole=True)

    def _list(self, node: Any, argument: Any, *kinds: str) -> tuple[str, Operand]:
        """The list that an argument names."""
        if argument.cls is ast.SymbolExpression:
            operand = self.checker.symbol(argument)
            if operand.kind in kinds:
                return argument.args[1], operand
        raise RuleProblem(
            "In `%(part)s`: `%(argument)s` is no list; name a field of the type list.",
            part=render_rule_part(node),
            argument=render_rule_part(argument),
        )

    def _over_column(
        self, node: Any, name: str, argument: Any, condition: Any = None
    ) -> tuple[ListFunction, Operand]:
        if argument.cls is not ast.GetAttributeExpression or argument.kwargs.get("safe"):
            raise RuleProblem(
                "In `%(part)s`: name a column of the list, as in %(name)s(lines.net).",
                part=render_rule_part(node),
                name=name,
            )
        _, holder, column = argument.args
        key, held = self._list(node, holder, "rows")
        operand = dict(held.columns).get(column)
        if operand is None:
            raise RuleProblem(
                "In `%(part)s`: the list has no column `%(column)s`; use one of %(columns)s.",
                part=render_rule_part(node),
                column=column,
                columns=", ".join(dict(held.columns)),
            )
        self._require_fitting_column(node, name, operand)
        self._check_condition(held, condition)
        result = Operand(operand.kind, currency=operand.currency, whole=operand.whole)
        return ListFunction(name, key, operand.kind, column, condition), result

    def _require_fitting_column(self, node: Any, name: str, operand: Operand) -> None:
        takes = ("number",) if name == "sum" else ("number", "date")
        if operand.kind not in takes:
            raise RuleProblem(
                "In `%(part)s`: the column is %(kind)s; sum adds numbers, min and max compare"
                " numbers or dates.",
                part=render_rule_part(node),
                kind=KINDS[operand.kind],
            )

    def _over_rows(
        self, node: Any, name: str, argument: Any, condition: Any
    ) -> tuple[ListFunction, Operand]:
        key, held = self._list(node, argument, "rows")
        self._check_condition(held, condition)
        return ListFunction(name, key, "boolean", condition=condition), CONDITION

    def _check_condition(self, held: Operand, condition: Any) -> None:
        """What is asked of each row of the list, where anything is."""
        if condition is None:
            return
        inside = type(self.checker)({**self.checker.fields, **dict(held.columns)})
        inside.condition(condition)
        self.checker.named |= inside.named - dict(held.columns).keys()
