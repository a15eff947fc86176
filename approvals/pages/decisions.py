"""What was decided before, or so far, in a request."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext

from approvals.ui.formats import performer_text, person_name
from workflows.definitions.queries.compiled_versions import VersionMap, map_of_step
from workflows.engine.format.definition import EXPIRED, HumanStep, RouteDef, display_title
from workflows.engine.routing.quorum import lacking_roles
from workflows.engine.routing.separation import forward_outcome
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.instance_record import find_awaited_people, signatures_of
from workflows.execution.services.agreement.withdrawn_votes import find_own_vote
from workflows.execution.texts.agreement import describe_parts
from workflows.execution.texts.signatures import signature_text
from workflows.language.formats import join_words
from workflows.people.models import User


@dataclass(frozen=True, slots=True)
class EarlierDecision:
    """One decision, or one vote of several."""

    step: str
    round: int
    who: str
    outcome: str
    comment: str
    at: datetime | None
    signature: str = ""


Signatures = Mapping[tuple[int, int], str]
"""How decisions were signed, in words, by task and person (ids)."""
NO_SIGNATURES: Signatures = {}


def describe_signatures(
    version_map: VersionMap, instance: WorkflowInstance, tasks: Iterable[WorkItem]
) -> dict[tuple[int, int], str]:
    """The signatures on these tasks. One statement where a step of them is signed, else none."""
    signed = [task for task in tasks if _is_signed(map_of_step(version_map, task.step_id), task)]
    rows = signatures_of(instance, signed)
    return {whose: signature_text(signature) for whose, signature in rows.items()}


def _is_signed(version_map: VersionMap, task: WorkItem) -> bool:
    step = version_map.graph[version_map.step_keys[task.step_id]]
    return getattr(step, "sign", None) is not None


def describe_decisions(
    version_map: VersionMap,
    tasks: Iterable[WorkItem],
    names: Mapping[str, str],
    signatures: Signatures = NO_SIGNATURES,
) -> list[EarlierDecision]:
    """Every decision on these tasks, in their order; `names` of those who voted by username."""
    return [
        line
        for task in tasks
        for line in (
            describe_votes(version_map, task, names, signatures)
            if task.votes
            else [_describe_decision(version_map, task, signatures)]
        )
    ]


def _describe_decision(
    version_map: VersionMap, task: WorkItem, signatures: Signatures
) -> EarlierDecision:
    version_map = map_of_step(version_map, task.step_id)
    key = version_map.step_keys[task.step_id]
    return EarlierDecision(
        step=_place(version_map, key, task),
        round=task.round,
        who=performer_text(
            person_name(task.decided_by, task.performer_name),
            person_name(task.decided_for) if task.decided_for is not None else "",
        ),
        outcome=outcome_label(version_map, key, task.outcome),
        comment=task.comment,
        at=task.completed_at,
        signature=signatures.get((task.pk, task.decided_by_id or 0), ""),
    )


def _place(version_map: VersionMap, key: str, task: WorkItem) -> str:
    """The step by its title, and the row that it is about."""
    title = version_map.graph.title(key)
    return f"{title} · {task.row_label}" if task.row_label else title


def voter_usernames(tasks: Iterable[WorkItem]) -> Iterator[str]:
    """Who voted on these tasks, and in whose place."""
    votes = (vote for task in tasks for vote in task.votes)
    return (vote[key] for vote in votes for key in ("by", "acted_for") if key in vote)


def describe_votes(
    version_map: VersionMap,
    task: WorkItem,
    names: Mapping[str, str],
    signatures: Signatures = NO_SIGNATURES,
) -> list[EarlierDecision]:
    """Every vote of a task that several people decide, in its order; `names` by username."""
    version_map = map_of_step(version_map, task.step_id)
    key = version_map.step_keys[task.step_id]
    return [
        EarlierDecision(
            step=_place(version_map, key, task),
            round=task.round,
            who=performer_text(
                names.get(vote["by"], vote["by"]),
                names.get(vote.get("acted_for", ""), vote.get("acted_for", "")),
            ),
            outcome=outcome_label(version_map, key, vote["outcome"]),
            comment=vote["comment"],
            at=datetime.fromisoformat(vote["at"]),
            signature=signatures.get((task.pk, vote["id"]), ""),
        )
        for vote in task.votes
    ]


def describe_awaited(task: WorkItem, step: HumanStep) -> str:
    """Whose agreement is awaited: of which roles, and of those who were added by hand."""
    sentences = [_lacking_sentence(task, step)] if task.votes else []
    names = [person_name(person) for person in find_awaited_people(task)]
    if names:
        sentences.append(_added_sentence(names))
    return " ".join(filter(None, sentences))


def _lacking_sentence(task: WorkItem, step: HumanStep) -> str:
    """Of which roles people are awaited still, where the quorum is by roles."""
    token = task.request.read_marking().token(task.activation) if step.quorum else None
    lacking = lacking_roles(step, token) if token is not None else {}
    if not lacking:
        return ""
    people = describe_parts(lacking, sum(lacking.values()))
    return gettext("It waits for %(people)s still.") % {"people": people}


def _added_sentence(names: list[str]) -> str:
    return ngettext(
        "%(people)s was asked to agree besides, and has not yet.",
        "%(people)s were asked to agree besides, and have not yet.",
        len(names),
    ) % {"people": join_words(names)}


def may_withdraw_vote(task: WorkItem, user: User) -> bool:
    """Whether the reader has agreed here and may take that back."""
    is_running = task.request.state == WorkflowInstance.RUNNING
    return task.is_open and is_running and find_own_vote(task, user) is not None


def outcome_kind(step: HumanStep, name: str, route: RouteDef) -> str:
    """Which kind of button an outcome is: the one `forward`, an `exception`, or an `other`."""
    if name == forward_outcome(step):
        return "forward"
    return "exception" if route.exception else "other"


def outcome_label(version_map: VersionMap, step: str, outcome: str) -> str:
    """What people read for an outcome of a step."""
    outcomes = getattr(version_map.graph[step], "outcomes", {})
    if outcome == EXPIRED and outcome not in outcomes:
        return gettext("Expired")
    route = outcomes.get(outcome)
    return display_title(outcome, route.label if route else None)
