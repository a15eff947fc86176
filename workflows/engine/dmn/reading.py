"""A decision table of a DMN file for a table of a map: its columns, its rows, which row counts.

What a map cannot say is refused with its line and why. The columns are fields of the map: an input
or output is found by the field's key, its label, or the key that its name would have.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.engine.bpmn.vocabulary import make_key
from workflows.engine.bpmn.xml_tree import XmlElement, read_xml
from workflows.engine.dmn.feel import read_feel_cell, read_feel_result
from workflows.engine.dmn.vocabulary import AGGREGATIONS, DMN, OTHER_VERSIONS, WAY
from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import Definition, TableStep, display_title
from workflows.engine.format.plain_data import file_problem
from workflows.engine.format.table_parts import MOST_ROWS
from workflows.engine.tables.analysis import find_overlaps, space_of
from workflows.engine.tables.cell_tests import CellProblem, CellTests, Equal, write_cell
from workflows.engine.tables.columns import TableColumn, fits_column
from workflows.engine.tables.compiling import TableProblem, compile_table
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import FieldSpec, type_of_field

PlainStep = dict[str, Any]
LONGEST_NOTE: Final = 200
_READ_AS: Final = {"UNIQUE": "unique", "FIRST": "first", "COLLECT": "collect", "ANY": "first"}


def read_dmn(
    content: bytes, definition: Definition, key: str, *, name: str, decision: str | None = None
) -> PlainStep:
    """The table step of a map as it is with the file's table; `decision` is the id or the name of
    the decision, where the file has several. Raises DefinitionProblem."""
    step = definition.steps.get(key)
    if not isinstance(step, TableStep):
        raise DefinitionProblem("'%(step)s' is no decision table.", step=key)
    reader = _Reader(definition, key, step, name)
    return reader.read(read_xml(content, name=name), decision)


@dataclass
class _Output:
    """A column of results: a field, or (`spec` is None) where rows lead."""

    key: str
    spec: FieldSpec | None
    element: XmlElement


@dataclass
class _Reader:
    definition: Definition
    key: str
    step: TableStep
    name: str
    namespace: str = DMN
    columns: list[TableColumn] = field(default_factory=list)
    outputs: list[_Output] = field(default_factory=list)

    def refuse(self, element: XmlElement, why: Text) -> DefinitionProblem:
        """What cannot be taken over, with its line."""
        return file_problem(self.name, why, element.line)

    def read(self, root: XmlElement, decision: str | None) -> PlainStep:
        """The step with the table of the file."""
        if root.name != "definitions" or root.namespace not in {DMN, *OTHER_VERSIONS}:
            raise self.refuse(root, text("is no DMN file of version 1.1 to 1.5"))
        self.namespace = root.namespace
        chosen, table = self._choose_table(root, decision)
        hit = self._hit(table)
        self.columns = [self._column(said) for said in self._all(table, "input")]
        results = self._all(table, "output")
        whole = self._names_of_result(chosen, table) if len(results) == 1 else ()
        self.outputs = [self._output(said, whole) for said in results]
        rules = self._all(table, "rule")
        if not self.columns or not rules or len(rules) > MOST_ROWS:
            raise self.refuse(table, text("has no column, no row, or more than 10,000 rows"))
        rows = [self._row(rule) for rule in rules]
        return self._changed_step(table, hit, rows)

    def _all(self, element: XmlElement, name: str) -> list[XmlElement]:
        return list(element.children_named(self.namespace, name))

    def _text(self, element: XmlElement | None) -> str:
        found = element.first_named(self.namespace, "text") if element is not None else None
        return found.text.strip() if found is not None else ""

    def _choose_table(self, root: XmlElement, wanted: str | None) -> tuple[XmlElement, XmlElement]:
        """The decision, and its table."""
        found = []
        for decision in self._all(root, "decision"):
            table = decision.first_named(self.namespace, "decisionTable")
            names = (decision.attributes.get("id"), decision.attributes.get("name"))
            if table is not None and (wanted is None or wanted in names):
                found.append((decision, table))
        if len(found) == 1:
            return found[0]
        if not found:
            raise self.refuse(root, text("holds no such decision table"))
        names_there = ", ".join(str(decision.attributes.get("name")) for decision, _ in found)
        raise self.refuse(
            root, text("holds several decision tables; name one of: %(names)s", names=names_there)
        )

    def _hit(self, table: XmlElement) -> str:
        policy = table.attributes.get("hitPolicy", "UNIQUE").upper().replace("_", " ")
        if policy not in _READ_AS:
            why = text(
                "has the hit policy %(policy)s; a map knows UNIQUE, FIRST, COLLECT and ANY",
                policy=policy,
            )
            raise self.refuse(table, why)
        return policy

    # -- columns --------------------------------------------------------------------------------

    def _find_field(self, names: Iterable[str]) -> str | None:
        fields = self.definition.fields
        for name in filter(None, names):
            if name in fields:
                return name
            for key, spec in fields.items():
                if display_title(key, spec.label).casefold() == name.casefold():
                    return key
            key = make_key(name, (), otherwise="")
            if key in fields:
                return key
        return None

    def _column(self, said: XmlElement) -> TableColumn:
        asked = said.first_named(self.namespace, "inputExpression")
        written = self._text(asked)
        is_fact = written in self.definition.facts
        names = (written, said.attributes.get("label", ""))
        key = written if is_fact else self._find_field(names)
        if key is None:
            why = text(
                "asks '%(name)s', and the map has no such field; add one, or a field that is worked"
                " out",
                name=(written or said.attributes.get("label", ""))[:80],
            )
            raise self.refuse(said, why)
        spec = self.definition.table_fields[key]
        if not fits_column(spec):
            raise self.refuse(
                said, text("asks '%(name)s', which is of a type that no table asks", name=key)
            )
        return TableColumn(key, spec)

    def _names_of_result(self, decision: XmlElement, table: XmlElement) -> tuple[str, ...]:
        """What the only result of a decision may be called: it need have no name of its own."""
        variable = decision.first_named(self.namespace, "variable")
        named = variable.attributes.get("name", "") if variable is not None else ""
        names = (
            named,
            decision.attributes.get("name", ""),
            table.attributes.get("outputLabel", ""),
        )
        return tuple(filter(None, names))

    def _output(self, said: XmlElement, whole: tuple[str, ...]) -> _Output:
        """A column of results; `whole` are the names of the decision, where it is the only one."""
        name, label = said.attributes.get("name", ""), said.attributes.get("label", "")
        if not name and not label:
            name, *_ = *whole, ""
        names = (name, label, *whole)
        key = None if said.attributes.get(WAY) else self._find_field(names)
        if key is not None:
            return _Output(key, self.definition.fields[key], said)
        if said.attributes.get(WAY) or name == "to":
            return _Output("to", None, said)
        why = text(
            "sets '%(name)s', and the map has no such field; add one, or call it `to` if it says"
            " the step that follows",
            name=(name or label)[:80],
        )
        raise self.refuse(said, why)

    # -- rows -----------------------------------------------------------------------------------

    def _row(self, rule: XmlElement) -> PlainStep:
        cells, results = self._all(rule, "inputEntry"), self._all(rule, "outputEntry")
        if len(cells) != len(self.columns) or len(results) != len(self.outputs):
            raise self.refuse(rule, text("has not as many cells as there are columns"))
        row: PlainStep = {}
        when = {
            column.key: written
            for column, cell in zip(self.columns, cells, strict=True)
            if (written := self._cell(column, cell)) is not None
        }
        said = dict(self._results(zip(self.outputs, results, strict=True)))
        to = said.pop("", None)
        row |= {"when": when} if when else {}
        row |= {"set": said} if said else {}
        row |= {"to": to} if to else {}
        note = self._note(rule)
        return row | ({"note": note[:LONGEST_NOTE]} if note else {})

    def _note(self, rule: XmlElement) -> str:
        for entry in self._all(rule, "annotationEntry"):
            if self._text(entry):
                return " ".join(self._text(entry).split())
        description = rule.first_named(self.namespace, "description")
        return " ".join(description.text.split()) if description is not None else ""

    def _cell(self, column: TableColumn, element: XmlElement) -> Any:
        """The cell as maps write it; None for any value."""
        written = self._text(element)
        cell = self._read(element, lambda: read_feel_cell(written, column))
        self._read(element, lambda: column.region_of(cell))
        return None if cell.takes_any else plain_cell(cell, column)

    def _read(self, element: XmlElement, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except CellProblem as problem:
            raise self.refuse(element, problem.text) from None

    def _results(self, pairs: Iterable[tuple[_Output, XmlElement]]) -> Iterator[tuple[str, Any]]:
        for output, element in pairs:
            written = self._text(element)
            if written in ("", "-"):
                continue
            if output.spec is None:
                yield "", self._target(element, written)
            elif written != "null":
                result = self._result(output.spec, element, written)
                if result is not None:
                    yield output.key, result

    def _result(self, spec: FieldSpec, element: XmlElement, written: str) -> Any:
        value = self._read(element, lambda: read_feel_result(written, spec))
        return None if value is None else type_of_field(spec).json_value(value)

    def _target(self, element: XmlElement, written: str) -> str:
        name = written.strip('"')
        for key, step in self.definition.steps.items():
            if name in (key, display_title(key, step.name)):
                return key
        raise self.refuse(
            element, text("leads to '%(step)s', and the map has no such step", step=name[:80])
        )

    # -- the step -------------------------------------------------------------------------------

    def _changed_step(self, table: XmlElement, policy: str, rows: list[PlainStep]) -> PlainStep:
        kept = {
            name: part
            for name, part in self.step.model_dump(by_alias=True, exclude_unset=True).items()
            if name not in ("inputs", "outputs", "hit", "collect", "rows", "defaults", "otherwise")
        }
        step = kept | {"inputs": [column.key for column in self.columns]}
        keys = [output.key for output in self.outputs if output.spec is not None]
        step |= {"outputs": keys} if keys else {}
        if policy != "UNIQUE":
            step["hit"] = _READ_AS[policy]
        step["rows"] = rows
        if policy == "COLLECT":
            step |= self._collected(table, keys, rows)
        step |= self._defaults()
        step = self._with_ways(step)
        self._check(table, policy, step)
        return step

    def _collected(self, table: XmlElement, keys: list[str], rows: list[PlainStep]) -> PlainStep:
        """How results are put together, and the one way that all rows lead."""
        aggregation = table.attributes.get("aggregation", "")
        how = AGGREGATIONS.get(aggregation)
        if how is None and aggregation not in ("", "LIST"):
            why = text(
                "puts its results together by %(how)s; a map knows SUM, MIN, MAX, COUNT, and lists",
                how=aggregation[:80],
            )
            raise self.refuse(table, why)
        for key in keys if how is None else ():
            if not type_of_field(self.definition.fields[key]).holds_several:
                why = text(
                    "collects without SUM, MIN, MAX or COUNT, which gives a list: make '%(field)s'"
                    " a field of the type choices or users, or say in the file how its results are"
                    " put together",
                    field=key,
                )
                raise self.refuse(table, why)
        ways = {row.get("to") for row in rows}
        if len(ways) > 1:
            why = text("collects rows that lead to several steps, and all may hold at once")
            raise self.refuse(table, why)
        without = [{name: part for name, part in row.items() if name != "to"} for row in rows]
        collected = {"collect": dict.fromkeys(keys, how or "list"), "rows": without}
        (way,) = ways
        return collected | ({"to": way} if way else {})

    def _defaults(self) -> PlainStep:
        found: PlainStep = {}
        for output in self.outputs:
            element = output.element.first_named(self.namespace, "defaultOutputEntry")
            written = self._text(element)
            if element is None or not written:
                continue
            if output.spec is None:
                found["otherwise"] = self._target(element, written)
            else:
                value = None if written == "null" else self._result(output.spec, element, written)
                if value is not None:
                    found.setdefault("defaults", {})[output.key] = value
        return found

    def _with_ways(self, step: PlainStep) -> PlainStep:
        """A file that says no way leads on where the table of the map led."""
        if all(row.get("to") for row in step["rows"]):
            if "otherwise" not in step and self.step.otherwise:
                step["otherwise"] = self.step.otherwise
            return step
        step.setdefault("to", self.step.to or self.step.otherwise)
        if step["to"] is None:
            del step["to"]
        if "otherwise" not in step and self.step.otherwise and "defaults" not in step:
            step["otherwise"] = self.step.otherwise
        return step

    def _check(self, element: XmlElement, policy: str, step: PlainStep) -> None:
        """The table can be asked; where any row may be taken, those that meet agree."""
        read = TableStep.model_validate(step)
        try:
            table = compile_table(read, self.definition.table_fields)
        except TableProblem as problem:
            raise self.refuse(element, problem.text) from None
        if policy != "ANY":
            return
        for one, other, _ in find_overlaps(table, space_of(table, frozenset())):
            rows = table.rows[one], table.rows[other]
            if (rows[0].results, rows[0].to) != (rows[1].results, rows[1].to):
                why = text(
                    "rows %(row)s and %(other)s hold at once and do not agree, as ANY asks",
                    row=one + 1,
                    other=other + 1,
                )
                raise self.refuse(element, why)


def plain_cell(cell: CellTests, column: TableColumn) -> Any:
    """A cell as a map's file has it: a single number or yes-no as such, else as text."""
    if len(cell.tests) == 1 and not cell.is_negated and isinstance(cell.tests[0], Equal):
        value = cell.tests[0].value
        if isinstance(value, bool | int):
            return value
    return write_cell(cell, column.write_value)
