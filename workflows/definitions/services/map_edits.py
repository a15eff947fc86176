"""Edits of a draft's map as a whole: a step is put in or taken out, and the ways go with it.

What is to be is worked out by the pure edits (`engine/editing`) on the map's plain data; here it
is compared with the rows, which are written as any other edit of a draft.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from pydantic import TypeAdapter, ValidationError

from workflows.definitions.models import Role, Route, Step, TemplateVersion
from workflows.definitions.queries.definition_rows import (
    build_role_row,
    build_route_row,
    build_step_row,
    definition_data_of,
    each_columns,
)
from workflows.definitions.services.draft_edits import lock_draft, record_edits, write_edits
from workflows.engine.editing.ways import Form
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Link, RoleDef, links_of
from workflows.engine.format.definition import Step as MapStep
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits

STEP_READER: Final[TypeAdapter[MapStep]] = TypeAdapter(MapStep)
OWN_COLUMNS: Final = frozenset({"id", "version", "key", "position", "join"})


def edit_map(
    version_id: int, edit: Callable[[Form], Form], *, actor: User, now: datetime
) -> TemplateVersion:
    """Change a draft's map by a pure edit of its plain data; all of it or nothing.

    Raises NotFound, NotAllowed, WrongState (it is no draft any more), and InvalidInput, also for
    what the edit itself refuses.
    """
    with transaction.atomic():
        version = lock_draft(version_id, actor)
        before = definition_data_of(version)
        change = _MapChange(version, before, edit(before), actor, now)
        record_edits(version, change.write(), actor, now)
    return version


class _MapChange:
    """The rows in which two states of a map differ, written in the order in which they hang
    together: what is named first, what is gone last."""

    def __init__(
        self, version: TemplateVersion, before: Form, after: Form, actor: User, now: datetime
    ) -> None:
        self.version, self.before, self.after = version, before, after
        self.actor, self.now = actor, now
        self.roles = {role.key: role for role in version.roles.all()}
        self.steps = {step.key: step for step in version.steps.order_by("position", "id")}

    def write(self) -> list[Any]:
        """Write it; what the trail is to say."""
        touched = self._read_touched()
        added_roles = self._new_roles()
        gone = [step for key, step in self.steps.items() if key not in self.after["steps"]]
        added = self._new_steps(touched)
        facts = self._write(added=added_roles)
        facts += self._write(added=sorted(added, key=lambda step: step.kind != "join"))
        changed = [self._fill_step(key, step) for key, step in touched.items()]
        routes = self._compare_routes(touched)
        facts += self._write(changed=[*changed, *self._changed_start(), *routes.changed])
        facts += self._write(deleted=[*routes.deleted, *gone])
        return facts + self._write(added=routes.added)

    def _write(self, **rows: Any) -> list[Any]:
        return list(write_edits(self.version, RowEdits(**rows), self.actor, self.now))

    def _read_touched(self) -> Mapping[str, MapStep]:
        """The steps that say something else than before, read as a file is read."""
        old = self.before.get("steps", {})
        return {
            key: _read_step(key, step)
            for key, step in self.after["steps"].items()
            if old.get(key) != step
        }

    def _new_roles(self) -> Sequence[Role]:
        last = self.version.roles.aggregate(last=Max("position"))["last"] or 0
        for key, settings in self.after.get("roles", {}).items():
            if key not in self.roles:
                last += 1
                role = RoleDef.model_validate(settings)
                self.roles[key] = build_role_row(self.version, key, last, role)
        return [role for role in self.roles.values() if role.pk is None]

    def _new_steps(self, touched: Mapping[str, MapStep]) -> Sequence[Step]:
        """New rows, each at the place of the one in front of it in the file."""
        position = 0
        for key in self.after["steps"]:
            if key in self.steps:
                position = self.steps[key].position
            else:
                row = Step(version=self.version, key=key, position=position)
                self.steps[key] = build_step_row(row, touched[key], self.roles)
        added = [step for step in self.steps.values() if step.pk is None]
        for step in added:
            self._connect_join(step, touched[step.key])
        return added

    def _connect_join(self, row: Step, step: MapStep) -> None:
        row.join = self.steps.get(getattr(step, "join", None) or "")

    def _fill_step(self, key: str, step: MapStep) -> Step:
        """The row that is there, saying what the step says now."""
        row = self.steps[key]
        fresh = build_step_row(Step(version=self.version, key=key), step, self.roles)
        for column in Step._meta.concrete_fields:
            if column.name not in OWN_COLUMNS:
                setattr(row, column.attname, getattr(fresh, column.attname))
        self._connect_join(row, step)
        return row

    def _changed_start(self) -> Iterable[TemplateVersion]:
        first = (self.after.get("start") or {}).get("first")
        if first != (self.before.get("start") or {}).get("first"):
            self.version.first_step = self.steps.get(first or "")
            yield self.version

    def _compare_routes(self, touched: Mapping[str, MapStep]) -> RowEdits[Route]:
        added: list[Route] = []
        changed: list[Route] = []
        deleted: list[Route] = []
        stored: dict[str, list[Route]] = {key: [] for key in touched}
        rows = Route.objects.filter(step__version=self.version, step__key__in=list(touched))
        for route in rows.select_related("step").order_by("position", "id"):
            stored[route.step.key].append(route)
        for key, step in touched.items():
            wanted = list(links_of(key, step))
            pairs = _pair_routes(stored[key], wanted)
            kept = {id(route) for route, _ in pairs if route is not None}
            deleted += [route for route in stored[key] if id(route) not in kept]
            last = max((route.position for route in stored[key]), default=-1)
            for was, link in pairs:
                fresh = build_route_row(0, link, self.steps, self.roles)
                if was is None:
                    last += 1
                    fresh.position = last
                    added.append(fresh)
                else:
                    changed.append(_fill_route(was, fresh))
        return RowEdits(added=added, changed=changed, deleted=deleted)


def _read_step(key: str, step: Form) -> MapStep:
    try:
        return STEP_READER.validate_python(step)
    except ValidationError:
        raise InvalidInput(
            "'%(step)s' is not finished; complete it, then change what is around it.",
            step=step.get("name") or key,
        ) from None


def _pair_routes(
    stored: Sequence[Route], wanted: Sequence[Link]
) -> list[tuple[Route | None, Link]]:
    """Each way that is wanted with the row that it was: by its name, else by what it says, else by
    its place."""
    left = list(stored)
    found: dict[int, Route] = {}
    for alike in (_is_same_way, _is_same_place):
        for number, link in enumerate(wanted):
            match = next((r for r in left if number not in found and alike(r, link)), None)
            if match is not None:
                found[number] = match
                left.remove(match)
    return [(found.get(number), link) for number, link in enumerate(wanted)]


def _is_same_way(route: Route, link: Link) -> bool:
    if route.kind != link.kind:
        return False
    if link.kind == "outcome":
        return bool(route.name == link.name)
    if link.kind == "row":  # in the order of the rows, by which they are called
        return False
    same_target: bool = route.to_step.key == link.to
    wanted = {"when": link.route.when, **each_columns(link.branch)}
    return same_target and all(
        (getattr(route, name) or None) == wanted[name]
        for name in ("when", "each", "chain_of", "chain_until")
    )


def _is_same_place(route: Route, link: Link) -> bool:
    return bool(route.kind == link.kind and link.kind != "outcome")


COPIED = (
    *("to_step", "when", "comment_required", "exception", "label", "role"),
    *("each", "row_name", "one_at_a_time", "stop_on"),
    *("chain_of", "chain_until", "chain_levels"),
)


def _fill_route(route: Route, fresh: Route) -> Route:
    for name in COPIED:
        setattr(route, name, getattr(fresh, name))
    return route
