"""The codes of the trail: what a row may say was done, by which door, and in which capacity.

A code that is not here cannot be written, and whoever chooses by code makes the choice from here.
"""

from django.db import models
from django.utils.translation import gettext_lazy


class TrailCommand(models.TextChoices):
    """What a row may say was done, in the order in which people look for it."""

    # maps and logs
    LOAD_DEFINITION = "load_definition", gettext_lazy("load definition")
    NEW_DRAFT = "new_draft", gettext_lazy("new draft")
    EDIT_DRAFT = "edit_draft", gettext_lazy("edit draft")
    DELETE_DRAFT = "delete_draft", gettext_lazy("delete draft")
    PUBLISH = "publish", gettext_lazy("publish")
    RETIRE = "retire", gettext_lazy("retire")
    START = "start", gettext_lazy("start")
    IMPORT_LOG = "import_log", gettext_lazy("import log")
    UNDO_IMPORT = "undo_import", gettext_lazy("undo import")
    EXPORT_LOG = "export_log", gettext_lazy("export log")
    # workflows as a whole
    PAUSE_WORKFLOW = "pause_workflow", gettext_lazy("pause workflow")
    RESUME_WORKFLOW = "resume_workflow", gettext_lazy("resume workflow")
    SKIP_START = "skip_start", gettext_lazy("skip start")
    # tasks
    CLAIM = "claim", gettext_lazy("claim")
    START_WORK = "start_work", gettext_lazy("start work")
    PAUSE = "pause", gettext_lazy("pause")
    RELEASE = "release", gettext_lazy("release")
    REASSIGN = "reassign", gettext_lazy("reassign")
    DECIDE = "decide", gettext_lazy("decide")
    WITHDRAW_VOTE = "withdraw_vote", gettext_lazy("take agreement back")
    ADD_APPROVER = "add_approver", gettext_lazy("ask one more to agree")
    ASK_OPINION = "ask_opinion", gettext_lazy("ask for an opinion")
    GIVE_OPINION = "give_opinion", gettext_lazy("give an opinion")
    ASK_REQUESTER = "ask_requester", gettext_lazy("ask the requester")
    ANSWER_QUESTION = "answer_question", gettext_lazy("answer a question")
    WITHDRAW_QUESTION = "withdraw_question", gettext_lazy("take a question back")
    # requests
    CANCEL = "cancel", gettext_lazy("cancel")
    SUSPEND = "suspend", gettext_lazy("suspend")
    RESUME = "resume", gettext_lazy("resume")
    REOPEN = "reopen", gettext_lazy("reopen")
    SET_VALUES = "set_values", gettext_lazy("set values")
    RESOLVE_MERGE = "resolve_merge", gettext_lazy("choose between branches")
    CHANGE_VERSION = "change_version", gettext_lazy("move to another version")
    PUT_BACK = "put_back", gettext_lazy("put back on its version")
    MAKE_STATUS_LINK = "make_status_link", gettext_lazy("make status link")
    WITHDRAW_STATUS_LINK = "withdraw_status_link", gettext_lazy("withdraw status link")
    # steps that wait, and incidents
    FINISH = "finish", gettext_lazy("finish")
    FAIL = "fail", gettext_lazy("fail")
    RETRY = "retry", gettext_lazy("retry")
    SKIP = "skip", gettext_lazy("skip")
    REROUTE = "reroute", gettext_lazy("reroute")
    EXPIRE = "expire", gettext_lazy("expire")
    EXTEND = "extend", gettext_lazy("give more time")
    KEEP_MESSAGE = "keep_message", gettext_lazy("keep a message")
    DROP_MESSAGE = "drop_message", gettext_lazy("drop a kept message")
    REMIND = "remind", gettext_lazy("remind")
    ESCALATE = "escalate", gettext_lazy("escalate")
    WATCH = "watch", gettext_lazy("watch")
    # what people say to one another, and what they follow
    COMMENT = "comment", gettext_lazy("comment")
    EDIT_COMMENT = "edit_comment", gettext_lazy("edit comment")
    WITHDRAW_COMMENT = "withdraw_comment", gettext_lazy("withdraw comment")
    FOLLOW = "follow", gettext_lazy("follow")
    UNFOLLOW = "unfollow", gettext_lazy("unfollow")
    # rights
    GRANT = "grant", gettext_lazy("grant")
    WITHDRAW = "withdraw", gettext_lazy("withdraw")
    JOIN_GROUP = "join_group", gettext_lazy("join group")
    LEAVE_GROUP = "leave_group", gettext_lazy("leave group")
    HAND_OVER = "hand_over", gettext_lazy("hand over")
    CHANGE_ACCOUNT = "change_account", gettext_lazy("change account")
    SET_ABSENCE = "set_absence", gettext_lazy("set absence")
    CHANGE_ABSENCE = "change_absence", gettext_lazy("change absence")
    END_ABSENCE = "end_absence", gettext_lazy("end absence")
    CHANGE_GROUP = "change_group", gettext_lazy("change group")
    MAKE_TOKEN = "make_token", gettext_lazy("make token")
    REVOKE_TOKEN = "revoke_token", gettext_lazy("revoke token")
    MAKE_KEY = "make_key", gettext_lazy("make key")
    REVOKE_KEY = "revoke_key", gettext_lazy("revoke key")
    ROTATE_KEY = "rotate_key", gettext_lazy("rotate key")
    CHANGE_CONNECTION = "change_connection", gettext_lazy("change connection")
    CHANGE_CALENDAR = "change_calendar", gettext_lazy("change calendar")
    CHANGE_RESOURCE = "change_resource", gettext_lazy("change resource")
    GIVE_BACK = "give_back", gettext_lazy("give back")
    CHANGE_RATE = "change_rate", gettext_lazy("change rate")
    CHANGE_NOTICE_ADDRESS = "change_notice_address", gettext_lazy("change where notices go")
    CHOOSE_NOTICES = "choose_notices", gettext_lazy("choose notices")
    # what workflows do with one another
    START_OTHER = "start_other", gettext_lazy("start other")
    LISTENED = "listened", gettext_lazy("listened")
    # what others said when nothing waited for it any more
    LATE_ANSWER = "late_answer", gettext_lazy("late answer")
    # messages that did not get through
    SEND_AGAIN = "send_again", gettext_lazy("send again")
    GIVE_UP = "give_up", gettext_lazy("give up")
    # reviews
    REVIEW_DUE = "review_due", gettext_lazy("review due")
    REVIEW_BEGIN = "review_begin", gettext_lazy("review begin")
    REVIEW_GATHER = "review_gather", gettext_lazy("review gather")
    REVIEW_DECIDE = "review_decide", gettext_lazy("review decide")
    REVIEW_CLOSE = "review_close", gettext_lazy("review close")


