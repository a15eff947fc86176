"""One notice as a letter: what mail, chat and digest say of it, in its reader's language.

It is made when it is sent, so that it says how things stand then. What is not needed any more,
because the task is over or taken by somebody, makes no letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext

from workflows.conversation.models import Comment
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.definition import HumanStep, display_title
from workflows.engine.texts import load_text
from workflows.execution.messages import describe_incident
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.position import InstancePosition, find_position
from workflows.execution.queries.questions import is_question_waiting
from workflows.language.formats import join_words
from workflows.links.models import StatusLink
from workflows.links.queries.addresses import status_link_address
from workflows.notices.choices import NoticeEvent, NoticeKind, NoticeRelation
from workflows.notices.messages.sentences import sentences_for
from workflows.notices.messages.standing import (
    Answer,
    describe_request_standing,
    describe_step_standing,
)
from workflows.notices.models import Notice
from workflows.notices.telling import TEAM_RELATIONS, WORK_KINDS
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of

QUESTIONS = frozenset({NoticeEvent.OPINION_ASKED, NoticeEvent.REQUESTER_ASKED})
"""What waits for an answer instead of a decision."""
OF_REVIEWS = frozenset({NoticeEvent.REVIEW_DUE, NoticeEvent.FINDING_GIVEN})
"""What waits to be done about a workflow as a whole."""
STILL_TOLD = frozenset({NoticeRelation.FORMER_HOLDER, NoticeRelation.OWNER})


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLetter:
    """What a notice says. `is_task` tells what waits for the reader from what they only learn;
    `thread` is the same for all that is about one request."""

    is_task: bool
    headline: str
    reference: str
    workflow: str
    sentence: str
    comment: str
    comment_by: str
    answers: list[Answer]
    link: str
    link_words: str
    thread: str
    decide_link: str = ""

    @property
    def subject(self) -> str:
        """The mail's subject: what it is, the headline, the reference."""
        mark = gettext("To do") if self.is_task else gettext("News")
        tail = f" [{self.reference}]" if self.reference else ""
        return f"{mark}: {self.headline}{tail}"

    @property
    def comment_lines(self) -> list[str]:
        """The comment line by line, as a plain mail quotes it."""
        return self.comment.splitlines()

    @property
    def sentence_lines(self) -> list[str]:
        """What happened, paragraph by paragraph."""
        return [line for line in self.sentence.splitlines() if line]


def compose_letter(notice: Notice, now: datetime) -> NoticeLetter | None:
    """The letter of a notice as things stand now; None where it is not needed any more."""
    if notice.request is None:
        return _plain_letter(notice)
    if not _is_needed(notice):
        return None
    position = find_position(notice.request)
    headline, sentence = sentences_for(
        NoticeEvent(notice.event), list(notice.facts.get("told_as", []))
    )
    places = _places_of(notice)
    is_task = _asks_for_work(notice)
    return NoticeLetter(
        is_task=is_task,
        headline=gettext(headline) % places,
        reference=notice.request.reference,
        workflow=notice.request.template.name,
        sentence=_with_reason(notice, gettext(sentence) % places, places),
        comment=str(notice.facts.get("comment", "")),
        comment_by=str(notice.facts.get("by", "")),
        answers=_answers(notice, position, now),
        link=_link_of(notice, is_task=is_task),
        link_words=_link_words(notice, is_task=is_task),
        thread=f"request-{notice.request_id}",
    )


def _with_reason(notice: Notice, sentence: str, places: Mapping[str, str]) -> str:
    """What happened; where it was the clock's doing and nobody's, that too."""
    if not notice.facts.get("has_expired"):
        return sentence
    return f"{sentence} {gettext('Nobody did “%(step)s” in time.') % places}"


def _plain_letter(notice: Notice) -> NoticeLetter:
    """A letter that brings its own sentences."""
    facts = notice.facts
    lines = [str(load_text(facts.get("text", "")))]
    if "was_for" in facts:
        was_for = {"person": facts["was_for"]}
        lines.insert(0, gettext("This was for %(person)s, whose account is closed.") % was_for)
    is_task = notice.event in OF_REVIEWS
    return NoticeLetter(
        is_task=is_task,
        headline=str(load_text(facts.get("subject", ""))),
        reference="",
        workflow=notice.workflow.name if notice.workflow is not None else "",
        sentence="\n\n".join(lines),
        comment="",
        comment_by="",
        answers=[],
        link=_plain_link(notice),
        link_words=gettext("Open Handoff"),
        thread=f"workflow-{notice.workflow_id}" if notice.workflow_id else "",
    )


# -- whether ------------------------------------------------------------------------------------


