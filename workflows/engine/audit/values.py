"""Values: rules that can be worked out, fields that are filled in, branches that disagree."""

from collections.abc import Iterator, Sequence

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.flow.assigned_fields import name_of_decision
from workflows.engine.audit.flow.emptiness import asks_whether_empty
from workflows.engine.audit.flow.unsure_results import (
    list_empty_fields,
    may_be_empty_cell,
    unsure_cells,
)
from workflows.engine.audit.map_facts import ParallelBlock, Survey
from workflows.engine.authority.eligibility import forward_roles, needs_own_roles
from workflows.engine.format.definition import HumanStep, JoinStep, Link, RoleDef
from workflows.engine.format.directory_finders import ColumnFinder
from workflows.engine.routing.graph import find_reachable
from workflows.engine.rules.evaluation import Rule, RuleProblem
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import type_of_field


def condition_label(survey: Survey, link: Link) -> Text:
    """A way with a condition, as a message names it."""
    places = {"name": link.name, "step": survey.called(link.source)}
    if link.kind == "outcome":
        return text("Outcome '%(name)s' of %(step)s", **places)
    if link.kind == "rule":
        return text("Rule %(name)s of %(step)s", **places)
    return text("Branch %(name)s of %(step)s", **places)


def check_rules(survey: Survey) -> Iterator[AuditFinding]:
    """Every rule can be read and fits the declared fields."""
    for link in survey.graph.links:
        if link.route.when is None:
            continue
        try:
            rule = survey.graph.rule(link.route.when)
        except RuleProblem as problem:
            yield make_finding(
                "rule_wrong", link.source, condition=condition_label(survey, link), problem=problem
            )
        else:
            yield from _check_empty_fields(survey, link, rule)


def _check_empty_fields(survey: Survey, link: Link, rule: Rule) -> Iterator[AuditFinding]:
    told = link.route.when or ""
    unsure = [
        name
        for name in sorted(rule.fields - rule.spared)
        if survey.may_be_empty(link.source, name, link) and not asks_whether_empty(told, name)
    ]
    unsure += unsure_cells(survey.graph, rule)
    if unsure:
        listed = list_empty_fields(survey.graph, unsure, survey.filled_for(link))
        yield make_finding(
            "rule_field_may_be_empty",
            link.source,
            condition=condition_label(survey, link),
            listed=listed,
        )


def check_role_fields_filled(survey: Survey) -> Iterator[AuditFinding]:
    """Whoever a step is for is known when it is reached."""
    for key, step in survey.humans():
        own_ways = forward_roles(step) if needs_own_roles(step) else ()
        of_ways = [role for name in sorted(own_ways) if (role := survey.role(name)) is not None]
        for name in sorted(_unsure_people(survey, key, [*survey.roles_of(step), *of_ways])):
            yield make_finding("role_field_may_be_empty", key, step=survey.called(key), field=name)


def _unsure_people(survey: Survey, key: str, roles: Sequence[RoleDef]) -> set[str]:
    """The fields that name the people of these roles and may be empty; of a list that is there the
    column."""
    unfit = {role.person_field for role in roles if not _names_people(survey, role)}
    read = {name for role in roles for name in role.fields_read} - unfit
    unsure = {name for name in read if survey.may_be_empty(key, name)}
    columns = (str(role.settings.get(ColumnFinder.name, "")) for role in roles)
    there = {said for said in columns if said.partition(".")[0] not in unsure}
    return unsure | {said for said in there if may_be_empty_cell(survey.graph, said, "")}


def check_deciders_known(survey: Survey) -> Iterator[AuditFinding]:
    """Whose manager is asked for has decided by then."""
    roles = [
        (key, role.step_read)
        for key, step in survey.humans()
        for role in survey.roles_of(step)
        if role.step_read is not None
    ]
    chains = [
        (scope.parallel, scope.chain.step_read)
        for scope in survey.definition.row_scopes()
        if scope.chain is not None and scope.chain.step_read is not None
    ]
    for key, other in dict.fromkeys((*roles, *chains)):
        if other in dict(survey.humans()) and name_of_decision(other) not in survey.filled[key]:
            names = {"step": survey.called(key), "other": survey.called(other)}
            yield make_finding("decider_may_be_missing", key, **names)


def _names_people(survey: Survey, role: RoleDef) -> bool:
    field = survey.definition.all_fields.get(role.person_field or "")
    return field is not None and type_of_field(field).names_anybody


def check_required_fields_asked(survey: Survey) -> Iterator[AuditFinding]:
    """A required field is asked for somewhere."""
    begin = survey.definition.start
    asked_fields = set((begin.fields if begin else None) or [])
    for step in survey.graph.steps.values():
        asked_fields.update(getattr(step, "outputs", None) or [])
        if step.kind == "automation":
            asked_fields.update(_nested_keys(getattr(step, "with_", None)))
    for name, field in survey.definition.fields.items():
        if field.required and name not in asked_fields:
            yield make_finding("field_never_filled", None, name=name)


def _nested_keys(value: object) -> set[str]:
    """The keys in what an automation is given, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*(_nested_keys(part) for part in value.values()))
    return (
        set().union(*(_nested_keys(part) for part in value)) if isinstance(value, list) else set()
    )


# -- branches that write the same field ---------------------------------------------------------


def check_branch_writes(survey: Survey) -> Iterator[AuditFinding]:
    """Branches that wait for each other do not write one field."""
    for block in survey.blocks:
        join = survey.graph[block.join]
        assert isinstance(join, JoinStep)
        if join.wait_for in ("any", 1):
            continue  # only one branch ever comes, so nothing is compared
        for name, writers in _fields_written_twice(survey, block).items():
            writer_labels = " and ".join(survey.called(key) for key in sorted(writers))
            yield make_finding(
                "branches_write_same_field",
                block.key,
                parallel_step=survey.called(block.key),
                name=name,
                writers=writer_labels,
                join=survey.called(block.join),
            )


def _fields_written_twice(survey: Survey, block: ParallelBlock) -> dict[str, set[str]]:
    """The fields that more than one branch writes, with the steps that do."""
    walls = {block.key, block.join}
    branches: dict[str, int] = {}
    writers: dict[str, set[str]] = {}
    for branch in block.step.branches:
        inside = find_reachable({branch.to}, survey.graph.following, walls) & block.inside
        written = {key: _output_fields(survey, key) for key in inside}
        own = f"{branch.row_name}." if branch.each else ""
        for name in {name for names in written.values() for name in names}:
            is_shared = bool(branch.each) and not name.startswith(own)
            branches[name] = branches.get(name, 0) + (2 if is_shared else 1)
            writers.setdefault(name, set()).update(
                k for k, names in written.items() if name in names
            )
    return {name: writers[name] for name in sorted(writers) if branches[name] > 1}


def _output_fields(survey: Survey, key: str) -> set[str]:
    step = survey.graph[key]
    outputs = step.outputs if isinstance(step, HumanStep) else getattr(step, "outputs", None)
    return set(outputs or ())


CHECKS = (
    check_rules,
    check_role_fields_filled,
    check_deciders_known,
    check_required_fields_asked,
    check_branch_writes,
)
