"""Of people: who is in a role, who may act, and who is kept away."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

PEOPLE_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "step_role_missing": AuditSentences(
        text("%(step)s belongs to nobody: every request that comes there stays there."),
        text("Name a role under `role`."),
    ),
    "role_empty": AuditSentences(
        text(
            "Nobody active is in the role %(role)s: every request that comes to %(step)s opens an"
            " incident instead of a task."
        ),
        text("Add people to the role's groups, or give the step another role."),
    ),
    "role_field_unfit": AuditSentences(
        text(
            "The role %(name)s is found in the field '%(field)s', which %(problem)s: no person"
            " would ever be found."
        ),
        text("Name a field of type user or users."),
    ),
    "role_setting_wrong": AuditSentences(
        text("The role %(name)s: %(problem)s. Its people would never be found."),
        text("Correct the role, or choose another way of finding its people."),
    ),
    "outcome_role_empty": AuditSentences(
        text(
            "Nobody active is in the role %(role)s: nobody can ever choose '%(name)s' at %(step)s."
        ),
        text("Add people to the role's groups, or give the outcome another role."),
    ),
    "escalation_empty": AuditSentences(
        text("Nobody active is in the role %(role)s: when %(step)s is late, nobody hears of it."),
        text("Add people to the role's groups, or escalate to another role."),
    ),
    "quorum_too_large": AuditSentences(
        text(
            "%(step)s needs %(quorum)s different people and the role %(role)s has %(members)s: it"
            " can never be agreed to."
        ),
        text("Lower `quorum`, or add people to the role."),
    ),
    "quorum_field_unfit": AuditSentences(
        text(
            "%(step)s is agreed to by as many people as '%(field)s' says, which is not declared or"
            " no whole number: every request stops there."
        ),
        text("Name a field of type integer."),
    ),
    "quorum_field_may_be_empty": AuditSentences(
        text(
            "%(step)s is agreed to by as many people as '%(field)s' says, which may still be empty"
            " there: such a request waits on an incident."
        ),
        text("Make the field required and ask for it at the start, or in a step before."),
    ),
    "decider_may_be_missing": AuditSentences(
        text(
            "%(step)s is for the manager, or the managers, of whoever decided %(other)s, which need"
            " not have been decided by then: such a request waits on an incident."
        ),
        text("Name a step that every request has come through, and that people decide."),
    ),
    "quorum_field_unbounded": AuditSentences(
        text(
            "%(step)s is agreed to by as many people as '%(field)s' says, and that may be none, or"
            " fewer: such a request waits on an incident."
        ),
        text("Give the field `min: 1`."),
    ),
    "outcome_role_barred": AuditSentences(
        text(
            "The outcome '%(name)s' of %(step)s is for the role %(role)s, whom `not_by` keeps away:"
            " nobody can ever choose it."
        ),
        text("Take `requester` out of `not_by` and say why, or give the outcome another role."),
    ),
    "nobody_left": AuditSentences(
        text(
            "%(step)s may not be done by %(excluded)s, and nobody else is in the role %(role)s:"
            " every request stops there."
        ),
        text("Take the entry out of `not_by`, or give the step another role."),
    ),
    "separation_missing": AuditSentences(
        text(
            "Whoever asked may decide %(step)s themselves, because `not_by` does not name the"
            " requester, and the map does not say why."
        ),
        text(
            "Add `requester` to `not_by`, say under `not_by_reason` why not, or make the step a"
            " task if nothing is approved."
        ),
    ),
    "one_person": AuditSentences(
        text(
            "Only %(person)s can do %(step)s: while %(person)s is away or may not decide, every"
            " request waits."
        ),
        text("Add somebody to the role %(role)s."),
    ),
    "one_person.role": AuditSentences(
        text(
            "Only %(person)s can agree to %(step)s for the role %(role)s: while %(person)s is away"
            " or may not decide, every request waits."
        ),
        text("Add somebody to the role %(role)s."),
    ),
    "too_few_left": AuditSentences(
        text(
            "%(step)s needs %(needed)s, the role %(role)s has %(members)s, and separation of duties"
            " may keep %(barred)s of them away: such a request waits on an incident."
        ),
        text("Add people to the role, or lower what is asked for."),
    ),
    "requester_may_decide": AuditSentences(
        text("Whoever asked may decide %(step)s themselves; the map says why: %(reason)s."),
        text(
            "Read the reason before you publish; add `requester` to `not_by` if it does not hold."
        ),
    ),
    "approver_named_by_themselves": AuditSentences(
        text(
            "%(writer)s fills in '%(field)s', may name themselves there, and then decides %(step)s"
            " alone."
        ),
        text("Name who fills in the field under `not_by`, or give the approval a role of groups."),
    ),
    "group_unknown": AuditSentences(
        text(
            "The role %(name)s names the group '%(group)s', and there is no such group: nobody is"
            " found by it. Where it was deleted or renamed, whoever was in it may not act any more."
        ),
        text("Make the group and add its people, or correct its name."),
    ),
    "group_choice_unknown": AuditSentences(
        text(
            "The role %(name)s would be the group '%(group)s' by what is chosen, and there is no"
            " such group: every request with that choice waits on an incident."
        ),
        text("Make the group, take the choice out, or change the name in the role."),
    ),
    "group_choice_empty": AuditSentences(
        text(
            "The role %(name)s would be the group '%(group)s' by what is chosen, and nobody active"
            " is in it: every request with that choice waits on an incident."
        ),
        text("Add people to the group."),
    ),
    "manager_missing": AuditSentences(
        text(
            "The role %(name)s is the requester's manager, and of those who may ask %(count)s have"
            " none: their requests wait on an incident."
        ),
        text("Give them a manager in the directory of people."),
    ),
    "person_inactive": AuditSentences(
        text(
            "%(source)s names '%(person)s', who is not active or not there: nothing reaches that"
            " person."
        ),
        text("Name somebody else."),
    ),
    "not_by_without_effect": AuditSentences(
        text(
            "%(step)s may not be done by who did '%(other)s', but %(why)s: the separation never"
            " keeps anybody away."
        ),
        text("Name a step that comes before, or put `not_by` on %(other_step)s."),
    ),
    "not_by_field_unfit": AuditSentences(
        text(
            "%(step)s may not be done by whom '%(field)s' names, and that field names no people:"
            " the separation never keeps anybody away."
        ),
        text("Name a field of type user or users."),
    ),
    "not_by_field_may_be_empty": AuditSentences(
        text(
            "%(step)s may not be done by whom '%(field)s' names, which may still be empty there:"
            " then nobody is kept away by it."
        ),
        text("Make the field required and ask for it at the start, or in a step before."),
    ),
    "forward_outcome_unclear": AuditSentences(
        text(
            "The quorum of %(step)s counts '%(outcome)s', the first of its outcomes that is no"
            " exception; one person with %(other_outcomes)s decides alone."
        ),
        text(
            "Put the outcome that needs several people first, and mark as exceptions those that one"
            " person may take."
        ),
    ),
    "role_field_may_be_empty": AuditSentences(
        text(
            "%(step)s is for whoever '%(field)s' names, which may still be empty there: such a"
            " request waits on an incident."
        ),
        text("Make the field required and ask for it at the start, or in a step before."),
    ),
}
