"""Separation of duties: whom `not_by` keeps away, and whether somebody is left."""

from collections.abc import Iterator

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.definition import HumanStep, not_by


def requester(survey: Survey) -> Iterator[Finding]:
    """Nobody approves what they asked for, unless the map says why."""
    for key, step in survey.humans():
        if step.kind != "approval" or "requester" in not_by(step):
            continue
        what = f"Whoever asked may decide {survey.called(key)} themselves"
        if step.not_by_reason is None:
            yield found(
                "separation_missing",
                key,
                f"{what}, because `not_by` does not name the requester, and the map does not say"
                " why.",
                "Add `requester` to `not_by`, say under `not_by_reason` why not, or make the step"
                " a task if nothing is approved.",
            )
        else:
            yield found(
                "requester_may_decide",
                key,
                f"{what}; the map says why: {step.not_by_reason.rstrip('.')}.",
                "Read the reason before you publish; add `requester` to `not_by` if it does not"
                " hold.",
            )


def named_by_themselves(survey: Survey) -> Iterator[Finding]:
    """Nobody who names the person for an approval can name themselves."""
    for key, step in survey.humans():
        role = survey.role(step.role)
        if step.kind != "approval" or role is None or role.field is None:
            continue
        barred = not_by(step)
        for writer, other in survey.humans():
            if writer == key or role.field not in (other.outputs or ()) or writer in barred:
                continue
            theirs = survey.role(other.role)
            is_requester = theirs is not None and theirs.requester and "requester" in barred
            same = theirs is not None and theirs.field == role.field
            if not (is_requester or same) and survey.may_come_before(writer, key):
                yield _named_by(survey, key, role.field, f"Whoever does {survey.called(writer)}")
        if "requester" not in barred and role.field in _asked_at_start(survey):
            yield _named_by(survey, key, role.field, "Whoever asks")


def _asked_at_start(survey: Survey) -> list[str]:
    begin = survey.definition.start
    return list((begin.fields if begin else None) or [])


def _named_by(survey: Survey, key: str, field: str, who: str) -> Finding:
    return found(
        "approver_named_by_themselves",
        key,
        f"{who} fills in '{field}', may name themselves there, and then decides"
        f" {survey.called(key)} alone.",
        "Name who fills in the field under `not_by`, or give the approval a role of groups.",
    )


def without_effect(survey: Survey) -> Iterator[Finding]:
    """A step in `not_by` can have been done before."""
    for key, step in survey.humans():
        for other in not_by(step):
            if other in ("requester", key):
                continue
            if not survey.graph.is_human(other):
                why = f"{survey.called(other)} is not done by people"
            elif not survey.may_come_before(other, key):
                why = f"{survey.called(other)} always comes later"
            else:
                continue
            yield found(
                "not_by_without_effect",
                key,
                f"{survey.called(key)} may not be done by who did '{other}', but {why}: the"
                " separation never keeps anybody away.",
                f"Name a step that comes before, or put `not_by` on {survey.called(other)}.",
            )


def somebody_left(survey: Survey) -> Iterator[Finding]:
    """After everybody whom `not_by` keeps away, somebody is left."""
    for key, step in survey.humans():
        always = next((other for other in not_by(step) if _all(survey, key, step, other)), None)
        if always is not None:
            who = "the requester" if always == "requester" else f"who did '{always}'"
            yield found(
                "nobody_left",
                key,
                f"{survey.called(key)} may not be done by {who}, and nobody else is in the role"
                f" {step.role}: every request stops there.",
                "Take the entry out of `not_by`, or give the step another role.",
            )
        else:
            yield from _too_few(survey, key, step)


def _all(survey: Survey, key: str, step: HumanStep, other: str) -> bool:
    """Whether this entry of `not_by` always keeps away everybody in the step's role."""
    role = survey.role(step.role)
    if role is None:
        return False
    if other == "requester":
        return bool(role.requester)
    before = survey.graph[other]
    if other == key or not isinstance(before, HumanStep) or not survey.always_before(other, key):
        return False
    if any(way.role for way in before.outcomes.values()):
        return False
    return _same_single_person(survey, step, before)


def _same_single_person(survey: Survey, step: HumanStep, before: HumanStep) -> bool:
    mine, theirs = survey.role(step.role), survey.role(before.role)
    assert mine is not None
    if theirs is None:
        return False
    if mine.field is not None:
        return mine.field == theirs.field and mine.field not in _written(survey)
    if mine.requester:
        return bool(theirs.requester)
    members = survey.members(step.role)
    return members is not None and len(members) == 1 and members == survey.members(before.role)


def _written(survey: Survey) -> set[str]:
    """The fields that steps change after the start."""
    return {
        name
        for step in survey.graph.steps.values()
        for name in getattr(step, "outputs", None) or []
    }


def _too_few(survey: Survey, key: str, step: HumanStep) -> Iterator[Finding]:
    members = survey.members(step.role)
    needed = step.quorum if isinstance(step.quorum, int) else 1
    if members is None or len(members) < max(needed, 2):
        return
    barred = sum(_at_most(survey, members, step, other) for other in not_by(step))
    if len(members) - barred < needed:
        yield found(
            "too_few_left",
            key,
            f"{survey.called(key)} needs {needed}, the role {step.role} has {len(members)}, and"
            f" separation of duties may keep {barred} of them away: such a request waits on an"
            " incident.",
            "Add people to the role, or lower what is asked for.",
        )


def _at_most(survey: Survey, members: frozenset[str], step: HumanStep, other: str) -> int:
    """How many of these people one entry of `not_by` may keep away in one round."""
    if other == "requester":
        begin = survey.definition.start
        starters = survey.members(begin.role) if begin else None
        return int(bool(members & (starters or frozenset())))
    before = survey.graph[other]
    if not isinstance(before, HumanStep) or before is step:
        return 0
    others = survey.members(before.role)
    if others is None:
        return 1
    wanted = len(others) if before.quorum == "all" else before.quorum or 1
    return min(len(members & others), wanted)


CHECKS = (requester, named_by_themselves, without_effect, somebody_left)
