"""The tables of the report page, each of which is a CSV file too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from reporting.bottlenecks import Bottlenecks, Known, Totals
from reporting.bottlenecks_words import SECOND, percent, role_name, work_span
from reporting.wording import span

BAR = 100
"""The widest bar, in the picture's own units."""
KINDS = {"waiting": ("Waiting", "waiting"), "lead_in": ("Lead-in", "lead_in")}
"""What a kind of time is called, on the page and in CSV headings."""
Value = str | float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: as people read it, and its value for the CSV (seconds, shares, counts)."""

    text: str
    value: Value
    small: str = ""
    late: bool = False
    bars: Sequence[tuple[str, float, float]] = ()
    """Kind, begin and width of each bar under a row's name."""


SHOWN = 100
"""So many rows of a table are on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the page; `columns` are its headings, with the heading in the CSV."""

    key: str
    title: str
    hint: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]
    charts: Sequence[tuple[str, SafeString]] = ()

    @property
    def labelled(self) -> list[tuple[Cell, list[tuple[str, Cell]]]]:
        """Each row as its heading, and its other cells with their columns' names."""
        names = [name for name, _ in self.columns[1:]]
        shown = self.rows[:SHOWN]
        return [(row[0], list(zip(names, row[1:], strict=True))) for row in shown]

    @property
    def shown_of(self) -> str:
        """What the page leaves to the CSV; empty where it shows all."""
        left_out = len(self.rows) > SHOWN
        return f"The first {SHOWN} of {len(self.rows):,} rows; the CSV has all." if left_out else ""

    @property
    def csv_header(self) -> list[str]:
        """The columns of the CSV; a second value in a cell has none of its own."""
        return [name for _, name in self.columns]


# -- cells ------------------------------------------------------------------------------------


def named(text: str, bars: Sequence[tuple[str, float, float]] = ()) -> Cell:
    return Cell(text=text, value=text, bars=bars)


def counted(number: int, *, late: bool = False) -> Cell:
    return Cell(text=f"{number:,}", value=number, late=late)


def part(share: float | None, *, late: bool = False) -> Cell:
    return Cell(text=percent(share), value=None if share is None else round(share, 4), late=late)


def clock(seconds: float | None, small: float | None = None) -> Cell:
    text = "" if small is None else span(small)
    return Cell(text=span(seconds), value=rounded(seconds), small=text)


def work(
    seconds: float | None, day: int, *, small: float | None = None, sign: bool = False
) -> Cell:
    """Business time; with its sign where it is a difference."""
    plus = "+" if sign and seconds is not None and seconds > 0 else ""
    return Cell(
        text=plus + work_span(seconds, day),
        value=rounded(seconds),
        small="" if small is None else work_span(small, day),
        late=bool(plus),
    )


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def bar(kind: str, value: float, most: float) -> list[tuple[str, float, float]]:
    return [(kind, 0.0, round(BAR * value / most, 2) if most else 0.0)]


# -- tables -----------------------------------------------------------------------------------


def lost_table(found: Bottlenecks, steps: Mapping[str, Totals]) -> Table:
    """Where time is lost: expected against actual, and what it adds up to."""
    expected, open_now = found.expected(), found.open_now()
    loss = sum(totals.excess for totals in steps.values())
    waiting = sum(found.waited(totals) for totals in steps.values())
    most = max(((t.excess if loss else found.waited(t)) for t in steps.values()), default=0)
    names = [*steps, *(step for step in open_now if step not in steps)]
    rows = []
    for name in names:
        totals = steps.get(name) or Totals()
        actual = totals.at("taken_business")[0]
        wanted = expected.get(name)
        gap = None if actual is None or wanted is None else actual - wanted
        of_all = _share(totals.excess, loss) if loss else _share(found.waited(totals), waiting)
        rows.append(
            [
                named(name, bar("waiting", totals.excess if loss else found.waited(totals), most)),
                counted(totals.completed),
                counted(open_now.get(name, 0)),
                work(wanted, found.day),
                work(actual, found.day),
                work(gap, found.day, sign=True),
                work(totals.excess / SECOND, found.day) if loss
                else clock(found.waited(totals) / SECOND),
                part(of_all),
            ]
        )  # fmt: skip
    kind, key = KINDS[found.known.kind]
    total = ("Lost", "excess_s") if loss else (f"{kind}, total", f"{key}_total_s")
    return Table(
        key="steps",
        title="Steps, most time lost first" if loss else f"Steps, most {kind.lower()} first",
        hint="Lost: working time of all tasks beyond what the map expects of the step. Actual: the"
        " median, queue included."
        if loss
        else f"{kind} by the clock. Nothing took longer than the map expects, or it expects"
        " nothing.",
        columns=(
            ("Step", "step"), ("Done", "completed"), ("Open now", "open_now"),
            ("Expected", "expected_business_s"), ("Actual", "actual_median_business_s"),
            ("Gap", "gap_business_s"), total, ("Share", "share"),
        ),
        rows=rows,
    )  # fmt: skip


