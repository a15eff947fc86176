"""Who is away, and who stands in: set, changed and ended by the person, or by an administrator for
them.

Nobody puts themselves into somebody else's place: who says it for another may not be the one who
stands in, neither by name nor at the end of a chain.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from workflows.access.models import ServiceAccount
from workflows.access.permissions import may_set_absence
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.engine.texts import Text, text
from workflows.engine.timing.dates import is_allowed_date, local_day_of, start_of_day
from workflows.language.readers import zone_of
from workflows.notices.choices import NoticeEvent
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import messages as outbox
from workflows.people.models import Absence, User
from workflows.people.queries.person_names import full_name_of
from workflows.people.services.stand_in_periods import lock_absences, renew_stand_in_periods
from workflows.persistence.row_edits import save_row
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import AbsenceSaid
from workflows.trail.services.recording import write_fact

LONGEST = timedelta(days=731)
"""Who is away for longer has left: then others are put into their roles."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsencePlan:
    """What is said of an absence: its first and last day as the person's calendar shows them, who
    stands in, and in which workflows (None: in every one)."""

    deputy: User
    first_day: date
    last_day: date
    workflows: Collection[WorkflowTemplate] | None = None


def set_absence(person: User, plan: AbsencePlan, *, by: User, now: datetime) -> Absence:
    """Say that a person will be away. Raises NotAllowed and InvalidInput."""
    with transaction.atomic():
        lock_absences()
        _require_permission(by, person)
        absence = Absence(person=person, set_by=by, set_at=now)
        if plan.first_day < local_day_of(now, zone_of(person)):
            raise InvalidInput("An absence begins today or later: what was decided stands.")
        _write_absence(absence, plan, by=by, now=now, command=TrailCommand.SET_ABSENCE)
    return absence


def change_absence(absence_id: int, plan: AbsencePlan, *, by: User, now: datetime) -> Absence:
    """Say it otherwise: who stands in, until when, where; from when, as long as it has not begun.
    Raises NotFound, NotAllowed, InvalidInput and WrongState."""
    with transaction.atomic():
        lock_absences()
        absence = _find_current_absence(absence_id, by, now)
        today = local_day_of(now, zone_of(absence.person))
        if plan.first_day != absence.first_day and min(plan.first_day, absence.first_day) < today:
            raise InvalidInput(
                "An absence begins today or later, and when it has begun its first day stays."
            )
        before = absence.deputy
        _write_absence(absence, plan, by=by, now=now, command=TrailCommand.CHANGE_ABSENCE)
        if before != plan.deputy:
            _tell(before, absence, NO_LONGER, by=by, now=now)
    return absence


def end_absence(absence_id: int, *, by: User, now: datetime) -> Absence:
    """The person is back, or will not be away after all: what is with them is theirs alone again.
    Raises NotFound, NotAllowed and WrongState."""
    with transaction.atomic():
        lock_absences()
        absence = _find_current_absence(absence_id, by, now)
        _end(absence, by=by, now=now)
        _tell(absence.deputy, absence, NO_LONGER, by=by, now=now)
    return absence


def end_absences_of(account: User, *, by: User, now: datetime) -> int:
    """Somebody has left: they are not away, and stand in for nobody. Who is away or will be hears
    that nobody stands in for them; how many absences were ended. It follows from closing the
    account, so nothing else is asked of who does it."""
    with transaction.atomic():
        lock_absences()
        rows = Absence.objects.select_related("person", "deputy").filter(
            Q(person=account) | Q(deputy=account), ended_at=None, ends_at__gt=now
        )
        ended = list(rows.order_by("pk"))
        for absence in ended:
            _end(absence, by=by, now=now)
            other = absence.deputy if absence.person_id == account.pk else absence.person
            sentence = NO_LONGER if other == absence.deputy else DEPUTY_LEFT
            if other.is_active:
                _tell(other, absence, sentence, by=by, now=now)
    return len(ended)


