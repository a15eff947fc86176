"""XES (IEEE 1849): each request a trace, each task up to three events of its life cycle."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from reporting.eventlogs.writers.events import ExportedRequest, ExportedTask
from reporting.eventlogs.writers.values import render_log_value

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <global scope="trace">
    <string key="concept:name" value=""/>
  </global>
  <global scope="event">
    <string key="concept:name" value=""/>
    <date key="time:timestamp" value="1970-01-01T00:00:00.000000+00:00"/>
    <string key="lifecycle:transition" value="complete"/>
  </global>
  <classifier name="Activity" keys="concept:name"/>
  <string key="concept:name" value={name}/>
  <string key="lifecycle:model" value="standard"/>
"""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xes_lines(name: str, requests: Iterable[ExportedRequest]) -> Iterator[str]:
    """The document in pieces."""
    yield HEAD.format(name=_quote_text(name))
    for request in requests:
        yield _render_trace(request)
    yield "</log>\n"


def _render_trace(request: ExportedRequest) -> str:
    attributes = {
        "concept:name": request.reference,
        "handoff:title": request.title,
        "handoff:version": request.version,
        "handoff:state": request.state,
        "handoff:result": request.result,
        "handoff:requester": request.requester,
        **{f"data:{key}": _typed_value(value) for key, value in request.data.items()},
    }
    lines = ["  <trace>", *(_render_attribute(key, value) for key, value in attributes.items())]
    moments = sorted(_lifecycle_moments(request.tasks), key=lambda entry: (entry[0], entry[1]))
    lines += [_render_event(task, name, moment) for moment, _, name, task in moments]
    return "\n".join([line for line in lines if line] + ["  </trace>\n"])


def _typed_value(value: Any) -> Any:
    """Numbers and truths keep their type."""
    return value if isinstance(value, bool | int) else render_log_value(value)


def _lifecycle_moments(
    done: Iterable[ExportedTask],
) -> Iterator[tuple[datetime, int, str, ExportedTask]]:
    """The life cycle of each task; what happened at one time is in the order of the tasks."""
    for place, task in enumerate(done):
        for stage, (name, moment) in enumerate(
            (("schedule", task.enabled), ("start", task.start), ("complete", task.end))
        ):
            if moment is not None:
                yield moment, place * 3 + stage, name, task


def _render_event(task: ExportedTask, transition: str, moment: datetime) -> str:
    attributes = {
        "concept:name": task.activity,
        "concept:instance": str(task.activation),
        "lifecycle:transition": transition,
        "time:timestamp": moment,
        "org:role": task.role,
        "handoff:row": task.row,
    }
    if transition != "schedule":
        attributes["org:resource"] = task.resource
    if transition == "complete":
        attributes |= {"handoff:outcome": task.outcome, "handoff:round": task.round}
        attributes["handoff:acted_for"] = task.acted_for
        rests = {"paused": task.paused, "paused_business": task.paused_business}
        attributes |= {f"handoff:{name}": rest for name, rest in rests.items() if rest}
        attributes |= {"handoff:votes": render_log_value(task.votes)} if task.votes else {}
    lines = (_render_attribute(key, value, "      ") for key, value in attributes.items())
    return "\n".join(["    <event>", *(line for line in lines if line), "    </event>"])


def _render_attribute(key: str, value: Any, indent: str = "    ") -> str:
    """One attribute with its type; nothing for an empty text."""
    if value is None or value == "":
        return ""
    kind = "string"
    if isinstance(value, bool):
        kind, value = "boolean", "true" if value else "false"
    elif isinstance(value, int):
        kind = "int"
    elif isinstance(value, float):
        kind = "float"
    elif isinstance(value, datetime):
        kind, value = "date", value.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{indent}<{kind} key={_quote_text(key)} value={_quote_text(str(value))}/>"


def _quote_text(text: str) -> str:
    """Text as an attribute; a character that XML cannot hold becomes the replacement one."""
    return quoteattr(_NOT_XML.sub("\ufffd", text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
