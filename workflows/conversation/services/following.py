"""Commands by which people follow requests, workflows and teams, and stop following them.

Following gives no sight: it is asked again at each piece of news who may see the request.
"""

from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

from workflows.conversation.models import Follow
from workflows.definitions.queries.published_versions import require_known_workflow
from workflows.engine.errors import NotFound
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.visible_instances import NO_REQUEST
from workflows.execution.services.unit_of_work import open_unit_of_work, write_trail
from workflows.people.models import User
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import FollowChanged
from workflows.trail.services.recording import write_fact


def follow_request(instance_id: int, *, actor: User, now: datetime) -> Follow:
    """Follow one request; who follows it already goes on. Raises NotFound where the actor may not
    see it."""
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
        if not WorkflowInstance.objects.visible_to(actor).filter(pk=instance_id).exists():
            raise NotFound(NO_REQUEST)
        row, is_new = Follow.objects.get_or_create(
            person=actor, request=work.instance, defaults={"since": work.now}
        )
        if is_new:
            write_trail(work, TrailCommand.FOLLOW, from_state=work.instance.state)
    return row


def follow_workflow(key: str, *, actor: User, now: datetime) -> Follow:
    """Follow all requests of a workflow that one may see, those to come too. Raises NotFound for a
    workflow that is none of the actor's business."""
    with transaction.atomic():
        template = require_known_workflow(actor, key)
        row, is_new = Follow.objects.get_or_create(
            person=actor, template=template, defaults={"since": now}
        )
        if is_new:
            _record(TrailCommand.FOLLOW, row, actor, now)
    return row


def follow_team(group_id: int, *, actor: User, now: datetime) -> Follow:
    """Follow all requests that come to a team which one is in. Raises NotFound for other teams."""
    with transaction.atomic():
        team = Group.objects.filter(pk=group_id, user=actor).first()
        if team is None:
            raise NotFound("There is no such team, or you are not in it.")
        row, is_new = Follow.objects.get_or_create(person=actor, team=team, defaults={"since": now})
        if is_new:
            _record(TrailCommand.FOLLOW, row, actor, now)
    return row


def unfollow(follow_id: int, *, actor: User, now: datetime) -> Follow:
    """Stop following, also what one may not see any more. Raises NotFound for what the actor does
    not follow."""
    with transaction.atomic():
        rows = Follow.objects.select_related("request", "template", "team")
        row = rows.filter(pk=follow_id, person=actor).first()
        if row is None:
            raise NotFound("You do not follow this; nothing is to be ended.")
        if row.request_id is not None:
            work = open_unit_of_work(actor=actor, now=now, instance_id=row.request_id)
            write_trail(work, TrailCommand.UNFOLLOW, from_state=work.instance.state)
        else:
            _record(TrailCommand.UNFOLLOW, row, actor, now)
        Follow.objects.filter(pk=follow_id).delete()
    return row


def _record(command: TrailCommand, row: Follow, actor: User, now: datetime) -> None:
    """The row in the trail of what is about no request."""
    write_fact(
        command,
        actor=actor,
        now=now,
        template=row.template,
        fact=FollowChanged(
            workflow=row.template.key if row.template else None,
            team=row.team.name if row.team else None,
        ),
    )