def _end(absence: Absence, *, by: User, now: datetime) -> None:
    absence.ended_at, absence.ends_at = now, max(now, absence.begins_at)
    save_row(absence, by=by, now=now, why=TrailCommand.END_ABSENCE)
    renew_stand_in_periods([absence.person_id], now)
    _record(absence, TrailCommand.END_ABSENCE, by=by, now=now)


def follow_time_zones(now: datetime) -> int:
    """Whose time zone is another one now (or the site's is, which they go by), their days begin
    and end at other moments; returns whose. Called by the clock, whatever changed the zone."""
    with transaction.atomic():
        rows = Absence.objects.filter(ended_at=None, ends_at__gt=now - 2 * _DAY)
        moved = [row for row in rows.select_related("person") if _is_moved(row)]
        if not moved:
            return 0
        lock_absences()
        for absence in moved:
            _set_moments(absence, absence.person)
            absence.save(update_fields=["begins_at", "ends_at"])
        people = {absence.person_id for absence in moved}
        renew_stand_in_periods(people, now)
    return len(people)


def _is_moved(absence: Absence) -> bool:
    return (absence.begins_at, absence.ends_at) != _moments_of(absence, absence.person)


# -- what is checked --------------------------------------------------------------------------


def _require_permission(by: User, person: User) -> None:
    if not may_set_absence(by, person):
        raise NotAllowed(
            "People say themselves when they are away; for others an administrator does."
        )


def _find_current_absence(absence_id: int, by: User, now: datetime) -> Absence:
    rows = Absence.objects.select_related("person", "deputy")
    absence = rows.filter(pk=absence_id).first()
    if absence is None or not may_set_absence(by, absence.person):
        raise NotFound("There is no such absence, or it is not yours to change.")
    if absence.ended_at is not None or absence.ends_at <= now:
        raise WrongState("This absence is over; set a new one.")
    return absence


def _check_plan(absence: Absence, plan: AbsencePlan, by: User, now: datetime) -> None:
    _check_people(absence.person, plan.deputy, by)
    if not (is_allowed_date(plan.first_day) and is_allowed_date(plan.last_day)):
        raise InvalidInput("Write dates of these years.")
    if plan.last_day < plan.first_day:
        raise InvalidInput("The last day comes before the first; exchange them.")
    if plan.last_day < local_day_of(now, zone_of(absence.person)):
        raise InvalidInput("The last day is over; to be back at once, end the absence.")
    if plan.last_day - plan.first_day > LONGEST:
        raise InvalidInput("An absence lasts two years at most; correct the year.")
    if plan.workflows is not None and not plan.workflows:
        raise InvalidInput("Choose the workflows in which they stand in, or every one.")
    _check_overlap(absence, plan)


def _check_people(person: User, deputy: User, by: User) -> None:
    if not person.is_active:
        raise InvalidInput("This account is closed; whoever has left is not away.")
    if deputy.pk == person.pk:
        raise InvalidInput("Nobody stands in for themselves; choose somebody else.")
    if not deputy.is_active:
        raise InvalidInput(
            "%(deputy)s's account is closed; choose somebody else.", deputy=full_name_of(deputy)
        )
    if ServiceAccount.objects.filter(user__in=[person.pk, deputy.pk]).exists():
        raise InvalidInput("A program is neither away, nor does it stand in for a person.")
    if by.pk not in (person.pk,) and by.pk == deputy.pk:
        raise NotAllowed(SELF_CHOSEN)


SELF_CHOSEN = gettext_noop(
    "Nobody puts themselves into somebody else's place: choose another person to stand in, or let"
    " another administrator choose you."
)


def _check_overlap(absence: Absence, plan: AbsencePlan) -> None:
    """For one day and one workflow a person names one deputy."""
    overlapping = Absence.objects.filter(
        person=absence.person,
        ended_at=None,
        first_day__lte=plan.last_day,
        last_day__gte=plan.first_day,
    ).exclude(pk=absence.pk)
    if plan.workflows is None:
        same_reach = Q(every_workflow=True)
    else:
        same_reach = Q(workflows__in=plan.workflows)
    other = overlapping.filter(same_reach).order_by("first_day").first()
    if other is not None:
        raise InvalidInput(
            "An absence from %(first)s to %(last)s is set already; change that one.",
            first=other.first_day.isoformat(),
            last=other.last_day.isoformat(),
        )


