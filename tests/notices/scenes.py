"""For each event a short scene in which it happens, and what each person of the cast is to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group

from tests.engine.driving import approval, task
from tests.telling import work_out_notices
from tests.workflows import drawn
from tests.workflows.support import Flow, begin, person
from workflows.automation.services.delivery import deliver_due, deliver_message
from workflows.conversation.services.comments import write_comment
from workflows.conversation.services.following import follow_request
from workflows.engine.format.actions import ActionResult, Job, action
from workflows.execution.services import corrections, extensions, incidents, questions
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.agreement.added_approvers import add_approver
from workflows.execution.services.staffing_watch import watch_queues
from workflows.notices.choices import NoticeEvent, NoticeRelation
from workflows.notices.models import Notice
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import OutboxMessage
from workflows.outbox.services import messages as outbox
from workflows.people.models import User

E, R = NoticeEvent, NoticeRelation
Roles = Mapping[NoticeRelation, tuple[str, ...]]
CREW = ("ann", "bob", "cat", "sid")


@dataclass
class Scene:
    """What happened, the event to look at, and who is what to it; `doer` did it."""

    flow: Flow
    roles: Roles
    doer: str = ""
    closed: tuple[str, ...] = field(default=())

    def relations(self, name: str) -> frozenset[NoticeRelation]:
        """What somebody is to the event."""
        return frozenset(relation for relation, names in self.roles.items() if name in names)


def forget() -> None:
    """What was told until now is not looked at."""
    Notice.objects.all().delete()
    OutboxMessage.objects.exclude(kind__in=("due", "remind", "escalate")).delete()


def sequential(*decisions: tuple[Any, ...]) -> Flow:
    """A request of the sequential map, after these decisions; all but the last are forgotten."""
    flow = begin(drawn.sequential())
    for number, (step, outcome, by, *more) in enumerate(decisions):
        if number == len(decisions) - 1:
            forget()
        flow.decide(step, outcome, by, **(more[0] if more else {}))
    return flow


BACK = ("review", "back", "ann", {"comment": "Why so much?"})
AGAIN = ("fix", "again", "rita")


def sent_back_task() -> Scene:
    return Scene(sequential(BACK, AGAIN), {R.HOLDER: ("ann",)}, "rita")


def reassigned_task() -> Scene:
    flow = sequential()
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    forget()
    tasks.reassign(
        flow.task("review").pk, actor=person("olga"), to=person("ann"), reason="x", now=flow.later()
    )
    return Scene(flow, {R.HOLDER: ("ann",), R.FORMER_HOLDER: ("bob",), R.OWNER: ("olga",)}, "olga")


def reached_task() -> Scene:
    return Scene(sequential(BACK), {R.HOLDER: ("rita",), R.REQUESTER: ("rita",)}, "ann")


def queued_task() -> Scene:
    return Scene(sequential(), {R.TEAM_MEMBER: CREW, R.REQUESTER: ("rita",)}, "rita")


def late_flow(**overdue: Any) -> Flow:
    step = approval(ok="done", no=drawn.NO, stop=drawn.STOP, _due="1d", **overdue)
    data = drawn.drawn("late", {"review": step})
    flow = begin(data)
    work_out_notices(flow.now)
    Notice.objects.all().delete()
    return flow


def at_clock(flow: Flow, **later: float) -> None:
    now = flow.later(**later)
    deliver_due(lambda: now)


def escalated_task() -> Scene:
    flow = late_flow(_on_overdue={"escalate_to": "bosses", "after": "1d"})
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    at_clock(flow, days=2)
    return Scene(flow, {R.HOLDER: ("bob",), R.ADDED_PERSON: ("max", "mona")})


def reminded_task() -> Scene:
    flow = late_flow(_on_overdue={"remind_every": "1d"})
    at_clock(flow, days=1)
    return Scene(flow, {R.TEAM_MEMBER: CREW})


def overdue_task() -> Scene:
    flow = late_flow()
    at_clock(flow, days=1)
    return Scene(flow, {R.TEAM_MEMBER: CREW})


def due_soon_task() -> Scene:
    flow = sequential(("review", "ok", "ann"))  # `pay` is due in two days
    work_out_notices(flow.now)
    tasks.claim(flow.task("pay").pk, actor=person("max"), now=flow.later())
    at_clock(flow, days=1)
    return Scene(flow, {R.HOLDER: ("max",)})


def refused_request() -> Scene:
    flow = sequential(("review", "no", "ann", {"comment": "No."}))
    return Scene(flow, {R.REQUESTER: ("rita",), R.OWNER: ("olga", "dan")}, "ann")


def cancelled_request() -> Scene:
    flow = sequential()
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    forget()
    flow.command("cancel")
    return Scene(flow, {R.REQUESTER: ("rita",), R.HOLDER: ("bob",), R.OWNER: ("olga",)}, "olga")


def finished_request() -> Scene:
    flow = sequential(("review", "ok", "ann"), ("pay", "paid", "mona", {"data": {"code": "1"}}))
    return Scene(flow, {R.REQUESTER: ("rita",), R.OWNER: ("olga", "dan")}, "mona")


def sent_back_request() -> Scene:
    """Not to the requester's own task: then they would be told of the task alone."""
    steps = {
        "review": approval(ok="done", no={"to": "fix", "exception": True}, stop=drawn.STOP),
        "fix": task(again="review", _role="bosses"),
    }
    flow = begin(drawn.drawn("back", steps))
    forget()
    flow.decide("review", "no", "ann")
    return Scene(flow, {R.REQUESTER: ("rita",), R.TEAM_MEMBER: ()}, "ann")


