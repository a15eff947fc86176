"""Sending notices: one by one, or those of a digest together, each handed over once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workflows.automation.actions.mail import mail_notice
from workflows.automation.notice_channels import (
    NamedChannel,
    NoticeChannel,
    OutgoingNotice,
    find_channel_for,
    find_team_channel,
)
from workflows.engine.format.actions import ActionFailed
from workflows.language.readers import written_for
from workflows.links.queries.addresses import decision_link_address
from workflows.links.services.decision_links import make_decision_link
from workflows.notices.choices import NoticeState
from workflows.notices.messages.letters import NoticeLetter, compose_letter
from workflows.notices.messages.rendering import RenderedMail, render_digest, render_letter
from workflows.notices.models import Notice, NoticeSettings
from workflows.notices.services.settling import (
    SENDABLE_STATES,
    mark_notices_sending,
    return_unsent_notices,
    settle_lost_notices,
    settle_needless_notices,
    settle_sent_notices,
)
from workflows.notices.telling import URGENT_KINDS, WORK_KINDS
from workflows.outbox.delivery_problems import ActionRefused, HandoverBroken
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import DigestPayload, NoticePayload, read_payload
from workflows.outbox.services.messages import mark_delivered
from workflows.people.models import User

Clock = Callable[[], datetime]
UNREACHABLE = "no_address"
CLOSED = "account_closed"
MAIL_CHANNEL = "mail"


@dataclass(frozen=True, slots=True)
class _Parcel:
    """Notices that go out as one message, with what to go back to where they are not taken."""

    ids: tuple[int, ...]
    outgoing: OutgoingNotice
    channel_name: str
    state_before: NoticeState


def send_notice(message: OutboxMessage, clock: Clock) -> None:
    """Send the notice that a message names, unless it is settled. Raises ActionFailed where it is
    to be tried again, and TicketLost."""
    rows = Notice.objects.select_related(
        *("person", "team", "workflow", "request__template", "task__step")
    )
    notice = rows.get(pk=read_payload(message, NoticePayload).notice)
    if notice.state == NoticeState.SENDING:
        _settle_broken(message, [notice], clock())
    elif notice.state in SENDABLE_STATES:
        _send_one(message, notice, clock)
    else:
        mark_delivered(message, now=clock())


def _send_one(message: OutboxMessage, notice: Notice, clock: Clock) -> None:
    now = clock()
    reached = _find_channel(notice)
    why = "" if reached is not None else UNREACHABLE
    if notice.person is not None and not notice.person.is_active:
        why = CLOSED
    with written_for(notice.person):
        letter = compose_letter(notice, now) if not why else None
        if letter is None or reached is None:
            settle_needless_notices([notice.pk], now=now, why=why)
            mark_delivered(message, now=now)
            return
        name, channel = reached
        letter = _with_decision_link(letter, notice, name, now)
        outgoing = _outgoing(render_letter(letter), letter, f"notice-{notice.pk}")
        parcel = _Parcel((notice.pk,), outgoing, name, NoticeState.PENDING)
        _hand_over(message, parcel, _sender(notice, channel, outgoing), clock)


def _with_decision_link(
    letter: NoticeLetter, notice: Notice, channel_name: str, now: datetime
) -> NoticeLetter:
    """With the link to decide by, which goes to the person's own mail and nowhere else: whoever
    set up a chat for somebody would decide as them."""
    is_own_mail = channel_name == MAIL_CHANNEL and not notice.address
    if notice.person is None or notice.task is None or not (letter.is_task and is_own_mail):
        return letter
    if notice.kind not in WORK_KINDS or not notice.task.is_open:
        return letter
    notice.task.request = notice.request  # type: ignore[assignment]
    link = make_decision_link(notice.task, notice.person, now)
    return replace(letter, decide_link=decision_link_address(link)) if link else letter


def _find_channel(notice: Notice) -> NamedChannel | None:
    if notice.team is not None:
        return find_team_channel(notice.team)
    assert notice.person is not None
    return _find_personal_channel(notice.person, guards_account=notice.kind in URGENT_KINDS)


def _find_personal_channel(person: User, *, guards_account: bool = False) -> NamedChannel | None:
    """By mail, as they wished or where it is about the account: else whoever set up a chat for
    somebody would be the one to hear of it."""
    settings = NoticeSettings.objects.filter(person=person).first()
    is_wished = settings is not None and settings.prefers_mail
    return find_channel_for(person, prefers_mail=guards_account or is_wished)


def _sender(
    notice: Notice, channel: NoticeChannel, outgoing: OutgoingNotice
) -> Callable[[Callable[[], None]], None]:
    """What sends a notice, given what is to be called when it is handed over."""
    if notice.address:
        return lambda hand_over: mail_notice([notice.address], outgoing, hand_over)
    team, person = notice.team, notice.person
    if team is not None:
        return lambda hand_over: channel.deliver_to_team(team, outgoing, hand_over)
    assert person is not None
    return lambda hand_over: channel.deliver([person], outgoing, hand_over)


def _outgoing(mail: RenderedMail, letter: NoticeLetter | None, key: str) -> OutgoingNotice:
    return OutgoingNotice(
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        link=letter.link if letter is not None else "",
        thread=letter.thread if letter is not None else "",
        key=key,
    )


def _hand_over(
    message: OutboxMessage,
    parcel: _Parcel,
    send: Callable[[Callable[[], None]], None],
    clock: Clock,
) -> None:
    """Mark, send, settle. What the other side refused for good is given up at once."""
    try:
        send(lambda: mark_notices_sending(parcel.ids, parcel.channel_name))
    except ActionFailed as failed:
        if failed.retry:
            return_unsent_notices(parcel.ids, parcel.state_before)
            raise
        why = ActionRefused(failed.code, failed.text)
        settle_lost_notices(message, parcel.ids, NoticeState.FAILED, now=clock(), why=why)
        return
    settle_sent_notices(message, parcel.ids, now=clock())


def _settle_broken(message: OutboxMessage, notices: Sequence[Notice], now: datetime) -> None:
    ids = [notice.pk for notice in notices]
    settle_lost_notices(message, ids, NoticeState.UNSURE, now=now, why=HandoverBroken())


# -- digests ------------------------------------------------------------------------------------


def send_digest(message: OutboxMessage, clock: Clock) -> None:
    """Send what has gathered for a person, together. Raises ActionFailed and TicketLost."""
    now, person_id = clock(), read_payload(message, DigestPayload).person
    gathered = Notice.objects.filter(person=person_id, due_at__lte=now).order_by("pk")
    broken = list(gathered.filter(state=NoticeState.SENDING))
    if broken:
        _settle_broken(message, broken, now)
        return
    states = [NoticeState.DIGEST]
    if message.error_code:  # sent again by ops, or after a failure
        states += [NoticeState.UNSURE, NoticeState.FAILED]
    rows = gathered.filter(state__in=states).select_related(
        *("person", "workflow", "request__template", "task__step")
    )
    _send_gathered(message, list(rows), clock)


def _send_gathered(message: OutboxMessage, notices: Sequence[Notice], clock: Clock) -> None:
    now = clock()
    if not notices:
        mark_delivered(message, now=now)
        return
    person = notices[0].person
    assert person is not None
    reached = _find_personal_channel(person) if person.is_active else None
    with written_for(person):
        letters = {
            notice.pk: letter
            for notice in _last_of_each_task(notices)
            if reached is not None and (letter := compose_letter(notice, now)) is not None
        }
        needless = [notice.pk for notice in notices if notice.pk not in letters]
        settle_needless_notices(needless, now=now, why="" if reached else UNREACHABLE)
        if not letters or reached is None:
            mark_delivered(message, now=now)
            return
        name, channel = reached
        outgoing = _outgoing(render_digest(list(letters.values())), None, f"digest-{message.pk}")
        parcel = _Parcel(tuple(letters), outgoing, name, NoticeState.DIGEST)
        _hand_over(
            message,
            parcel,
            lambda hand_over: channel.deliver([person], outgoing, hand_over),
            clock,
        )


def _last_of_each_task(notices: Sequence[Notice]) -> list[Notice]:
    """A digest speaks of a task once: it is due soon, and need not be said to have come."""
    last = {notice.task_id: notice for notice in notices if notice.task_id is not None}
    return [
        notice
        for notice in notices
        if notice.task_id is None or last[notice.task_id].pk == notice.pk
    ]
