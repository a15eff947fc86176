"""Where a step stands and who has it, in the few words that pages and mails share."""

from django.utils.translation import gettext

from workflows.execution.queries.holders import Holder, HolderKind
from workflows.execution.queries.position import StepPosition
from workflows.language.formats import join_alternatives
from workflows.people.queries.person_names import full_name_of, name_with_absence


def describe_step_place(step: StepPosition) -> str:
    """The step by its name, and in which round."""
    if step.round > 1:
        return gettext("“%(step)s” (round %(round)s)") % {"step": step.place, "round": step.round}
    return gettext("“%(step)s”") % {"step": step.place}


def describe_holder_role(holder: Holder) -> str:
    """The groups of whoever could take it, and those who are named one by one."""
    return join_alternatives([*holder.names, *named_people(holder)]) or gettext("its role")


def describe_candidates(holder: Holder) -> str:
    """Who could take it: those who are named one by one, or anybody in a group."""
    groups = join_alternatives(holder.names) or ("" if holder.logins else gettext("its role"))
    anybody = [gettext("anybody in %(role)s") % {"role": groups}] if groups else []
    return join_alternatives([*named_people(holder), *anybody])


def named_people(holder: Holder) -> list[str]:
    """What those are called whom its role names one by one; one statement for all positions that
    were read together."""
    if holder.called is None:
        return list(holder.logins)
    return holder.called.names_of(holder.logins)


def describe_holding_person(holder: Holder, otherwise: str = "") -> str:
    """Who has it; while they are away, until when, and who stands in."""
    name = full_name_of(holder.person) if holder.person is not None else otherwise
    return name_with_absence(name, holder.away)


def describe_holder(holder: Holder) -> str:
    """Who has a step, or who could take it. What several people decide, and what goes on by
    itself, pages and mails say each in its own way."""
    match holder.kind:
        case HolderKind.PERSON:
            return describe_holding_person(holder, gettext("nobody"))
        case HolderKind.REQUESTER:
            return gettext("%(person)s, to answer a question") % {
                "person": describe_holding_person(holder, gettext("nobody"))
            }
        case HolderKind.RESOLVER:
            return gettext("%(person)s, to resolve an incident") % {
                "person": describe_holding_person(holder, gettext("the owner"))
            }
        case HolderKind.ROLE:
            return describe_candidates(holder)
    return gettext("nobody yet")
