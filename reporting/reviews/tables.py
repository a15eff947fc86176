"""A review's facts as tables: the same for the page, the CSV files and the command line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reporting.bottlenecks_words import work_span
from reporting.reviews.measures import WORK
from reporting.wording import NONE, span

DAY = 86400


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: as people read it, and as a spreadsheet reckons with it."""

    text: str
    value: Any
    is_number: bool = False
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with its name in addresses, its heading, and what to know of it."""

    name: str
    title: str
    hint: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]

    @property
    def labelled(self) -> list[list[tuple[str, Cell]]]:
        """The rows with each cell's column."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]

    def as_text(self) -> Iterator[str]:
        """The table for a terminal."""
        yield f"\n{self.title}"
        lines = [self.columns, *(tuple(cell.text for cell in row) for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        for line in lines:
            yield (
                "  "
                + "  ".join(
                    text.ljust(width) for text, width in zip(line, widths, strict=True)
                ).rstrip()
            )


def tables(facts: Mapping[str, Any]) -> list[Table]:
    """All tables that have something to say, in the page's order."""
    made = (
        *(_against(facts), _fixes(facts), _steps(facts), _ways(facts)),
        *(_incidents(facts), _past_approvals(facts)),
    )
    return [table for table in made if table.rows]


def amount(value: Any, unit: str, day: int = DAY) -> str:
    """A figure in its unit, as people say it; a working day has `day` seconds."""
    if value is None:
        return NONE
    if unit == WORK:
        return work_span(float(value), day)
    if unit == "s":
        return span(float(value))
    if unit == "share":
        return f"{float(value):.1%}"
    if unit == "min":
        return f"{float(value):,.1f} min"
    return f"{float(value):,.0f}"


def _text(value: Any) -> Cell:
    return Cell(str(value), str(value))


def _number(value: Any, unit: str = "count", *, is_bad: bool = False, day: int = DAY) -> Cell:
    return Cell(amount(value, unit, day), value, is_number=True, is_bad=is_bad)


def _against(facts: Mapping[str, Any]) -> Table:
    return Table(
        name="figures",
        title="Against the last review and before",
        hint="A request went well when it came to an end by a way that the map does not mark as an"
        " exception. It had an error when a step was done again or an incident was opened.",
        columns=("Figure", "Now", "Last review", "Before the workflow"),
        rows=[
            [_text(one["what"]), *(_number(one[when], one["unit"]) for when in
                                   ("now", "last", "baseline"))]
            for one in facts["against"]
        ],
    )  # fmt: skip


def _fixes(facts: Mapping[str, Any]) -> Table:
    day = facts["working_day_s"]
    return Table(
        name="fixes",
        title="Did the fixes of the last review help?",
        hint="The figure of each finding that was to be fixed, then and now.",
        columns=("Finding", "Then", "Now", "Helped"),
        rows=[
            [
                _text(one["words"]),
                _number(one["before"], one["unit"], day=day),
                Cell("gone", None)
                if one["after"] is None
                else _number(one["after"], one["unit"], day=day),
                Cell("yes" if one["helped"] else "no", one["helped"], is_bad=not one["helped"]),
            ]
            for one in facts.get("fixes", [])
        ],
    )


def _steps(facts: Mapping[str, Any]) -> Table:
    day = facts["working_day_s"]
    return Table(
        name="steps",
        title="Steps",
        hint="Times are working time, waiting and working together (wd: working days); the gap is"
        " the median over what is expected.",
        columns=("Step", "Kind", "Used", "Skipped", "Median", "9 of 10", "Expected", "Gap"),
        rows=[
            [
                _text(one["name"]),
                _text(one["kind"]),
                _number(one["used"]),
                _number(one["skipped"]),
                *(
                    _number(one[name], WORK, day=day)
                    for name in ("median_s", "p90_s", "expected_s")
                ),
                _number(one["gap_s"], WORK, is_bad=(one["gap_s"] or 0) > 0, day=day),
            ]
            for one in facts["steps"]
        ],
    )


def _ways(facts: Mapping[str, Any]) -> Table:
    return Table(
        name="ways",
        title="Ways, the least taken first",
        hint="Exception ways may well rest; the others are there to be taken.",
        columns=("Way", "Kind", "Taken"),
        rows=[
            [
                _text(one["words"]),
                _text("exception" if one["exception"] else one["kind"]),
                _number(one["taken"], is_bad=not one["taken"] and not one["exception"]),
            ]
            for one in sorted(facts["ways"], key=lambda one: (one["exception"], one["taken"]))
        ],
    )


def _incidents(facts: Mapping[str, Any]) -> Table:
    return Table(
        name="incidents",
        title="Incidents by code",
        hint="Incidents that were opened in the period.",
        columns=("Code", "Count", "Still open", "Steps"),
        rows=[
            [
                _text(one["code"]),
                _number(one["count"]),
                _number(one["open"], is_bad=bool(one["open"])),
                _text(", ".join(f"{step} ({count})" for step, count in one["steps"].items())),
            ]
            for one in facts["incidents"]
        ],
    )


def _past_approvals(facts: Mapping[str, Any]) -> Table:
    return Table(
        name="past_approvals",
        title="Approvals that were gone past",
        hint="How often a request was sent on by hand past an approval that had not been given.",
        columns=("Approval", "Count"),
        rows=[
            [_text(one["step"]), _number(one["count"], is_bad=True)]
            for one in facts.get("past_approvals") or []  # older reviews did not count it
        ],
    )


def lines_of(facts: Mapping[str, Any]) -> Iterator[str]:
    """All facts for a terminal."""
    period = facts["period"]
    yield (
        f"{facts['name']}, version {facts['version']}: {_day(period['since'])} to"
        f" {_day(period['until'])}"
    )
    yield f"Owner {facts['owner'] or 'nobody'}, deputy {facts['deputy'] or 'nobody'}"
    for table in tables(facts):
        yield from table.as_text()
    yield "\nSaved"
    yield from (f"  {sentence}" for sentence in facts["saved"]["words"])
    yield f"\nFindings: {len(facts['findings'])}"
    yield from (f"  {number}. {one['words']}" for number, one in enumerate(facts["findings"], 1))


def _day(moment: Any) -> str:
    return str(moment)[:10]