COMMENT_COMMANDS = (
    TrailCommand.COMMENT,
    TrailCommand.EDIT_COMMENT,
    TrailCommand.WITHDRAW_COMMENT,
)
FOLLOW_COMMANDS = (TrailCommand.FOLLOW, TrailCommand.UNFOLLOW)
COMMANDS_WITHOUT_SIGHT = (*COMMENT_COMMANDS, *FOLLOW_COMMANDS, TrailCommand.GIVE_OPINION)
"""Whoever has acted on a request may see it from then on. Talking about it and following it are no
acting, nor is an opinion: who may see it no longer does not keep it by that."""

MOVES = (
    *(TrailCommand.START, TrailCommand.DECIDE, TrailCommand.REASSIGN, TrailCommand.ESCALATE),
    *(TrailCommand.ASK_REQUESTER, TrailCommand.ANSWER_QUESTION, TrailCommand.SET_VALUES),
    *(TrailCommand.CANCEL, TrailCommand.SUSPEND, TrailCommand.RESUME, TrailCommand.REOPEN),
    *(TrailCommand.RESOLVE_MERGE, TrailCommand.FINISH, TrailCommand.FAIL, TrailCommand.RETRY),
    *(TrailCommand.SKIP, TrailCommand.REROUTE, TrailCommand.EXPIRE),
    *(TrailCommand.WITHDRAW_VOTE, TrailCommand.ADD_APPROVER),
)
"""What takes a request on its way, or off it: its last one is its last move. To take a task up,
remind of it or talk about it moves nothing."""


class TrailChannel(models.TextChoices):
    """By which door a command came."""

    PAGE = "page", gettext_lazy("page")
    ADMIN = "admin", gettext_lazy("admin")
    API = "api", gettext_lazy("API")
    WEBHOOK = "webhook", gettext_lazy("webhook")
    MAIL = "mail", gettext_lazy("mail")
    MAIL_LINK = "mail_link", gettext_lazy("a link in a mail")
    PUBLIC_FORM = "public_form", gettext_lazy("a public form")
    COMMAND = "command", gettext_lazy("command line")
    CLOCK = "clock", gettext_lazy("the clock: it was due")
    WORKER = "worker", gettext_lazy("a worker: it followed from another command")
    DIRECT = "direct", gettext_lazy("a call from within")


class TrailCapacity(models.TextChoices):
    """In which capacity the actor acted."""

    ROLE = "role", gettext_lazy("by a role of the map")
    REQUESTER = "requester", gettext_lazy("as the requester")
    ESCALATION = "escalation", gettext_lazy("by escalation")
    STAND_IN = "stand_in", gettext_lazy("standing in")
    ASKED = "asked", gettext_lazy("as somebody who was asked")
    ADDED = "added", gettext_lazy("as somebody who was added to agree")
    OWNER = "owner", gettext_lazy("as owner")
    DEPUTY = "deputy", gettext_lazy("as deputy")
    MANAGER = "manager", gettext_lazy("by the permission to manage the workflow")
    SITE = "site", gettext_lazy("as superuser")
    ACCOUNTS = "accounts", gettext_lazy("by the permission to change accounts")


OWNING_CAPACITIES = (
    TrailCapacity.OWNER,
    TrailCapacity.DEPUTY,
    TrailCapacity.MANAGER,
    TrailCapacity.SITE,
)
"""As what somebody acts who answers for a workflow."""
