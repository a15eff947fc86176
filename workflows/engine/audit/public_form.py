"""Requests that nobody with an account asked for: a public form can be sent, and nothing waits on
whoever asked."""

from collections.abc import Iterator
from typing import Final

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.authority.eligibility import forward_roles, needs_own_roles
from workflows.engine.format.definition import HumanStep, roles_of_step
from workflows.engine.format.directory_finders import MANAGER_OF, REQUESTER_WORD
from workflows.engine.format.public_forms import public_form_of, unasked_fields
from workflows.engine.format.trigger_kinds import PUBLIC_FORM, WEBHOOK, WORKFLOW_END

NAMED_BY_SOMEBODY: Final = (WEBHOOK, WORKFLOW_END, PUBLIC_FORM)
"""Triggers whose requests have a requester; a public form has findings of its own."""


def check_public_form_fields(survey: Survey) -> Iterator[AuditFinding]:
    """Whatever the start requires, a stranger is asked for or the map fills in."""
    lacking = unasked_fields(survey.definition)
    if lacking:
        listed = ", ".join(f"'{key}'" for key in lacking)
        yield make_finding("public_form_field_missing", None, fields=listed)


def check_public_form_people(survey: Survey) -> Iterator[AuditFinding]:
    """A request that nobody with an account asked for has no requester to do a step, and none
    whose manager would."""
    if public_form_of(survey.definition) is None:
        return
    for key, step in survey.humans():
        for name in _roles_around(step):
            if _needs_requester(survey, name):
                yield make_finding("public_form_nobody", key, step=survey.called(key), role=name)
    for key in _chains_of_requester(survey):
        yield make_finding("public_form_nobody", key, "chain", step=survey.called(key))


def _chains_of_requester(survey: Survey) -> list[str]:
    """The parallel steps that go through the managers above whoever asked."""
    chains = ((scope.parallel, scope.chain) for scope in survey.definition.row_scopes())
    return [key for key, chain in chains if chain and chain.chain_of == REQUESTER_WORD]


def _roles_around(step: HumanStep) -> list[str]:
    """The roles whose people a step may wait for."""
    of_outcomes = [route.role for route in step.outcomes.values()]
    late = step.on_overdue.escalate_to if step.on_overdue else None
    return list(dict.fromkeys(filter(None, (*roles_of_step(step), *of_outcomes, late))))


def _needs_requester(survey: Survey, name: str) -> bool:
    role = survey.role(name)
    if role is None:
        return False
    return role.is_requester or role.settings.get(MANAGER_OF.name) == REQUESTER_WORD


def check_triggers_without_requester(survey: Survey) -> Iterator[AuditFinding]:
    """A request that a schedule starts has no requester either; those of a form have."""
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        if trigger.kind in NAMED_BY_SOMEBODY:
            continue
        for key, step in survey.humans():
            needed = forward_roles(step) if needs_own_roles(step) else roles_of_step(step)
            for name in needed:
                if _needs_requester(survey, name):
                    yield make_finding(
                        "trigger_without_requester",
                        key,
                        number=number,
                        step=survey.called(key),
                        role=name,
                    )
        for key in _chains_of_requester(survey):
            names = {"number": number, "step": survey.called(key)}
            yield make_finding("trigger_without_requester", key, "chain", **names)


def check_public_form_followed(survey: Survey) -> Iterator[AuditFinding]:
    """Whoever has no account follows their request by its status link."""
    if public_form_of(survey.definition) is not None and survey.definition.status_link is False:
        yield make_finding("public_form_unfollowed", None)


CHECKS = (
    check_public_form_fields,
    check_public_form_people,
    check_triggers_without_requester,
    check_public_form_followed,
)
