"""An older map with its steps called as they are now, to be drawn and compared with a newer one."""

from typing import Any

from workflows.engine.format.definition import Definition, RoleDef
from workflows.engine.rules.fact_names import rename_in_rule
from workflows.engine.versions.step_mapping import StepMapping

SINGLE_WAYS = ("to", "otherwise", "join", "reopen", "on_error", "expires")
LISTED_WAYS = ("rules", "branches", "rows")


def rename_steps(old: Definition, steps: StepMapping) -> Definition:
    """The older map under the newer one's keys; what is gone, was split, or would take a key that
    another step has keeps its own."""
    names = _new_names(old, steps)
    written = old.dump()
    written["steps"] = {
        names[key]: _renamed_step(step, names) for key, step in written["steps"].items()
    }
    for key, role in written.get("roles", {}).items():
        written["roles"][key] = _renamed_role(role, old.roles[key], names)
    start = written.get("start") or {}
    if start.get("first"):
        written["start"] = {**start, "first": names[start["first"]]}
    return Definition.model_validate(written)


def _new_names(old: Definition, steps: StepMapping) -> dict[str, str]:
    names: dict[str, str] = {}
    for key in old.steps:
        name = steps.target(key) or key
        is_taken = name in names.values() or (name != key and name in old.steps)
        names[key] = key if is_taken else name
    return names


def _renamed_step(step: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    renamed = dict(step)
    for name in SINGLE_WAYS:
        if name in renamed:
            renamed[name] = _renamed_way(renamed[name], names)
    for name in LISTED_WAYS:
        if name in renamed:
            renamed[name] = [
                _renamed_cells(_renamed_chain(_renamed_way(way, names), names), names)
                for way in renamed[name]
            ]
    if "outcomes" in renamed:
        outcomes = renamed["outcomes"].items()
        renamed["outcomes"] = {name: _renamed_way(way, names) for name, way in outcomes}
    for name in ("not_by", "exceptions"):
        if name in renamed:
            renamed[name] = [names.get(other, other) for other in renamed[name]]
    if renamed.get("kind") == "table" and renamed.get("inputs"):
        renamed["inputs"] = [rename_in_rule(key, names) for key in renamed["inputs"]]
    if renamed.get("action") == "set_fields" and renamed.get("with"):
        renamed["with"] = {
            key: rename_in_rule(said, names) if isinstance(said, str) else said
            for key, said in renamed["with"].items()
        }
    return renamed


def _renamed_cells(row: Any, names: dict[str, str]) -> Any:
    """A row of a table, whose columns may be about what was decided at a step."""
    when = row.get("when") if isinstance(row, dict) else None
    if not isinstance(when, dict):
        return row
    return {**row, "when": {rename_in_rule(key, names): cell for key, cell in when.items()}}


def _renamed_role(written: dict[str, Any], role: RoleDef, names: dict[str, str]) -> dict[str, Any]:
    """The role, where it starts from who decided a step."""
    if role.step_read is None:
        return written
    ((finder, setting),) = role.sources
    return {**written, finder.name: finder.with_steps(setting, names)}


def _renamed_chain(way: Any, names: dict[str, str]) -> Any:
    """A branch, where it goes through the managers of who decided a step."""
    each = way.get("each") if isinstance(way, dict) else None
    if not isinstance(each, dict):
        return way
    chain_of, until = names.get(each["chain_of"], each["chain_of"]), each["until"]
    each = {**each, "chain_of": chain_of, "until": rename_in_rule(until, names)}
    return {**way, "each": each}


def _renamed_way(way: Any, names: dict[str, str]) -> Any:
    if isinstance(way, str):
        return names[way]
    if isinstance(way.get("when"), str):
        way = {**way, "when": rename_in_rule(way["when"], names)}
    return {**way, "to": names[way["to"]]} if way.get("to") else way
