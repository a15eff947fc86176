"""Branches through a chain of managers: from whom it starts, and how far up its rule lets it go."""

from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.flow.emptiness import asks_whether_empty
from workflows.engine.audit.flow.unsure_results import list_empty_fields
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.branches import ChainDef
from workflows.engine.format.definition import RowScope
from workflows.engine.format.directory_finders import REQUESTER_WORD
from workflows.engine.format.person_facts import PERSON_FACTS
from workflows.engine.rules.evaluation import Rule, RuleProblem
from workflows.engine.values.field_types.base import FIELD_TYPES


def _chains(survey: Survey) -> Iterator[tuple[RowScope, ChainDef]]:
    for scope in survey.definition.row_scopes():
        if scope.chain is not None:
            yield scope, scope.chain


def check_chain_starts(survey: Survey) -> Iterator[AuditFinding]:
    """It is known from whom a chain starts: one person, who is named or has decided by then."""
    start = survey.definition.start
    for scope, chain in _chains(survey):
        names = {"parallel_step": survey.called(scope.parallel), "chain_of": chain.chain_of}
        if chain.person_field is not None:
            yield from _check_start_field(survey, scope, chain.person_field, names)
        elif chain.step_read is not None:
            if chain.step_read not in dict(survey.humans()):
                yield make_finding("chain_start_unfit", scope.parallel, "step", **names)
        elif chain.chain_of == REQUESTER_WORD:
            count = survey.people.count_without_manager(survey.role(start.role if start else None))
            if count:
                yield make_finding("chain_manager_missing", scope.parallel, count=count, **names)


def _check_start_field(
    survey: Survey, scope: RowScope, name: str, names: dict[str, str]
) -> Iterator[AuditFinding]:
    field = survey.definition.fields.get(name)
    if field is None or not FIELD_TYPES[field.type].names_person:
        yield make_finding("chain_start_unfit", scope.parallel, field=name, **names)
    elif name not in survey.filled[scope.parallel]:
        yield make_finding("chain_value_may_be_empty", scope.parallel, listed=f"'{name}'", **names)


def check_chain_rules(survey: Survey) -> Iterator[AuditFinding]:
    """The rule of a chain can be worked out, asks something of the manager, and finds what it
    compares that with."""
    for scope, chain in _chains(survey):
        names = {"parallel_step": survey.called(scope.parallel), "until": chain.until}
        try:
            rule = survey.graph.chain_rule(chain)
        except RuleProblem as problem:
            known = ", ".join(PERSON_FACTS)
            yield make_finding(
                "chain_rule_wrong", scope.parallel, problem=problem, known=known, **names
            )
            continue
        yield from _check_needs(survey, scope, rule, names)


def _check_needs(
    survey: Survey, scope: RowScope, rule: Rule, names: dict[str, str]
) -> Iterator[AuditFinding]:
    chain, needs = scope.chain, rule.fields
    assert chain is not None
    facts, own = sorted(needs & PERSON_FACTS.keys()), sorted(needs - PERSON_FACTS.keys())
    if (
        needs == {"level"}
        and not rule.facts
        and not any(rule.holds({"level": level}) for level in range(1, chain.most + 1))
    ):
        yield make_finding("chain_never_ends", scope.parallel, count=chain.most, **names)
    if not facts:
        known = ", ".join(PERSON_FACTS)
        yield make_finding("chain_rule_idle", scope.parallel, known=known, **names)
    for fact in facts:
        if fact in survey.definition.fields:
            yield make_finding("chain_fact_is_field", scope.parallel, name=fact, **names)
    currencies = sorted(
        {c for name in own if (c := survey.definition.all_fields[name].currency) is not None}
    )
    if "limit" in facts and len(currencies) > 1:
        listed = ", ".join(currencies)
        yield make_finding("chain_currencies", scope.parallel, listed=listed, **names)
    unsure = [
        name
        for name in own
        if name not in survey.filled[scope.parallel]
        and not asks_whether_empty(names["until"], name)
    ]
    if unsure:
        missing = list_empty_fields(survey.graph, unsure, survey.filled[scope.parallel])
        yield make_finding("chain_value_may_be_empty", scope.parallel, listed=missing, **names)


CHECKS = (check_chain_starts, check_chain_rules)
