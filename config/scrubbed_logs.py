"""Links that open something by their address stand in no line of a log.

The end of such an address is taken out where a record is made, so it holds for every logger of the
process, whoever brought it: Django's, the server's own access log, a company's.
"""

import logging
import logging.config
import re
from typing import Any

SECRET_PATHS = re.compile(r"(/(?:status|decide|confirm)/)[\w.%~:-]{8,}")
"""The addresses of `approvals.urls` that are keys."""
HIDDEN = r"\g<1>…"


def hide_link_tokens(line: str) -> str:
    """The line without what would open a link."""
    return SECRET_PATHS.sub(HIDDEN, line)


def configure_logging(config: dict[str, Any]) -> None:
    """What Django calls with `LOGGING`, once a process."""
    logging.config.dictConfig(config)
    logging.setLogRecordFactory(_make_record)


def _make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **kwargs)
    try:
        line = record.getMessage()
    except (TypeError, ValueError, KeyError):  # badly made; logging says so itself
        return record
    if SECRET_PATHS.search(line):
        record.msg, record.args = hide_link_tokens(line), ()
    return record
