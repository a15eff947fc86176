"""The survey of a log as a page keeps it, from one position of the slider to the next; nothing of
the log is stored."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from pydantic import TypeAdapter

from reporting.discovery.log_survey import survey_cases
from reporting.eventlogs.account import Account
from reporting.eventlogs.readers.read import LogReadOptions
from reporting.eventlogs.uploads.uploaded_log import (
    count_uploaded_rows,
    open_sealed,
    seal_for_page,
    uploaded_log,
)
from reporting.replay.log_replay import read_log_cases
from workflows.engine.discovery.survey import LogSurvey
from workflows.engine.errors import InvalidInput

_adapter = TypeAdapter(LogSurvey)
MARK = "survey"


def read_uploaded_survey(sent: UploadedFile | None) -> LogSurvey:
    """An uploaded log, surveyed. Raises InvalidInput."""
    with uploaded_log(sent) as path:
        options, account = LogReadOptions(), Account(path.name)
        counts = count_uploaded_rows(path, options, account)
        return survey_cases(read_log_cases(path, counts, options))


def seal_survey(survey: LogSurvey) -> str:
    """For a hidden field. Raises InvalidInput where it is too much."""
    written = _adapter.dump_python(survey)
    written["traces"] = [[list(trace), count] for trace, count in survey.traces.items()]
    return seal_for_page([MARK, written])


def unseal_survey(sealed: str) -> LogSurvey:
    """From a hidden field. Raises InvalidInput."""
    kept: Any = open_sealed(sealed)
    try:
        mark, written = kept
        traces = {tuple(trace): count for trace, count in written.pop("traces")}
        survey = _adapter.validate_python({**written, "traces": traces})
    except (ValueError, TypeError, AttributeError, KeyError):
        mark, survey = "", LogSurvey({})
    if mark != MARK:
        raise InvalidInput("Choose the log again: what the page kept of it is damaged.")
    return survey
