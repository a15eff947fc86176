"""States and codes of what runs."""

from django.db import models
from django.utils.translation import gettext_lazy

from workflows.engine.routing import cancel_reasons as reasons
from workflows.engine.routing.step_troubles import (
    BudgetExceeded,
    ChainInCircle,
    ChainTooShort,
    HoldUnclear,
    NoDate,
    NoRoom,
    RuleFailed,
)


class InstanceState(models.TextChoices):
    """Where a request stands as a whole."""

    RUNNING = "running", gettext_lazy("running")
    SUSPENDED = "suspended", gettext_lazy("suspended")
    COMPLETED = "completed", gettext_lazy("completed")
    CANCELLED = "cancelled", gettext_lazy("cancelled")
    ARRIVING = "arriving", gettext_lazy("coming in from a log")
    TAKEN_OUT = "taken_out", gettext_lazy("of a log that was taken out")


class InstanceSource(models.TextChoices):
    """How a request came."""

    FORM = "form", gettext_lazy("start form")
    API = "api", gettext_lazy("HTTP API")
    WEBHOOK = "webhook", gettext_lazy("webhook")
    PUBLIC_FORM = "public", gettext_lazy("public form")
    SCHEDULE = "schedule", gettext_lazy("schedule")
    WORKFLOW = "workflow", gettext_lazy("another workflow")
    LOG = "log", gettext_lazy("imported log")
    REPLAY = "replay", gettext_lazy("replayed log")
    DEMO = "demo", gettext_lazy("demo")


class TaskState(models.TextChoices):
    """Where a task stands."""

    ENABLED = "enabled", gettext_lazy("waiting")
    CLAIMED = "claimed", gettext_lazy("taken")
    STARTED = "started", gettext_lazy("in work")
    PAUSED = "paused", gettext_lazy("paused")
    ASKED = "asked", gettext_lazy("with the requester")
    DONE = "done", gettext_lazy("done")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


class QuestionKind(models.TextChoices):
    """What is asked on a task, and of whom."""

    OPINION = "opinion", gettext_lazy("an opinion")
    REQUESTER = "requester", gettext_lazy("a question to the requester")


class QuestionState(models.TextChoices):
    """Where a question stands."""

    OPEN = "open", gettext_lazy("not answered yet")
    ANSWERED = "answered", gettext_lazy("answered")
    WITHDRAWN = "withdrawn", gettext_lazy("taken back")
    LAPSED = "lapsed", gettext_lazy("not needed any more")


class MergeState(models.TextChoices):
    """Where the join of a parallel block stands."""

    WAITING = "waiting", gettext_lazy("waiting for branches")
    CONFLICT = "conflict", gettext_lazy("branches disagree")
    FIRED = "fired", gettext_lazy("merged")
    LEFT = "left", gettext_lazy("left before the merge")


class IncidentState(models.TextChoices):
    """Whether somebody still has to put it right."""

    OPEN = "open", gettext_lazy("open")
    RESOLVED = "resolved", gettext_lazy("resolved")


class ClosingCode(models.TextChoices):
    """Why a task was closed without having been decided; a step that failed has the code of its
    incident."""

    BLOCK_LEFT = reasons.BlockLeftFor.CODE, gettext_lazy("its parallel block was left")
    ENOUGH_ARRIVED = reasons.EnoughArrived.CODE, gettext_lazy("enough branches came")
    ROW_REFUSED = reasons.RowRefused.CODE, gettext_lazy("somebody refused before")
    REQUEST_ENDED = reasons.InstanceEnded.CODE, gettext_lazy("the request ended")
    REQUEST_CANCELLED = (
        reasons.InstanceCancelled.CODE,
        gettext_lazy("the request was cancelled"),
    )
    SENT_ELSEWHERE = reasons.SentElsewhere.CODE, gettext_lazy("sent to another step")
    PUT_BACK = (
        reasons.PutBackOnVersion.CODE,
        gettext_lazy("the request was put back on its version"),
    )
    AWAITS_APPROVAL = reasons.AwaitsApproval.CODE, gettext_lazy("an approval is asked again first")
    APPROVAL_RESTORED = (
        reasons.ApprovalRestored.CODE,
        gettext_lazy("the values are again what was approved"),
    )
    APPROVAL_REFUSED = (
        reasons.ApprovalRefused.CODE,
        gettext_lazy("an approval was not given again"),
    )
    TRIED_AGAIN = reasons.TriedAgain.CODE, gettext_lazy("tried again")


