"""What steering goes past: approvals that the map would have asked for and that are not given.

They are named in the record by their steps' keys, owner and deputy are told, and nobody goes past
an approval from which separation of duties keeps them.
"""

from collections.abc import Iterable

from workflows.engine import bypass
from workflows.engine.marking import Token
from workflows.engine.separation import forward_outcome
from workflows.models import TemplateVersion, WorkflowInstance
from workflows.models.runs import DONE
from workflows.services.acting import steering
from workflows.services.case import Case
from workflows.services.maps import VersionMap, cached_map, map_of
from workflows.services.whom import tell

PAST = "past_approvals"


def sent_past(case: Case, token: Token, to: str, cut_off: Iterable[Token]) -> list[str]:
    """The approvals that work at a token goes past when it is sent to a step, and that the work
    which this cuts off in other branches goes past with it."""
    graph, data = case.map.graph, case.instance.data
    found = [*bypass.past_approvals(graph, data, token.step, to)]
    if found or to in bypass.ahead_of(graph, token.step):
        for other in cut_off:
            found += bypass.past_approvals(graph, data, other.step, to)
    return [key for key in graph.steps if key in found]


def reopened_past(case: Case, to: str) -> list[str]:
    """The approvals before the step at which a request is reopened that were never given."""
    graph = case.map.graph
    on_the_way = bypass.past_approvals(graph, case.instance.data, graph.first or to, to)
    done = case.instance.work_items.filter(state=DONE, step__key__in=on_the_way)
    last = dict(done.order_by("id").values_list("step__key", "outcome"))
    return [key for key in on_the_way if last.get(key) != forward_outcome(graph.human(key))]


def skipped_past(case: Case, token: Token) -> list[str]:
    """The step itself, if it is a subworkflow in which somebody approves."""
    step = case.map.graph[token.step]
    if step.kind != "subworkflow":
        return []
    inner = _map_inside(case, token, step.workflow)  # type: ignore[union-attr]
    approves = inner and any(s.kind == "approval" for s in inner.graph.steps.values())
    return [token.step] if approves else []


def _map_inside(case: Case, token: Token, workflow: str) -> VersionMap | None:
    children = WorkflowInstance.objects.filter(parent=case.instance, parent_activation=token.id)
    child = children.order_by("-id").values_list("version_id", flat=True).first()
    if child is not None:
        return cached_map(child)
    published = TemplateVersion.objects.filter(
        template__key=workflow, state=TemplateVersion.PUBLISHED
    ).select_related("template")
    version = published.first()
    return map_of(version) if version is not None else None


def go_past(case: Case, past: Iterable[str], otherwise: str) -> None:
    """Name in the record what is gone past, and tell owner and deputy. Raises NotAllowed where
    separation of duties keeps the actor from one of these approvals."""
    keys = list(past)
    if not keys:
        return
    steering(case, otherwise, *keys)
    case.changes[PAST] = keys
    graph = case.map.graph
    names = ", ".join(f"'{graph.title(key)}'" for key in keys)
    who = case.actor.get_username() if case.actor else "The system"
    tell(
        case,
        subject=f"Past an approval: {case.instance.reference} ({case.instance.template.name})",
        text=f"{who} sent {case.instance.reference} ({case.instance.title}) on past"
        f" {names}, which was not given.",
        about="past_approvals",
    )
