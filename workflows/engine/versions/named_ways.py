"""The ways of a map's steps under names by which two versions of one can be compared."""

from typing import Any

from workflows.engine.format.definition import BranchDef, Definition, Link


def ways_of(definition: Definition) -> dict[str, dict[str, Link]]:
    """The ways of each step: outcomes by name, rules by their condition, branches by their goal."""
    ways: dict[str, dict[str, Link]] = {key: {} for key in definition.steps}
    for link in definition.links():
        names = {
            "rule": f"rule {link.route.when}",
            **{kind: f"{kind} {link.to}" for kind in ("branch", "row")},
        }
        ways[link.source][names.get(link.kind, f"{link.kind} {link.name}")] = link
    return ways


def way_settings(link: Link) -> dict[str, Any]:
    """What a way says; one that says nothing but where it leads is written as a key alone."""
    settings = {name: getattr(link.route, name) for name in type(link.route).model_fields}
    if link.branch is not None:
        settings |= _each_settings(link.branch)
    if link.kind == "row":  # its label says what its rows say, which is told row by row
        settings.pop("label")
    return {name: part for name, part in settings.items() if part is not None}


def _each_settings(branch: BranchDef) -> dict[str, Any]:
    """What a branch says that is one for each of several."""
    each = branch.listed if branch.chain is None else branch.chain.model_dump(exclude_unset=True)
    return {
        "each": each,
        "as": branch.as_,
        "one_at_a_time": branch.one_at_a_time,
        "stop_on": branch.stop_on,
    }
