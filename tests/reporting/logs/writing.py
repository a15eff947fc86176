"""Logs as people's programs write them, for tests."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reporting.eventlogs.account import Account
from reporting.eventlogs.readers.read import LogReadOptions, LogRow, read_log


def event(name: str, time: str, transition: str = "complete", **more: str) -> str:
    """An XES event; `instance` and `resource` by their names."""
    keys = {"instance": "concept:instance", "resource": "org:resource"}
    strings = {"concept:name": name, "lifecycle:transition": transition}
    strings |= {keys.get(key, key): value for key, value in more.items()}
    parts = (f'<string key="{key}" value="{value}"/>' for key, value in strings.items())
    when = f"2026-03-02T{time}Z" if "T" not in time else time
    return f'<event>{"".join(parts)}<date key="time:timestamp" value="{when}"/></event>'


def xes(*cases: Iterable[str]) -> str:
    """An XES document of these cases."""
    traces = (
        f'<trace><string key="concept:name" value="{number}"/>{"".join(events)}</trace>'
        for number, events in enumerate(cases, 1)
    )
    return f'<log xmlns="http://www.xes-standard.org/">{"".join(traces)}</log>'


def file(tmp_path: Path, content: str | bytes, name: str = "log.csv") -> str:
    """The path of a file with this content."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(path: str, **said: Any) -> tuple[list[LogRow], Account]:
    """The rows of a file, and the account of it."""
    account = Account(path)
    return list(read_log(path, LogReadOptions.from_options(**said), account)), account


def clock(row: LogRow) -> tuple[str, str, str]:
    """When a row was enabled, begun and done, by the clock."""
    moments = (row.enabled, row.start, row.end)
    return tuple(f"{one:%H:%M}" if one else "" for one in moments)  # type: ignore[return-value]
