"""What people choose about notices: each for themselves."""

from datetime import datetime
from typing import Any

from django.db import transaction

from workflows.engine.errors import InvalidInput
from workflows.notices.models import NoticeChoice, NoticeSettings
from workflows.notices.queries.preferences import (
    CHOOSABLE_KINDS,
    NoticePreferences,
    find_notice_preferences,
)
from workflows.notices.telling import DEFAULT_TIMINGS
from workflows.people.models import User
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import CHANGED, NoticesChosen
from workflows.trail.services.recording import write_fact

LAST_HOUR = 23


def save_notice_preferences(person: User, chosen: NoticePreferences, *, now: datetime) -> None:
    """Keep when, at which hour and by which way somebody wants to be told. What is as usual is no
    choice: it follows when the usual changes. Raises InvalidInput."""
    if not 0 <= chosen.digest_hour <= LAST_HOUR:
        raise InvalidInput("Choose an hour from 0 to 23.")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=person.pk)
        before = find_notice_preferences(person)
        changed = _describe_changes(before, chosen)
        if not changed:
            return
        NoticeChoice.objects.filter(person=person).delete()
        NoticeChoice.objects.bulk_create(
            NoticeChoice(person=person, kind=kind, timing=chosen.timings[kind])
            for kind in CHOOSABLE_KINDS
            if chosen.timings[kind] != DEFAULT_TIMINGS[kind]
        )
        NoticeSettings.objects.update_or_create(
            person=person,
            defaults={"digest_hour": chosen.digest_hour, "prefers_mail": chosen.prefers_mail},
        )
        write_fact(
            TrailCommand.CHOOSE_NOTICES,
            actor=person,
            now=now,
            fact=NoticesChosen(account=person.get_username(), done=CHANGED, changed=changed),
        )


def _describe_changes(before: NoticePreferences, chosen: NoticePreferences) -> dict[str, Any]:
    """What is other than before, from what to what."""
    changes: dict[str, Any] = {
        kind.value: [before.timings[kind].value, chosen.timings[kind].value]
        for kind in CHOOSABLE_KINDS
        if before.timings[kind] != chosen.timings[kind]
    }
    if before.digest_hour != chosen.digest_hour:
        changes["digest_hour"] = [before.digest_hour, chosen.digest_hour]
    if before.prefers_mail != chosen.prefers_mail:
        changes["prefers_mail"] = [before.prefers_mail, chosen.prefers_mail]
    return changes
