"""What is different in a newer version of a map, as facts: what, of which part, from what to what.

Only compares; nothing here is put into words, and nothing is changed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from workflows.engine.format.definition import (
    Definition,
    Link,
    TableStep,
    display_title,
)
from workflows.engine.format.field_parts import ColumnDef, FieldDef
from workflows.engine.format.parts import DefinitionPart
from workflows.engine.versions.named_ways import way_settings, ways_of
from workflows.engine.versions.renamed_fields import renamed_fields, under_new_keys
from workflows.engine.versions.step_mapping import StepMapping
from workflows.engine.versions.table_rows import (
    MOST_TOLD,
    PlainRow,
    changed_rows,
    plain_row_text,
)


class DifferenceKind(StrEnum):
    """What happened to a part of a map."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    SPLIT = "split"
    CHANGED = "changed"


class Subject(StrEnum):
    """Parts of a map, in the order in which they are told."""

    STEP = "step"
    ROW = "row"
    WAY = "way"
    FIELD = "field"
    ROLE = "role"
    START = "start"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is different.

    `key` and `title` are of the part as it is now (of one that was removed, as it was); `step` is
    the title of the step that a way leaves, `when` the condition under which it is taken. `part`
    is the setting that changed; `before` and `after` are what is written there, or the names of
    the steps before and now.
    """

    kind: DifferenceKind
    subject: Subject
    key: str
    title: str
    step: str = ""
    when: str = ""
    part: str = ""
    before: Any = None
    after: Any = None

    def to_json(self) -> dict[str, Any]:
        """As plain data, without what says nothing."""
        pairs = {name: getattr(self, name) for name in self.__slots__}
        return {name: part for name, part in pairs.items() if part not in (None, "")}


WAYS = frozenset({"outcomes", "rules", "otherwise", "branches", "to", "on_error", "reopen"})
"""Settings of steps that are told way by way."""
ROWS = frozenset({"rows", "exceptions"})
"""Settings of tables that are told row by row, and way by way."""
PARTS_OF_OTHERS = frozenset({"format", "key", "roles", "fields", "start", "steps"})


def compare_definitions(old: Definition, new: Definition, steps: StepMapping) -> list[Difference]:
    """Everything that is different in `new`, by what it is about, in the map's order; `steps` says
    which step is which."""
    comparison = _Comparison(old, new, steps)
    return [
        *comparison.steps_compared(),
        *comparison.rows_compared(),
        *comparison.ways_compared(),
        *_compare_fields(old.fields, new.fields),
        *_compare_named(Subject.ROLE, old.roles, new.roles),
        *_compare_settings(Subject.START, "start", "", *comparison.starts()),
        *_compare_settings(Subject.WORKFLOW, new.key, new.name, _head(old), _head(new)),
    ]


def changed_step_keys(differences: Iterable[Difference]) -> dict[str, DifferenceKind]:
    """The steps that are drawn as added, removed or changed, by their keys. What only leads
    elsewhere is changed too."""
    marks: dict[str, DifferenceKind] = {}
    for difference in differences:
        if difference.subject is Subject.STEP:
            marks[difference.key] = difference.kind
        elif difference.subject in (Subject.WAY, Subject.ROW):
            marks.setdefault(difference.key, DifferenceKind.CHANGED)
    return marks


@dataclass(frozen=True)
class _Comparison:
    old: Definition
    new: Definition
    steps: StepMapping

    def steps_compared(self) -> Iterator[Difference]:
        """Steps that came, went, were renamed or split, and what they say."""
        for key, step in self.new.steps.items():
            sources = [old for old in self.steps.sources(key) if self.steps.target(old) == key]
            title = display_title(key, step.name)
            if not sources and not self._is_part(key):
                yield _step(DifferenceKind.ADDED, key, title, part=step.kind)
            for old in sources:
                yield from self._step_compared(old, key)
        for old, step in self.old.steps.items():
            parts = self.steps.parts(old)
            title = display_title(old, step.name)
            if not parts:
                yield _step(DifferenceKind.REMOVED, old, title, part=step.kind)
            elif len(parts) > 1:
                names = [display_title(part, self.new.steps[part].name) for part in parts]
                yield _step(DifferenceKind.SPLIT, parts[0], title, before=title, after=names)

    def _is_part(self, key: str) -> bool:
        return any(len(self.steps.parts(old)) > 1 for old in self.steps.sources(key))

    def _step_compared(self, old: str, new: str) -> Iterator[Difference]:
        before, after = self.old.steps[old], self.new.steps[new]
        title, title_before = display_title(new, after.name), display_title(old, before.name)
        if old != new:
            yield _step(DifferenceKind.RENAMED, new, title, before=title_before, after=title)
        left_out = WAYS | ROWS | ({"name"} if old != new else set())
        settings = [
            {name: part for name, part in _written(step).items() if name not in left_out}
            for step in (before, after)
        ]
        settings[0] = self._renamed_in(settings[0])
        yield from _compare_settings(Subject.STEP, new, title, *settings)

    def rows_compared(self) -> Iterator[Difference]:
        """Rows of tables that are in both maps: new ones, those that are gone, and what others
        say."""
        for key, step in self.new.steps.items():
            for old in self.steps.sources(key):
                before = self.old.steps[old]
                both = isinstance(before, TableStep) and isinstance(step, TableStep)
                if both and self.steps.target(old) == key:
                    rows = [self._row_now(row) for row in _written(before).get("rows", ())]
                    title = display_title(key, step.name)
                    yield from _compare_rows(key, title, rows, _written(step).get("rows", ()))

    def _row_now(self, row: dict[str, Any]) -> dict[str, Any]:
        """An older row with its step called as it is now."""
        return {**row, "to": self._now(row["to"])} if row.get("to") else row

    def _renamed_in(self, settings: dict[str, Any]) -> dict[str, Any]:
        """An older step's settings with other steps called as they are now."""
        renamed = dict(settings)
        if "join" in renamed:
            renamed["join"] = self._now(renamed["join"])
        if "not_by" in renamed:
            renamed["not_by"] = [self._now(other) for other in renamed["not_by"]]
        return renamed

    def _now(self, key: str) -> str:
        return self.steps.target(key) or key

    def starts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What both say of the start, with the first step by its title: one that only has another
        key is the same."""
        before, after = _written(self.old.start), _written(self.new.start)
        if "first" in before:
            before["first"] = self._title_now(before["first"])
        if "first" in after:
            after["first"] = self._title_now(after["first"])
        return before, after

    # -- ways -----------------------------------------------------------------------------

    def ways_compared(self) -> Iterator[Difference]:
        """Ways that came, went, or lead elsewhere, of steps that are in both maps."""
        before, after = self._ways_before(), ways_of(self.new)
        for step in after:
            if step in before:
                yield from self._ways_of_step(step, before[step], after[step])

    def _ways_of_step(
        self, step: str, before: Mapping[str, Link], after: Mapping[str, Link]
    ) -> Iterator[Difference]:
        title = display_title(step, self.new.steps[step].name)
        for name, link in after.items():
            if name not in before:
                yield self._way(DifferenceKind.ADDED, step, title, link, after=self._goal(link))
            elif way_settings(before[name]) != way_settings(link):
                yield from self._changed_way(step, title, before[name], link)
        yield from _compare_order(
            step, title, _shared_rules(before, after), _shared_rules(after, before)
        )
        for name, link in before.items():
            if name not in after:
                yield self._way(DifferenceKind.REMOVED, step, title, link, before=self._goal(link))

    def _changed_way(
        self, step: str, title: str, before: Link, after: Link
    ) -> Iterator[Difference]:
        first, second = way_settings(before), way_settings(after)
        for part in dict.fromkeys((*first, *second)):
            values = first.get(part), second.get(part)
            if values[0] != values[1]:
                if part == "to":
                    values = self._goal(before), self._goal(after)
                yield self._way(
                    DifferenceKind.CHANGED,
                    step,
                    title,
                    after,
                    part=part,
                    before=values[0],
                    after=values[1],
                )

    def _goal(self, link: Link) -> str:
        """The title of the step that a way leads to."""
        return self._title_now(link.to)

    def _title_now(self, key: str) -> str:
        now = self._now(key) if key not in self.new.steps else key
        step = self.new.steps.get(now) or self.old.steps.get(now)
        return display_title(now, step.name if step else None)

    def _way(
        self, kind: DifferenceKind, step: str, title: str, link: Link, **what: Any
    ) -> Difference:
        label = link.route.label if link.kind == "outcome" else None
        name = display_title(link.name, label) if link.kind == "outcome" else link.kind
        when = link.route.when or ""
        return Difference(
            kind=kind, subject=Subject.WAY, key=step, title=name, step=title, when=when, **what
        )

    def _ways_before(self) -> dict[str, dict[str, Link]]:
        """The older map's ways, with all steps called as they are now."""
        return {
            new: {
                name: link.model_copy(
                    update={"route": link.route.model_copy(update={"to": self._now(link.to)})}
                )
                for name, link in ways.items()
            }
            for old, ways in ways_of(self.old).items()
            if (new := self.steps.target(old)) is not None
        }


