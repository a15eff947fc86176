"""Letters as mails: the text, and the same as a page, from one template each."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.translation import get_language, gettext, ngettext

from workflows.notices.messages.letters import NoticeLetter, preferences_link


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A subject, the text, and the text as a page."""

    subject: str
    text: str
    html: str


def render_letter(letter: NoticeLetter) -> RenderedMail:
    """One notice."""
    return _render(letter.subject, [letter])


def render_digest(letters: Sequence[NoticeLetter]) -> RenderedMail:
    """Several notices together, those that ask for something first."""
    tasks = [letter for letter in letters if letter.is_task]
    news = [letter for letter in letters if not letter.is_task]
    counts = []
    if tasks:
        counts.append(
            ngettext("%(count)s to do", "%(count)s to do", len(tasks)) % {"count": len(tasks)}
        )
    if news:
        counts.append(
            ngettext("%(count)s piece of news", "%(count)s pieces of news", len(news))
            % {"count": len(news)}
        )
    subject = gettext("Your day in Handoff: %(counts)s") % {"counts": ", ".join(counts)}
    return _render(subject, [*tasks, *news], is_digest=True)


def _render(
    subject: str, letters: Sequence[NoticeLetter], *, is_digest: bool = False
) -> RenderedMail:
    context = {
        "subject": subject,
        "letters": letters,
        "is_digest": is_digest,
        "preferences": preferences_link(),
        "language": get_language() or "en",
    }
    return RenderedMail(
        subject,
        render_to_string("notices/letter.txt", context),
        render_to_string("notices/letter.html", context),
    )
