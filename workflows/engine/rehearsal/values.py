"""The values that simulated people and systems give to fields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import Any, Final

from workflows.engine.authority.asked_fields import unkept_values
from workflows.engine.authority.row_columns import ANYWHERE, columns_left
from workflows.engine.format.definition import FieldDef, HumanStep, WaitStep
from workflows.engine.rehearsal.clocks import to_moment
from workflows.engine.rehearsal.conditions import SOMEBODY, Conditions
from workflows.engine.rehearsal.fitting import (
    bound_context,
    draw_number_between,
    fit_cell,
    fit_value,
)
from workflows.engine.rehearsal.scenario import Scenario, ValueShares
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.known_facts import asks_of_requester
from workflows.engine.routing.waits import awaited_field
from workflows.engine.values.bounds import BoundContext
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.field_types.documents import max_files_of, min_files_of
from workflows.engine.values.field_types.rows import columns_of, max_rows_of, min_rows_of

AT_A_BOUNDARY: Final = 0.6
"""So often a value is taken at a rule's boundary, where the map has rules about the field."""
LEFT_EMPTY: Final = 4
"""Every so manyth time a field is left empty that need not be filled in."""
TRIES: Final = 8
USUAL_TEXTS: Final[Mapping[str, str]] = {
    "email": "person%d@example.com",
    "url": "https://example.com/%d",
    "phone": "+4930000%d",
}
MOST_DRAWN: Final = 3
"""So many people are drawn for a list of people, and rows for a list beyond its least."""
CHOSEN: Final = 0.5
"""So often a word is among several that are chosen."""
CHANGED_AT_FIRST: Final = 0.25
CHANGED_WHEN_BACK: Final = 0.5
"""So often somebody changes a value that is there already."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Who fills something in, and when: in which run, whose request, and what is there."""

    run: int
    moment: int
    requester: str | None
    data: Mapping[str, Any]
    wanted: Mapping[str, Any]
    """What this run is sent with on purpose."""
    disagrees: bool = False
    """Whether it is to write something else than what is there."""


