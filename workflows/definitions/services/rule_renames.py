"""Rules follow what they name: a step or an outcome of a draft that is called otherwise is called
so in every rule that asks what was decided there."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.definitions.choices import RouteKind
from workflows.definitions.models import Route, Step, TemplateVersion
from workflows.engine.rules.fact_names import OUTCOME_OF, fact_words, names_facts, rename_in_rule
from workflows.persistence.row_edits import RowEdits

RULE_COLUMNS = ("when", "chain_until")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renames:
    """Steps by their old keys, and outcomes by the old keys of their step and their own."""

    steps: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.steps or self.outcomes)

    def in_rule(self, rule: str) -> str:
        """A rule with the new names."""
        return rename_in_rule(rule, self.steps, self.outcomes)

    def in_cell(self, column: str, cell: Any) -> Any:
        """A cell of a table whose column asks how a step was decided, with the new outcomes."""
        head, *step = fact_words(column)[:2] or ("",)
        if isinstance(cell, list):
            return [self.in_cell(column, part) for part in cell]
        if head != OUTCOME_OF or not isinstance(cell, str):
            return cell
        for (key, old), new in self.outcomes.items():
            if [key] == step:
                cell = re.sub(rf"(?<![a-z0-9_-]){re.escape(old)}(?![a-z0-9_-])", new, cell)
        return cell


def find_renames(changed: Iterable[object]) -> Renames:
    """What rows that are to be written call otherwise than they are stored. A statement for the
    steps among them, and one for the ways."""
    rows = list(changed)
    steps = [row for row in rows if isinstance(row, Step)]
    ways = [row for row in rows if isinstance(row, Route) and row.kind == RouteKind.OUTCOME]
    keys = _keys_of([*(row.pk for row in steps), *(row.step_id for row in ways)])
    names = dict(Route.objects.filter(pk__in=[row.pk for row in ways]).values_list("pk", "name"))
    return Renames(
        steps={keys[row.pk]: row.key for row in steps if keys.get(row.pk, row.key) != row.key},
        outcomes={
            (keys[row.step_id], names[row.pk]): row.name
            for row in ways
            if row.step_id in keys and names.get(row.pk, row.name) != row.name
        },
    )


def _keys_of(ids: Collection[int]) -> dict[int, str]:
    return dict(Step.objects.filter(pk__in=ids).values_list("pk", "key")) if ids else {}


def find_rule_edits(version: TemplateVersion, renames: Renames) -> RowEdits[Any]:
    """What has to be written so that the rules of a draft ask by the new names. Two statements, or
    none."""
    if not renames:
        return RowEdits()
    routes = [row for row in Route.objects.filter(step__version=version) if _renamed(row, renames)]
    steps = [row for row in Step.objects.filter(version=version) if _renamed_step(row, renames)]
    return RowEdits(changed=[*steps, *routes])


def _renamed(row: Route, renames: Renames) -> bool:
    """Whether a rule of the way says something else now."""
    before = [getattr(row, name) for name in RULE_COLUMNS]
    for name, rule in zip(RULE_COLUMNS, before, strict=True):
        if rule and names_facts(rule):
            setattr(row, name, renames.in_rule(rule))
    return before != [getattr(row, name) for name in RULE_COLUMNS]


def _renamed_step(row: Step, renames: Renames) -> bool:
    """Whether a table asks by another name, or a sum."""
    before = (row.inputs, row.config)
    if row.inputs is not None:
        row.inputs = [renames.in_rule(name) for name in row.inputs]
    row.config = _in_settings(row.config, renames)
    return before != (row.inputs, row.config)


def _in_settings(said: Any, renames: Renames) -> Any:
    """Settings of a step, wherever a rule stands in them."""
    if isinstance(said, str):
        return renames.in_rule(said) if names_facts(said) else said
    if isinstance(said, list):
        return [_in_settings(part, renames) for part in said]
    if isinstance(said, dict):
        return {
            _in_settings(key, renames): _in_settings(renames.in_cell(key, part), renames)
            for key, part in said.items()
        }
    return said
