"""What has rotted, and what to do about it, in words and as links."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy, ngettext

from approvals.ui.tables import Sentence
from reporting.decay.queries import Decay, DecayKind
from workflows.connections.models import Connection
from workflows.language.formats import count_text
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of

KIND_TITLES: Mapping[DecayKind, Sentence] = {
    DecayKind.OWNER_MISSING: gettext_lazy("No owner"),
    DecayKind.OWNER_GONE: gettext_lazy("Owner gone"),
    DecayKind.CONNECTION_FAILING: gettext_lazy("Connection fails"),
    DecayKind.ROLE_EMPTY: gettext_lazy("Too few people"),
    DecayKind.DEPUTY_GONE: gettext_lazy("Deputy gone"),
    DecayKind.OWNER_IDLE: gettext_lazy("Owner not seen"),
    DecayKind.ONE_PERSON: gettext_lazy("One person alone"),
    DecayKind.EXPECTED_UNMET: gettext_lazy("Nobody keeps up"),
}
URGENT = frozenset(
    {
        *(DecayKind.OWNER_MISSING, DecayKind.OWNER_GONE),
        *(DecayKind.CONNECTION_FAILING, DecayKind.ROLE_EMPTY),
    }
)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do, and where; without an address where the reader may not do it."""

    text: str
    address: str = ""


def describe_decay(row: Decay) -> str:
    """What is wrong, in a sentence."""
    person = full_name_of(row.person) if row.person is not None else ""
    sentences = {
        DecayKind.OWNER_MISSING: gettext("Nobody answers for it."),
        DecayKind.OWNER_GONE: gettext("The account of its owner, %(person)s, is closed."),
        DecayKind.DEPUTY_GONE: gettext("The account of its deputy, %(person)s, is closed."),
        DecayKind.OWNER_IDLE: gettext("Its owner, %(person)s, has not signed in for 60 days."),
        DecayKind.ONE_PERSON: gettext("Only %(person)s can do it."),
    }
    if row.kind in sentences:
        return sentences[row.kind] % {"person": person}
    return _counted_sentence(row)


def _counted_sentence(row: Decay) -> str:
    if row.kind is DecayKind.ROLE_EMPTY:
        return gettext("It needs %(needed)s of its role, and there are %(left)s.") % {
            "needed": count_text(row.numbers["needed"]),
            "left": count_text(row.numbers["left"]),
        }
    if row.kind is DecayKind.CONNECTION_FAILING:
        count = row.numbers["failed"]
        return ngettext(
            "Nothing has gone well by it for a week, and %(count)s call failed.",
            "Nothing has gone well by it for a week, and %(count)s calls failed.",
            count,
        ) % {"count": count_text(count)}
    count = row.numbers["tasks"]
    return ngettext(
        "The %(count)s task of 90 days took longer than the map expects.",
        "Each of %(count)s tasks of 90 days took longer than the map expects.",
        count,
    ) % {"count": count_text(count)}


def next_step_of(row: Decay, reader: User | AnonymousUser) -> NextStep:
    """What to do about it, with the way there for who may go it."""
    if row.kind in (DecayKind.OWNER_GONE, DecayKind.DEPUTY_GONE, DecayKind.OWNER_IDLE):
        address = ""
        if row.person is not None and may_open(reader, "change_user"):
            address = reverse("admin:account_leaves", args=[row.person.pk])
        return NextStep(gettext("hand over what is theirs"), address)
    if isinstance(row.row, Connection):
        address = ""
        if may_open(reader, "view_connection"):
            address = reverse("admin:workflows_connection_change", args=[row.row.pk])
        return NextStep(gettext("test the connection"), address)
    if row.kind in (DecayKind.ROLE_EMPTY, DecayKind.ONE_PERSON):
        return NextStep(gettext("add people to the role's groups"), _groups_address(row, reader))
    if row.kind is DecayKind.EXPECTED_UNMET and row.workflow is not None:
        address = reverse("reporting:report", args=[row.workflow.key])
        return NextStep(gettext("look where the time goes, or expect what is true"), address)
    return NextStep(gettext("name an owner in a new version"), _workflow_address(row))


def may_open(reader: User | AnonymousUser, codename: str) -> bool:
    """Whether somebody may open a page of the admin."""
    return reader.is_staff and reader.has_perm(f"workflows.{codename}")


def _groups_address(row: Decay, reader: User | AnonymousUser) -> str:
    if not (reader.is_staff and reader.has_perm("auth.view_group")):
        return _workflow_address(row)
    names = row.row.role.groups or []
    address = reverse("admin:auth_group_changelist")
    return f"{address}?q={names[0]}" if len(names) == 1 else address


def _workflow_address(row: Decay) -> str:
    return reverse("workflows:page", args=[row.workflow.key]) if row.workflow is not None else ""
