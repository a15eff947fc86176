"""What starts a request besides its form, as rows: every day at nine, a webhook, the end of another
workflow. Beside a schedule stand its next runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy

from workflows.definitions.admin.field_boxes.row_fields import Column, Row, RowsField
from workflows.definitions.services.schedule_planning import next_starts
from workflows.engine.format.trigger_kinds import SCHEDULE, TRIGGER_KINDS, WORKFLOW_END

RUNS_SHOWN: Final = 5
DAYS: Final[Mapping[str, Any]] = {
    "1": gettext_lazy("every Monday"),
    "2": gettext_lazy("every Tuesday"),
    "3": gettext_lazy("every Wednesday"),
    "4": gettext_lazy("every Thursday"),
    "5": gettext_lazy("every Friday"),
    "6": gettext_lazy("every Saturday"),
    "0": gettext_lazy("every Sunday"),
}
PATTERNS: Final[Mapping[str, str]] = {
    "daily": "{minute} {hour} * * *",
    "workdays": "{minute} {hour} * * 1-5",
    **{f"week-{day}": f"{{minute}} {{hour}} * * {day}" for day in DAYS},
    "month-1": "{minute} {hour} 1 * *",
    "month-15": "{minute} {hour} 15 * *",
    "month-last": "{minute} {hour} L * *",
}


def _pattern_choices() -> list[tuple[str, Any]]:
    return [
        ("", "—"),
        ("daily", gettext_lazy("every day")),
        ("workdays", gettext_lazy("Monday to Friday")),
        *((f"week-{day}", words) for day, words in DAYS.items()),
        ("month-1", gettext_lazy("on the first of each month")),
        ("month-15", gettext_lazy("on the 15th of each month")),
        ("month-last", gettext_lazy("on the last day of each month")),
        ("cron", gettext_lazy("as the cron expression says")),
    ]


COLUMNS: Final = (
    Column(name="kind", label=gettext_lazy("What starts it"), choices=()),
    Column(name="pattern", label=gettext_lazy("When"), choices=()),
    Column(name="time", label=gettext_lazy("At"), placeholder="09:00"),
    Column(name="cron", label=gettext_lazy("Cron"), placeholder="0 9 * * 1"),
    Column(name="workflow", label=gettext_lazy("Workflow that ends"), choices=()),
    Column(name="result", label=gettext_lazy("With the result")),
    Column(
        name="values",
        label=gettext_lazy("Fields filled in"),
        placeholder=gettext_lazy("region = EU; kind = new"),
    ),
    Column(name="owner", label=gettext_lazy("Owner"), placeholder=gettext_lazy("the workflow's")),
    Column(name="deputy", label=gettext_lazy("Deputy"), placeholder=gettext_lazy("the workflow's")),
)
OWN: Final = ("owner", "deputy")


class TriggersField(RowsField):
    """The triggers of a map. What a row has no cell for (`mapping`, `with`) stays as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(COLUMNS, blank=1, **kwargs)
        self.current: Sequence[Mapping[str, Any]] = ()
        self.widget.note = describe_next_runs

    def offer(self, workflows: Sequence[tuple[str, str]], current: Any) -> None:
        """The workflows whose end may start this one, and what is said now."""
        kinds = [(name, str(TRIGGER_KINDS[name].title)) for name in TRIGGER_KINDS]
        self.widget.choices |= {
            "kind": [("", "—"), *kinds],
            "pattern": _pattern_choices(),
            "workflow": [("", "—"), *workflows],
        }
        self.current = current if isinstance(current, list) else ()

    def prepare_value(self, value: Any) -> Any:
        """The file's triggers as rows."""
        listed = value if isinstance(value, list) else []
        return [_as_row(trigger) if "pattern" not in trigger else trigger for trigger in listed]

    def clean(self, value: Any) -> Any:
        """The rows as the file says them; one that was not touched, to the letter."""
        rows = self.to_python(value)
        if rows is None:
            return [] if self.current == [] else None
        before = [(_as_row(trigger), trigger) for trigger in self.current]
        return [self._as_trigger(row, before) for row in rows]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether a row says something else."""
        return self.to_python(self.prepare_value(initial)) != self.to_python(data)

    def _as_trigger(self, row: Row, before: Any) -> Mapping[str, Any]:
        same = [trigger for shown, trigger in before if shown == row]
        if same:
            return same[0]
        if row["kind"] not in TRIGGER_KINDS:
            raise forms.ValidationError(gettext("Choose what starts it, in each row."))
        alike = [
            trigger
            for shown, trigger in before
            if shown["kind"] == row["kind"] and row["kind"] != SCHEDULE
        ]
        kept = {k: v for k, v in (alike[0] if alike else {}).items() if k in ("mapping", "with")}
        kept |= {name: row[name] for name in OWN if row[name]}
        return {"kind": row["kind"], **_own_settings(row), **_values_of(row), **kept}


def _own_settings(row: Row) -> dict[str, Any]:
    if row["kind"] == SCHEDULE:
        return {"cron": _cron_of(row)}
    if row["kind"] != WORKFLOW_END:
        return {}
    if not row["workflow"]:
        raise forms.ValidationError(gettext("Choose the workflow whose end starts this one."))
    return {"workflow": row["workflow"], **({"result": row["result"]} if row["result"] else {})}


def _cron_of(row: Row) -> str:
    """The cron expression of a row; a simple choice goes before what is typed."""
    cron = row["cron"]
    if row["pattern"] in PATTERNS:
        hour, _, minute = (row["time"] or "09:00").partition(":")
        if not (hour.isdigit() and (minute or "0").isdigit() and int(hour) < 24):
            raise forms.ValidationError(gettext("Write the time as 09:00."))
        cron = PATTERNS[row["pattern"]].format(hour=int(hour), minute=int(minute or 0))
    try:
        next_starts(cron, timezone.now(), 1)
    except ValueError as problem:
        raise forms.ValidationError(str(problem)) from problem
    return cron


def _values_of(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in row["values"].split(";"))):
        name, sign, value = (text.strip() for text in part.partition("="))
        if not name or not sign:
            raise forms.ValidationError(
                gettext("Write what is filled in as field = value; another field = value.")
            )
        values[name] = value
    return {"data": values} if values else {}


def _as_row(trigger: Mapping[str, Any]) -> Row:
    pattern, time = _pattern_of(trigger.get("cron") or "")
    values = trigger.get("data") or {}
    return {
        "kind": trigger["kind"],
        "pattern": pattern,
        "time": time,
        "cron": trigger.get("cron") or "",
        "workflow": trigger.get("workflow") or "",
        "result": trigger.get("result") or "",
        "values": "; ".join(f"{name} = {value}" for name, value in values.items()),
        **{name: trigger.get(name) or "" for name in OWN},
    }


def _pattern_of(cron: str) -> tuple[str, str]:
    """The simple choice that says the same as a cron expression, and its time."""
    minute, _, rest = cron.partition(" ")
    hour, _, days = rest.partition(" ")
    if minute.isdigit() and hour.isdigit():
        for name, pattern in PATTERNS.items():
            if pattern.format(minute=minute, hour=hour) == f"{minute} {hour} {days}":
                return name, f"{int(hour):02}:{int(minute):02}"
    return ("cron", "") if cron else ("", "")


def describe_next_runs(row: Mapping[str, str]) -> str:
    """When a schedule starts the next times, in the site's time zone."""
    if row.get("kind") != SCHEDULE:
        return ""
    try:
        runs = next_starts(_cron_of(dict(row)), timezone.now(), RUNS_SHOWN)
    except forms.ValidationError:
        return ""
    return gettext("Next: %(runs)s.") % {"runs": "; ".join(map(_say_moment, runs))}


def _say_moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "D j. N Y H:i")