def _share(value: int, whole: int) -> float | None:
    return value / whole if whole else None


def times_table(found: Bottlenecks, steps: Mapping[str, Totals]) -> Table:
    """Medians and 90th percentiles, by the clock and in working time."""
    if found.known.kind == "lead_in":
        rows = [[named(name), *pair(*totals.at("lead_in"))] for name, totals in steps.items()]
        columns = [("Step", "step"), ("Lead-in", "lead_in_median_s"), ("9 of 10", "lead_in_p90_s")]
        hint = (
            "These rows have one time each, so waiting and working cannot be told apart: lead-in"
            " is the time since the row before."
        )
        return Table(key="times", title="How long each step takes", hint=hint, columns=columns,
                     rows=rows)  # fmt: skip
    longest = max((_at(t, "waiting") + _at(t, "working") for t in steps.values()), default=0.0)
    rows = [_time_row(found, name, totals, longest) for name, totals in steps.items()]
    mixed = [("Lead-in", "lead_in_median_s"), ("9 of 10", "lead_in_p90_s")]
    return Table(
        key="times",
        title="How long each step takes",
        hint="Half take at most the first figure, 9 of 10 at most the second. By the clock, and in"
        " working time of the workflow's calendar. Bars: waiting, then working, by the clock."
        + known_words(found.known),
        columns=(
            ("Step", "step"),
            ("Waiting", "waiting_median_s"), ("9 of 10", "waiting_p90_s"),
            ("Working", "working_median_s"), ("9 of 10", "working_p90_s"),
            ("Waiting, working time", "waiting_median_business_s"),
            ("9 of 10", "waiting_p90_business_s"),
            ("Working, working time", "working_median_business_s"),
            ("9 of 10", "working_p90_business_s"),
            *(mixed if found.known.is_mixed else ()),
        ),
        rows=rows,
    )  # fmt: skip


def _at(totals: Totals, name: str) -> float:
    return totals.at(name)[0] or 0.0


def pair(median: float | None, p90: float | None) -> list[Cell]:
    return [clock(median), clock(p90)]


def _time_row(found: Bottlenecks, name: str, totals: Totals, longest: float) -> list[Cell]:
    waits, works = _at(totals, "waiting"), _at(totals, "working")
    scale = BAR / longest if longest else 0.0
    bars = [("waiting", 0.0, round(waits * scale, 2)),
            ("working", round(waits * scale, 2), round(works * scale, 2))]  # fmt: skip
    return [
        named(name, bars),
        *pair(*totals.at("waiting")),
        *pair(*totals.at("working")),
        *(work(value, found.day) for value in totals.at("waiting_business")),
        *(work(value, found.day) for value in totals.at("working_business")),
        *(pair(*totals.at("lead_in")) if found.known.is_mixed else ()),
    ]


def known_words(known: Known) -> str:
    """For what share of the tasks times are known, where it is not for all."""
    if known.working == known.tasks or not known.tasks:
        return ""
    return (
        f" When work began is known of {known.working:,} of {known.tasks:,} tasks"
        f" ({percent(known.working / known.tasks)}); waiting and working are theirs. The others"
        " have a lead-in: the time from when the work was there, or since the row before, to its"
        " end."
    )