@dataclass
class ValueMaker:
    """Makes up values for the fields of a map, at and around the boundaries of its rules."""

    graph: Graph
    scenario: Scenario
    conditions: Conditions

    def __post_init__(self) -> None:
        self._around: dict[str, list[Any]] = {}

    def fill(
        self, keys: Iterable[str], writer: Writer, random: Random, *, all_of_them: bool = False
    ) -> dict[str, Any]:
        """Values for empty fields; those that need not be filled in are sometimes left."""
        values: dict[str, Any] = {}
        for key in keys:
            spec = self.graph.definition.all_fields.get(key)
            if spec is None:
                continue
            value = self._first_value(key, spec, writer, values, random, needed=all_of_them)
            if value is not None:
                values[key] = value
        return self._settled(values, writer)

    def known_of_requester(self, writer: Writer, random: Random) -> dict[str, Any]:
        """What the directory says of whoever asks, of what rules ask: as often as was learnt, else
        what some rule sets it against, or something else."""
        drawn = {
            key: self._fact(key, writer, random) for key in sorted(asks_of_requester(self.graph))
        }
        return {key: value for key, value in drawn.items() if value not in (None, [])}

    def _fact(self, key: str, writer: Writer, random: Random) -> Any:
        shares, spec = self.scenario.values.get(key), self.graph.definition.facts[key]
        if key in writer.wanted and writer.wanted[key] is not SOMEBODY:
            return writer.wanted[key]
        if shares is not None and shares.values:
            return draw_value(shares, random)
        around = [*self._values_around(key), None]
        if type_of_field(spec).kind == "text":
            around.append("Something else")
        return around[random.randrange(len(around))]

    def _settled(self, values: dict[str, Any], writer: Writer) -> dict[str, Any]:
        """Without what is not asked for, which is emptied where it is there."""
        unkept = unkept_values(self.graph, {**writer.data, **values})
        kept = {key: value for key, value in values.items() if key not in unkept}
        return kept | {key: None for key in unkept if writer.data.get(key) is not None}

    def _first_value(
        self,
        key: str,
        spec: FieldDef,
        writer: Writer,
        values: Mapping[str, Any],
        random: Random,
        *,
        needed: bool,
    ) -> Any:
        wanted = writer.wanted.get(key, SOMEBODY)
        if wanted is not SOMEBODY:
            return wanted
        learnt = self.scenario.source == "learnt" and key in self.scenario.values
        asked = spec.required or spec.required_when
        optional = not (asked or needed or learnt or writer.disagrees)
        if optional and (writer.run + len(key)) % LEFT_EMPTY == 0 and key not in writer.wanted:
            return None
        return self._draw(key, spec, writer, values, random)

    def rewrite(
        self, keys: Iterable[str], writer: Writer, random: Random, *, is_back: bool
    ) -> dict[str, Any]:
        """What a person gives who finds some of the fields filled in: the whole of the form."""
        share = CHANGED_WHEN_BACK if is_back else CHANGED_AT_FIRST
        values: dict[str, Any] = {}
        for key in keys:
            spec = self.graph.definition.all_fields[key]
            current = writer.data.get(key)
            if current is None and writer.wanted.get(key, SOMEBODY) is None:
                values[key] = self._draw(key, spec, writer, values, random)
            elif current is None:
                values |= self.fill([key], writer, random)
            elif writer.disagrees:
                values[key] = self._draw_another(key, spec, writer, values, random)
            elif random.random() < share:
                values[key] = self._draw(key, spec, writer, values, random)
            else:
                values[key] = current
        return self._settled(values, writer)

    def _draw_another(
        self,
        key: str,
        spec: FieldDef,
        writer: Writer,
        values: Mapping[str, Any],
        random: Random,
    ) -> Any:
        for _ in range(TRIES):
            value = self._draw(key, spec, writer, values, random)
            if value is not None and value != writer.data.get(key):
                return value
        return writer.data.get(key)

    # -- one value ------------------------------------------------------------------------

    def _draw(
        self,
        key: str,
        spec: FieldDef,
        writer: Writer,
        values: Mapping[str, Any],
        random: Random,
    ) -> Any:
        shares = self.scenario.values.get(key)
        field_type = type_of_field(spec)
        if field_type.names_person:
            return self._draw_person(shares, writer, values, random)
        if field_type.names_people:
            return self._draw_people(shares, writer, random)
        if field_type.holds_rows:
            return self._draw_rows(key, spec, writer, random)
        if field_type.holds_document and field_type.holds_several:
            return _more_documents(key, spec, writer.data.get(key), random)
        if field_type.holds_several:
            return [word for word in spec.choices or () if random.random() < CHOSEN] or None
        if shares is not None:
            return draw_value(shares, random)
        known = {**writer.data, **values}
        drawn = self._draw_free(key, spec, known, writer, random)
        return fit_value(self.graph, key, drawn, known, writer.moment)

    def _draw_free(
        self,
        key: str,
        spec: FieldDef,
        known: Mapping[str, Any],
        writer: Writer,
        random: Random,
    ) -> Any:
        """A value of the type, whatever else the field asks for."""
        field_type = type_of_field(spec)
        if field_type.holds_document:
            return _next_document(key, writer.data.get(key))
        around = self._values_around(key)
        has_rules = bool(self.conditions.literals.get(key))
        if around and (spec.choices or field_type.kind == "boolean"):
            return around[random.randrange(len(around))]
        if around and has_rules and random.random() < AT_A_BOUNDARY:
            return around[random.randrange(len(around))]
        context = bound_context(self.graph, self.graph.definition.all_fields, known, writer.moment)
        return self._usual_value(key, spec, context, writer, random)

    def _values_around(self, key: str) -> list[Any]:
        if key not in self._around:
            self._around[key] = self.conditions.candidates(key)
        return self._around[key]

    def _usual_value(
        self, key: str, spec: FieldSpec, context: BoundContext, writer: Writer, random: Random
    ) -> Any:
        field_type = type_of_field(spec)
        if field_type.kind == "number":
            between = draw_number_between(spec, context, random)
            if between is not None:
                return field_type.clean(spec, between)
            number = random.randrange(1, 100) * 10 ** random.randrange(0, 4)
            return field_type.clean(spec, Decimal(number))
        if field_type.kind == "date":
            moment = to_moment(writer.moment) + timedelta(days=self._days_ahead(key, random))
            return field_type.clean(spec, moment.date() if field_type.is_day else moment)
        return USUAL_TEXTS.get(spec.type, "Text %d") % random.randrange(1, 1000)

    def _days_ahead(self, key: str, random: Random) -> int:
        """From when due dates are reckoned, something has begun; what is waited for is to come."""
        return -random.randrange(0, 2) if key in self._begun_dates else random.randrange(2, 20)

    @cached_property
    def _begun_dates(self) -> frozenset[str]:
        steps = self.graph.steps.values()
        waited = {awaited_field(step) for step in steps if isinstance(step, WaitStep)}
        rules = [
            step.due
            for step in steps
            if isinstance(step, HumanStep) and step.due and not isinstance(step.due, str)
        ]
        to_come = waited | {rule.field for rule in rules if rule.before}
        return frozenset({rule.field for rule in rules} - to_come)

    def _draw_person(
        self,
        shares: ValueShares | None,
        writer: Writer,
        values: Mapping[str, Any],
        random: Random,
    ) -> str | None:
        """Somebody else than whoever asks, and than those who are named already, where there is
        one: nobody names themselves."""
        if shares is None or not shares.values:
            return None
        named = {value for value in {**writer.data, **values}.values() if isinstance(value, str)}
        for unwanted in (named | {writer.requester}, {writer.requester}, set[str | None]()):
            others = tuple(pair for pair in shares.values if pair[0] not in unwanted)
            if others:
                return str(draw_value(ValueShares(values=others), random))
        return None

    def _draw_people(
        self, shares: ValueShares | None, writer: Writer, random: Random
    ) -> list[str] | None:
        """A few people, none twice and not whoever asks."""
        named: dict[str, Any] = {}
        for number in range(random.randrange(1, MOST_DRAWN + 1)):
            person = self._draw_person(shares, writer, named, random)
            if person is not None:
                named[str(number)] = person
        return list(dict.fromkeys(named.values())) or None

    def _draw_rows(
        self, key: str, spec: FieldDef, writer: Writer, random: Random
    ) -> list[dict[str, Any]]:
        """A few rows, every column filled in."""
        least = min_rows_of(spec)
        most = min(max_rows_of(spec), least + MOST_DRAWN)
        count = random.randrange(least, most + 1)
        return [self._draw_row(key, spec, writer, random) for _ in range(count)]

    def _draw_row(self, key: str, spec: FieldDef, writer: Writer, random: Random) -> dict[str, Any]:
        row: dict[str, Any] = {}
        columns, cells = columns_of(spec), self.graph.cells_of(key)
        left = columns_left(self.graph, key, ANYWHERE)
        for name in columns:
            if name in left:
                continue
            value = self._draw_cell(key, name, columns, row, writer, random)
            if value is not None:
                row[name] = value
        return cells.settled(row)

    def _draw_cell(
        self,
        key: str,
        name: str,
        columns: Mapping[str, FieldSpec],
        row: Mapping[str, Any],
        writer: Writer,
        random: Random,
    ) -> Any:
        column, place = columns[name], f"{key}.{name}"
        field_type = type_of_field(column)
        if field_type.names_person:
            return self._draw_person(self.scenario.values.get(place), writer, row, random)
        if column.choices or field_type.kind == "boolean":
            words = list(column.choices or (True, False))
            return words[random.randrange(len(words))]
        context = bound_context(self.graph, columns, row, writer.moment)
        drawn = self._usual_value(place, column, context, writer, random)
        return fit_cell(self.graph, columns, name, drawn, row, writer.moment)


def draw_value(shares: ValueShares, random: Random) -> Any:
    """One of the values, as often as it weighs."""
    place = random.random() * sum(weight for _, weight in shares.values)
    for value, weight in shares.values:
        place -= weight
        if place < 0:
            return value
    return shares.values[-1][0]


def _next_document(key: str, current: Any) -> dict[str, Any]:
    version = current["version"] + 1 if isinstance(current, Mapping) else 1
    return {"name": f"{key}.pdf", "version": version, "sha256": f"{version:064x}"}


def _more_documents(
    key: str, spec: FieldSpec, current: Any, random: Random
) -> list[dict[str, Any]]:
    """Those that are there, and one to three more as far as there is room."""
    files = list(current or ())
    least = max(1, min_files_of(spec) - len(files))
    most = min(least + MOST_DRAWN - 1, max_files_of(spec) - len(files))
    for _ in range(random.randrange(least, most + 1) if most >= least else 0):
        number = max((file["version"] for file in files), default=0) + 1
        files.append({"name": f"{key}-{number}.pdf", "version": number, "sha256": f"{number:064x}"})
    return files
