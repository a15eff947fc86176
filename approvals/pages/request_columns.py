"""The columns of the list of requests: declared once, for the page, its print and the CSV."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from approvals.pages.decisions import outcome_label
from approvals.pages.position_texts import describe_place, request_state_text, short_holder_text
from approvals.ui.formats import performer_text, person_name
from approvals.ui.tables import CellNote, Column, MomentColumn
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.format.definition import display_title
from workflows.execution.models import NEVER, WorkflowInstance
from workflows.execution.queries.instance_lists import ListOrder
from workflows.execution.queries.position import InstancePosition
from workflows.language.formats import DASH, duration_text, moment_text
from workflows.trail.choices import TrailCommand


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request as the list shows it; `holders` has its open steps, each with who has it."""

    request: WorkflowInstance
    requester: str
    state: str
    holders: Sequence[tuple[str, str]]
    otherwise: str
    since: datetime | None
    due: datetime | None
    """When the first of its open steps that has a due date is due."""
    late: str
    """How late it is; empty where it is not."""
    move: str
    """What its last move was, and whose."""
    deadline: datetime | None = None
    is_late_as_a_whole: bool = False

    @property
    def where(self) -> list[str]:
        """The steps at which it is, or what holds it up."""
        return [step for step, _ in self.holders] or [self.otherwise] * bool(self.otherwise)

    @property
    def who(self) -> list[str]:
        """Who has it; at several steps at once, with the step."""
        if len(self.holders) == 1:
            return [self.holders[0][1]]
        return [
            gettext("%(step)s: %(person)s") % {"step": step, "person": holder}
            for step, holder in self.holders
        ]


def describe_request(position: InstancePosition, now: datetime) -> RequestRow:
    """A request that was read for a list, as a row. No statement."""
    request: Any = position.instance
    is_held_up = request.is_live and not position.steps
    deadline = request.deadline_at if request.deadline_at < NEVER else None
    deadline = deadline if request.is_live else None
    due = request.due_at if request.is_live and request.due_at < NEVER else None
    return RequestRow(
        request=request,
        requester=person_name(request.requester, request.requester_name or _source_text(request)),
        state=request_state_text(request),
        holders=[(step.title, short_holder_text(position, step, now)) for step in position.steps],
        otherwise=describe_place(position, now) if is_held_up else "",
        since=position.since,
        due=due,
        late=duration_text(now - due) if due is not None and due < now else "",
        move=describe_move(position.map, request.last_move) if request.last_move else "",
        deadline=deadline,
        is_late_as_a_whole=deadline is not None and deadline < now,
    )


def _source_text(request: WorkflowInstance) -> str:
    return gettext("nobody; it came by %(source)s") % {"source": request.get_source_display()}


# -- the last move ----------------------------------------------------------------------------

_MOVES = {
    TrailCommand.START: gettext_lazy("Asked for"),
    TrailCommand.DECIDE: gettext_lazy("“%(step)s”: %(outcome)s"),
    TrailCommand.REASSIGN: gettext_lazy("“%(step)s” passed on"),
    TrailCommand.WITHDRAW_VOTE: gettext_lazy("“%(step)s”: agreement taken back"),
    TrailCommand.ADD_APPROVER: gettext_lazy("“%(step)s”: one more asked to agree"),
    TrailCommand.ESCALATE: gettext_lazy("“%(step)s” escalated"),
    TrailCommand.ASK_REQUESTER: gettext_lazy("The requester was asked"),
    TrailCommand.ANSWER_QUESTION: gettext_lazy("A question was answered"),
    TrailCommand.SET_VALUES: gettext_lazy("Values changed"),
    TrailCommand.CANCEL: gettext_lazy("Cancelled"),
    TrailCommand.SUSPEND: gettext_lazy("Suspended"),
    TrailCommand.RESUME: gettext_lazy("Resumed"),
    TrailCommand.REOPEN: gettext_lazy("Opened again"),
    TrailCommand.RESOLVE_MERGE: gettext_lazy("Chosen between the branches"),
    TrailCommand.FINISH: gettext_lazy("“%(step)s” done"),
    TrailCommand.EXPIRE: gettext_lazy("“%(step)s” expired"),
    TrailCommand.FAIL: gettext_lazy("“%(step)s” failed"),
    TrailCommand.RETRY: gettext_lazy("“%(step)s” tried again"),
    TrailCommand.SKIP: gettext_lazy("“%(step)s” skipped"),
    TrailCommand.REROUTE: gettext_lazy("Sent on from “%(step)s”"),
}


