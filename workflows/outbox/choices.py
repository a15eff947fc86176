"""Kinds and states of messages, and states of attempts."""

from django.db import models
from django.utils.translation import gettext_lazy


class MessageKind(models.TextChoices):
    """What a message asks for."""

    ATTEMPT = "attempt", gettext_lazy("run an automation")
    WAKE = "wake", gettext_lazy("end a wait")
    REMIND = "remind", gettext_lazy("remind")
    ESCALATE = "escalate", gettext_lazy("escalate")
    EXPIRE = "expire", gettext_lazy("let a task expire")
    DEADLINE = "deadline", gettext_lazy("say that a request is due")
    HAND_OVER = "hand_over", gettext_lazy("hand a kept message over")
    DROP_KEPT = "drop_kept", gettext_lazy("drop a kept message")
    CHILD = "child", gettext_lazy("start a subworkflow")
    CHILD_ENDED = "child_ended", gettext_lazy("a subworkflow ended")
    CHILD_CANCEL = "child_cancel", gettext_lazy("call a subworkflow off")
    ENDED = "ended", gettext_lazy("follow a request's end")
    START = "start", gettext_lazy("start after another workflow")
    SCHEDULE = "schedule", gettext_lazy("start by schedule")
    TELL = "tell", gettext_lazy("work out whom to tell")
    DUE = "due", gettext_lazy("say that work is due")
    MAIL = "mail", gettext_lazy("tell one person")
    NOTICE = "notice", gettext_lazy("send a notice")
    DIGEST = "digest", gettext_lazy("send a digest")
    PUBLIC_MAIL = "public_mail", gettext_lazy("write to somebody without an account")
    HEAD = "head", gettext_lazy("send the trail's head outside")
    WATCH = "watch", gettext_lazy("see who can still finish what waits")


OUTSIDE_KINDS = (
    *(MessageKind.ATTEMPT, MessageKind.NOTICE, MessageKind.DIGEST, MessageKind.HEAD),
    MessageKind.PUBLIC_MAIL,
)
"""Kinds that wait for somebody else's machine."""


class PublicMailSubject(models.TextChoices):
    """What somebody without an account is written about."""

    CONFIRM = "confirm", gettext_lazy("the link to confirm by")
    STARTED = "started", gettext_lazy("their request has started")
    ENDED = "ended", gettext_lazy("their request is over")


class MessageState(models.TextChoices):
    """Where a message is on its way."""

    WAITING = "waiting", gettext_lazy("waiting")
    TAKEN = "taken", gettext_lazy("in work")
    HELD = "held", gettext_lazy("held: the request is suspended")
    ASIDE = "aside", gettext_lazy("set aside")
    DELIVERED = "delivered", gettext_lazy("done")
    DROPPED = "dropped", gettext_lazy("given up")


NOT_ARRIVED_STATES = (
    *(MessageState.WAITING, MessageState.TAKEN, MessageState.HELD),
    *(MessageState.ASIDE, MessageState.DROPPED),
)
"""States of a message whose request has not heard of it."""


class AttemptState(models.TextChoices):
    """What became of one try of an automation."""

    RUNNING = "running", gettext_lazy("running")
    SUCCEEDED = "succeeded", gettext_lazy("succeeded")
    FAILED = "failed", gettext_lazy("failed")
    LOST = "lost", gettext_lazy("its worker died")
