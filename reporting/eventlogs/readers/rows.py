"""What a log is read as: rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workflows.engine.texts import Text, text
from workflows.engine.timing.dates import OUT_OF_BOUNDS

EMPTY_VALUES: Mapping[str, str] = {}


@dataclass(slots=True)
class LogRow:
    """One activity instance of one case. Without `end` it is still open.

    `line` is its place in the file, for messages: the line of a CSV, the how-manieth event of XES.
    `rests` are the times in which it rested; `paused` are seconds at rest of which only the sum is
    known. `before` are values of the request, set from this row on.
    """

    case_id: str
    activity: str
    resource: str
    enabled: datetime | None
    start: datetime | None
    end: datetime | None
    data: Mapping[str, str] = field(default_factory=dict)
    line: int = 0
    outcome: str = ""
    rests: Sequence[tuple[datetime, datetime]] = ()
    paused: float = 0.0
    paused_business: float = 0.0
    instance: str = ""
    round: int = 0
    """As the log says it; 0 where it does not."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What the log says of the request: title, state, result, requester."""

    @property
    def last(self) -> datetime:
        """The last moment that is known of it."""
        moment = self.end or self.start or self.enabled
        assert moment is not None
        return moment


def describe_time_bounds(moment: datetime) -> Text:
    """Why a moment is not taken."""
    return text(
        "the time %(moment)s cannot be meant; %(bounds)s",
        moment=moment.isoformat()[:19],
        bounds=str(OUT_OF_BOUNDS)[:-1],
    )
