"""What the decision page says: what is asked, on what data, after which decisions, by whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core import signing

from approvals.reading import case_of, task_in_sight
from approvals.request_page import place
from approvals.shown import Shown, names_of, shown_values
from approvals.wording import listed, moment, person
from workflows.engine.advance import forward_outcome
from workflows.engine.approvals import changed_since
from workflows.engine.definition import HumanStep, RouteDef, title
from workflows.engine.errors import InvalidInput
from workflows.engine.permits import why_not_act
from workflows.models import AddedPerson, WorkItem
from workflows.models.runs import CLAIMED, DONE, ENABLED, PAUSED, STARTED
from workflows.services.acting import may_steer
from workflows.services.case import Case
from workflows.services.seen import digest_shown
from workflows.services.tasks import outcomes_for, situation_of


@dataclass(frozen=True, slots=True)
class Button:
    """One outcome that the person may choose now."""

    key: str
    label: str
    kind: str
    needs_comment: bool
    leads_to: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was decided before, or so far, in the same request."""

    step: str
    round: int
    who: str
    outcome: str
    comment: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """Everything on the decision page apart from the form."""

    task: WorkItem
    step: HumanStep
    title: str
    is_mine: bool
    refused: str
    over: str
    inputs: list[Shown]
    earlier: list[Earlier]
    agreed: list[Earlier]
    buttons: list[Button]
    commands: dict[str, bool]
    manages: bool
    shown: Mapping[str, Any]
    seen: str
    escalated: str = ""
    asked_again: str = ""

    @property
    def comment_needed_for(self) -> list[str]:
        """The labels of the outcomes that a comment must go with."""
        return [button.label for button in self.buttons if button.needs_comment]


def task_page(user: User, task_id: int, now: datetime) -> TaskPage:
    """The page of this task. Raises NotFound where the person may not see it.

    The number of statements does not depend on the request's size.
    """
    task = task_in_sight(user, task_id)
    case = case_of(task.request, user, now)
    key = case.map.step_keys[task.step_id]
    if not case.map.graph.is_human(key):
        raise InvalidInput("This step is not done by a person.")
    step = case.map.human(key)
    over = _over(task, case.map.human(key), user)
    refused = "" if over else _why_not(case, task, user)
    outcomes = {} if refused or over else outcomes_for(case, task, user)
    return TaskPage(
        task=task,
        step=step,
        title=case.map.graph.title(key),
        is_mine=task.assignee_id == user.pk,
        refused=refused,
        over=over,
        inputs=shown_values(case.map.graph.definition, task.request, step.inputs),
        earlier=_earlier(case, task),
        agreed=_agreed(case, task),
        buttons=[_button(case, step, name, route) for name, route in outcomes.items()],
        commands=_commands(case, task, key) if not (refused or over) else {},
        manages=task.is_open and may_steer(case, user, key),
        shown={field: task.request.data.get(field) for field in step.outputs or []},
        seen=digest_shown(case.map, key, task.request.data),
        escalated=_escalated(task, user),
        asked_again=_asked_again(case, task, key),
    )


def _over(task: WorkItem, step: HumanStep, user: User) -> str:
    """That the task is over: by whom and when it was decided, or why it is not needed; nothing
    for one that is open."""
    if task.is_open:
        return ""
    if task.state == "cancelled":
        return f"This is not needed any more: {task.cancel_reason}."
    mine = task.decided_by_id is not None and task.decided_by_id == user.pk
    who = "You" if mine else person(task.decided_by, task.performer_name or "Somebody")
    route = step.outcomes.get(task.outcome)
    what = title(task.outcome, route.label if route else None)
    when = f" on {moment(task.completed_at)}" if task.completed_at else ""
    return f"{who} decided this{when}: {what}."


def _escalated(task: WorkItem, user: User) -> str:
    """Why the task is with somebody whose step it is not; nothing for all others."""
    if not task.is_open or task.added is None:  # type: ignore[attr-defined]
        return ""
    row = AddedPerson.objects.filter(work_item=task, user=user).first()
    if row is None:
        return ""
    if row.stand_in:
        return (
            f"You stand in here since {moment(row.added_at)}: it was given to you although you are"
            " not in its role, and the record says so."
        )
    late = f"It has been late since {moment(task.due_at)}. " if task.due_at else ""
    return (
        f"{late}So it was escalated to you on {moment(row.added_at)}: you were added from the role"
        f" “{row.role}”, and may decide it beside those whose task it is."
    )