def approved_request() -> Scene:
    flow = sequential(("review", "ok", "ann"))
    return Scene(flow, {R.REQUESTER: ("rita",), R.OWNER: ("olga", "dan")}, "ann")


def held_flow(*commands: str) -> Scene:
    flow = sequential()
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    for command in commands:
        forget()
        flow.command(command)
    return Scene(flow, {R.REQUESTER: ("rita",), R.HOLDER: ("bob",), R.OWNER: ("olga",)}, "olga")


def reopened_request() -> Scene:
    flow = sequential(("review", "ok", "ann"), ("pay", "paid", "mona", {"data": {"code": "1"}}))
    forget()
    flow.command("reopen")
    return Scene(flow, {R.REQUESTER: ("rita",), R.OWNER: ("olga",)}, "olga")


def merge_conflict() -> Scene:
    flow = begin(drawn.branches())
    flow.decide("legal", "ok", "ann", data={"note": "one"})
    forget()
    flow.decide("tech", "ok", "bob", data={"note": "two"})
    return Scene(flow, {R.OWNER: ("olga", "dan"), R.REQUESTER: ("rita",)}, "bob")


def empty_crew() -> Flow:
    flow = sequential()
    Group.objects.get(name="crew").user_set.clear()
    forget()
    watch_queues(now=flow.later())
    return flow


def opened_incident() -> Scene:
    return Scene(empty_crew(), {R.OWNER: ("olga", "dan"), R.REQUESTER: ("rita",)})


def handed_on_incident() -> Scene:
    flow = empty_crew()
    forget()
    User.objects.filter(username="olga").update(is_active=False)
    watch_queues(now=flow.later())
    return Scene(flow, {R.OWNER: ("dan", "olga")}, closed=("olga",))


def expired_task() -> Scene:
    step = task(ok="done", no=drawn.NO, stop=drawn.STOP)
    step["expires"] = {"after": "2d", "to": "done"}
    flow = begin(drawn.drawn("brief", {"review": step}))
    work_out_notices(flow.now)
    tasks.claim(flow.task("review").pk, actor=person("ann"), now=flow.later())
    at_clock(flow, days=2)
    return Scene(flow, {R.FORMER_HOLDER: ("ann",), R.REQUESTER: ("rita",)})