class IncidentCode(models.TextChoices):
    """What Handoff itself says of a step that cannot go on. An action's failure has the action's
    own code, which may be a company's."""

    NOBODY = "nobody", gettext_lazy("nobody can finish it")
    RULE_FAILED = RuleFailed.CODE, gettext_lazy("a rule cannot be worked out")
    NO_DATE = NoDate.CODE, gettext_lazy("there is no date to wait for")
    MERGE_CONFLICT = "merge_conflict", gettext_lazy("branches disagree")
    NOT_DELIVERED = "not_delivered", gettext_lazy("its message was given up")
    CHILD_CANCELLED = (
        "subworkflow_cancelled",
        gettext_lazy("the request it waits for was cancelled"),
    )
    NO_ROOM = NoRoom.CODE, gettext_lazy("what it books is not free")
    BUDGET_EXCEEDED = BudgetExceeded.CODE, gettext_lazy("too little is left of its budget")
    CHAIN_TOO_SHORT = (
        ChainTooShort.CODE,
        gettext_lazy("no manager is far enough up"),
    )
    CHAIN_IN_CIRCLE = (
        ChainInCircle.CODE,
        gettext_lazy("managers go round in a circle"),
    )
    HOLD_UNCLEAR = HoldUnclear.CODE, gettext_lazy("its values say nothing that can be held")
    ACTION_UNKNOWN = "action_unknown", gettext_lazy("there is no such action on this site")


class StaffingGap(models.TextChoices):
    """Why nobody can finish a task."""

    NOBODY = "nobody", gettext_lazy("nobody is in its role")
    BARRED = "barred", gettext_lazy("separation of duties keeps everybody away")
    TOO_FEW = "too_few", gettext_lazy("too few people are left")
    HOLDER_INACTIVE = "holder_inactive", gettext_lazy("its holder's account is closed")
    HOLDER_BARRED = "holder_barred", gettext_lazy("separation of duties keeps its holder away")
    HOLDER_LEFT_ROLE = "holder_left_role", gettext_lazy("its holder left the role")
    ROLE_OF_ONE = "role_of_one", gettext_lazy("its role names one person, and it needs several")
    FIELD_EMPTY = "field_empty", gettext_lazy("the field that names its person is empty")
    NO_REQUESTER = "no_requester", gettext_lazy("nobody asked for this")
    NOBODY_FOUND = "nobody_found", gettext_lazy("nobody is whom its role names")
    PERSON_GONE = "person_gone", gettext_lazy("the person whom a field names is gone")
    PERSON_INACTIVE = "person_inactive", gettext_lazy("its person's account is closed")
    PERSON_BARRED = "person_barred", gettext_lazy("separation of duties keeps its person away")
    OUTCOMES_CLOSED = "outcomes_closed", gettext_lazy("nobody may choose an outcome that goes on")


class ResolutionCode(models.TextChoices):
    """How an incident came to its end."""

    REASSIGNED = "reassigned", gettext_lazy("reassigned")
    DONE = "done", gettext_lazy("it is done")
    NOT_NEEDED = "not_needed", gettext_lazy("not needed any more")
    TRIED_AGAIN = "tried_again", gettext_lazy("tried again")
    BRANCH_CHOSEN = "branch_chosen", gettext_lazy("a person chose between the branches")
    STAFFED = "staffed", gettext_lazy("somebody is there now")
