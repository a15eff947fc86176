"""How many people have to agree to a step, and who of them is awaited, in words."""

from collections.abc import Mapping

from django.utils.translation import gettext, ngettext

from workflows.engine.format.definition import display_title
from workflows.execution.models import WorkItem
from workflows.execution.queries.holders import Holder
from workflows.execution.texts.position import describe_holder_role, named_people
from workflows.language.formats import join_words


def describe_needed(holder: Holder, task: WorkItem) -> str:
    """'2 people in finance' or '2 of Ann Lee, Bob Fry and Cy Ross', and who was asked by hand
    besides; of a quorum by roles '1 of “Legal” and 2 of “Finance”'."""
    if holder.parts:
        count = task.needed - sum(holder.parts.values())
        besides = _asked_by_name(holder) or _asked_besides(count)
        return join_words([*_describe_roles(holder.parts), *besides])
    members = _describe_members(holder, task.needed - len(holder.added))
    return join_words([members, *_asked_by_name(holder)])


def _asked_by_name(holder: Holder) -> list[str]:
    """Who was asked by hand besides; where somebody's account is gone, how many they were."""
    names = holder.called.names_of_ids(holder.added) if holder.called is not None else []
    if len(names) < len(holder.added):
        return _asked_besides(len(holder.added))
    return [gettext("%(person)s (asked besides)") % {"person": name} for name in names]


def _describe_members(holder: Holder, count: int) -> str:
    """How many of those whom the step's own role names."""
    if holder.logins:
        people = named_people(holder)
        if count == len(people) and not holder.names:
            return join_words(people)
        groups = [gettext("anybody in %(role)s") % {"role": role} for role in holder.names]
        places = {"count": count, "people": join_words([*people, *groups])}
        return gettext("%(count)s of %(people)s") % places
    sentence = ngettext("%(count)s person in %(role)s", "%(count)s people in %(role)s", count)
    return sentence % {"count": count, "role": describe_holder_role(holder)}


def _asked_besides(count: int) -> list[str]:
    """How many more were asked by hand; nothing where nobody was."""
    if count <= 0:
        return []
    besides = ngettext("%(count)s asked besides", "%(count)s asked besides", count)
    return [besides % {"count": count}]


def describe_parts(parts: Mapping[str, int], needed: int) -> str:
    """So many of each of these roles; of `needed` people more were added by hand."""
    return join_words([*_describe_roles(parts), *_asked_besides(needed - sum(parts.values()))])


def _describe_roles(parts: Mapping[str, int]) -> list[str]:
    return [
        gettext("%(count)s of “%(role)s”") % {"count": count, "role": display_title(role, None)}
        for role, count in parts.items()
    ]


def describe_agreement(holder: Holder, task: WorkItem) -> str:
    """Who has to agree, and how many have, as a sentence."""
    places = {"people": describe_needed(holder, task), "count": len(task.votes)}
    if not task.votes:
        return gettext("%(people)s have to agree; nobody has yet.") % places
    return (
        ngettext(
            "%(people)s have to agree; %(count)s has so far.",
            "%(people)s have to agree; %(count)s have so far.",
            len(task.votes),
        )
        % places
    )


def describe_agreement_shortly(holder: Holder, task: WorkItem) -> str:
    """The same in a few words for a list."""
    places = {"people": describe_needed(holder, task), "count": len(task.votes)}
    if not task.votes:
        return gettext("%(people)s; nobody has yet") % places
    return (
        ngettext(
            "%(people)s; %(count)s has so far",
            "%(people)s; %(count)s have so far",
            len(task.votes),
        )
        % places
    )
