"""The sections of the inbox beside its tasks: asked of me, needs me as owner, waiting on others.

What each kind of row is called, and where it is acted on, is an entry of a registry, so that rooms
above this one (reviews) add theirs.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from workflows.engine.registries import Registry
from workflows.execution.choices import QuestionKind, TaskState
from workflows.execution.messages import describe_incident
from workflows.execution.queries.desk import DESK_SOURCES, DeskRow

Sentence = str | Promise


class DeskSection(IntEnum):
    """Under which heading a row stands, in the order of the page; the last is behind the tasks."""

    ASKED = 1
    OWNED = 2
    WAITING = 3


HEADINGS = {
    DeskSection.ASKED: gettext_lazy("Asked of you"),
    DeskSection.OWNED: gettext_lazy("Needs you as owner"),
    DeskSection.WAITING: gettext_lazy("Waiting on others"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskEntry:
    """How rows of one kind are shown: what is the matter (`sentence`), words that somebody wrote
    (`quote`), a mark, since when in words with a place for the `duration`, and the link that acts.
    """

    section: DeskSection
    link: Callable[[DeskRow], str]
    action: Sentence
    sentence: Callable[[DeskRow], str]
    since: Sentence
    quote: Callable[[DeskRow], str] = lambda row: ""
    mark: Callable[[DeskRow], str] = lambda row: ""
    is_urgent: Callable[[DeskRow], bool] = lambda row: False


DESK_ENTRIES: Final = Registry("desk_entries", DeskEntry, noun="desk entry", completes=DESK_SOURCES)


@dataclass(frozen=True, slots=True)
class DeskItem:
    """One row of a section."""

    row: DeskRow
    entry: DeskEntry

    @property
    def title(self) -> str:
        """Of what it is: the request, else the workflow."""
        return self.row.title or self.row.workflow

    @property
    def link(self) -> str:
        """Where it is acted on."""
        return self.entry.link(self.row)

    @property
    def sentence(self) -> str:
        """What is the matter."""
        return self.entry.sentence(self.row)

    @property
    def quote(self) -> str:
        """What somebody wrote."""
        return self.entry.quote(self.row)

    @property
    def mark(self) -> str:
        """A few words on it."""
        return self.entry.mark(self.row)

    @property
    def is_urgent(self) -> bool:
        """Whether something stands still for it."""
        return self.entry.is_urgent(self.row)


@dataclass(frozen=True, slots=True)
class DeskGroup:
    """The rows under one heading."""

    section: DeskSection
    items: list[DeskItem]

    @property
    def key(self) -> str:
        """What the heading is called in the page."""
        return f"desk-{self.section.name.lower()}"

    @property
    def heading(self) -> str:
        """The heading's words."""
        return str(HEADINGS[self.section])


def group_desk(rows: Iterable[DeskRow]) -> list[DeskGroup]:
    """The sections of which there is something; what holds a request up comes first in each."""
    groups: dict[DeskSection, list[DeskItem]] = {}
    for row in rows:
        entry = DESK_ENTRIES[row.kind]
        groups.setdefault(entry.section, []).append(DeskItem(row, entry))
    return [
        DeskGroup(section, sorted(items, key=lambda item: (not item.is_urgent, item.row.since)))
        for section, items in sorted(groups.items())
    ]


# -- questions --------------------------------------------------------------------------------


def _question_link(row: DeskRow) -> str:
    return reverse("approvals:question", args=[row.id])


def _holds_up(row: DeskRow) -> bool:
    return row.code == QuestionKind.REQUESTER


def _asked_mark(row: DeskRow) -> str:
    if _holds_up(row):
        return gettext("Your request waits for your answer")
    return gettext("An opinion; nothing waits for it")


def _asked_by_sentence(row: DeskRow) -> str:
    return gettext("asked by %(person)s") % {"person": row.person}


def _asked_of_sentence(row: DeskRow) -> str:
    if _holds_up(row):
        return gettext("%(person)s, who asked for it, was asked something") % {"person": row.person}
    return gettext("%(person)s was asked for an opinion") % {"person": row.person}


def _asked_of_mark(row: DeskRow) -> str:
    return gettext("The task rests until the answer comes") if _holds_up(row) else ""


DESK_ENTRIES.register(
    "asked_of_me",
    DeskEntry(
        section=DeskSection.ASKED,
        link=_question_link,
        action=gettext_lazy("Answer"),
        sentence=_asked_by_sentence,
        since=gettext_lazy("Asked %(duration)s ago"),
        quote=lambda row: row.note,
        mark=_asked_mark,
        is_urgent=_holds_up,
    ),
)
DESK_ENTRIES.register(
    "asked_by_me",
    DeskEntry(
        section=DeskSection.WAITING,
        link=_question_link,
        action=gettext_lazy("See the question"),
        sentence=_asked_of_sentence,
        since=gettext_lazy("Asked %(duration)s ago"),
        quote=lambda row: row.note,
        mark=_asked_of_mark,
    ),
)


# -- tasks that were passed on ----------------------------------------------------------------


def _passed_sentence(row: DeskRow) -> str:
    if row.code == TaskState.ASKED:
        return gettext("with the requester, who was asked something")
    if not row.person:
        return gettext("passed on by you; nobody has taken it")
    return gettext("passed on by you; %(person)s has it") % {"person": row.person}


DESK_ENTRIES.register(
    "passed_on",
    DeskEntry(
        section=DeskSection.WAITING,
        link=lambda row: reverse("approvals:task", args=[row.id]),
        action=gettext_lazy("See the task"),
        sentence=_passed_sentence,
        since=gettext_lazy("Passed on %(duration)s ago"),
    ),
)


# -- what needs an owner ----------------------------------------------------------------------


def _incident_link(row: DeskRow) -> str:
    return f"{reverse('approvals:request', args=[row.reference])}#incident-{row.id}"


def _incident_sentence(row: DeskRow) -> str:
    return describe_incident(row.code, json.loads(row.note))


DESK_ENTRIES.register(
    "incident",
    DeskEntry(
        section=DeskSection.OWNED,
        link=_incident_link,
        action=gettext_lazy("Put it right"),
        sentence=_incident_sentence,
        since=gettext_lazy("Held up for %(duration)s"),
        mark=lambda row: gettext("Held up"),
        is_urgent=lambda row: True,
    ),
)
DESK_ENTRIES.register(
    "merge",
    DeskEntry(
        section=DeskSection.OWNED,
        link=lambda row: reverse("approvals:merge", args=[row.id]),
        action=gettext_lazy("Choose"),
        sentence=_incident_sentence,
        since=gettext_lazy("Held up for %(duration)s"),
        mark=lambda row: gettext("Branches disagree"),
        is_urgent=lambda row: True,
    ),
)
