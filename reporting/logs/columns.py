"""Which column of a table is what: our names, those of other tools, and what somebody says."""

import re
from collections.abc import Mapping, Sequence

from workflows.engine.errors import InvalidInput

NAMES: Mapping[str, tuple[str, ...]] = {
    "case_id": (
        *("case_id", "case:concept:name", "case id", "case", "case key", "case number"),
        *("process instance", "trace id", "trace"),
    ),
    "activity": (
        *("activity", "concept:name", "activity name", "task", "task name", "event name", "event"),
        "step",
    ),
    "resource": ("resource", "org:resource", "user", "performer", "employee", "actor", "org:role"),
    "end": (
        *("end", "time:timestamp", "complete timestamp", "end time", "end timestamp", "timestamp"),
        *("complete time", "completion time", "completed at", "end date", "finished at"),
        *("event time", "time", "date"),
    ),
    "start": ("start", "start_timestamp", "start time", "start date", "started at", "begin"),
    "enabled": (
        *("enabled", "enabled time", "enable time", "enabled at", "enabled timestamp"),
        *("schedule timestamp", "scheduled at"),
    ),
    "lifecycle": ("lifecycle:transition", "lifecycle", "transition", "lifecycle state"),
    "instance": ("concept:instance", "instance", "activity instance", "activity instance id"),
    "outcome": ("outcome",),
    "round": ("round",),
    "paused": ("paused",),
    "paused_business": ("paused_business",),
}
"""The names of each column, the surest first: they are compared without case, blanks and signs."""
NEEDED = ("case_id", "activity", "end")
PREFIXES = ("data.", "request.")
"""`data.` columns are fields of the request, `request.` ones say how it stands."""
ABOUT = ("request.title", "request.state", "request.result", "request.requester")
OURS = ("case_id", "activity", "resource", "enabled", "start", "end", "outcome", "round")
"""How a table that Handoff wrote begins: there a cell's leading quote keeps spreadsheets calm."""


def plain(text: str) -> str:
    """A column's name without case, blanks and signs."""
    return re.sub(r"[^a-z0-9äöüß]", "", text.strip().lower())


def chosen(texts: Sequence[str]) -> dict[str, str]:
    """What `--columns case_id=Vorgang,end=Zeit` says: our name, and the file's. InvalidInput."""
    found: dict[str, str] = {}
    for text in texts:
        for part in text.split(",") if text.count("=") > 1 else [text]:
            ours, sign, theirs = (piece.strip() for piece in part.partition("="))
            if not sign or not theirs or not (ours in NAMES or ours.startswith(PREFIXES)):
                raise InvalidInput(
                    f"--columns: '{part[:60]}' is not OURS=THEIRS; ours are"
                    f" {', '.join(NAMES)} and data.FIELD."
                )
            found[ours] = theirs
    return found


def columns_of(header: Sequence[str], wanted: Mapping[str, str], name: str) -> list[str]:
    """Our name of each column; a column that is none of ours is ''. Raises InvalidInput."""
    written = [cell.strip() for cell in header]
    columns = [text if text.startswith(PREFIXES) else "" for text in written]
    for ours, theirs in wanted.items():
        places = [place for place, text in enumerate(written) if plain(text) == plain(theirs)]
        if not places:
            raise InvalidInput(
                f"{name}: there is no column '{theirs[:60]}' for {ours}; the header has"
                f" {', '.join(written)[:300]}."
            )
        columns[places[0]] = ours
    for ours, names in NAMES.items():
        if ours not in columns:
            _find(ours, names, written, columns, name)
    for column in {text for text in columns if text}:
        if columns.count(column) > 1:
            raise InvalidInput(f"{name}: the header has the column '{column}' twice; drop one.")
    missing = [column for column in NEEDED if column not in columns]
    if missing:
        raise InvalidInput(
            f"{name}: the header has no column {', '.join(missing)}; a log has the columns"
            " case_id, activity, resource, end and, where known, enabled, start. It has:"
            f" {', '.join(written)[:300]}. Say which is which with --columns OURS=THEIRS."
        )
    return columns


def _find(
    ours: str, names: Sequence[str], written: Sequence[str], columns: list[str], name: str
) -> None:
    """The surest name that the header has and nobody has taken."""
    for wanted in map(plain, names):
        places = [
            place
            for place, text in enumerate(written)
            if plain(text) == wanted and not columns[place]
        ]
        if len(places) > 1:
            raise InvalidInput(
                f"{name}: the header has the column '{written[places[0]]}' twice; drop one."
            )
        if places:
            columns[places[0]] = ours
            return


def known(header: Sequence[str]) -> int:
    """How many of the needed columns a header has."""
    texts = {plain(cell) for cell in header}
    return sum(any(plain(one) in texts for one in NAMES[ours]) for ours in NEEDED)


def is_ours(header: Sequence[str]) -> bool:
    """Whether Handoff wrote the table."""
    return tuple(header[: len(OURS)]) == OURS
