"""Who is told of what: one table, and the pure questions that are asked of it.

The page of docs about notices is generated from it, and the tests ask it cell by cell.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from workflows.notices.choices import NoticeEvent, NoticeKind, NoticeRelation, NoticeTiming

_E, _R, _K = NoticeEvent, NoticeRelation, NoticeKind


@dataclass(frozen=True, slots=True)
class EventRule:
    """Of one event: of which kind its notices are, and what somebody is who is told of it."""

    kind: NoticeKind
    tells: frozenset[NoticeRelation]


def _rule(kind: NoticeKind, *relations: NoticeRelation) -> EventRule:
    return EventRule(kind, frozenset(relations))


EVENT_RULES: Mapping[NoticeEvent, EventRule] = {
    _E.TASK_SENT_BACK: _rule(_K.TASKS, _R.HOLDER, _R.DEPUTY),
    _E.TASK_REASSIGNED: _rule(_K.TASKS, _R.HOLDER, _R.DEPUTY, _R.FORMER_HOLDER),
    _E.TASK_REACHED: _rule(_K.TASKS, _R.HOLDER, _R.DEPUTY),
    _E.TASK_QUEUED: _rule(_K.TEAM, _R.TEAM_MEMBER, _R.TEAM_DEPUTY),
    _E.TASK_ESCALATED: _rule(_K.LATE, _R.HOLDER, _R.DEPUTY, _R.ADDED_PERSON),
    _E.TASK_REMINDED: _rule(
        *(_K.LATE, _R.HOLDER, _R.DEPUTY, _R.ADDED_PERSON),
        *(_R.TEAM_MEMBER, _R.TEAM_DEPUTY, _R.OWNER, _R.OWNER_DEPUTY),
    ),
    _E.TASK_OVERDUE: _rule(
        *(_K.LATE, _R.HOLDER, _R.DEPUTY, _R.TEAM_MEMBER, _R.TEAM_DEPUTY, _R.ADDED_PERSON)
    ),
    _E.TASK_DUE_SOON: _rule(
        *(_K.LATE, _R.HOLDER, _R.DEPUTY, _R.TEAM_MEMBER, _R.TEAM_DEPUTY, _R.ADDED_PERSON)
    ),
    _E.TASK_EXPIRED: _rule(_K.TASKS, _R.FORMER_HOLDER),
    _E.DUE_EXTENDED: _rule(_K.REQUESTS, _R.REQUESTER, _R.WATCHER, _R.HOLDER),
    _E.REQUEST_OVERDUE: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.REQUESTER_ASKED: _rule(_K.REQUESTS, _R.ASKED_PERSON),
    _E.REQUESTER_ANSWERED: _rule(_K.TASKS, _R.ASKER, _R.HOLDER, _R.DEPUTY),
    _E.APPROVER_ADDED: _rule(_K.TASKS, _R.ADDED_PERSON, _R.DEPUTY, _R.OWNER, _R.OWNER_DEPUTY),
    _E.OPINION_ASKED: _rule(_K.TASKS, _R.ASKED_PERSON),
    _E.OPINION_GIVEN: _rule(_K.TASKS, _R.ASKER),
    _E.REQUEST_REFUSED: _rule(_K.REQUESTS, _R.REQUESTER, _R.WATCHER),
    _E.REQUEST_CANCELLED: _rule(_K.REQUESTS, _R.REQUESTER, _R.WATCHER, _R.HOLDER),
    _E.REQUEST_FINISHED: _rule(_K.REQUESTS, _R.REQUESTER, _R.WATCHER),
    _E.REQUEST_SENT_BACK: _rule(_K.REQUESTS, _R.REQUESTER, _R.WATCHER),
    _E.REQUEST_APPROVED: _rule(_K.REQUESTS, _R.REQUESTER, _R.WATCHER),
    _E.REQUEST_SUSPENDED: _rule(_K.REQUESTS, _R.REQUESTER, _R.WATCHER, _R.HOLDER),
    _E.REQUEST_RESUMED: _rule(_K.REQUESTS, _R.REQUESTER, _R.WATCHER, _R.HOLDER),
    _E.REQUEST_REOPENED: _rule(_K.REQUESTS, _R.REQUESTER, _R.WATCHER),
    _E.STATUS_LINK_SENT: _rule(_K.REQUESTS, _R.REQUESTER),
    _E.MENTIONED: _rule(_K.TALK, _R.MENTIONED),
    _E.COMMENTED: _rule(_K.TALK, _R.COMMENTER, _R.REQUESTER, _R.HOLDER, _R.WATCHER),
    _E.MERGE_CONFLICT: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.INCIDENT_OPENED: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.INCIDENT_HANDED_ON: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.ESCALATED_TO_NOBODY: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.APPROVAL_BYPASSED: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.CHANGED_AFTER_APPROVAL: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.ANSWERED_LATE: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.START_REFUSED: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.MAP_PROBLEM: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.REVIEW_DUE: _rule(_K.OWNED, _R.OWNER, _R.OWNER_DEPUTY),
    _E.FINDING_GIVEN: _rule(_K.OWNED, _R.ASKED_PERSON),
    _E.ACCESS_CHANGED: _rule(_K.ACCESS, _R.ACCOUNT, _R.OWNER),
}
"""The table: an event that is not here cannot be told."""

DEFAULT_TIMINGS: Mapping[NoticeKind, NoticeTiming] = {
    kind: NoticeTiming.DIGEST if kind == NoticeKind.TEAM else NoticeTiming.AT_ONCE
    for kind in NoticeKind
}
"""When those are told who have chosen nothing."""

URGENT_KINDS = frozenset({NoticeKind.ACCESS})
"""Kinds that nobody puts off or switches off: they guard the account itself."""
TEAM_RELATIONS = frozenset({_R.TEAM_MEMBER, _R.TEAM_DEPUTY})
"""Who is told of a team's queue as somebody who could take from it."""
WORK_KINDS = frozenset({NoticeKind.TASKS, NoticeKind.TEAM, NoticeKind.LATE})
"""Kinds that ask for work: of somebody who is away, who stands in for them is told instead."""