# -- what is written --------------------------------------------------------------------------


def _write_absence(
    absence: Absence, plan: AbsencePlan, *, by: User, now: datetime, command: TrailCommand
) -> None:
    """Write the row, who stands in from now on, the trail, and who is told."""
    _check_plan(absence, plan, by, now)
    is_new = absence.pk is None
    absence.deputy = plan.deputy
    absence.first_day, absence.last_day = plan.first_day, plan.last_day
    absence.every_workflow = plan.workflows is None
    _set_moments(absence, absence.person)
    save_row(absence, by=by, now=now, why=command)
    absence.workflows.set(plan.workflows or ())
    periods = renew_stand_in_periods([absence.person_id], now)
    if by.pk != absence.person_id and any(
        by.pk == period.stand_in.deputy and absence.person_id == period.person for period in periods
    ):
        raise NotAllowed(SELF_CHOSEN)
    _record(absence, command, by=by, now=now)
    _tell(absence.deputy, absence, NAMED if is_new else CHANGED, by=by, now=now)
    if by.pk != absence.person_id:
        _tell(absence.person, absence, SET_FOR_YOU, by=by, now=now)


def _set_moments(absence: Absence, person: User) -> None:
    absence.begins_at, absence.ends_at = _moments_of(absence, person)


def _moments_of(absence: Absence, person: User) -> tuple[datetime, datetime]:
    """When its days begin and end where the person is."""
    zone = zone_of(person)
    return start_of_day(absence.first_day, zone), start_of_day(absence.last_day + _DAY, zone)


def _record(absence: Absence, command: TrailCommand, *, by: User, now: datetime) -> None:
    keys = None if absence.every_workflow else absence.workflows.values_list("key", flat=True)
    fact = AbsenceSaid(
        person=absence.person.get_username(),
        stands_in=absence.deputy.get_username(),
        first_day=absence.first_day.isoformat(),
        last_day=absence.last_day.isoformat(),
        workflows=sorted(keys) if keys is not None else None,
    )
    write_fact(command, actor=by, now=now, fact=fact)


# -- who is told ------------------------------------------------------------------------------

NAMED = gettext_noop(
    "%(person)s is away from %(first)s to %(last)s, and you stand in. What is with them is in your"
    " inbox then."
)
CHANGED = gettext_noop(
    "The absence of %(person)s was changed: it is from %(first)s to %(last)s now, and you stand in."
)
NO_LONGER = gettext_noop(
    "You do not stand in for %(person)s any more (from %(first)s to %(last)s)."
)
DEPUTY_LEFT = gettext_noop(
    "%(deputy)s has left and does not stand in for you (from %(first)s to %(last)s). Say on the"
    " page of your absences who does."
)
SET_FOR_YOU = gettext_noop(
    "%(by)s wrote down that you are away from %(first)s to %(last)s, and that %(deputy)s stands in."
    " Change it on the page of your absences."
)


def _tell(to: User, absence: Absence, sentence: str, *, by: User, now: datetime) -> None:
    """One mail; never to who did it."""
    if to.pk == by.pk:
        return
    mail = MailPayload(
        to=to.pk,
        event=NoticeEvent.ACCESS_CHANGED,
        subject=text("Standing in for %(person)s", person=str(absence.person)),
        text=_describe(sentence, absence, by),
    )
    outbox.enqueue_message(mail, now=now)


def _describe(sentence: str, absence: Absence, by: User) -> Text:
    return text(
        sentence,
        person=full_name_of(absence.person),
        deputy=full_name_of(absence.deputy),
        by=full_name_of(by),
        first=absence.first_day.isoformat(),
        last=absence.last_day.isoformat(),
    )
