"""Places in a list as texts that links and the API carry, signed by this site."""

from datetime import datetime

from django.core import signing

from workflows.execution.queries.inbox_narrowing import InboxCursor

SALT = "approvals.pages.inbox"


def encode_inbox_cursor(cursor: InboxCursor) -> str:
    """A place in the list as a text for a link."""
    return signing.dumps(
        [cursor.due_at.isoformat() if cursor.due_at else None, cursor.id], salt=SALT
    )


def decode_inbox_cursor(text: str) -> InboxCursor | None:
    """What `encode_inbox_cursor` wrote; anything else is the beginning."""
    try:
        due_at, pk = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    return InboxCursor(datetime.fromisoformat(due_at) if due_at else None, pk)
