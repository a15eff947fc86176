"""From news to notices: who of the people around it is told, when, and by which row, each once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from workflows.execution.models import WorkflowInstance
from workflows.notices.choices import NoticeKind, NoticeRelation, NoticeState, NoticeTiming
from workflows.notices.models import Notice, NoticeAddress, NoticeChoice, NoticeSettings
from workflows.notices.queries.digest_times import next_digest_at
from workflows.notices.queries.news import News
from workflows.notices.services.deputies import add_deputies
from workflows.notices.telling import (
    EVENT_RULES,
    TEAM_RELATIONS,
    WORK_KINDS,
    Bystander,
    is_told,
    kind_of_notice,
    notice_timing,
)
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import DigestPayload, NoticePayload
from workflows.outbox.services.messages import wake_workers
from workflows.people.models import User

CROWD = 100
"""A team of more people is told as a whole, or by those who chose to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsOrigin:
    """Where news come from: the key of their source, who did it, what it is about, and what is
    said of all of them."""

    key: str
    actor_id: int | None
    request: WorkflowInstance | None
    workflow_id: int | None
    facts: Mapping[str, Any]


def write_notices(news: Sequence[News], origin: NewsOrigin, *, now: datetime) -> None:
    """Write a notice for everybody who is told of these news, and the messages that send them; in
    the caller's transaction. What was written under the same key before is left as it is."""
    news = add_deputies(news, origin.request, origin.workflow_id, now)
    people = _PeopleAround.read(news)
    rows = [
        row
        for person_id, pieces in _choose_news(news, people, origin.actor_id).items()
        for piece, relations in pieces
        if (row := _plan_for_person(people, person_id, piece, relations, origin, now)) is not None
    ]
    rows += [
        _notice(piece, origin, now, f"t{team_id}", team_id=team_id)
        for piece in news
        for team_id in piece.team_ids
        if team_id in people.addressed_teams
    ]
    save_notices(rows, now=now)


def save_notices(rows: Sequence[Notice], *, now: datetime) -> None:
    """Write notices that are not there yet, and the messages by which they are sent."""
    if not rows:
        return
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    written = Notice.objects.filter(key__in=[row.key for row in rows], settled_at=None)
    messages = [_message_of(row, now) for row in written]
    OutboxMessage.objects.bulk_create(messages, ignore_conflicts=True)
    transaction.on_commit(wake_workers)


def _message_of(notice: Notice, now: datetime) -> OutboxMessage:
    """The message that sends a notice; one for all of a digest."""
    if notice.state == NoticeState.DIGEST:
        assert notice.person_id is not None
        assert notice.due_at is not None
        digest = DigestPayload(person=notice.person_id)
        return OutboxMessage(
            kind=digest.KIND,
            payload=digest.to_json(),
            key=f"digest-{notice.person_id}-{notice.due_at.timestamp():.0f}",
            run_after=notice.due_at,
            created_at=now,
        )
    payload = NoticePayload(notice=notice.pk)
    return OutboxMessage(
        kind=payload.KIND,
        request_id=notice.request_id,
        payload=payload.to_json(),
        key=f"notice-{notice.pk}",
        run_after=now,
        created_at=now,
    )


# -- who ----------------------------------------------------------------------------------------


def _people_of(piece: News) -> frozenset[int]:
    return frozenset[int]().union(*piece.people.values())


@dataclass(frozen=True, slots=True)
class _PeopleAround:
    """The accounts around some news, what they chose, and which teams are told as a whole."""

    accounts: Mapping[int, User]
    choices: Mapping[int, Mapping[str, str]]
    settings: Mapping[int, NoticeSettings]
    addressed_teams: frozenset[int]
    in_addressed_teams: frozenset[int]

    @classmethod
    def read(cls, news: Iterable[News]) -> "_PeopleAround":
        ids = {person for piece in news for people in piece.people.values() for person in people}
        teams = {team for piece in news for team in piece.team_ids}
        addressed = frozenset(
            NoticeAddress.objects.filter(team__in=teams, is_active=True).values_list(
                "team_id", flat=True
            )
            if teams
            else ()
        )
        members = User.groups.through.objects.filter(group_id__in=addressed, user_id__in=ids)
        choices: dict[int, dict[str, str]] = {}
        for row in NoticeChoice.objects.filter(person__in=ids):
            choices.setdefault(row.person_id, {})[row.kind] = row.timing
        return cls(
            User.objects.in_bulk(ids),
            choices,
            {row.person_id: row for row in NoticeSettings.objects.filter(person__in=ids)},
            addressed,
            frozenset(members.values_list("user_id", flat=True) if addressed else ()),
        )


