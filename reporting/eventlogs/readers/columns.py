"""Which column of a table is what: our names, those of other tools, and what somebody says."""

import re
from collections.abc import Mapping, Sequence

from workflows.engine.errors import InvalidInput

COLUMN_NAMES: Mapping[str, tuple[str, ...]] = {
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
NEEDED_COLUMNS = ("case_id", "activity", "end")
PREFIXES = ("data.", "request.")
"""`data.` columns are fields of the request, `request.` ones say how it stands."""
REQUEST_COLUMNS = ("request.title", "request.state", "request.result", "request.requester")
HANDOFF_COLUMNS = ("case_id", "activity", "resource", "enabled", "start", "end", "outcome", "round")
"""How a table that Handoff wrote begins: there a cell's leading quote keeps spreadsheets calm."""


def normalize_column_name(text: str) -> str:
    """A column's name without case, blanks and signs."""
    return re.sub(r"[^a-z0-9äöüß]", "", text.strip().lower())


def parse_column_options(texts: Sequence[str]) -> dict[str, str]:
    """What `--columns case_id=Vorgang,end=Zeit` says: our name, and the file's. InvalidInput."""
    chosen_columns: dict[str, str] = {}
    for text in texts:
        for part in text.split(",") if text.count("=") > 1 else [text]:
            column, sign, file_column = (piece.strip() for piece in part.partition("="))
            if (
                not sign
                or not file_column
                or not (column in COLUMN_NAMES or column.startswith(PREFIXES))
            ):
                raise InvalidInput(
                    "--columns: '%(part)s' is not OURS=THEIRS; ours are %(names)s and data.FIELD.",
                    part=part[:60],
                    names=", ".join(COLUMN_NAMES),
                )
            chosen_columns[column] = file_column
    return chosen_columns


def match_columns(header: Sequence[str], chosen_columns: Mapping[str, str], name: str) -> list[str]:
    """Our name of each column; a column that is none of ours is ''. Raises InvalidInput."""
    written = [cell.strip() for cell in header]
    columns = [text if text.startswith(PREFIXES) else "" for text in written]
    for standard_name, file_column in chosen_columns.items():
        columns[_find_chosen_column(standard_name, file_column, written, name)] = standard_name
    for standard_name, names in COLUMN_NAMES.items():
        if standard_name not in columns:
            _match_column(standard_name, names, written, columns, name)
    _require_columns(columns, written, name)
    return columns


def _find_chosen_column(
    standard_name: str, file_column: str, written: Sequence[str], name: str
) -> int:
    """The place of the column that was chosen for one of our names."""
    for place, text in enumerate(written):
        if normalize_column_name(text) == normalize_column_name(file_column):
            return place
    raise InvalidInput(
        "%(name)s: there is no column '%(file_column)s' for %(standard_name)s; the header"
        " has %(written)s.",
        name=name,
        file_column=file_column[:60],
        standard_name=standard_name,
        written=", ".join(written)[:300],
    )


def _require_columns(columns: Sequence[str], written: Sequence[str], name: str) -> None:
    """Refuse a header that names a column twice or has not all that are needed."""
    for column in {text for text in columns if text}:
        if columns.count(column) > 1:
            raise InvalidInput(
                "%(name)s: the header has the column '%(column)s' twice; drop one.",
                name=name,
                column=column,
            )
    missing = [column for column in NEEDED_COLUMNS if column not in columns]
    if missing:
        raise InvalidInput(
            "%(name)s: the header has no column %(missing)s; a log has the columns case_id,"
            " activity, resource, end and, where known, enabled, start. It has: %(written)s. Say"
            " which is which with --columns OURS=THEIRS.",
            name=name,
            missing=", ".join(missing),
            written=", ".join(written)[:300],
        )


def _match_column(
    standard_name: str, names: Sequence[str], written: Sequence[str], columns: list[str], name: str
) -> None:
    """The surest name that the header has and nobody has taken."""
    for candidate in map(normalize_column_name, names):
        places = [
            place
            for place, text in enumerate(written)
            if normalize_column_name(text) == candidate and not columns[place]
        ]
        if len(places) > 1:
            raise InvalidInput(
                "%(name)s: the header has the column '%(written)s' twice; drop one.",
                name=name,
                written=written[places[0]],
            )
        if places:
            columns[places[0]] = standard_name
            return


def count_needed_columns(header: Sequence[str]) -> int:
    """How many of the needed columns a header has."""
    texts = {normalize_column_name(cell) for cell in header}
    return sum(
        any(normalize_column_name(alias) in texts for alias in COLUMN_NAMES[column])
        for column in NEEDED_COLUMNS
    )


def is_handoff_header(header: Sequence[str]) -> bool:
    """Whether Handoff wrote the table."""
    return tuple(header[: len(HANDOFF_COLUMNS)]) == HANDOFF_COLUMNS