def _step(kind: DifferenceKind, key: str, title: str, **what: Any) -> Difference:
    return Difference(kind=kind, subject=Subject.STEP, key=key, title=title, **what)


def _compare_rows(
    key: str, title: str, before: Sequence[PlainRow], after: Sequence[PlainRow]
) -> Iterator[Difference]:
    for number, was, now in islice(changed_rows(before, after), MOST_TOLD):
        kind = DifferenceKind.CHANGED if was is not None else DifferenceKind.ADDED
        yield Difference(
            kind=kind if now is not None else DifferenceKind.REMOVED,
            subject=Subject.ROW,
            key=key,
            title=str(number),
            step=title,
            before=plain_row_text(was),
            after=plain_row_text(now),
        )


def _shared_rules(ways: Mapping[str, Link], others: Mapping[str, Link]) -> list[str | None]:
    """The rules that two versions of a step have both, in the order of the first."""
    return [
        link.route.when for name, link in ways.items() if name in others and link.kind == "rule"
    ]


def _compare_order(
    step: str, title: str, before: list[str | None], after: list[str | None]
) -> Iterator[Difference]:
    """The first rule that holds is taken, so their order says something."""
    if before != after:
        yield _step(DifferenceKind.CHANGED, step, title, part="order", before=before, after=after)


