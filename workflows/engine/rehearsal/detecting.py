"""What went wrong in the runs: each kind of finding, looked for in its own way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from workflows.engine.authority.eligibility import forward_roles
from workflows.engine.format.definition import HumanStep, Link
from workflows.engine.format.quorums import fixed_votes
from workflows.engine.rehearsal.conditions import ConditionKey, Conditions
from workflows.engine.rehearsal.findings import Finding, FindingKind
from workflows.engine.rehearsal.goals import Goal
from workflows.engine.rehearsal.loads import RoleLoad
from workflows.engine.rehearsal.records import RunRecord, TaskRecord, Trouble
from workflows.engine.rehearsal.scenario import Scenario
from workflows.engine.rehearsal.table_conditions import row_label
from workflows.engine.routing.graph import Graph, find_reachable

MOST_ROUNDS: Final = 5
"""More rounds of one step than these are too many."""
OFTEN: Final = 0.1
"""What chance does to one request in so many is no finding of a map that is sound."""
FULL: Final = 1.0
FAR_TOO_FULL: Final = 1.4
"""With this much to do the queue grows, even where too few runs came by to see it."""
ASKED_ENOUGH: Final = 20
"""After so many runs it counts that a condition was never, or always, seen to hold."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The runs of a rehearsal: those that went as chance had it, and those that were sent
    somewhere on purpose, each with its goal."""

    graph: Graph
    scenario: Scenario
    conditions: Conditions
    runs: tuple[RunRecord, ...]
    probes: tuple[RunRecord, ...]
    goals: tuple[Goal, ...]
    loads: tuple[RoleLoad, ...]

    @property
    def all_runs(self) -> tuple[RunRecord, ...]:
        """Both, those of chance first."""
        return (*self.runs, *self.probes)

    def share(self, runs: int) -> float:
        """So many runs as a share of all."""
        return round(runs / len(self.runs), 4) if self.runs else 0.0


def find_troubles(evidence: Evidence) -> Iterator[Finding]:
    """What single runs met: standing still, failing, disagreeing."""
    groups: dict[tuple[str, str, str], list[tuple[RunRecord, Trouble]]] = {}
    for run in evidence.all_runs:
        for trouble in run.troubles:
            key = (trouble.kind, trouble.step, trouble.cause)
            groups.setdefault(key, []).append((run, trouble))
    chosen = {run.number for run in evidence.runs}
    for met in groups.values():
        run, trouble = met[0]
        yield Finding(
            kind=trouble.kind,
            step=trouble.step or None,
            share=evidence.share(sum(each.number in chosen for each, _ in met)),
            example=run.number,
            cause=trouble.cause,
            parameters=_trouble_parameters(evidence, trouble),
        )


def _trouble_parameters(evidence: Evidence, trouble: Trouble) -> dict[str, object]:
    said = dict(trouble.parameters)
    title = evidence.graph.title(trouble.step) if trouble.step else ""
    fields = said.get("fields")
    return {
        **said,
        "step": title,
        "why": said.get("problem") or said.get("text") or said.get("why") or "",
        "fields": ", ".join(fields) if isinstance(fields, list) else "",
    }


def find_rounds(evidence: Evidence) -> Iterator[Finding]:
    """Steps to which requests come again and again."""
    by_step: dict[str, list[tuple[int, RunRecord]]] = {}
    for run in evidence.runs:
        endless = any(trouble.kind == "never_ends" for trouble in run.troubles)
        human = {
            step: number
            for step, number in run.rework.items()
            if number > MOST_ROUNDS and not endless
        }
        if human:
            step = max(human, key=lambda key: (evidence.graph.is_human(key), human[key]))
            by_step.setdefault(step, []).append((human[step], run))
    for step, met in by_step.items():
        share = evidence.share(len(met))
        if share >= OFTEN and len(met) > 1:
            most, run = max(met, key=lambda pair: (pair[0], -pair[1].number))
            yield Finding(
                kind="too_many_rounds",
                step=step,
                share=share,
                example=run.number,
                parameters={
                    "step": evidence.graph.title(step),
                    "limit": MOST_ROUNDS,
                    "most": most,
                },
            )


def find_overload(evidence: Evidence) -> Iterator[Finding]:
    """Roles whose people have more to do than there are hours, so that their queue grows."""
    for load in evidence.loads:
        if load.share >= FAR_TOO_FULL or (load.share >= FULL and load.grows):
            yield Finding(
                kind="role_overloaded",
                step=load.step,
                share=evidence.share(load.runs),
                example=load.example,
                parameters={
                    "role": load.role,
                    "load": round(load.share * 100),
                    "step": evidence.graph.title(load.step),
                },
            )


def find_lateness(evidence: Evidence) -> Iterator[Finding]:
    """Steps whose tasks are often completed after they were due."""
    by_step: dict[str, list[tuple[RunRecord, TaskRecord]]] = {}
    for run in evidence.runs:
        for task in run.tasks:
            if task.is_human and task.completed is not None:
                by_step.setdefault(task.step, []).append((run, task))
    for step, tasks in by_step.items():
        late = [(run, task) for run, task in tasks if task.is_late]
        if len(late) >= max(2, len(tasks) * OFTEN):
            yield Finding(
                kind="overdue",
                step=step,
                share=evidence.share(len({run.number for run, _ in late})),
                example=late[0][0].number,
                parameters={
                    "step": evidence.graph.title(step),
                    "late": len(late),
                    "tasks": len(tasks),
                },
            )


def find_late_requests(evidence: Evidence) -> Iterator[Finding]:
    """Whether requests as a whole often end after they were due."""
    timed = [run for run in evidence.runs if run.due is not None and run.ended is not None]
    late = [run for run in timed if run.is_late]
    if len(late) >= max(2, len(timed) * OFTEN):
        yield Finding(
            kind="overdue",
            step=None,
            share=evidence.share(len(late)),
            example=late[0].number,
            cause="request",
            parameters={"late": len(late), "requests": len(timed)},
        )


# -- conditions ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """In how many runs a condition was asked, and in how many it ever held, or did not."""

    asked: int
    held: int
    failed: int
    example: int | None


def find_rules(evidence: Evidence) -> Iterator[Finding]:
    """Conditions that never hold, or always; of tables rows that never do."""
    for table in evidence.conditions.tables:
        for row in table.rows:
            if judge_condition(evidence, row) == "never":
                yield _rule_finding(evidence, row, "rule_never", row_label(evidence.graph, row))
    for link in evidence.graph.links:
        if link.route.when is None:
            continue
        kind = judge_condition(evidence, link)
        if kind is not None:
            found: FindingKind = "rule_never" if kind == "never" else "rule_always"
            yield _rule_finding(evidence, link, found, link.route.when)


def _rule_finding(evidence: Evidence, link: Link, kind: FindingKind, rule: str | None) -> Finding:
    asked = _ask(evidence, (link.source, link.kind, link.name))
    return Finding(
        kind=kind,
        step=link.source,
        share=evidence.share(min(asked.asked, len(evidence.runs))),
        example=asked.example,
        parameters={"rule": rule, "step": evidence.graph.title(link.source)},
    )


def judge_condition(evidence: Evidence, link: Link) -> str | None:
    """Whether a condition never or always holds; None where it does sometimes, or where the runs
    do not tell."""
    key: ConditionKey = (link.source, link.kind, link.name)
    judgement, asked = evidence.conditions.judgement, _ask(evidence, key)
    if not asked.asked:
        return None
    if asked.held == 0:
        sent_in_vain = _sent_in_vain(evidence, key)
        unknown = key not in judgement.witnesses
        return "never" if unknown or sent_in_vain or asked.asked >= ASKED_ENOUGH else None
    if link.kind == "outcome" or asked.failed:
        return None
    tautology = key not in judgement.refuted
    return "always" if tautology or asked.asked >= ASKED_ENOUGH else None


def _ask(evidence: Evidence, key: ConditionKey) -> _Asked:
    met = [run for run in evidence.all_runs if key in run.met]
    return _Asked(
        asked=len(met),
        held=sum(run.met[key].held for run in met),
        failed=sum(run.met[key].failed for run in met),
        example=met[0].number if met else None,
    )


def _sent_in_vain(evidence: Evidence, key: ConditionKey) -> bool:
    """Whether a run with values under which it holds asked it, and it did not."""
    return any(
        goal.condition == key and key in run.met
        for goal, run in zip(evidence.goals, evidence.probes, strict=True)
    )


def find_dead_steps(evidence: Evidence) -> Iterator[Finding]:
    """Steps that no request comes to, but for those behind a condition that is named already."""
    visited = {step for run in evidence.all_runs for step in run.visited}
    graph = evidence.graph
    for step in graph.steps:
        if step not in visited and step not in _possible_steps(evidence):
            yield Finding(
                kind="dead_step", step=step, share=1.0, parameters={"step": graph.title(step)}
            )


def _possible_steps(evidence: Evidence) -> set[str]:
    """What can be come to by ways of which nothing says that they are closed, or of which the
    condition is named itself."""
    graph, witnesses = evidence.graph, evidence.conditions.judgement.witnesses
    always = {
        link.source
        for link in graph.links
        if link.kind == "rule" and judge_condition(evidence, link) == "always"
    }
    following: dict[str, list[str]] = {step: [] for step in graph.steps}
    for link in graph.links:
        judged = any(key[0] == link.source for key in witnesses)
        is_shut = (
            link.kind == "otherwise"
            and judged
            and (link.source, "otherwise", "otherwise") not in witnesses
            and link.source not in always
        )
        if not is_shut:
            following[link.source].append(link.to)
    return find_reachable({graph.first} if graph.first else set(), following, set())


# -- people -------------------------------------------------------------------------------


def find_single_people(evidence: Evidence) -> Iterator[Finding]:
    """Steps that stand still when one person is not there."""
    definition, people = evidence.graph.definition, evidence.scenario.people
    for key, step in evidence.graph.steps.items():
        needed = fixed_votes(step.quorum) if isinstance(step, HumanStep) else None
        if not isinstance(step, HumanStep) or needed is None:
            continue
        roles = [role for role in sorted(forward_roles(step)) if definition.roles[role].is_static]
        if len(roles) != 1 or len(forward_roles(step)) != 1:
            continue
        members = [person.name for person in people if roles[0] in person.roles]
        runs = [run for run in evidence.all_runs if key in run.visited]
        if len(members) == needed and runs:
            chosen = sum(key in run.visited for run in evidence.runs)
            yield Finding(
                kind="single_person",
                step=key,
                share=evidence.share(chosen),
                example=runs[0].number,
                cause="quorum" if needed > 1 else "",
                parameters={
                    "step": evidence.graph.title(key),
                    "person": members[0],
                    "role": roles[0],
                },
            )


DETECTORS: Final[tuple[Callable[[Evidence], Iterator[Finding]], ...]] = (
    find_troubles,
    find_rounds,
    find_overload,
    find_lateness,
    find_late_requests,
    find_rules,
    find_dead_steps,
    find_single_people,
)
