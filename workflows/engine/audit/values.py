"""Values: rules that can be worked out, fields that are filled in, branches that disagree."""

import re
from collections.abc import Iterator

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Block, Survey
from workflows.engine.definition import HumanStep, JoinStep, Link
from workflows.engine.graph import reach
from workflows.engine.rules import RuleProblem


def _named(survey: Survey, link: Link) -> str:
    """A way with a condition, as a message names it."""
    what = {"outcome": f"Outcome '{link.name}'", "rule": f"Rule {link.name}"}
    return f"{what.get(link.kind, f'Branch {link.name}')} of {survey.called(link.source)}"


def rules(survey: Survey) -> Iterator[Finding]:
    """Every rule can be read and fits the declared fields."""
    for link in survey.graph.links:
        if link.route.when is None:
            continue
        try:
            needs = survey.graph.rule(link.route.when).fields
        except RuleProblem as problem:
            yield found(
                "rule_wrong",
                link.source,
                f"{_named(survey, link)} can never be worked out, so each request would stop"
                f" there: {problem}",
                "Correct the rule.",
            )
        else:
            yield from _may_be_empty(survey, link, needs)


def _may_be_empty(survey: Survey, link: Link, needs: frozenset[str]) -> Iterator[Finding]:
    text = link.route.when or ""
    unsure = [
        name
        for name in sorted(needs - survey.filled[link.source])
        if survey.may_know(link.source, name) and not re.search(rf"\b{name}\s*[!=]=\s*null\b", text)
    ]
    if unsure:
        listed = ", ".join(f"'{name}'" for name in unsure)
        yield found(
            "rule_field_may_be_empty",
            link.source,
            f"{_named(survey, link)} needs {listed}, which may still be empty there: such a"
            " request waits on an incident.",
            "Make the field required and ask for it earlier, or let the rule say what holds when"
            " it is empty, with `field == null or …`.",
        )


def role_fields(survey: Survey) -> Iterator[Finding]:
    """Whoever a step is for is known when it is reached."""
    for key, step in survey.humans():
        role = survey.role(step.role)
        if role is None or role.field is None:
            continue
        field = survey.definition.fields.get(role.field)
        known = role.field in survey.filled[key] or not survey.may_know(key, role.field)
        if field and field.type == "user" and not known:
            yield found(
                "role_field_may_be_empty",
                key,
                f"{survey.called(key)} is for whoever '{role.field}' names, which may still be"
                " empty there: such a request waits on an incident.",
                "Make the field required and ask for it at the start, or in a step before.",
            )


def never_filled(survey: Survey) -> Iterator[Finding]:
    """A required field is asked for somewhere."""
    begin = survey.definition.start
    given = set((begin.fields if begin else None) or [])
    for step in survey.graph.steps.values():
        given.update(getattr(step, "outputs", None) or [])
        if step.kind == "automation":
            given.update(_mentioned(getattr(step, "with_", None)))
    for name, field in survey.definition.fields.items():
        if field.required and name not in given:
            yield found(
                "field_never_filled",
                None,
                f"The field '{name}' is required, and neither the start nor any step asks for it:"
                " it stays empty in every request.",
                "List it under `start: fields` or under a step's `outputs`, or remove it.",
            )


def _mentioned(value: object) -> set[str]:
    """The keys in what an automation is given, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*(_mentioned(part) for part in value.values()))
    return set().union(*(_mentioned(part) for part in value)) if isinstance(value, list) else set()


# -- branches that write the same field ---------------------------------------------------------


def same_field(survey: Survey) -> Iterator[Finding]:
    """Branches that wait for each other do not write one field."""
    for block in survey.blocks:
        join = survey.graph[block.join]
        assert isinstance(join, JoinStep)
        if join.wait_for in ("any", 1):
            continue  # only one branch ever comes, so nothing is compared
        for name, writers in _written_twice(survey, block).items():
            who = " and ".join(survey.called(key) for key in sorted(writers))
            yield found(
                "branches_write_same_field",
                block.key,
                f"Several branches of {survey.called(block.key)} write '{name}' ({who}): where"
                f" they differ, {survey.called(block.join)} holds the request until the"
                " workflow's owner has chosen.",
                "Let one branch write it, or give each branch a field of its own.",
            )


def _written_twice(survey: Survey, block: Block) -> dict[str, set[str]]:
    """The fields that more than one branch writes, with the steps that do."""
    walls = {block.key, block.join}
    branches: dict[str, int] = {}
    writers: dict[str, set[str]] = {}
    for branch in block.step.branches:
        inside = reach({branch.to}, survey.graph.following, walls) & block.inside
        written = {key: _outputs(survey, key) for key in inside}
        for name in {name for names in written.values() for name in names}:
            branches[name] = branches.get(name, 0) + 1
            writers.setdefault(name, set()).update(
                k for k, names in written.items() if name in names
            )
    return {name: writers[name] for name in sorted(writers) if branches[name] > 1}


def _outputs(survey: Survey, key: str) -> set[str]:
    step = survey.graph[key]
    outputs = step.outputs if isinstance(step, HumanStep) else getattr(step, "outputs", None)
    return set(outputs or ())


CHECKS = (rules, role_fields, never_filled, same_field)