def _compare_fields(
    old: Mapping[str, FieldDef], new: Mapping[str, FieldDef]
) -> Iterator[Difference]:
    """Fields as what else has a key; the columns of a list that was one before are told one by
    one."""
    before = under_new_keys(old, renamed_fields(old, new))
    lists = {key for key in new if key in before and before[key].columns and new[key].columns}
    for difference in _compare_specs(old, new):
        if difference.part != "columns" or difference.key not in lists:
            yield difference
            continue
        key = difference.key
        for of_column in _compare_specs(before[key].columns or {}, new[key].columns or {}):
            title = f"{difference.title}: {of_column.title}"
            yield replace(of_column, key=f"{key}.{of_column.key}", title=title)


def _compare_specs(
    old: Mapping[str, ColumnDef | FieldDef], new: Mapping[str, ColumnDef | FieldDef]
) -> Iterator[Difference]:
    """Fields, or the columns of a list, of which one may have another key now."""
    renamed = renamed_fields(old, new)
    for key, before in renamed.items():
        named = _named(DifferenceKind.RENAMED, Subject.FIELD, key, new[key])
        yield replace(named, before=before, after=key)
    yield from _compare_named(Subject.FIELD, under_new_keys(old, renamed), new)


def _compare_named(
    subject: Subject, old: Mapping[str, DefinitionPart], new: Mapping[str, DefinitionPart]
) -> Iterator[Difference]:
    """Parts that have a key: those that came, those that went, and what the others say."""
    for key, part in new.items():
        if key not in old:
            yield _named(DifferenceKind.ADDED, subject, key, part)
        else:
            title = _title_of(key, part)
            yield from _compare_settings(subject, key, title, _written(old[key]), _written(part))
    for key, part in old.items():
        if key not in new:
            yield _named(DifferenceKind.REMOVED, subject, key, part)


def _named(kind: DifferenceKind, subject: Subject, key: str, part: DefinitionPart) -> Difference:
    return Difference(kind=kind, subject=subject, key=key, title=_title_of(key, part))


def _title_of(key: str, part: DefinitionPart) -> str:
    return display_title(key, getattr(part, "label", None))


def _compare_settings(
    subject: Subject, key: str, title: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Difference]:
    for part in dict.fromkeys((*old, *new)):
        if old.get(part) != new.get(part):
            yield Difference(
                kind=DifferenceKind.CHANGED,
                subject=subject,
                key=key,
                title=title,
                part=part,
                before=old.get(part),
                after=new.get(part),
            )


def _written(part: DefinitionPart | None) -> dict[str, Any]:
    return part.model_dump(by_alias=True, exclude_unset=True) if part is not None else {}


def _head(definition: Definition) -> dict[str, Any]:
    """What a workflow says of itself."""
    written = definition.dump()
    return {name: part for name, part in written.items() if name not in PARTS_OF_OTHERS}
