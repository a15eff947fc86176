"""Whether a field takes a file: the one place that forms, services and the API ask."""

from collections.abc import Collection
from math import inf
from pathlib import PurePath

from django.conf import settings
from django.core.files import File

from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import FieldDef, display_title
from workflows.engine.texts import Text, text
from workflows.engine.values.file_kinds import (
    FILE_KINDS,
    HEAD_BYTES,
    TAIL_BYTES,
    FileEdges,
    kind_of_ending,
)

MOST_OF_A_NAME = 255
SHOWN_OF_A_NAME = 80


def check_upload(key: str, spec: FieldDef, file: File) -> str:
    """The name under which a file of this field is kept. Raises InvalidInput for a file of a size
    or kind that is not taken."""
    refused = file_refusal(spec, file)
    if refused is not None:
        raise InvalidInput(
            "'%(field)s': %(refused)s", field=display_title(key, spec.label), refused=refused
        )
    return _printable(_own_name(file))[-MOST_OF_A_NAME:]


def file_refusal(spec: FieldDef, file: File) -> Text | None:
    """What is wrong with a file that was chosen for a field, which names the file and says which
    other one to choose; None where the field takes it."""
    name = _own_name(file)
    return (
        _size_refusal(name, file, min(settings.UPLOAD_MAX_MB, spec.max_size or inf))
        or _site_refusal(name)
        or _kind_refusal(name, spec.accept or (), file)
    )


def shown_file_name(file: File) -> str:
    """A file's name as sentences say it: what makes it long is left out in its middle."""
    name = _printable(_own_name(file))
    half = SHOWN_OF_A_NAME // 2
    return name if len(name) <= SHOWN_OF_A_NAME else f"{name[:half]}…{name[-half:]}"


def _own_name(file: File) -> str:
    return PurePath(str(file.name or "").replace("\\", "/")).name or "file"


def _printable(name: str) -> str:
    return "".join(c for c in name if c.isprintable())


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower().lstrip(".")


def _size_refusal(name: str, file: File, most_megabytes: float) -> Text | None:
    if not file.size:
        return text("the file '%(file)s' is empty; choose another one.", file=shown_file_name(file))
    if file.size > most_megabytes * 1024 * 1024:
        return text(
            "the file '%(file)s' is larger than %(limit)s MB; choose a smaller one.",
            file=shown_file_name(file),
            limit=most_megabytes,
        )
    return None


def _site_refusal(name: str) -> Text | None:
    """Whether this site takes files of such a name."""
    ending = _ending(name)
    if not ending or not settings.UPLOAD_TYPES or ending in settings.UPLOAD_TYPES:
        return None
    return text(
        "files of the kind '.%(ending)s' are not taken here; choose one of: %(kinds)s.",
        ending=ending[:20],
        kinds=", ".join(sorted(settings.UPLOAD_TYPES)),
    )


def _kind_refusal(name: str, accepted: Collection[str], file: File) -> Text | None:
    """Where the map names kinds, the name's ending is of one of them, and so are the bytes."""
    if not accepted:
        return None
    kind = kind_of_ending(_ending(name))
    places = {"file": shown_file_name(file), "kinds": ", ".join(accepted)}
    if kind is None or kind not in accepted:
        return text(
            "the file '%(file)s' is of another kind; this takes files of these kinds: %(kinds)s.",
            **places,
        )
    if not FILE_KINDS[kind].fits(_file_edges(file)):
        return text(
            "what is in the file '%(file)s' is not of the kind that its name says (%(kind)s);"
            " save it as one of: %(kinds)s.",
            kind=kind,
            **places,
        )
    return None


def _file_edges(file: File) -> FileEdges:
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(max(0, file.size - TAIL_BYTES))
    tail = file.read(TAIL_BYTES)
    file.seek(0)
    return FileEdges(head, tail)
