"""What steering goes past: approvals that the map would have asked for and that are not given.

They are named in the record by their steps' keys, owner and deputy are told, and nobody goes past
an approval from which separation of duties keeps them.
"""

from collections.abc import Iterable

from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map, get_version_map
from workflows.engine.routing import bypassed_approvals as bypass
from workflows.engine.routing.marking import Token
from workflows.engine.routing.separation import forward_outcome
from workflows.engine.texts import Text
from workflows.execution.models import DONE, WorkflowInstance
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.unit_of_work import UnitOfWork

BYPASSED_KEY = "past_approvals"


def find_routed_past_approvals(
    work: UnitOfWork, token: Token, to: str, cut_off: Iterable[Token]
) -> list[str]:
    """The approvals that work at a token goes past when it is sent to a step, and that the work
    which this cuts off in other branches goes past with it."""
    graph, data = work.map.graph, work.instance.data
    bypassed = [*bypass.find_bypassed_approvals(graph, data, token.step, to)]
    if bypassed or to in bypass.steps_ahead_of(graph, token.step):
        for lost_token in cut_off:
            bypassed += bypass.find_bypassed_approvals(graph, data, lost_token.step, to)
    return [key for key in graph.steps if key in bypassed]


def find_reopened_past_approvals(work: UnitOfWork, to: str) -> list[str]:
    """The approvals before the step at which a request is reopened that were never given."""
    graph = work.map.graph
    on_the_way = bypass.find_bypassed_approvals(graph, work.instance.data, graph.first or to, to)
    done = work.instance.work_items.filter(state=DONE, step__key__in=on_the_way)
    last = dict(done.order_by("id").values_list("step__key", "outcome"))
    return [key for key in on_the_way if last.get(key) != forward_outcome(graph.human(key))]


def find_skipped_approvals(work: UnitOfWork, token: Token) -> list[str]:
    """The step itself, if it is a subworkflow in which somebody approves."""
    step = work.map.graph[token.step]
    if step.kind != "subworkflow":
        return []
    inner = _find_child_map(work, token, step.workflow)
    approves = inner and any(s.kind == "approval" for s in inner.graph.steps.values())
    return [token.step] if approves else []


def _find_child_map(work: UnitOfWork, token: Token, workflow: str) -> VersionMap | None:
    children = WorkflowInstance.objects.filter(parent=work.instance, parent_activation=token.id)
    child = children.order_by("-id").values_list("version_id", flat=True).first()
    if child is not None:
        return cached_map(child)
    published = TemplateVersion.objects.filter(
        template__key=workflow, state=TemplateVersion.PUBLISHED
    ).select_related("template")
    version = published.first()
    return get_version_map(version) if version is not None else None


def record_bypassed_approvals(work: UnitOfWork, approvals: Iterable[str], otherwise: Text) -> None:
    """Name in the record what is gone past, and tell owner and deputy. Raises NotAllowed where
    separation of duties keeps the actor from one of these approvals."""
    keys = list(approvals)
    if not keys:
        return
    authorize_steering(work, otherwise, *keys)
    work.changes.facts.past_approvals = keys
