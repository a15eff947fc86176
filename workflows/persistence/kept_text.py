"""Text that people typed, on its way into a column: what every database and every file can keep."""

from workflows.engine.errors import InvalidInput
from workflows.engine.texts import Text, grouped


def validate_text(label: str, text: str, longest: int) -> str:
    """The text, if every database and every file can keep it: no NUL, no half surrogate pair."""
    if len(text) > longest:
        raise InvalidInput(
            "The %(label)s is too long; %(longest)s characters are enough.",
            label=Text(label),
            longest=grouped(longest),
        )
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput(
            "The %(label)s has a character that cannot be kept; type it again.", label=Text(label)
        )
    return text
