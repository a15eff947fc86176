"""The codes of notices: what may be told, what people are to it, of which kind it is, its state."""

from django.db import models
from django.utils.translation import gettext_lazy


class NoticeEvent(models.TextChoices):
    """What people may be told of. Of several in one command, a person is told the first here."""

    TASK_SENT_BACK = "task_sent_back", gettext_lazy("a task is sent back")
    TASK_REASSIGNED = "task_reassigned", gettext_lazy("a task is reassigned")
    TASK_REACHED = "task_reached", gettext_lazy("a task reaches one person")
    TASK_QUEUED = "task_queued", gettext_lazy("a task reaches a team")
    TASK_ESCALATED = "task_escalated", gettext_lazy("late work is escalated")
    TASK_REMINDED = "task_reminded", gettext_lazy("the map reminds of late work")
    TASK_OVERDUE = "task_overdue", gettext_lazy("a task is overdue")
    TASK_DUE_SOON = "task_due_soon", gettext_lazy("a task is about to be due")
    TASK_EXPIRED = "task_expired", gettext_lazy("a task has expired")
    DUE_EXTENDED = "due_extended", gettext_lazy("more time is given")
    REQUEST_OVERDUE = "request_overdue", gettext_lazy("a request as a whole is overdue")
    REQUESTER_ASKED = "requester_asked", gettext_lazy("the requester is asked")
    REQUESTER_ANSWERED = "requester_answered", gettext_lazy("the requester answers")
    APPROVER_ADDED = "approver_added", gettext_lazy("one more person is asked to agree")
    OPINION_ASKED = "opinion_asked", gettext_lazy("an opinion is asked")
    OPINION_GIVEN = "opinion_given", gettext_lazy("an opinion is given")
    REQUEST_REFUSED = "request_refused", gettext_lazy("a request is refused")
    REQUEST_CANCELLED = "request_cancelled", gettext_lazy("a request is cancelled")
    REQUEST_FINISHED = "request_finished", gettext_lazy("a request is finished")
    REQUEST_SENT_BACK = "request_sent_back", gettext_lazy("a request is sent back")
    REQUEST_APPROVED = "request_approved", gettext_lazy("a request is approved at a step")
    REQUEST_SUSPENDED = "request_suspended", gettext_lazy("a request is suspended")
    REQUEST_RESUMED = "request_resumed", gettext_lazy("a request goes on")
    REQUEST_REOPENED = "request_reopened", gettext_lazy("a request is reopened")
    STATUS_LINK_SENT = "status_link_sent", gettext_lazy("the workflow gives out a status link")
    MENTIONED = "mentioned", gettext_lazy("a comment mentions somebody")
    COMMENTED = "commented", gettext_lazy("a request is commented on")
    MERGE_CONFLICT = "merge_conflict", gettext_lazy("branches disagree")
    INCIDENT_OPENED = "incident_opened", gettext_lazy("an incident is opened")
    INCIDENT_HANDED_ON = "incident_handed_on", gettext_lazy("an incident is handed on")
    ESCALATED_TO_NOBODY = "escalated_to_nobody", gettext_lazy("an escalation finds nobody")
    APPROVAL_BYPASSED = "approval_bypassed", gettext_lazy("a request goes past an approval")
    CHANGED_AFTER_APPROVAL = (
        "changed_after_approval",
        gettext_lazy("values change after an approval"),
    )
    ANSWERED_LATE = "answered_late", gettext_lazy("an answer comes too late")
    START_REFUSED = "start_refused", gettext_lazy("a start that was due is refused")
    MAP_PROBLEM = "map_problem", gettext_lazy("a published map goes wrong")
    REVIEW_DUE = "review_due", gettext_lazy("a review is due")
    FINDING_GIVEN = "finding_given", gettext_lazy("a review gives somebody something to see to")
    ACCESS_CHANGED = "access_changed", gettext_lazy("an account, a token or a key is changed")


class NoticeRelation(models.TextChoices):
    """What somebody is to an event."""

    REQUESTER = "requester", gettext_lazy("requester")
    HOLDER = "holder", gettext_lazy("holder")
    FORMER_HOLDER = "former_holder", gettext_lazy("former holder")
    TEAM_MEMBER = "team_member", gettext_lazy("team member")
    TEAM_DEPUTY = "team_deputy", gettext_lazy("who stands in for a team member")
    ADDED_PERSON = "added_person", gettext_lazy("added to the task")
    DEPUTY = "deputy", gettext_lazy("who stands in for the holder")
    ASKED_PERSON = "asked_person", gettext_lazy("who is asked")
    ASKER = "asker", gettext_lazy("who asked")
    WATCHER = "watcher", gettext_lazy("watcher")
    MENTIONED = "mentioned", gettext_lazy("mentioned")
    COMMENTER = "commenter", gettext_lazy("commented before")
    OWNER = "owner", gettext_lazy("owner")
    OWNER_DEPUTY = "owner_deputy", gettext_lazy("who stands in for the owner")
    ACCOUNT = "account", gettext_lazy("whose account it is")


class NoticeKind(models.TextChoices):
    """The kinds of notices of which a person chooses when they are told."""

    TASKS = "tasks", gettext_lazy("Tasks that are mine")
    TEAM = "team", gettext_lazy("Tasks that reach my team")
    LATE = "late", gettext_lazy("Work that is late or soon due")
    REQUESTS = "requests", gettext_lazy("What I asked for")
    TALK = "talk", gettext_lazy("Comments, and who mentions me")
    OWNED = "owned", gettext_lazy("Workflows that I answer for")
    ACCESS = "access", gettext_lazy("My account, its tokens and keys")


class NoticeTiming(models.TextChoices):
    """When somebody is told."""

    AT_ONCE = "at_once", gettext_lazy("at once")
    DIGEST = "digest", gettext_lazy("once a working day, together")
    OFF = "off", gettext_lazy("not at all")


class NoticeState(models.TextChoices):
    """Where a notice is on its way."""

    PENDING = "pending", gettext_lazy("waiting")
    DIGEST = "digest", gettext_lazy("waiting for the digest")
    SENDING = "sending", gettext_lazy("being handed over")
    SENT = "sent", gettext_lazy("sent")
    UNSURE = "unsure", gettext_lazy("broke off while being handed over")
    FAILED = "failed", gettext_lazy("failed")
    NEEDLESS = "needless", gettext_lazy("not needed any more")


class AddressChannel(models.TextChoices):
    """By which way a set-up address is reached."""

    MAIL = "mail", gettext_lazy("mail")
    CHAT = "chat", gettext_lazy("chat")
