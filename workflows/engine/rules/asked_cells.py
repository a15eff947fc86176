"""Which cells of a row are asked for: columns of a list under a condition, required always or under
one.

A column's conditions speak of its row. As with fields, a cell whose condition does not hold, or
cannot be told yet, is not asked for, and what it says is not kept. Columns are worked out here too,
since one may read the other.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from workflows.engine.rules.evaluation import (
    Rule,
    RuleCannotBeEvaluated,
    RuleProblem,
    compile_rule,
)
from workflows.engine.rules.worked_out import WorkedOut, order_worked_out
from workflows.engine.values.field_types.rows import ROW_SETTLERS, Row, RowSettler


class AskedCells(RowSettler):
    """The columns of a list that is read: what of a row is kept, and what it lacks."""

    def __init__(self, columns: Mapping[str, Any], zone: tzinfo) -> None:
        self.columns, self.zone = columns, zone
        self.worked_out = WorkedOut()
        if any(column.value is not None for column in columns.values()):
            self.worked_out = order_worked_out(columns, zone)
        self.when = self._rules("when")
        self.required_when = self._rules("required_when")

    def settled(self, row: Row) -> dict[str, Any]:
        """The row without what is not asked for, with what is worked out from the rest."""
        whole = self._whole(row)
        while unasked := [key for key in self.when if key in whole and not self.asks(key, whole)]:
            whole = self._whole({key: whole[key] for key in whole if key not in unasked})
        return whole

    def lacking(self, row: Row) -> list[str]:
        """The columns that a settled row has to say and does not, of those that are asked for or
        required under a condition."""
        return [
            key
            for key, column in self.columns.items()
            if row.get(key) is None
            and (
                (column.required is True and key in self.when and self.asks(key, row))
                or (key in self.required_when and self._requires(key, row))
            )
        ]

    def asks(self, key: str, row: Row) -> bool:
        """Whether the column is asked for in a row that says this."""
        return key not in self.when or _holds(self.when[key], row)

    def _requires(self, key: str, row: Row) -> bool:
        return self.asks(key, row) and _holds(self.required_when[key], row)

    def _whole(self, row: Row) -> dict[str, Any]:
        return self.worked_out.completed_rows([row])[0] if self.worked_out.keys else dict(row)

    def _rules(self, name: str) -> dict[str, Rule | None]:
        """The rules by column; None for one that cannot be read, and asks for nothing."""
        written = {key: getattr(column, name, None) for key, column in self.columns.items()}
        return {key: self._rule(rule) for key, rule in written.items() if rule is not None}

    def _rule(self, rule: str) -> Rule | None:
        try:
            return compile_rule(rule, self.columns, zone=self.zone)
        except RuleProblem:
            return None


def _holds(rule: Rule | None, row: Row) -> bool:
    try:
        return rule is not None and rule.holds(row)
    except RuleCannotBeEvaluated:
        return False


ROW_SETTLERS.append(AskedCells)
