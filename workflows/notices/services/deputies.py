"""Who is told beside, or instead of, people who are away."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from workflows.access.permissions import management_capacity
from workflows.conversation.queries.mentions import people_who_see
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkflowInstance
from workflows.notices.choices import NoticeRelation
from workflows.notices.queries.news import News
from workflows.notices.queries.task_people import People, find_barred_ids
from workflows.notices.telling import EVENT_RULES
from workflows.people.models import User
from workflows.people.queries.stand_ins import AwayNote, read_away_notes
from workflows.people.services.recipients import notification_recipients

_R = NoticeRelation
Away = Mapping[int, AwayNote]
"""Who is away now in the workflow, by the ids of the people."""


def add_deputies(
    news: Sequence[News],
    request: WorkflowInstance | None,
    workflow_id: int | None,
    now: datetime,
) -> list[News]:
    """The news with those who stand in just now for their people, where these are away. Two
    statements where nobody is."""
    ids = {person for piece in news for people in piece.people.values() for person in people}
    if not ids or workflow_id is None:
        return list(news)
    notes = read_away_notes(ids, now)
    away = {pk: note for pk in ids if (note := notes.of(pk, workflow_id)) is not None}
    if not away:
        return list(news)
    return [_with_deputies(piece, away, request, workflow_id) for piece in news]


def _with_deputies(
    piece: News, away: Away, request: WorkflowInstance | None, workflow_id: int
) -> News:
    around = frozenset[int]().union(*piece.people.values())
    added = {
        _R.DEPUTY: _deputies(piece.people, away, _R.HOLDER, _R.ADDED_PERSON),
        _R.TEAM_DEPUTY: _deputies(piece.people, away, _R.TEAM_MEMBER) - around,
    }
    if piece.task is not None and added[_R.TEAM_DEPUTY]:
        added[_R.TEAM_DEPUTY] -= find_barred_ids(piece.task)
    if _R.OWNER_DEPUTY in EVENT_RULES[piece.event].tells:
        added[_R.OWNER_DEPUTY] = (
            _deputies_of_owner(piece.people, away, request, workflow_id) - around
        )
    people = dict(piece.people)
    for relation, ids in added.items():
        if ids:
            people[relation] = people.get(relation, frozenset()) | ids
    stood_in_for = frozenset(pk for pk in around if pk in away and away[pk].deputy is not None)
    return replace(piece, people=people, stood_in_for=stood_in_for)


def _deputies(people: People, away: Away, *relations: NoticeRelation) -> frozenset[int]:
    """Who stands in for those of these relations who are away."""
    absent = (away[pk] for relation in relations for pk in people.get(relation, ()) if pk in away)
    return frozenset(note.deputy.pk for note in absent if note.deputy is not None)


def _deputies_of_owner(
    people: People, away: Away, request: WorkflowInstance | None, workflow_id: int
) -> frozenset[int]:
    """Of an owner who is away: who stands in for them, if that person may see what it is about, and
    whoever else answers for the workflow. These hear of what is about no request by themselves."""
    if not people.get(_R.OWNER, frozenset()) & away.keys():
        return frozenset()
    stand_ins = _deputies(people, away, _R.OWNER)
    template = WorkflowTemplate.objects.select_related("owner", "deputy").get(pk=workflow_id)
    accountable = frozenset(person.pk for person in notification_recipients(template))
    if request is None:
        managing = (
            person
            for person in User.objects.filter(pk__in=stand_ins - accountable)
            if management_capacity(person, template) is not None
        )
        return frozenset(person.pk for person in managing)
    seeing = people_who_see(request).filter(pk__in=stand_ins) if stand_ins else User.objects.none()
    return frozenset(seeing.values_list("pk", flat=True)) | accountable