@dataclass(frozen=True, slots=True)
class Bystander:
    """Somebody around an event: what they are to it, whether they did it, whether their account
    is closed, whether they are away and somebody stands in for them."""

    relations: Set[NoticeRelation]
    is_doer: bool = False
    is_closed: bool = False
    is_stood_in_for: bool = False


def is_told(event: NoticeEvent, person: Bystander) -> bool:
    """Whether somebody is told: who is named by the event's row, but never whoever did it, never
    a closed account, and of work not who is away while somebody stands in. What guards an account
    is told to its owner whoever changed it."""
    if person.is_closed:
        return False
    rule = EVENT_RULES[event]
    if person.is_doer and rule.kind not in URGENT_KINDS:
        return False
    if person.is_stood_in_for and rule.kind in WORK_KINDS:
        return False
    return bool(rule.tells & person.relations)


def kind_of_notice(event: NoticeEvent, relations: Set[NoticeRelation]) -> NoticeKind:
    """Of which kind a notice is to somebody: late work of a team is the team's, until the map
    itself reminds of it; and that somebody is asked to agree is no task of who only hears of it."""
    rule = EVENT_RULES[event]
    if event == NoticeEvent.APPROVER_ADDED and not relations & {_R.ADDED_PERSON, _R.DEPUTY}:
        return NoticeKind.OWNED
    is_only_in_team = relations & rule.tells <= TEAM_RELATIONS
    if is_only_in_team and event in (NoticeEvent.TASK_OVERDUE, NoticeEvent.TASK_DUE_SOON):
        return NoticeKind.TEAM
    return rule.kind


def notice_timing(
    kind: NoticeKind, choices: Mapping[str, str], *, team_is_told: bool = False
) -> NoticeTiming:
    """When somebody is told of a kind: as they chose, else as is usual. Who is in a team that is
    told as a whole is told once more only where they chose to be."""
    if kind in URGENT_KINDS:
        return NoticeTiming.AT_ONCE
    chosen = choices.get(kind)
    if chosen is not None:
        return NoticeTiming(chosen)
    return NoticeTiming.OFF if team_is_told else DEFAULT_TIMINGS[kind]