def _relations_in(piece: News, person_id: int) -> frozenset[NoticeRelation]:
    return frozenset(relation for relation, ids in piece.people.items() if person_id in ids)


def _choose_news(
    news: Sequence[News], people: _PeopleAround, actor_id: int | None
) -> dict[int, list[tuple[News, frozenset[NoticeRelation]]]]:
    """For each person what they are told of. Who is asked for work by a command is not told of its
    news besides, and of several pieces of news of one request only the first."""
    chosen: dict[int, list[tuple[News, frozenset[NoticeRelation]]]] = {}
    for piece in news:
        for person_id in sorted(_people_of(piece)):
            account, relations = people.accounts.get(person_id), _relations_in(piece, person_id)
            is_doer = person_id == actor_id
            before = chosen.setdefault(person_id, [])
            if (
                account is not None
                and is_told(
                    piece.event,
                    Bystander(
                        relations,
                        is_doer=is_doer,
                        is_closed=not account.is_active,
                        is_stood_in_for=person_id in piece.stood_in_for,
                    ),
                )
                and not _is_said_already(piece, [other for other, _ in before])
            ):
                before.append((piece, relations))
    return chosen


def _is_said_already(piece: News, before: Sequence[News]) -> bool:
    """Whether somebody who is told of these learns nothing by one more."""
    if piece.task is not None and any(other.task == piece.task for other in before):
        return True
    kind = EVENT_RULES[piece.event].kind
    if kind == NoticeKind.TALK:
        return any(EVENT_RULES[other.event].kind == kind for other in before)
    if kind != NoticeKind.REQUESTS:
        return False
    kinds = {EVENT_RULES[other.event].kind for other in before}
    return NoticeKind.REQUESTS in kinds or bool(kinds & WORK_KINDS)


# -- when and how -------------------------------------------------------------------------------


def _plan_for_person(
    people: _PeopleAround,
    person_id: int,
    piece: News,
    relations: frozenset[NoticeRelation],
    origin: NewsOrigin,
    now: datetime,
) -> Notice | None:
    """The notice for somebody as they chose to be told; None where they chose not to be."""
    team = piece.people.get(NoticeRelation.TEAM_MEMBER, frozenset())
    is_team_only = relations <= TEAM_RELATIONS
    timing = notice_timing(
        kind_of_notice(piece.event, relations),
        people.choices.get(person_id, {}),
        team_is_told=is_team_only and (person_id in people.in_addressed_teams or len(team) > CROWD),
    )
    if timing == NoticeTiming.OFF:
        return None
    row = _notice(piece, origin, now, f"p{person_id}", relations=relations)
    row.person_id = person_id
    if timing == NoticeTiming.DIGEST:
        row.state = NoticeState.DIGEST
        row.due_at = next_digest_at(people.accounts[person_id], people.settings.get(person_id), now)
    return row


def _notice(
    piece: News,
    origin: NewsOrigin,
    now: datetime,
    to: str,
    *,
    relations: frozenset[NoticeRelation] = frozenset({NoticeRelation.TEAM_MEMBER}),
    team_id: int | None = None,
) -> Notice:
    told_as = sorted(relations & EVENT_RULES[piece.event].tells)
    return Notice(
        event=piece.event,
        kind=kind_of_notice(piece.event, relations),
        team_id=team_id,
        request=origin.request,
        task=piece.task,
        workflow_id=origin.workflow_id,
        facts={**origin.facts, **piece.facts, "told_as": told_as},
        key=f"{origin.key}:{piece.event}:{piece.place}:{to}",
        created_at=now,
    )
