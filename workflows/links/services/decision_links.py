"""Making links to decide by, and deciding by one."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import NotAllowed, WrongState
from workflows.engine.texts import ReaderMoment
from workflows.execution.models import WorkItem
from workflows.execution.services.review_digest import digest_of_shown_values
from workflows.execution.services.work_items import decide
from workflows.links.models import DecisionLink
from workflows.links.queries.decision_links import may_decide_by_link
from workflows.people.models import User

LIFETIME = timedelta(days=7)
KEPT_AFTER = timedelta(days=30)
"""For so long after it ran out a link still says what became of it."""
USED = gettext_noop("This link was used on %(moment)s; each works once.")
RUN_OUT = gettext_noop("This link ran out on %(moment)s.")
NOT_BY_LINK = gettext_noop("This cannot be decided from a mail.")


def make_decision_link(task: WorkItem, person: User, now: datetime) -> DecisionLink | None:
    """A link for this person to this task as it stands now; None where they may have none. One
    that is there already is given again, so a mail that is tried again carries the same."""
    if not may_decide_by_link(person, task):
        return None
    version_map = cached_map(task.request.version_id)
    step_key = version_map.step_keys[task.step_id]
    seen = digest_of_shown_values(
        version_map, step_key, task.request.data, task.rows, task.request.chains
    )
    usable = DecisionLink.objects.filter(used_at=None, expires_at__gt=now + LIFETIME / 2)
    link = usable.filter(task=task, person=person, seen=seen).first()
    return link or DecisionLink.objects.create(
        task=task, person=person, seen=seen, made_at=now, expires_at=now + LIFETIME
    )


def check_decision_link(link: DecisionLink, now: datetime) -> None:
    """Raises WrongState or NotAllowed, with a sentence, where the link decides nothing (any
    more)."""
    if link.used_at is not None:
        raise WrongState(USED, moment=ReaderMoment(link.used_at))
    if link.expires_at <= now:
        raise WrongState(RUN_OUT, moment=ReaderMoment(link.expires_at))
    if not may_decide_by_link(link.person, link.task):
        raise NotAllowed(NOT_BY_LINK)


def decide_by_link(
    link_id: int,
    *,
    outcome: str,
    comment: str,
    data: Mapping[str, Any],
    opened_at: datetime,
    now: datetime,
) -> WorkItem:
    """Decide the link's task as its person, once, on what the link was made for.

    Whether they may is asked anew, as on every other way. Raises what `decide` raises, and
    WrongState or NotAllowed where the link itself decides nothing; then nothing is written.
    """
    with transaction.atomic():
        rows = DecisionLink.objects.select_for_update(of=("self",))
        # Locked, so that of two who press it at once the second finds it used.
        link = rows.select_related("person", "task__request").get(pk=link_id)
        check_decision_link(link, now)
        # In the decision's transaction: a link whose decision is refused stays unused.
        link.used_at = now
        link.save(update_fields=["used_at"])
        return decide(
            link.task_id,
            actor=link.person,
            outcome=outcome,
            comment=comment,
            data=data,
            opened_at=opened_at,
            seen=link.seen,
            now=now,
        )


def end_decision_links_of(person: User, now: datetime) -> int:
    """Somebody has left: no mail of before decides anything; how many links there were."""
    usable = DecisionLink.objects.filter(person=person, used_at=None, expires_at__gt=now)
    return usable.update(expires_at=now)


def forget_decision_links(now: datetime) -> int:
    """Delete links that ran out long ago; how many there were."""
    old = DecisionLink.objects.filter(expires_at__lt=now - KEPT_AFTER)
    return old.delete()[0]


def forget_links_of_tasks(ids: Collection[int]) -> None:
    """These tasks are taken back, and with them the links by which they could be decided."""
    DecisionLink.objects.filter(task__in=ids).delete()
