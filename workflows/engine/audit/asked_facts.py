"""Rules that ask what was decided, where that cannot have been decided yet."""

from collections.abc import Iterator
from contextlib import suppress

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import ParallelStep, Step, TableStep
from workflows.engine.rules.evaluation import RuleProblem
from workflows.engine.rules.fact_names import REQUESTER, fact_words


def check_decided_before(survey: Survey) -> Iterator[AuditFinding]:
    """What a rule asks of a step can have been decided when the rule is asked."""
    for key, step in survey.graph.steps.items():
        for name in sorted(_facts_asked(survey, key, step)):
            head, *words = fact_words(name)
            if head != REQUESTER and not survey.may_come_before(words[0], key):
                yield make_finding(
                    "decided_too_late",
                    key,
                    step=survey.called(key),
                    name=name,
                    other=survey.called(words[0]),
                )


def _facts_asked(survey: Survey, key: str, step: Step) -> set[str]:
    found: set[str] = set()
    facts = survey.definition.facts
    if isinstance(step, TableStep):
        found.update(name for name in step.inputs or () if name in facts)
    branches = step.branches if isinstance(step, ParallelStep) else ()
    for link in survey.graph.links:
        if link.source == key and link.route.when is not None:
            with suppress(RuleProblem):
                found |= survey.graph.rule(link.route.when).facts
    for chain in (branch.chain for branch in branches if branch.chain):
        with suppress(RuleProblem):
            found |= survey.graph.chain_rule(chain).facts
    return found


CHECKS = (check_decided_before,)
