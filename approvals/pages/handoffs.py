"""Handoffs between teams as their pages show them: mine, one pair of teams, one workflow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from approvals.pages.position_texts import request_state_text, short_holder_text
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import NotFound
from workflows.execution.queries.handoffs import (
    OLDEST_TASKS,
    Handoff,
    HandoffLine,
    HandoffRecord,
    HandoffStage,
    StageFigures,
    find_handoffs,
    find_own_teams,
    list_map_handoffs,
    read_live_teams,
)
from workflows.execution.queries.instance_lists import related_workflows
from workflows.execution.queries.position import InstancePosition
from workflows.language.formats import count_text, date_text, duration_text
from workflows.people.models import User
from workflows.people.queries.teams import Team, TeamKind

MOST_LINES: Final = 100
"""So many requests of a stage are listed."""
NO_HANDOFF: Final = "There is no such handoff, or nothing of it is yours to see."


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCell:
    """One stage of a handoff in figures: what it is called, how many, and how long."""

    stage: HandoffStage
    label: str
    count: str
    waiting: str
    oldest: datetime | None
    is_single: bool
    """One request alone: how long it has been there says since when, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffRow:
    """One handoff in figures, with what each side sees of each stage."""

    source: str
    target: str
    address: str
    cells: Sequence[StageCell]
    seen: Sequence["StageSides"] = ()

    @property
    def stages(self) -> list[tuple[StageCell, "StageSides"]]:
        """Each stage in figures, with what the two sides see of it."""
        return list(zip(self.cells, self.seen, strict=True))


