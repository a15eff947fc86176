"""What is said of each event: a headline, and what happened, as whole sentences with places."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop

from workflows.notices.choices import NoticeEvent, NoticeRelation

_E = NoticeEvent
Sentences = tuple[str, str]
"""The headline, which is the subject too, and the sentence below it."""

EVENT_SENTENCES: Mapping[NoticeEvent, Sentences] = {
    _E.TASK_SENT_BACK: (
        gettext_noop("Sent back to you: %(step)s"),
        gettext_noop("%(by)s sent “%(title)s” back to your step “%(step)s”."),
    ),
    _E.TASK_REASSIGNED: (
        gettext_noop("Yours now: %(step)s"),
        gettext_noop("%(by)s gave you “%(step)s” of “%(title)s”."),
    ),
    _E.TASK_REACHED: (
        gettext_noop("For you: %(step)s"),
        gettext_noop("“%(step)s” of “%(title)s” waits for you."),
    ),
    _E.TASK_QUEUED: (
        gettext_noop("For your team: %(step)s"),
        gettext_noop("“%(step)s” of “%(title)s” waits for your team; anybody in it can take it."),
    ),
    _E.TASK_ESCALATED: (
        gettext_noop("Late, and escalated: %(step)s"),
        gettext_noop(
            "“%(step)s” of “%(title)s” is late. It was escalated; you may decide it now too."
        ),
    ),
    _E.TASK_REMINDED: (
        gettext_noop("Late: %(step)s"),
        gettext_noop("“%(step)s” of “%(title)s” was due and still waits."),
    ),
    _E.TASK_OVERDUE: (
        gettext_noop("Overdue: %(step)s"),
        gettext_noop("“%(step)s” of “%(title)s” is overdue."),
    ),
    _E.TASK_DUE_SOON: (
        gettext_noop("Due soon: %(step)s"),
        gettext_noop("“%(step)s” of “%(title)s” is due within a working day."),
    ),
    _E.TASK_EXPIRED: (
        gettext_noop("Expired: %(step)s"),
        gettext_noop(
            "The time of “%(step)s” of “%(title)s” was up, so it is not yours to do any more."
        ),
    ),
    _E.DUE_EXTENDED: (
        gettext_noop("More time: %(title)s"),
        gettext_noop("%(by)s gave “%(title)s” more time. The reason is below."),
    ),
    _E.REQUEST_OVERDUE: (
        gettext_noop("Overdue as a whole: %(title)s (%(workflow)s)"),
        gettext_noop("“%(title)s” should have been done by now, and is not."),
    ),
    _E.REQUESTER_ASKED: (
        gettext_noop("A question to you: %(title)s"),
        gettext_noop(
            "%(by)s asks you something about “%(title)s”. It rests at “%(step)s” until you answer."
        ),
    ),
    _E.REQUESTER_ANSWERED: (
        gettext_noop("Answered: %(step)s"),
        gettext_noop("%(by)s answered the question on “%(title)s”; “%(step)s” goes on."),
    ),
    _E.APPROVER_ADDED: (
        gettext_noop("Asked to agree besides: %(step)s"),
        gettext_noop(
            "%(by)s asks you to agree to “%(step)s” of “%(title)s” besides others. It does not go"
            " on without you. The reason is below."
        ),
    ),
    _E.OPINION_ASKED: (
        gettext_noop("Your opinion is asked: %(title)s"),
        gettext_noop(
            "%(by)s asks what you think, at “%(step)s” of “%(title)s”. Nothing waits for it."
        ),
    ),
    _E.OPINION_GIVEN: (
        gettext_noop("An opinion: %(title)s"),
        gettext_noop("%(by)s gave the opinion that was asked, at “%(step)s” of “%(title)s”."),
    ),
    _E.REQUEST_REFUSED: (
        gettext_noop("Refused: %(title)s"),
        gettext_noop("%(by)s refused “%(title)s” at “%(step)s” (“%(outcome)s”). It is over."),
    ),
    _E.REQUEST_CANCELLED: (
        gettext_noop("Cancelled: %(title)s"),
        gettext_noop("%(by)s cancelled “%(title)s”."),
    ),
    _E.REQUEST_FINISHED: (
        gettext_noop("Finished: %(title)s"),
        gettext_noop("“%(title)s” is finished: %(result)s."),
    ),
    _E.REQUEST_SENT_BACK: (
        gettext_noop("Sent back: %(title)s"),
        gettext_noop("%(by)s did not approve “%(title)s” at “%(step)s” (“%(outcome)s”)."),
    ),
    _E.REQUEST_APPROVED: (
        gettext_noop("Approved at “%(step)s”: %(title)s"),
        gettext_noop("%(by)s approved “%(title)s” at “%(step)s” (“%(outcome)s”)."),
    ),
    _E.REQUEST_SUSPENDED: (
        gettext_noop("Suspended: %(title)s"),
        gettext_noop("%(by)s suspended “%(title)s”. Nothing can be decided until it goes on."),
    ),
    _E.REQUEST_RESUMED: (
        gettext_noop("Goes on: %(title)s"),
        gettext_noop("%(by)s let “%(title)s” go on where it stood."),
    ),
    _E.REQUEST_REOPENED: (
        gettext_noop("Reopened: %(title)s"),
        gettext_noop("%(by)s reopened “%(title)s”."),
    ),
    _E.STATUS_LINK_SENT: (
        gettext_noop("Started: %(title)s"),
        gettext_noop(
            "“%(title)s” has started. The link below shows at any time where it is, without"
            " signing in, to whoever has it. Nothing can be decided there."
        ),
    ),
    _E.MENTIONED: (
        gettext_noop("%(by)s mentions you: %(title)s"),
        gettext_noop("%(by)s mentions you in a comment on “%(title)s”."),
    ),
    _E.COMMENTED: (
        gettext_noop("%(by)s commented: %(title)s"),
        gettext_noop("%(by)s commented on “%(title)s”."),
    ),
    _E.MERGE_CONFLICT: (
        gettext_noop("Branches disagree: %(step)s (%(workflow)s)"),
        gettext_noop("“%(title)s” is held up at “%(step)s”: %(trouble)s"),
    ),
    _E.INCIDENT_OPENED: (
        gettext_noop("Incident at “%(step)s” (%(workflow)s)"),
        gettext_noop("“%(title)s” is held up at “%(step)s”: %(trouble)s"),
    ),
    _E.INCIDENT_HANDED_ON: (
        gettext_noop("An incident at “%(step)s” is yours now"),
        gettext_noop("You answer now for an incident of “%(title)s” at “%(step)s”."),
    ),
    _E.ESCALATED_TO_NOBODY: (
        gettext_noop("Late, and nobody to escalate to: %(step)s"),
        gettext_noop(
            "“%(step)s” of “%(title)s” is late. Nobody is in the role “%(role)s” that it escalates"
            " to."
        ),
    ),
    _E.APPROVAL_BYPASSED: (
        gettext_noop("Past an approval: %(title)s"),
        gettext_noop("%(by)s sent “%(title)s” on past %(steps)s, which was not given."),
    ),
    _E.CHANGED_AFTER_APPROVAL: (
        gettext_noop("Changed after its approval: %(title)s"),
        gettext_noop(
            "%(fields)s of “%(title)s” changed after “%(step)s” had been approved. The map lets the"
            " request go on."
        ),
    ),
    _E.ANSWERED_LATE: (
        gettext_noop("Done outside, and not needed any more: %(step)s (%(workflow)s)"),
        gettext_noop(
            "“%(step)s” of “%(title)s” did its work outside when the request did not wait for it"
            " any more. What came back is kept under “What automations tried”; see whether what"
            " was done there has to be undone."
        ),
    ),
}
"""Of events that are about a request; what is about none brings its own sentences."""

STOOD_IN = (
    gettext_noop("For %(holder)s, for whom you stand in: %(step)s"),
    gettext_noop("“%(step)s” of “%(title)s” waits for %(holder)s, for whom you stand in."),
)
LATE_FOR_ANOTHER = (
    gettext_noop("Late with %(holder)s, for whom you stand in: %(step)s"),
    gettext_noop("“%(step)s” of “%(title)s” is late with %(holder)s, for whom you stand in."),
)
ONE_MORE = (
    gettext_noop("One more must agree: %(step)s (%(workflow)s)"),
    gettext_noop(
        "%(by)s asked %(asked)s to agree to “%(step)s” of “%(title)s” besides others. It does not"
        " go on without them."
    ),
)
OTHER_SENTENCES: Mapping[tuple[NoticeEvent, NoticeRelation], Sentences] = {
    (_E.TASK_REACHED, NoticeRelation.DEPUTY): STOOD_IN,
    (_E.TASK_SENT_BACK, NoticeRelation.DEPUTY): STOOD_IN,
    (_E.TASK_REASSIGNED, NoticeRelation.DEPUTY): STOOD_IN,
    (_E.TASK_DUE_SOON, NoticeRelation.DEPUTY): (
        gettext_noop("Due soon with %(holder)s, for whom you stand in: %(step)s"),
        gettext_noop(
            "“%(step)s” of “%(title)s” is due within a working day. %(holder)s has it, for whom you"
            " stand in."
        ),
    ),
    (_E.TASK_OVERDUE, NoticeRelation.DEPUTY): LATE_FOR_ANOTHER,
    (_E.TASK_REMINDED, NoticeRelation.DEPUTY): LATE_FOR_ANOTHER,
    (_E.TASK_ESCALATED, NoticeRelation.DEPUTY): LATE_FOR_ANOTHER,
    (_E.APPROVER_ADDED, NoticeRelation.DEPUTY): (
        gettext_noop("Somebody for whom you stand in is asked to agree: %(step)s"),
        gettext_noop(
            "“%(step)s” of “%(title)s” does not go on without somebody for whom you stand in."
        ),
    ),
    (_E.APPROVER_ADDED, NoticeRelation.OWNER): ONE_MORE,
    (_E.APPROVER_ADDED, NoticeRelation.OWNER_DEPUTY): ONE_MORE,
    (_E.TASK_QUEUED, NoticeRelation.TEAM_DEPUTY): (
        gettext_noop("For a team in which you stand in: %(step)s"),
        gettext_noop(
            "“%(step)s” of “%(title)s” waits for a team. You stand in for somebody of it, and can"
            " take it."
        ),
    ),
    (_E.INCIDENT_HANDED_ON, NoticeRelation.OWNER_DEPUTY): (
        gettext_noop("An incident at “%(step)s”, and who has it is away"),
        gettext_noop(
            "An incident of “%(title)s” at “%(step)s” was handed to somebody who is away."
        ),
    ),
    (_E.TASK_REASSIGNED, NoticeRelation.FORMER_HOLDER): (
        gettext_noop("Not yours any more: %(step)s"),
        gettext_noop("%(by)s gave “%(step)s” of “%(title)s” to somebody else."),
    ),
    (_E.TASK_ESCALATED, NoticeRelation.HOLDER): (
        gettext_noop("Late, and escalated: %(step)s"),
        gettext_noop("“%(step)s” of “%(title)s” is late. Others may decide it now too."),
    ),
    (_E.REQUEST_CANCELLED, NoticeRelation.HOLDER): (
        gettext_noop("Cancelled: %(title)s"),
        gettext_noop("%(by)s cancelled “%(title)s”; your task is not needed any more."),
    ),
}
"""What is said otherwise to somebody who is told as something else."""


def sentences_for(event: NoticeEvent, relations: list[str]) -> Sentences:
    """The headline and the sentence for somebody who is told of it as these."""
    for relation in relations if len(relations) == 1 else ():
        special = OTHER_SENTENCES.get((event, NoticeRelation(relation)))
        if special is not None:
            return special
    return EVENT_SENTENCES[event]