def extended_task() -> Scene:
    step = task(ok="done", no=drawn.NO, stop=drawn.STOP, _extend={"by": "1d"})
    flow = begin(drawn.drawn("longer", {"review": step}))
    tasks.claim(flow.task("review").pk, actor=person("ann"), now=flow.later())
    work_out_notices(flow.now)
    forget()
    extensions.extend_task(
        flow.task("review").pk, actor=person("olga"), reason="x", now=flow.later()
    )
    return Scene(
        flow, {R.HOLDER: ("ann",), R.REQUESTER: ("rita",), R.OWNER: ("olga", "dan")}, "olga"
    )


def added_approver() -> Scene:
    flow = sequential()
    forget()
    add_approver(
        flow.task("review").pk,
        actor=person("ann"),
        person=person("max"),
        reason="x",
        now=flow.later(),
    )
    return Scene(flow, {R.ADDED_PERSON: ("max",), R.OWNER: ("olga", "dan")}, "ann")


def overdue_request() -> Scene:
    step = task(ok="done", no=drawn.NO, stop=drawn.STOP, _due="9d")
    flow = begin(drawn.drawn("whole", {"review": step}, due="2d"))
    at_clock(flow, days=2)
    return Scene(flow, {R.OWNER: ("olga", "dan"), R.REQUESTER: ("rita",), R.TEAM_MEMBER: CREW})


def escalated_to_nobody() -> Scene:
    flow = late_flow(_on_overdue={"escalate_to": "bosses", "after": "1d"})
    Group.objects.get(name="bosses").user_set.clear()
    at_clock(flow, days=2)
    return Scene(flow, {R.OWNER: ("olga", "dan"), R.TEAM_MEMBER: CREW})


def bypassed_approval() -> Scene:
    flow = empty_crew()
    forget()
    incidents.reroute(
        flow.incident().pk, actor=person("olga"), to="pay", reason="x", now=flow.later()
    )
    return Scene(flow, {R.OWNER: ("olga", "dan"), R.REQUESTER: ("rita",)}, "olga")


def changed_after_approval() -> Scene:
    data = drawn.sequential()
    data["steps"]["review"]["on_change"] = "warn"
    flow = begin(data)
    flow.decide("review", "ok")
    forget()
    corrections.set_values(
        flow.request.pk,
        actor=person("olga"),
        data={"amount": "900.00"},
        reason="x",
        now=flow.later(),
    )
    return Scene(flow, {R.OWNER: ("olga", "dan"), R.REQUESTER: ("rita",)}, "olga")


def answered_late() -> Scene:
    """The request is cancelled while its order is being made."""
    order = {"kind": "automation", "action": "tests.order_meanwhile", "to": "review"}
    data = drawn.drawn(
        "ordering", {"order": order, "review": task(ok="done", no=drawn.NO, stop=drawn.STOP)}
    )
    data["steps"]["done"].pop("reopen")
    flow = begin(data)
    [message] = outbox.lease_messages(now=flow.now, kinds=[MessageKind.ATTEMPT], limit=1)
    deliver_message(message, lambda: flow.now)
    return Scene(flow, {R.OWNER: ("olga", "dan"), R.REQUESTER: ("rita",)})


@action("tests.order_meanwhile")
def order_meanwhile(job: Job) -> ActionResult:
    """While the order is made, its request is cancelled."""
    requests.cancel(job.request_id, actor=person("olga"), reason="x", now=job.now)
    OutboxMessage.objects.filter(kind="tell").delete()
    return ActionResult(answer={}, answer_text="PO-7")


def sent_status_link() -> Scene:
    flow = begin(drawn.sequential() | {"status_link": True})
    return Scene(flow, {R.REQUESTER: ("rita",)})


