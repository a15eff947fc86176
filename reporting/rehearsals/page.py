"""What the page of a rehearsal shows: findings, an example run, figures, and what if."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext

from reporting.costs.queries import Rates
from reporting.rehearsals.costs import cost_per_run
from reporting.rehearsals.messages import KIND_TITLES, change_words, outcome_words
from reporting.rehearsals.preparing import Setting
from workflows.definitions.diagrams.maps import draw_map
from workflows.definitions.diagrams.overlay import (
    MapOverlay,
    StepOverlay,
    Tone,
    ToneMeaning,
    tone_key,
)
from workflows.definitions.diagrams.parts import MapDiagram
from workflows.engine.format.definition import HUMAN_KINDS, Definition, display_title
from workflows.engine.rehearsal.clocks import to_moment
from workflows.engine.rehearsal.comparing import Alternative
from workflows.engine.rehearsal.figures import StepFigures
from workflows.engine.rehearsal.findings import Finding
from workflows.engine.rehearsal.records import RunRecord
from workflows.engine.rehearsal.rehearsing import Rehearsal
from workflows.language.formats import money_text, share_text


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """A finding as it is listed."""

    finding: Finding
    title: str
    step: str

    @property
    def often(self) -> str:
        """How often in a hundred; nothing where only a run met it that was sent there."""
        return share_text(self.finding.share) if self.finding.share else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentLine:
    """A moment of an example run."""

    number: int
    at: datetime
    step: str
    what: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRun:
    """A run to step through, and where in it the page is."""

    run: RunRecord
    lines: Sequence[MomentLine]
    place: int

    @property
    def now(self) -> MomentLine:
        """The moment that is shown."""
        return self.lines[self.place]

    @property
    def before(self) -> int | None:
        """The moment before, by number."""
        return self.place if self.place > 0 else None

    @property
    def after(self) -> int | None:
        """The moment after, by number."""
        return self.place + 2 if self.place + 1 < len(self.lines) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """The figures of one step."""

    title: str
    figures: StepFigures
    is_bottleneck: bool
    is_human: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Today, or what would be with a change."""

    title: str
    rehearsal: Rehearsal
    bottleneck: str
    cost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalPage:
    """The whole page."""

    findings: Sequence[FindingLine]
    picture: MapDiagram
    key: Sequence[ToneMeaning]
    example: ExampleRun | None
    steps: Sequence[StepLine]
    columns: Sequence[Column]

    @property
    def today(self) -> Column:
        """What is expected as the map is."""
        return self.columns[0]

    @property
    def alternatives(self) -> Sequence[Column]:
        """What would be with changes."""
        return self.columns[1:]


def build_page(
    setting: Setting,
    rehearsal: Rehearsal,
    alternatives: Sequence[Alternative],
    *,
    run: int | None,
    moment: int,
    today: date,
) -> RehearsalPage:
    """Put it together. Two statements, for the rates."""
    definition, rates = setting.definition, Rates()
    example = _build_example(definition, rehearsal.run(run) if run else None, moment)
    overlay = _lay_over(rehearsal, example)
    columns = [
        _build_column(gettext("Today"), definition, rehearsal, rates, today),
        *(
            _build_column(
                ", ".join(change_words(definition, change) for change in each.changes),
                each.definition,
                each.rehearsal,
                rates,
                today,
            )
            for each in alternatives
        ),
    ]
    return RehearsalPage(
        findings=[_finding_line(definition, finding) for finding in rehearsal.findings],
        picture=draw_map(definition, overlay),
        key=tone_key(
            {Tone.BAD: gettext("something goes wrong here"), Tone.NOTICE: gettext("open now")},
            overlay,
        ),
        example=example,
        steps=[
            StepLine(
                title=_title(definition, each.step),
                figures=each,
                is_bottleneck=each.step == rehearsal.figures.bottleneck,
                is_human=definition.steps[each.step].kind in HUMAN_KINDS,
            )
            for each in rehearsal.figures.steps
        ],
        columns=columns,
    )


def _title(definition: Definition, key: str) -> str:
    return display_title(key, definition.steps[key].name)


def _finding_line(definition: Definition, finding: Finding) -> FindingLine:
    return FindingLine(
        finding=finding,
        title=str(KIND_TITLES[finding.kind]),
        step=_title(definition, finding.step) if finding.step else "",
    )


def _build_example(definition: Definition, run: RunRecord | None, moment: int) -> ExampleRun | None:
    if run is None or not run.moments:
        return None
    lines = [
        MomentLine(
            number=number,
            at=to_moment(each.at),
            step=_title(definition, each.step) if each.step else "",
            what=outcome_words(definition, each.step, each.outcome),
            who=each.who or "",
        )
        for number, each in enumerate(run.moments, start=1)
    ]
    return ExampleRun(run=run, lines=lines, place=min(max(moment, 1), len(lines)) - 1)


def _lay_over(rehearsal: Rehearsal, example: ExampleRun | None) -> MapOverlay:
    """With an example where the request stands; else where things go wrong, and the queues."""
    if example is not None:
        return MapOverlay(steps=_open_steps(example))
    wrong = {finding.step for finding in rehearsal.findings if finding.step}
    steps: dict[str, StepOverlay] = {}
    queues = {each.step: each.queue_mean for each in rehearsal.figures.steps}
    for step in {**queues, **dict.fromkeys(sorted(wrong))}:
        queue = queues.get(step, 0.0)
        badge = f"{queue:.1f}" if queue >= 0.05 else ""
        if badge or step in wrong:
            steps[step] = StepOverlay(badge=badge, tone=Tone.BAD if step in wrong else None)
    return MapOverlay(steps=steps)


def _open_steps(example: ExampleRun) -> Mapping[str, StepOverlay]:
    moment = example.run.moments[example.place]
    steps = {step: StepOverlay(tone=Tone.NOTICE) for step in moment.open}
    if moment.step is not None:
        tone = steps[moment.step].tone if moment.step in steps else None
        steps[moment.step] = StepOverlay(tone=tone, is_selected=True)
    return steps


def _build_column(
    title: str, definition: Definition, rehearsal: Rehearsal, rates: Rates, today: date
) -> Column:
    bottleneck = rehearsal.figures.bottleneck
    cost = cost_per_run(definition, rehearsal.figures, rates, today)
    return Column(
        title=title,
        rehearsal=rehearsal,
        bottleneck=_title(definition, bottleneck) if bottleneck else "",
        cost=", ".join(money_text(amount, currency) for currency, amount in cost.items()),
    )
