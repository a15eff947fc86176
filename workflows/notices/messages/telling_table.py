"""The table of who is told of what, as the docs show it: made from the rules, for each person
around an event."""

from collections.abc import Iterator

from workflows.notices.choices import NoticeEvent, NoticeRelation, NoticeTiming
from workflows.notices.telling import (
    EVENT_RULES,
    URGENT_KINDS,
    Bystander,
    is_told,
    kind_of_notice,
    notice_timing,
)

TOLD, NOT_TOLD, TOGETHER = "●", "-", "○"
"""At once, not at all, and with the day's digest, where nobody has chosen otherwise."""


def people_of_table() -> dict[str, Bystander]:
    """The columns: what somebody is to an event, then who would be told but for what they are."""
    everything = frozenset(NoticeRelation)
    people = {str(relation.label): Bystander({relation}) for relation in NoticeRelation}
    return people | {
        "doer": Bystander(everything, is_doer=True),
        "closed account": Bystander(everything, is_closed=True),
        "away": Bystander(everything, is_stood_in_for=True),
    }


def telling_cell(event: NoticeEvent, person: Bystander) -> str:
    """One cell: whether and when somebody is told of an event who has chosen nothing."""
    if not is_told(event, person):
        return NOT_TOLD
    timing = notice_timing(kind_of_notice(event, person.relations), {})
    return TOGETHER if timing == NoticeTiming.DIGEST else TOLD


def render_telling_table() -> Iterator[str]:
    """The table's lines in Markdown."""
    people = people_of_table()
    yield "| event | kind | " + " | ".join(people) + " |"
    yield "|---|---|" + ":-:|" * len(people)
    for event in NoticeEvent:
        kind = EVENT_RULES[event].kind
        choice = "always" if kind in URGENT_KINDS else kind.value
        cells = " | ".join(telling_cell(event, person) for person in people.values())
        yield f"| {event.label} | {choice} | {cells} |"
