"""What no database and no file can keep."""

from workflows.engine.values.field_types.base import ValueRefused


def refuse_unstorable(raw: object) -> None:
    """NUL cannot be kept by a database, and half a surrogate pair by no file."""
    if not isinstance(raw, str):
        return
    if "\x00" in raw:
        raise ValueRefused("it holds a NUL character; type the text again without it.")
    if any("\ud800" <= character <= "\udfff" for character in raw):
        raise ValueRefused("it holds a broken character; type the text again without it.")
