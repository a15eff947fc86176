"""A column of a decision table: a field of the request, and what its cells mean for its values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property
from math import ceil, floor
from typing import Any, Final

from workflows.engine.format.table_parts import ANY, quote_word
from workflows.engine.tables.cell_tests import (
    Between,
    CellProblem,
    CellTests,
    Compare,
    Equal,
    IsEmpty,
    Test,
    read_cell,
)
from workflows.engine.tables.regions import Region, Span, leave_out, merge_spans
from workflows.engine.texts import Text, text
from workflows.engine.timing.dates import FIRST_DAY, LAST_DAY
from workflows.engine.values.bounds import parse_bound
from workflows.engine.values.field_types.base import (
    FieldSpec,
    FieldType,
    ValueRefused,
    type_of_field,
)
from workflows.engine.values.field_types.numbers import MAX_WHOLE_DIGITS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_BOOLEANS: Final[Mapping[bool, str]] = {True: "true", False: "false"}


def fits_column(spec: FieldSpec) -> bool:
    """Whether a field of this type can be a column that is asked."""
    field_type = type_of_field(spec)
    kind = field_type.kind
    if field_type.holds_document or field_type.name == "long_text":
        return False
    return kind in ("text", "boolean", "date") or (
        kind == "number" and field_type.shape(spec) is not None
    )


@dataclass(frozen=True)
class TableColumn:
    """A field that a table asks. `zone` is the site's, in which days begin."""

    key: str
    spec: FieldSpec
    zone: tzinfo = UTC

    @cached_property
    def type(self) -> FieldType:
        """The field's type."""
        return type_of_field(self.spec)

    @property
    def is_ordered(self) -> bool:
        """Whether its values are numbers or dates."""
        return self.type.kind in ("number", "date")

    @cached_property
    def whole(self) -> Region:
        """Every value that the field may have, and none."""
        if self.is_ordered:
            low, high = self._limits
            return Region(spans=((low, high),) if low <= high else (), with_empty=True)
        words = self._only_words()
        if words is None:
            return Region(is_open=True, with_empty=True)
        return Region(words=words, with_empty=True)

    @cached_property
    def _limits(self) -> Span:
        """The least and the most that the field takes: by its type, and where it says constants,
        by these."""
        low, high = self._bounds()
        least, most = (self._constant(getattr(self.spec, name, None)) for name in ("min", "max"))
        return (
            low if least is None else max(low, ceil(least)),
            high if most is None else min(high, floor(most)),
        )

    def _constant(self, written: str | int | float | None) -> Decimal | int | None:
        try:
            bound = parse_bound(self.type.kind, written) if written is not None else None
        except ValueError:  # the audit says so of the field
            return None
        limit = bound.constant if bound is not None else None
        if isinstance(limit, Decimal):
            return limit.scaleb(self._decimals)
        is_day = isinstance(limit, date) and not isinstance(limit, datetime)
        return limit.toordinal() if is_day and self.type.is_day and limit is not None else None

    def _bounds(self) -> Span:
        if self.type.kind == "number":
            most = 10 ** (MAX_WHOLE_DIGITS + self._decimals) - 1
            return -most, most
        if self.type.is_day:
            return FIRST_DAY.toordinal(), LAST_DAY.toordinal()
        first = datetime(FIRST_DAY.year, 1, 1, tzinfo=UTC) - _DAY
        last = datetime(LAST_DAY.year, 12, 31, tzinfo=UTC) + 2 * _DAY
        return _microseconds(first), _microseconds(last)

    def _only_words(self) -> frozenset[str] | None:
        if self.type.kind == "boolean":
            return frozenset(_BOOLEANS.values())
        return frozenset(self.spec.choices or ()) if self.type.has_choices else None

    @cached_property
    def _decimals(self) -> int:
        shape = self.type.shape(self.spec)
        assert shape is not None
        return shape.decimals

    # -- values ---------------------------------------------------------------------------

    def place(self, value: Any) -> int | str | None:
        """Where a canonical value stands: a whole number, or a word. Raises ValueError, TypeError
        or an ArithmeticError where the value is not canonical."""
        if value is None:
            return None
        if self.type.kind == "boolean":
            return _BOOLEANS[self.type.python_value(value, self.zone)]
        if self.type.kind == "number":
            number = self.type.python_value(value, self.zone).scaleb(self._decimals)
            if number != number.to_integral_value():
                raise ValueError("finer than its field")
            return int(number)
        if self.type.kind == "date":
            return self._place_of_date(value)
        return str(self.type.rule_value(value, self.zone))

    def _place_of_date(self, value: Any) -> int:
        if self.type.is_day:
            return date.fromisoformat(value).toordinal()
        return _microseconds(self.type.python_value(value, self.zone))

    def value_at(self, place: int | str) -> Any:
        """The canonical value that stands there."""
        if isinstance(place, str):
            return place == "true" if self.type.kind == "boolean" else place
        if self.type.kind == "number":
            return self.type.clean(self.spec, Decimal(place).scaleb(-self._decimals))
        if self.type.is_day:
            return date.fromordinal(place).isoformat()
        return self.type.clean(self.spec, _EPOCH + place * _MICROSECOND)

    def read_value(self, written: str, is_quoted: bool = False) -> Any:
        """The canonical value that a text in a cell means. Raises CellProblem."""
        try:
            return self.type.clean(self.spec, written)
        except ValueRefused as problem:
            raise CellProblem(problem.text) from None

    def write_value(self, value: Any) -> str:
        """A canonical value as cells have it."""
        if isinstance(value, bool):
            return _BOOLEANS[value]
        if self.is_ordered:
            return str(self.type.json_value(value)) if self._can_drop_zeros(value) else str(value)
        return quote_word(str(value))

    def _can_drop_zeros(self, value: Any) -> bool:
        """A number is kept with a zero more where it could be read as thousands without it."""
        written = str(self.type.json_value(value))
        shape = self.type.shape(self.spec)
        return shape is not None and not shape.is_ambiguous(written)

    # -- cells ----------------------------------------------------------------------------

    def read(self, written: Any) -> CellTests:
        """The tests of a cell. Raises CellProblem."""
        word = written.strip() if isinstance(written, str) else None
        if word != ANY and word in (self.spec.choices or ()):
            return CellTests((Equal(word),))
        return read_cell(written, self.read_value)

    def region_of(self, cell: CellTests) -> Region:
        """The values that a cell takes. An empty field is taken by `-` and by `null` alone, also
        where others are left out by not(…). Raises CellProblem."""
        if cell.takes_any:
            return self.whole
        says_empty = any(isinstance(test, IsEmpty) for test in cell.tests)
        tests = [test for test in cell.tests if not isinstance(test, IsEmpty)]
        with_empty = says_empty and not cell.is_negated
        if self.is_ordered:
            spans = merge_spans(self._span_of(test) for test in tests)
            if cell.is_negated:
                spans = leave_out(self.whole.spans, spans)
            return Region(spans=spans, with_empty=with_empty)
        words = frozenset(self._word_of(test) for test in tests)
        if not cell.is_negated:
            return Region(words=words, with_empty=with_empty)
        only = self._only_words()
        return Region(words=words, is_open=True) if only is None else Region(words=only - words)

    def _word_of(self, test: Test) -> str:
        if not isinstance(test, Equal):
            raise CellProblem(
                "only numbers and dates have an order; write the values, parted by commas."
            )
        return str(self.place(test.value))

    def _span_of(self, test: Test) -> Span:
        low, high = self._limits
        if isinstance(test, Equal):
            place = self._number_at(test.value)
            return place, place
        if isinstance(test, Compare):
            place = self._number_at(test.value)
            step = 0 if test.sign.endswith("=") else 1
            return (low, place - step) if test.sign.startswith("<") else (place + step, high)
        assert isinstance(test, Between)
        first, last = self._number_at(test.low), self._number_at(test.high)
        if first > last:
            raise CellProblem("the interval ends before it begins; change its sides.")
        return first + (not test.with_low), last - (not test.with_high)

    def _number_at(self, value: Any) -> int:
        place = self.place(value)
        assert isinstance(place, int)
        return place

    # -- words ----------------------------------------------------------------------------

    def example_of(self, region: Region) -> Text | str:
        """A value of a region, as a message shows it."""
        if region.spans:
            low, high = region.spans[0]
            return self.write_value(self.value_at(self._usual_place(low, high)))
        if region.words and not region.is_open:
            return min(region.words)
        if region.is_open:
            return text("anything else") if region.words else text("anything")
        return text("empty")

    def example_value(self, region: Region) -> Any:
        """A canonical value of a region; None for an empty field."""
        if region.spans:
            low, high = region.spans[0]
            return self.value_at(self._usual_place(low, high))
        if region.words and not region.is_open:
            return self.value_at(min(region.words))
        return self._other_word(region.words) if region.is_open else None

    def _usual_place(self, low: int, high: int) -> int:
        """The end of a span that a cell names: its first value, but of all below some number the
        last; of all that there are a plain one."""
        if (low, high) == self._bounds():
            return self._plain_place
        return high if low == self._bounds()[0] else low

    @property
    def _plain_place(self) -> int:
        if self.type.kind == "number":
            return 0
        return _PLAIN_DAY.toordinal() if self.type.is_day else _microseconds(_PLAIN_DAY)

    def _other_word(self, words: frozenset[str]) -> str:
        word = "something else"
        while word in words:
            word += " again"
        return word


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