def _asked_again(case: Case, task: WorkItem, key: str) -> str:
    """Why an approval is asked once more; nothing for all others."""
    token = case.marking.token(task.activation)
    if token is None or not token.again:
        return ""
    fields = case.map.graph.definition.fields
    changed = changed_since(case.marking, case.instance.data, key)
    names = listed([title(one, fields[one].label) for one in changed])
    return (
        f"This was approved before. {names} changed since, so it is asked again; the request waits"
        " for it."
    )


def _why_not(case: Case, task: WorkItem, user: User) -> str:
    refused = why_not_act(situation_of(case, task, task.pk, user, "", {}))
    return str(refused or "")


def _button(case: Case, step: HumanStep, name: str, route: RouteDef) -> Button:
    kind = "exception" if route.exception else "other"
    if name == forward_outcome(step):
        kind = "forward"
    return Button(
        key=name,
        label=title(name, route.label),
        kind=kind,
        needs_comment=route.comment == "required",
        leads_to=place(case.map.graph, route.to, case.instance.data, frozenset(step.outputs or ())),
    )


def _commands(case: Case, task: WorkItem, key: str) -> dict[str, bool]:
    """Which of take, start work, pause and give back make sense now."""
    role = case.map.role_of(key)
    shared = role is not None and role.is_static
    alone = task.needed == 1
    taken = task.state in (CLAIMED, STARTED, PAUSED)
    return {
        "claim": alone and task.state == ENABLED and task.in_queue,
        "start": alone and task.state in (CLAIMED, PAUSED),
        "pause": task.state in (CLAIMED, STARTED),
        "release": taken and shared,
    }


# -- what was decided before ------------------------------------------------------------------


def _earlier(case: Case, task: WorkItem) -> list[Earlier]:
    """Every decision in this request before now, oldest first. Two statements at most."""
    done = list(
        WorkItem.objects.filter(request=task.request, state=DONE)
        .exclude(pk=task.pk)
        .exclude(outcome="")
        .select_related("decided_by")
        .order_by("completed_at", "id")
    )
    names = names_of(vote["by"] for item in done for vote in item.votes)
    return [
        line
        for item in done
        for line in (votes_shown(case, item, names) if item.votes else [_decision(case, item)])
    ]


def _decision(case: Case, item: WorkItem) -> Earlier:
    key = case.map.step_keys[item.step_id]
    return Earlier(
        step=case.map.graph.title(key),
        round=item.round,
        who=person(item.decided_by, item.performer_name),
        outcome=outcome_label(case, key, item.outcome),
        comment=item.comment,
        at=item.completed_at,
    )


def _agreed(case: Case, task: WorkItem) -> list[Earlier]:
    """Who has agreed so far to a task that several people decide."""
    return votes_shown(case, task, names_of(vote["by"] for vote in task.votes))


def votes_shown(case: Case, item: WorkItem, names: Mapping[str, str]) -> list[Earlier]:
    """Every vote of a task that several people decide, in its order; `names` by username."""
    key = case.map.step_keys[item.step_id]
    return [
        Earlier(
            step=case.map.graph.title(key),
            round=item.round,
            who=names.get(vote["by"], vote["by"]),
            outcome=outcome_label(case, key, vote["outcome"]),
            comment=vote["comment"],
            at=datetime.fromisoformat(vote["at"]),
        )
        for vote in item.votes
    ]


def outcome_label(case: Case, step: str, outcome: str) -> str:
    """What people read for an outcome of a step."""
    outcomes = getattr(case.map.graph[step], "outcomes", {})
    route = outcomes.get(outcome)
    return title(outcome, route.label if route else None)


# -- what the page remembers ------------------------------------------------------------------

SALT = "approvals.task"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a person had in front of them when they opened the page: when, the digest of values and
    documents, and which values stood in the form."""

    at: datetime
    seen: str
    shown: Mapping[str, Any]

    def signed(self, user: User, task_id: int) -> str:
        """The same as a text that only this site can have made, for this person and task."""
        said = [user.pk, task_id, self.at.isoformat(), self.seen, dict(self.shown)]
        return signing.dumps(said, salt=SALT)

    @classmethod
    def read(cls, text: str, user: User, task_id: int) -> "Opened":
        """What `signed` wrote. Raises InvalidInput for anything else."""
        try:
            who, task, at, seen, shown = signing.loads(text, salt=SALT)
        except (signing.BadSignature, ValueError):
            raise InvalidInput(STALE_PAGE) from None
        if (who, task) != (user.pk, task_id):
            raise InvalidInput(STALE_PAGE)
        return cls(datetime.fromisoformat(at), str(seen), shown)


STALE_PAGE = "This page was not loaded from here. It is loaded again now; please decide once more."


def opened_now(page: TaskPage, now: datetime) -> Opened:
    """What the page shows now."""
    return Opened(now, page.seen, page.shown)