def _is_needed(notice: Notice) -> bool:
    """Whether what is asked is still to be done by whoever is told: the task is open, and not
    with somebody else by now."""
    if notice.kind == NoticeKind.TALK:
        return _is_still_said(notice)
    task, relations = notice.task, set(notice.facts.get("told_as", []))
    if notice.event in QUESTIONS:
        return is_question_waiting(int(notice.facts["question"]))
    if notice.event == NoticeEvent.OPINION_GIVEN:
        return True
    if task is None or notice.kind not in WORK_KINDS or relations & STILL_TOLD:
        return True
    if not task.is_open:
        return False
    holder = task.assignee_id
    is_queue_notice = bool(relations) and relations <= TEAM_RELATIONS
    if is_queue_notice:
        return holder is None
    return NoticeRelation.HOLDER not in relations or holder in (None, notice.person_id)


def _is_still_said(notice: Notice) -> bool:
    """Whether the comment stands, and whoever is told may still see its request."""
    stands = Comment.objects.filter(pk=notice.facts.get("comment_id"), withdrawn_at=None)
    visible = WorkflowInstance.objects.visible_to(notice.person) if notice.person else None
    sees = visible is not None and visible.filter(pk=notice.request_id or 0).exists()
    return sees and stands.exists()


def _asks_for_work(notice: Notice) -> bool:
    """Whether the reader has to do something."""
    if notice.kind == NoticeKind.OWNED:
        return notice.event in (
            NoticeEvent.INCIDENT_OPENED,
            NoticeEvent.INCIDENT_HANDED_ON,
            NoticeEvent.MERGE_CONFLICT,
            NoticeEvent.ESCALATED_TO_NOBODY,
            NoticeEvent.ANSWERED_LATE,
            NoticeEvent.REQUEST_OVERDUE,
        )
    if notice.event in QUESTIONS:
        return True
    if notice.event == NoticeEvent.OPINION_GIVEN:
        return False
    told_as = notice.facts.get("told_as", [])
    return notice.kind in WORK_KINDS and told_as != [NoticeRelation.FORMER_HOLDER]


# -- what ---------------------------------------------------------------------------------------


def _places_of(notice: Notice) -> dict[str, str]:
    """What stands in the sentences' places."""
    facts, request = notice.facts, notice.request
    assert request is not None
    incident = facts.get("incident")
    return {
        "step": str(facts.get("step") or (notice.task.step if notice.task is not None else "")),
        "title": request.title,
        "holder": _holder_name(notice),
        "workflow": request.template.name,
        "by": str(facts.get("by") or gettext("The system")),
        "asked": str(facts.get("asked") or gettext("one more person")),
        "outcome": str(facts.get("outcome", "")),
        "result": display_title(request.result or "", None).lower(),
        "role": str(facts.get("role", "")),
        "steps": join_words(
            [gettext("“%(step)s”") % {"step": step} for step in facts.get("steps", [])]
        ),
        "fields": join_words(facts.get("fields", [])),
        "trouble": describe_incident(incident["code"], incident["parameters"]) if incident else "",
    }


def _holder_name(notice: Notice) -> str:
    holder = notice.task.assignee if notice.task is not None else None
    return full_name_of(holder) if holder else gettext("somebody away")


def _answers(notice: Notice, position: InstancePosition, now: datetime) -> list[Answer]:
    reader: User | None = notice.person
    task: WorkItem | None = notice.task
    for step in position.steps:
        if task is not None and step.task == task:
            return describe_step_standing(position, step, reader, now)
    return describe_request_standing(position, reader, now)


def _link_words(notice: Notice, *, is_task: bool) -> str:
    if notice.event == NoticeEvent.STATUS_LINK_SENT:
        return gettext("See where it is")
    if notice.event in QUESTIONS:
        return gettext("Open the question")
    if is_task and _is_signed(notice):
        return gettext("Open the task, and sign it there with your password or second factor")
    return gettext("Open the task") if is_task else gettext("Open the request")


def _is_signed(notice: Notice) -> bool:
    """Whether the link leads to a task that nobody decides without signing for it."""
    if notice.task is None or notice.kind not in WORK_KINDS:
        return False
    step = cached_map(notice.task.step.version_id).graph[notice.task.step.key]
    return isinstance(step, HumanStep) and step.sign is not None


def _link_of(notice: Notice, *, is_task: bool) -> str:
    assert notice.request is not None
    if notice.event == NoticeEvent.STATUS_LINK_SENT:
        return status_link_address(StatusLink.objects.get(pk=notice.facts["status_link"]))
    if notice.event in QUESTIONS:
        return f"{settings.SITE_URL}/questions/{notice.facts['question']}/"
    if is_task and notice.task is not None and notice.kind in WORK_KINDS:
        return f"{settings.SITE_URL}/tasks/{notice.task.pk}/"
    return f"{settings.SITE_URL}/requests/{notice.request.reference}/"


def _plain_link(notice: Notice) -> str:
    if notice.event in OF_REVIEWS:
        return f"{settings.SITE_URL}/reports/reviews/"
    if notice.workflow is not None:
        return f"{settings.SITE_URL}/workflows/{notice.workflow.key}/"
    return str(settings.SITE_URL)


def preferences_link() -> str:
    """Where people choose when they are told."""
    return f"{settings.SITE_URL}/accounts/notices/"
