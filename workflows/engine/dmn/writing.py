"""A decision table of a map as a DMN 1.3 file."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.engine.bpmn.vocabulary import HANDOFF
from workflows.engine.bpmn.xml_tree import XmlElement, write_xml
from workflows.engine.dmn.feel import write_feel_cell, write_feel_value
from workflows.engine.dmn.vocabulary import AGGREGATIONS, DMN, PREFIXES, TYPE_BY_KIND, WAY
from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import Definition, FieldDef, TableStep, display_title
from workflows.engine.tables.compiling import TableProblem, compile_table
from workflows.engine.tables.decision import COLLECT, DecisionTable, TableRow
from workflows.engine.values.field_types.base import FieldSpec, type_of_field

_POLICIES: Final = {"unique": "UNIQUE", "first": "FIRST", "collect": "COLLECT"}


def write_dmn(definition: Definition, key: str) -> str:
    """The table of a step as a file. Raises DefinitionProblem where it cannot be said in DMN."""
    step = definition.steps.get(key)
    if not isinstance(step, TableStep):
        raise DefinitionProblem("'%(step)s' is no decision table.", step=key)
    try:
        table = compile_table(step, definition.table_fields)
    except TableProblem as problem:
        raise DefinitionProblem(
            "The table '%(step)s' cannot be written: %(problem)s", step=key, problem=problem.text
        ) from None
    return write_xml(_Writer(definition, key, step, table).build(), PREFIXES)


class _Writer:
    """Puts one file together."""

    def __init__(
        self, definition: Definition, key: str, step: TableStep, table: DecisionTable
    ) -> None:
        self.definition, self.key, self.step, self.table = definition, key, step, table
        self.has_ways = bool(step.row_targets) or step.otherwise is not None

    def build(self) -> XmlElement:
        """The whole file as a tree."""
        title = display_title(self.key, self.step.name)
        root = XmlElement(
            DMN,
            "definitions",
            {"id": "definitions", "name": title, "namespace": HANDOFF, "exporter": "Handoff"},
        )
        for column in self.table.columns:
            data = root.add(DMN, "inputData", {"id": f"data.{column.key}", "name": column.key})
            data.add(DMN, "variable", _named(column.key, column.spec))
        decision = root.add(DMN, "decision", {"id": f"decision.{self.key}", "name": title})
        decision.add(DMN, "variable", {"name": title})
        for column in self.table.columns:
            needed = decision.add(DMN, "informationRequirement", {"id": f"needs.{column.key}"})
            needed.add(DMN, "requiredInput", {"href": f"#data.{column.key}"})
        self._add_table(decision)
        return root

    def _add_table(self, decision: XmlElement) -> None:
        policy = {"hitPolicy": _POLICIES[self.table.hit]}
        element = decision.add(
            DMN, "decisionTable", {"id": f"table.{self.key}", **policy, **self._aggregation()}
        )
        for column in self.table.columns:
            said = element.add(DMN, "input", {"id": f"in.{column.key}", **_label(column.spec)})
            asked = said.add(
                DMN,
                "inputExpression",
                {"id": f"asked.{column.key}", "typeRef": _type_ref(column.spec)},
            )
            asked.add(DMN, "text", text=column.key)
            _add_choices(said, "inputValues", column.spec)
        for key, spec in self.table.outputs.items():
            said = element.add(
                DMN, "output", {"id": f"out.{key}", **_named(key, spec), **_label(spec)}
            )
            _add_choices(said, "outputValues", spec)
            if key in self.table.defaults:
                value = write_feel_value(self.table.defaults[key], spec)
                said.add(DMN, "defaultOutputEntry").add(DMN, "text", text=value)
        if self.has_ways:
            self._add_way_output(element)
        element.add(DMN, "annotation", {"name": "note"})
        for number, row in enumerate(self.table.rows, start=1):
            self._add_rule(element, number, row)

    def _aggregation(self) -> Mapping[str, str]:
        if self.table.hit != COLLECT:
            return {}
        collect = self.step.collect or {}
        how = set(collect.values()) or {"list"}
        if len(how) > 1:
            said = ", ".join(f"{key}: {one}" for key, one in collect.items())
            raise DefinitionProblem(
                "A table of DMN puts all of its results together in one way, and `collect` of"
                " '%(step)s' says several (%(said)s); part it into tables one after another, each"
                " with the results of one way.",
                step=self.key,
                said=said,
            )
        (one,) = how
        names = {said: name for name, said in AGGREGATIONS.items()}
        return {"aggregation": names[one]} if one in names else {}

    def _add_way_output(self, element: XmlElement) -> None:
        said = element.add(
            DMN, "output", {"id": "way", "name": "to", "typeRef": "string", WAY: "true"}
        )
        if self.step.otherwise is not None:
            entry = said.add(DMN, "defaultOutputEntry")
            entry.add(DMN, "text", text=f'"{self.step.otherwise}"')

    def _add_rule(self, element: XmlElement, number: int, row: TableRow) -> None:
        rule = element.add(DMN, "rule", {"id": f"rule.{number}"})
        for column, cell in zip(self.table.columns, row.cells, strict=True):
            _add_entry(rule, "inputEntry", write_feel_cell(cell, column))
        for key, spec in self.table.outputs.items():
            _add_entry(rule, "outputEntry", write_feel_value(row.results.get(key), spec))
        if self.has_ways:
            target = row.to or self.step.to
            _add_entry(rule, "outputEntry", f'"{target}"')
        rows = self.step.rows or ()
        _add_entry(rule, "annotationEntry", rows[number - 1].note or "")


def _add_entry(rule: XmlElement, name: str, written: str) -> None:
    rule.add(DMN, name).add(DMN, "text", text=written)


def _named(key: str, spec: FieldSpec) -> dict[str, str]:
    return {"name": key, "typeRef": _type_ref(spec)}


def _label(spec: FieldSpec | FieldDef) -> dict[str, str]:
    return {"label": spec.label} if spec.label else {}


def _type_ref(spec: FieldSpec) -> str:
    field_type = type_of_field(spec)
    if field_type.kind == "date" and not field_type.is_day:
        return "dateTime"
    return "Any" if field_type.holds_several else TYPE_BY_KIND[field_type.kind]


def _add_choices(element: XmlElement, name: str, spec: FieldSpec) -> None:
    if spec.choices:
        listed: Any = ", ".join(write_feel_value(choice, spec) for choice in spec.choices)
        element.add(DMN, name).add(DMN, "text", text=listed)