def said(text: str) -> Scene:
    """Bob has commented before, and Sid follows the request."""
    flow = begin(drawn.sequential())
    write_comment(flow.request.pk, actor=person("bob"), text="Why?", now=flow.later())
    follow_request(flow.request.pk, actor=person("sid"), now=flow.later())
    forget()
    write_comment(flow.request.pk, actor=person("olga"), text=text, now=flow.later())
    around = {R.COMMENTER: ("bob",), R.REQUESTER: ("rita",), R.WATCHER: ("sid",)}
    return Scene(flow, around, "olga")


def mentioned() -> Scene:
    return Scene(said("Look, @cat and @olga.").flow, {R.MENTIONED: ("cat",)}, "olga")


def asked_scene(kind: str, *, answers: bool) -> Scene:
    """Bob, who has taken the task, asks for an opinion, or the requester; and is answered."""
    flow = sequential()
    item, bob = flow.task("review").pk, person("bob")
    tasks.claim(item, actor=bob, now=flow.later())
    forget()
    to, given = "dan" if kind == "opinion" else "rita", {"question": "Why?", "now": flow.later()}
    if kind == "opinion":
        [row] = questions.ask_opinions(item, actor=bob, people=[person(to)], **given)
    else:
        row = questions.ask_requester(item, actor=bob, **given)
    if not answers:
        return Scene(flow, {R.ASKED_PERSON: (to,), R.ASKER: ("bob",)}, "bob")
    forget()
    questions.answer_question(row.pk, actor=person(to), answer="So.", now=flow.later())
    return Scene(flow, {R.ASKED_PERSON: (to,), R.ASKER: ("bob",), R.HOLDER: ("bob",)}, to)


SCENES: Mapping[NoticeEvent, Callable[[], Scene]] = {
    E.TASK_SENT_BACK: sent_back_task,
    E.TASK_REASSIGNED: reassigned_task,
    E.TASK_REACHED: reached_task,
    E.TASK_QUEUED: queued_task,
    E.TASK_ESCALATED: escalated_task,
    E.TASK_REMINDED: reminded_task,
    E.TASK_OVERDUE: overdue_task,
    E.TASK_EXPIRED: expired_task,
    E.DUE_EXTENDED: extended_task,
    E.REQUEST_OVERDUE: overdue_request,
    E.TASK_DUE_SOON: due_soon_task,
    E.REQUESTER_ASKED: lambda: asked_scene("requester", answers=False),
    E.APPROVER_ADDED: added_approver,
    E.REQUESTER_ANSWERED: lambda: asked_scene("requester", answers=True),
    E.OPINION_ASKED: lambda: asked_scene("opinion", answers=False),
    E.OPINION_GIVEN: lambda: asked_scene("opinion", answers=True),
    E.REQUEST_REFUSED: refused_request,
    E.REQUEST_CANCELLED: cancelled_request,
    E.REQUEST_FINISHED: finished_request,
    E.REQUEST_SENT_BACK: sent_back_request,
    E.REQUEST_APPROVED: approved_request,
    E.REQUEST_SUSPENDED: lambda: held_flow("suspend"),
    E.REQUEST_RESUMED: lambda: held_flow("suspend", "resume"),
    E.REQUEST_REOPENED: reopened_request,
    E.STATUS_LINK_SENT: sent_status_link,
    E.MENTIONED: mentioned,
    E.COMMENTED: lambda: said("Because."),
    E.MERGE_CONFLICT: merge_conflict,
    E.INCIDENT_OPENED: opened_incident,
    E.INCIDENT_HANDED_ON: handed_on_incident,
    E.ESCALATED_TO_NOBODY: escalated_to_nobody,
    E.APPROVAL_BYPASSED: bypassed_approval,
    E.CHANGED_AFTER_APPROVAL: changed_after_approval,
    E.ANSWERED_LATE: answered_late,
}
"""Events of requests. Those of workflows and accounts are told to whom their service names."""
