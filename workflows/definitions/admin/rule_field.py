"""The box of a rule: lines of field, comparison and value, and the rule's text for all that lines
cannot say."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from workflows.admin_site.elements import render_include
from workflows.definitions.admin.form_fields import TextField, normalize_line_ends
from workflows.engine.errors import HandoffError
from workflows.engine.rules.evaluation import compile_rule
from workflows.engine.rules.fact_names import names_facts
from workflows.engine.rules.rule_checker import RuleProblem
from workflows.engine.rules.simple_rules import Joiner, Term, read_rule, write_rule

LINES: Final = 2
"""So many lines a rule has to begin with; one that is full has another below."""
COMPARISON_WORDS: Final = (
    ("==", gettext_lazy("is")),
    ("!=", gettext_lazy("is not")),
    (">", gettext_lazy("is more than")),
    (">=", gettext_lazy("is at least")),
    ("<", gettext_lazy("is less than")),
    ("<=", gettext_lazy("is at most")),
    ("filled", gettext_lazy("is filled in")),
    ("empty", gettext_lazy("is empty")),
)
JOINERS: Final = (("and", gettext_lazy("all of these hold")), ("or", gettext_lazy("one holds")))
SHOWN: Final = "shown"


class RuleWidget(forms.Widget):
    """The lines are called `name-0-field`, the text `name`. `name-shown` says what the lines said
    when the page was made: lines that were touched are meant, else the text is."""

    field_list: Sequence[Any] = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The text; or what was typed in the lines, where that was touched, as it was typed."""
        if name not in data and f"{name}-0-field" not in data:
            return None
        lines = _lines_of(data, name)
        text = data.get(name, "")
        if _plain(lines, data.get(f"{name}-joiner", "and")) == data.get(f"{name}-{SHOWN}", ""):
            return text
        return RuleLines(lines, data.get(f"{name}-joiner", "and"), text)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether neither was sent."""
        return self.value_from_datadict(data, files, name) is None

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The lines, and the text below them."""
        text = value.text if isinstance(value, RuleLines) else value or ""
        lines, joiner, is_simple = _shown_lines(value)
        said = read_rule(text) if text else None
        shown = _plain(_as_rows(said[0]), said[1]) if said else ""
        blanks = max(LINES - len(lines), 1)
        rows = [*lines, *([{"field": "", "comparison": "==", "value": ""}] * blanks)]
        return render_include(
            "rule_widget",
            name=name,
            rows=[self._cells(name, number, row) for number, row in enumerate(rows)],
            joiner=_select(f"{name}-joiner", joiner, JOINERS, gettext("How the lines are joined")),
            shown_name=f"{name}-{SHOWN}",
            shown=shown,
            is_open=not is_simple,
            area=UnfoldAdminTextareaWidget(attrs={"rows": 1}).render(
                name, text, {**(attrs or {}), "aria-label": gettext("The rule as text")}
            ),
        )

    def _cells(self, name: str, number: int, row: Mapping[str, str]) -> list[SafeString]:
        options = [("", "—"), *((field.key, str(field)) for field in self.field_list)]
        if row["field"] not in dict(options):
            options.append((row["field"], row["field"]))
        start = f"{name}-{number}-"
        value = UnfoldAdminTextInputWidget(attrs={"aria-label": gettext("Value")})
        return [
            _select(f"{start}field", row["field"], options, gettext("Field")),
            _select(
                f"{start}comparison", row["comparison"], COMPARISON_WORDS, gettext("Comparison")
            ),
            value.render(f"{start}value", row["value"], {"id": f"id_{start}value"}),
        ]


class RuleLines:
    """What was typed in the lines of a rule, not yet a rule."""

    def __init__(self, rows: Sequence[Mapping[str, str]], joiner: str, text: str) -> None:
        self.rows, self.text = [row for row in rows if row["field"] or row["value"]], text
        self.joiner: Joiner = "or" if joiner == "or" else "and"

    def __str__(self) -> str:
        return _plain(self.rows, self.joiner)


def _select(name: str, value: str, choices: Any, label: str) -> SafeString:
    widget = UnfoldAdminSelectWidget(attrs={"aria-label": label}, choices=choices)
    rendered: SafeString = widget.render(name, value, {"id": f"id_{name}"})
    return rendered


def _lines_of(data: Any, name: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    while f"{name}-{len(rows)}-field" in data:
        start = f"{name}-{len(rows)}-"
        columns = ("field", "comparison", "value")
        rows.append({column: str(data.get(f"{start}{column}", "")) for column in columns})
    return rows


def _plain(rows: Sequence[Mapping[str, str]], joiner: str) -> str:
    """The lines that say something, in one text, to be compared."""
    said = [
        "|".join((row["field"], row["comparison"], row["value"].strip()))
        for row in rows
        if row["field"] or row["value"].strip()
    ]
    return f" {joiner} ".join(said)


def _as_rows(terms: Sequence[Term]) -> list[dict[str, str]]:
    return [{"field": t.field, "comparison": t.comparison, "value": t.value} for t in terms]


def _shown_lines(value: Any) -> tuple[list[dict[str, str]], str, bool]:
    """The lines of what is said; none for a rule that lines cannot say."""
    if isinstance(value, RuleLines):
        return [dict(row) for row in value.rows], value.joiner, True
    said = read_rule(value) if value else None
    if said is None:
        return [], "and", not value
    return _as_rows(said[0]), said[1], True


class RuleField(TextField):
    """A rule, checked against the fields of the map where it is changed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 1000, "widget": RuleWidget(), **kwargs})
        self.field_list: Sequence[Any] = ()
        self.facts: Callable[[], Mapping[str, Any]] = dict

    def offer_fields(
        self, field_list: Sequence[Any], facts: Callable[[], Mapping[str, Any]] = dict
    ) -> None:
        """The fields of the map, and what its rules may ask beside them (read where one does)."""
        self.field_list = self.widget.field_list = field_list
        self.facts = facts

    def to_python(self, value: Any) -> Any:
        """The rule's text, put together where it was given in lines."""
        if not isinstance(value, RuleLines):
            return super().to_python(value)
        kinds = {field.key: field.type for field in self.field_list}
        terms = [Term(**row) for row in value.rows]
        try:
            return write_rule(terms, value.joiner, kinds) or None
        except HandoffError as problem:
            raise forms.ValidationError(str(problem)) from problem

    def check(self, rule: str | None) -> None:
        """Raise ValidationError where a rule that was changed does not fit the fields."""
        if rule:
            fields = {field.key: field for field in self.field_list}
            if names_facts(rule):
                fields |= self.facts()
            try:
                compile_rule(normalize_line_ends(rule), fields)
            except RuleProblem as problem:
                raise forms.ValidationError(str(problem)) from problem

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it says something else."""
        if isinstance(data, RuleLines):
            return True
        return super().has_changed(initial, data)