def wrong_table(steps: Mapping[str, Totals]) -> Table:
    ranked = sorted(
        steps.items(), key=lambda one: -(one[1].overdue + one[1].reworked + one[1].exceptions)
    )
    return Table(
        key="wrong",
        title="What goes wrong",
        hint="Shares of the tasks done: overdue when done; a second round or later; ended on an"
        " exception path (rejected, failed). Cancelled tasks were not needed any more.",
        columns=(
            ("Step", "step"), ("Overdue", "overdue_share"), ("Done again", "rework_share"),
            ("Rejected", "exception_share"), ("Cancelled", "cancelled"),
        ),
        rows=[
            [
                named(name),
                *(part(totals.share(kind), late=(totals.share(kind) or 0) >= 0.2)
                  for kind in ("overdue", "reworked", "exceptions")),
                counted(totals.cancelled),
            ]
            for name, totals in ranked
        ],
    )  # fmt: skip


def handoffs_table(found: Bottlenecks) -> Table:
    pairs = list(found.by_handoff().items())
    whole = sum(found.waited(totals) for totals in found.pairs.values())
    most = max((found.waited(totals) for _, totals in pairs), default=0)
    kind, key = KINDS[found.known.kind]
    return Table(
        key="handoffs",
        title=f"Hand-offs by total {kind.lower()}",
        hint="From the step before to the step; by the clock.",
        columns=(
            ("From → to", "hand_off"), ("Times", "count"), ("Total", f"{key}_total_s"),
            ("Median", f"{key}_median_s"), ("9 of 10", f"{key}_p90_s"), ("Share", "share"),
        ),
        rows=[
            [
                named(f"{source} → {target}", bar("waiting", found.waited(totals), most)),
                counted(totals.completed),
                clock(found.waited(totals) / SECOND),
                *pair(*totals.at(found.known.kind)),
                part(_share(found.waited(totals), whole)),
            ]
            for (source, target), totals in pairs
        ],
    )  # fmt: skip


def roles_table(found: Bottlenecks) -> Table:
    roles = found.by_role()
    if set(roles) <= {""}:
        roles = {}
    most = max((totals.excess for totals in roles.values()), default=0)
    return Table(
        key="roles",
        title="Roles",
        hint="Each role's steps together, in working time; lost: beyond what the map expects.",
        columns=(
            ("Role", "role"), ("Done", "completed"), ("Waiting", "waiting_median_business_s"),
            ("9 of 10", "waiting_p90_business_s"), ("Working", "working_median_business_s"),
            ("Lost", "excess_s"), ("Overdue", "overdue_share"),
        ),
        rows=[
            [
                named(role_name(role), bar("waiting", totals.excess, most)),
                counted(totals.completed),
                *(work(value, found.day) for value in totals.at("waiting_business")),
                work(totals.at("working_business")[0], found.day),
                work(totals.excess / SECOND, found.day),
                part(totals.share("overdue")),
            ]
            for role, totals in roles.items()
        ],
    )  # fmt: skip


def versions_table(found: Bottlenecks) -> Table:
    """Before and after: the newest version with tasks in the period beside the one before it."""
    by = found.by_version()
    numbers = sorted({number for (_, number), totals in by.items() if totals.completed})[-2:]
    rows = []
    if len(numbers) == 2:
        old, new = numbers
        for step in dict.fromkeys(step for step, _ in by):
            before, after = (by.get((step, number)) or Totals() for number in (old, new))
            one, other = (totals.at("taken_business")[0] for totals in (before, after))
            change = None if one is None or other is None else other - one
            rows.append(
                [
                    named(step),
                    counted(before.completed),
                    work(one, found.day),
                    counted(after.completed),
                    work(other, found.day),
                    work(change, found.day, sign=True),
                ]
            )
    shown = [str(number) for number in numbers] if rows else ["", ""]
    return Table(
        key="versions",
        title="Before and after the newest version",
        hint="Median working time, queue included, of tasks done in the period. A step that only"
        " one version has is compared with nothing.",
        columns=(
            ("Step", "step"),
            (f"Done in v{shown[0]}", "before_completed"),
            (f"Median in v{shown[0]}", "before_median_business_s"),
            (f"Done in v{shown[-1]}", "after_completed"),
            (f"Median in v{shown[-1]}", "after_median_business_s"),
            ("Change", "change_business_s"),
        ),
        rows=rows,
    )