def describe_move(version_map: VersionMap, move: Mapping[str, Any]) -> str:
    """What was done last, and by whom, where a person did it."""
    step, steps = move["step"], version_map.graph.steps
    places = {
        "step": version_map.graph.title(step) if step in steps else display_title(step, None),
        "outcome": outcome_label(version_map, step, move["outcome"])
        if step in steps and move["outcome"]
        else display_title(move["outcome"], None),
    }
    done = str(_MOVES[TrailCommand(move["command"])]) % places
    name = f"{move['first_name'] or ''} {move['last_name'] or ''}".strip() or move["login"]
    if not name:
        return done
    person = performer_text(name, move["acted_for"])
    return gettext("%(done)s, by %(person)s") % {"done": done, "person": person}


# -- columns ----------------------------------------------------------------------------------


def _lines(texts: Sequence[str]) -> Iterable[CellNote]:
    return [CellNote(text, css="line") for text in texts[1:]]


def _first(texts: Sequence[str]) -> str | None:
    return texts[0] if texts else None


def _due_text(row: RequestRow) -> str:
    if row.late:
        return gettext("Overdue by %(late)s") % {"late": row.late}
    return moment_text(row.due) if row.due else DASH


COLUMNS: tuple[Column[RequestRow], ...] = (
    Column(
        gettext_lazy("Request"),
        "title",
        lambda row: row.request.title,
        href=lambda row: reverse("approvals:request", args=[row.request.reference]),
        link_name=lambda row: f"{row.request.title}, {row.request.reference}",
        notes=lambda row: [CellNote(row.request.reference, css="quiet ref")],
    ),
    Column(gettext_lazy("Workflow"), "workflow", lambda row: row.request.template.name),
    Column(gettext_lazy("Asked by"), "asked_by", lambda row: row.requester),
    Column(
        gettext_lazy("State"), "state", lambda row: row.state, badge=lambda row: row.request.state
    ),
    Column(
        gettext_lazy("Where it is"),
        "where",
        lambda row: "; ".join(row.where),
        text=lambda row: _first(row.where) or DASH,
        notes=lambda row: _lines(row.where),
    ),
    Column(
        gettext_lazy("Who has it"),
        "who",
        lambda row: "; ".join(row.who),
        text=lambda row: _first(row.who) or DASH,
        notes=lambda row: _lines(row.who),
    ),
    MomentColumn(gettext_lazy("Since"), "since", lambda row: row.since),
    MomentColumn(
        gettext_lazy("Due"),
        "due",
        lambda row: row.due,
        text=_due_text,
        is_late=lambda row: bool(row.late),
    ),
    MomentColumn(
        gettext_lazy("Due as a whole"),
        "deadline",
        lambda row: row.deadline,
        is_late=lambda row: row.is_late_as_a_whole,
    ),
    MomentColumn(
        gettext_lazy("Last move"),
        "moved",
        lambda row: row.request.moved_at,
        notes=lambda row: [CellNote(row.move)] if row.move else [],
    ),
    MomentColumn(gettext_lazy("Begun"), "begun", lambda row: row.request.started_at),
    MomentColumn(gettext_lazy("Over"), "over", lambda row: row.request.completed_at),
)
FILE_ONLY: Mapping[str, Column[RequestRow]] = {
    "title": Column("", "reference", lambda row: row.request.reference),
    "due": Column("", "late", lambda row: "yes" if row.late else "no"),
    "moved": Column("", "last_move", lambda row: row.move),
}
"""What a cell of the page says beside its value is a column of its own in the CSV."""
ALWAYS = "title"
USUAL = ("title", "workflow", "asked_by", "state", "where", "who", "due", "moved")
SORTED_BY: Mapping[str, tuple[ListOrder, ...]] = {
    "title": (ListOrder.NEWEST, ListOrder.OLDEST),
    "begun": (ListOrder.NEWEST, ListOrder.OLDEST),
    "due": (ListOrder.DUE,),
    "deadline": (ListOrder.DEADLINE,),
    "moved": (ListOrder.MOVED, ListOrder.STILL),
}
"""By which columns the list can be sorted, each way: those that an index has in order."""


def choose_columns(names: Iterable[str]) -> list[Column[RequestRow]]:
    """The columns of these names in their order; where none is known, the usual ones."""
    known_names = {column.name for column in COLUMNS} & set(names)
    chosen = known_names | {ALWAYS} if known_names else set(USUAL)
    return [column for column in COLUMNS if column.name in chosen]


def file_columns(columns: Iterable[Column[RequestRow]]) -> list[Column[RequestRow]]:
    """The same for the CSV."""
    pairs = [(column, FILE_ONLY.get(column.name)) for column in columns]
    return [column for pair in pairs for column in pair if column is not None]
