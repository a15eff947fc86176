"""Comments as pages show them; and who follows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from approvals.ui.formats import person_name
from workflows.conversation.models import Comment, Follow
from workflows.conversation.queries.mentions import MENTION
from workflows.conversation.services.comments import may_change_comment
from workflows.documents.models import Document
from workflows.language.formats import join_words
from workflows.people.models import User

# -- what a comment says ----------------------------------------------------------------------


class PartKind(StrEnum):
    """What a piece of a comment's text is."""

    PLAIN = "plain"
    LINK = "link"
    MENTION = "mention"


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of a comment's text. A mention's `text` is the person's name, `login` their login;
    a link's `text` is its whole address, so that nobody is led elsewhere than they read."""

    kind: PartKind
    text: str
    login: str = ""


_PIECE = re.compile(rf"(?P<link>\bhttps?://[^\s<>\"'`]+)|(?P<mention>{MENTION.pattern})")
_NO_PART_OF_A_LINK = ".,;:!?)]}»”\u2019"
"""Signs behind a link that belong to the sentence around it."""


def split_comment_text(text: str, mentioned: Mapping[str, str]) -> list[TextPart]:
    """A comment's text in pieces: links, mentions of these people (names by login), and what is
    just text. Only `http` and `https` make a link."""
    parts, end = [], 0
    for match in _PIECE.finditer(text):
        special = _special_part(match, mentioned)
        if special is None:
            continue
        part, length = special
        begin = match.start()
        if begin > end:
            parts.append(TextPart(PartKind.PLAIN, text[end:begin]))
        parts.append(part)
        end = begin + length
    if end < len(text):
        parts.append(TextPart(PartKind.PLAIN, text[end:]))
    return parts


def _special_part(
    piece: re.Match[str], mentioned: Mapping[str, str]
) -> tuple[TextPart, int] | None:
    """A link or a mention, and how much of the text it is; None for an at-sign of nobody's."""
    if piece["link"] is not None:
        address = piece["link"].rstrip(_NO_PART_OF_A_LINK)
        return TextPart(PartKind.LINK, address), len(address)
    written = piece["mention"][1:]
    logins = {login.lower(): login for login in mentioned}
    for length in range(len(written), 0, -1):
        login = logins.get(written[:length].lower())
        if login is not None:
            name = mentioned[login] or login
            return TextPart(PartKind.MENTION, name, login), length + 1
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentLine:
    """A comment as a page shows it. `may_change`: the reader may edit or withdraw it now."""

    comment: Comment
    who: str
    parts: list[TextPart]
    files: list[Document]
    may_change: bool


def describe_comments(
    comments: list[Comment],
    files: Mapping[int, list[Document]],
    reader: User | None,
    now: datetime,
) -> list[CommentLine]:
    """These comments, and what they carry, in words; without a reader nobody may change them."""
    return [
        CommentLine(
            comment=comment,
            who=person_name(comment.writer),
            parts=split_comment_text(comment.text, comment.mentioned),
            files=files.get(comment.pk, []),
            may_change=reader is not None and may_change_comment(comment, reader, now),
        )
        for comment in comments
    ]


# -- who follows ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FollowerLine:
    """Who follows a request; `own` is by what the reader follows it itself, `follows_anyway`
    whether they do by its workflow or a team."""

    names: str
    own: Follow | None
    follows_anyway: bool


def describe_followers(follows: Sequence[Follow], reader: User) -> FollowerLine:
    """These followers in words. No statement."""
    own_follows = [follow for follow in follows if follow.person_id == reader.pk]
    own = next((follow for follow in own_follows if follow.request_id is not None), None)
    people = {follow.person_id: person_name(follow.person) for follow in follows}
    return FollowerLine(join_words(list(people.values())), own, bool(own_follows) and own is None)