@dataclass(frozen=True, slots=True)
class StageSides:
    """What each of the two teams sees of one stage, as sentences."""

    stage: HandoffStage
    by_source: str
    by_target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRequest:
    """One request of a stage."""

    reference: str
    title: str
    workflow: str
    step: str
    who: str
    since: datetime | None
    due: datetime | None
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageList:
    """One stage of a handoff with its requests."""

    cell: StageCell
    sides: StageSides
    requests: Sequence[ListedRequest]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamHandoffs:
    """The handoffs of one team: those to it, and those from it."""

    team: str
    incoming: Sequence[HandoffRow]
    outgoing: Sequence[HandoffRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class MyHandoffsPage:
    """The handoffs of the person's teams, and the workflows that have a page of their own."""

    teams: Sequence[TeamHandoffs]
    workflows: Sequence[WorkflowTemplate]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffPairPage:
    """One handoff, stage by stage."""

    source: str
    target: str
    reverse: str
    stages: Sequence[StageList]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowHandoffsPage:
    """The handoffs of one workflow, in the order of its map; `empty` are those in which the person
    sees nothing just now."""

    workflow: WorkflowTemplate
    rows: Sequence[HandoffRow]
    empty: Sequence[HandoffRow]
    note: str


# -- the pages --------------------------------------------------------------------------------


def my_handoffs_page(user: User, now: datetime) -> MyHandoffsPage:
    """The handoffs in which the person's teams take part. The number of statements is fixed."""
    teams = read_live_teams()
    own_teams = find_own_teams(user, teams)
    record = find_handoffs(user, teams, now, around=own_teams)
    by_name = {team.code: team for handoff in record.lines for team in _teams_of(handoff)}
    entries = sorted((by_name[code] for code in own_teams if code in by_name), key=team_text)
    return MyHandoffsPage(
        teams=[_team_handoffs(record, team, now) for team in entries],
        workflows=related_workflows(user),
        note=_capped_note(record),
    )


def handoff_pair_page(user: User, source: str, target: str, now: datetime) -> HandoffPairPage:
    """What is between two teams, by their codes. Raises NotFound where the person is in neither
    and may see nothing of it."""
    teams = read_live_teams()
    record = find_handoffs(user, teams, now, around={source, target})
    handoffs = {*record.lines, *list_map_handoffs(teams)}
    handoff = next((each for each in handoffs if _codes_of(each) == (source, target)), None)
    is_mine = not find_own_teams(user, teams).isdisjoint({source, target})
    if handoff is None or not (is_mine or handoff in record.lines):
        raise NotFound(NO_HANDOFF)
    return HandoffPairPage(
        source=team_text(handoff.source),
        target=team_text(handoff.target),
        reverse=_address_of(Handoff(handoff.target, handoff.source))
        if Handoff(handoff.target, handoff.source) in handoffs
        else "",
        stages=[_stage_list(record, handoff, stage, now) for stage in HandoffStage],
        note=_capped_note(record),
    )


def workflow_handoffs_page(user: User, key: str, now: datetime) -> WorkflowHandoffsPage:
    """What each side sees at each handoff of a workflow that the person has to do with. Raises
    NotFound for others."""
    workflow = next((each for each in related_workflows(user) if each.key == key), None)
    if workflow is None:
        raise NotFound(NO_HANDOFF)
    teams = read_live_teams(key)
    record = find_handoffs(user, teams, now)
    handoffs = dict.fromkeys([*list_map_handoffs(teams), *record.lines])
    rows = [_handoff_row(record, handoff, now, with_sides=True) for handoff in handoffs]
    return WorkflowHandoffsPage(
        workflow=workflow,
        rows=[row for row in rows if row.address],
        empty=[row for row in rows if not row.address],
        note=_capped_note(record),
    )


def _team_handoffs(record: HandoffRecord, team: Team, now: datetime) -> TeamHandoffs:
    return TeamHandoffs(
        team=team_text(team),
        incoming=_rows(record, (each for each in record.lines if each.target == team), now),
        outgoing=_rows(record, (each for each in record.lines if each.source == team), now),
    )


def _rows(record: HandoffRecord, handoffs: Iterable[Handoff], now: datetime) -> list[HandoffRow]:
    rows = [_handoff_row(record, handoff, now) for handoff in handoffs]
    return sorted(rows, key=lambda row: (row.source, row.target))


def _handoff_row(
    record: HandoffRecord, handoff: Handoff, now: datetime, *, with_sides: bool = False
) -> HandoffRow:
    figures = {stage: record.figures(handoff, stage, now) for stage in HandoffStage}
    sides = [_stage_sides(handoff, stage, each.count) for stage, each in figures.items()]
    return HandoffRow(
        source=team_text(handoff.source),
        target=team_text(handoff.target),
        address=_address_of(handoff) if handoff in record.lines else "",
        cells=[_stage_cell(stage, each) for stage, each in figures.items()],
        seen=sides if with_sides else (),
    )


def _stage_list(
    record: HandoffRecord, handoff: Handoff, stage: HandoffStage, now: datetime
) -> StageList:
    lines = record.stage_lines(handoff, stage)
    figures = record.figures(handoff, stage, now)
    return StageList(
        cell=_stage_cell(stage, figures),
        sides=_stage_sides(handoff, stage, figures.count),
        requests=[_listed_request(record, line, now) for line in lines[:MOST_LINES]],
        more=max(len(lines) - MOST_LINES, 0),
    )


def _listed_request(record: HandoffRecord, line: HandoffLine, now: datetime) -> ListedRequest:
    version_map = record.teams.maps[line.instance.version_id]
    place = InstancePosition(instance=line.instance, map=version_map, steps=(line.position,))
    expected, has_ended = "", line.ended_at is not None
    if line.expected is not None:
        expected = gettext("perhaps %(day)s") % {"day": date_text(line.expected)}
    return ListedRequest(
        reference=line.instance.reference,
        title=line.instance.title,
        workflow=version_map.graph.definition.name,
        step=line.position.title if not has_ended else request_state_text(line.instance),
        who="" if has_ended else short_holder_text(place, line.position, now),
        since=line.since,
        due=None if has_ended else line.position.due,
        expected=expected,
    )


def _stage_cell(stage: HandoffStage, figures: StageFigures) -> StageCell:
    count = count_text(figures.count)
    return StageCell(
        stage=stage,
        label=stage_label(stage),
        count=gettext("%(count)s or more") % {"count": count} if figures.is_capped else count,
        waiting=duration_text(figures.waiting) if figures.waiting is not None else "",
        oldest=figures.oldest,
        is_single=figures.count == 1 and not figures.is_capped,
    )


def _capped_note(record: HandoffRecord) -> str:
    if not record.capped:
        return ""
    return gettext("Of each step the %(count)s oldest open tasks were looked at.") % {
        "count": OLDEST_TASKS
    }


# -- words ------------------------------------------------------------------------------------


def team_text(team: Team) -> str:
    """What a team is called."""
    match team.kind:
        case TeamKind.REQUESTER:
            return gettext("whoever asked")
        case TeamKind.SYSTEM:
            return gettext("the system")
        case TeamKind.ROLE:
            return gettext("%(role)s (%(workflow)s)") % {
                "role": team.name,
                "workflow": team.workflow,
            }
    return team.name


def stage_label(stage: HandoffStage) -> str:
    """What a stage is called over its figures."""
    return {
        HandoffStage.COMING: gettext("On its way"),
        HandoffStage.REACHED: gettext("Reached"),
        HandoffStage.TAKEN: gettext("Taken up"),
        HandoffStage.SENT_BACK: gettext("Sent back"),
        HandoffStage.SENT_ON: gettext("Sent on"),
    }[stage]


def _stage_sides(handoff: Handoff, stage: HandoffStage, count: int) -> StageSides:
    """What each side sees of so many requests in a stage."""
    names = {"source": team_text(handoff.source), "target": team_text(handoff.target)}
    places: Mapping[str, object] = {**names, "count": count_text(count)}
    return StageSides(
        stage=stage,
        by_source=_sentence_of_source(stage, count) % places,
        by_target=_sentence_of_target(stage, count) % places,
    )


def _sentence_of_source(stage: HandoffStage, count: int) -> str:
    """What the team that hands over sees of so many requests."""
    match stage:
        case HandoffStage.COMING:
            return ngettext(
                "%(count)s is with us and goes to %(target)s next",
                "%(count)s are with us and go to %(target)s next",
                count,
            )
        case HandoffStage.REACHED:
            return ngettext(
                "%(count)s is handed over, and %(target)s has not taken it up",
                "%(count)s are handed over, and %(target)s has not taken them up",
                count,
            )
        case HandoffStage.TAKEN:
            return ngettext(
                "%(count)s is in work at %(target)s", "%(count)s are in work at %(target)s", count
            )
        case HandoffStage.SENT_BACK:
            return ngettext(
                "%(count)s came back to us from %(target)s",
                "%(count)s came back to us from %(target)s",
                count,
            )
    return ngettext("%(count)s is past %(target)s", "%(count)s are past %(target)s", count)


def _sentence_of_target(stage: HandoffStage, count: int) -> str:
    """What the team that takes over sees of so many requests."""
    match stage:
        case HandoffStage.COMING:
            return ngettext(
                "%(count)s is on its way to us from %(source)s",
                "%(count)s are on their way to us from %(source)s",
                count,
            )
        case HandoffStage.REACHED:
            return ngettext(
                "%(count)s has reached us and waits", "%(count)s have reached us and wait", count
            )
        case HandoffStage.TAKEN:
            return ngettext("%(count)s is taken up by us", "%(count)s are taken up by us", count)
        case HandoffStage.SENT_BACK:
            return ngettext(
                "%(count)s was sent back by us to %(source)s",
                "%(count)s were sent back by us to %(source)s",
                count,
            )
    return ngettext("%(count)s was sent on by us", "%(count)s were sent on by us", count)


# -- addresses --------------------------------------------------------------------------------


def _teams_of(handoff: Handoff) -> tuple[Team, Team]:
    return handoff.source, handoff.target


def _codes_of(handoff: Handoff) -> tuple[str, str]:
    return handoff.source.code, handoff.target.code


def _address_of(handoff: Handoff) -> str:
    return reverse("approvals:handoff", args=_codes_of(handoff))
