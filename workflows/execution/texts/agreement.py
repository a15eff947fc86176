"""How many people have to agree to a step, and who of them is awaited, in words."""

from collections.abc import Mapping

from django.utils.translation import gettext, ngettext

from workflows.engine.format.definition import display_title
from workflows.execution.models import WorkItem
from workflows.execution.queries.position import Holder
from workflows.execution.texts.position import describe_holder_role
from workflows.language.formats import join_words


def describe_needed(holder: Holder, task: WorkItem) -> str:
    """'2 people in finance'; of a quorum by roles '1 of “Legal” and 2 of “Finance”'."""
    if not holder.parts:
        sentence = ngettext(
            "%(count)s person in %(role)s", "%(count)s people in %(role)s", task.needed
        )
        return sentence % {"count": task.needed, "role": describe_holder_role(holder)}
    return describe_parts(holder.parts, task.needed)


def describe_parts(parts: Mapping[str, int], needed: int) -> str:
    """So many of each of these roles; of `needed` people more were added by hand."""
    said = [
        gettext("%(count)s of “%(role)s”") % {"count": count, "role": display_title(role, None)}
        for role, count in parts.items()
    ]
    added = needed - sum(parts.values())
    if added > 0:
        besides = ngettext("%(count)s asked besides", "%(count)s asked besides", added)
        said.append(besides % {"count": added})
    return join_words(said)


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
