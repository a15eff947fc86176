"""What a drawing cannot say of a step, and the step again from that and from where it leads.

A step as plain data (`Definition.dump`) is parted into where its ways lead, which the drawing's
arrows say, and all else, which is kept beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

PlainStep = dict[str, Any]
_FROM_ARROWS: Final = (
    *("rules", "otherwise", "branches", "to", "on_error", "expires"),
    "exceptions",
)


@dataclass(frozen=True, kw_only=True)
class Way:
    """An arrow out of a step: what it is (as `Link` says it), its name among the step's ways of
    this kind, where it leads, and the condition and the label that stand at it."""

    kind: str
    name: str
    to: str
    condition: str | None = None
    label: str | None = None


def is_step_rest(rest: Mapping[str, Any]) -> bool:
    """Whether this has the shape that `part_step` gives; what its parts say is not asked."""
    if rest.get("kind") == "table":
        return _is_table_rest(rest)
    mappings = [rest.get(name, {}) for name in ("outcomes", "on_error", "expires")]
    lists = [rest.get(name, []) for name in ("rules", "branches")]
    if not all(isinstance(part, dict) for part in mappings):
        return False
    if not all(isinstance(part, list) for part in lists):
        return False
    inner = [*mappings[0].values(), *lists[0], *lists[1]]
    return isinstance(rest.get("kind"), str) and all(isinstance(part, dict) for part in inner)


def _is_table_rest(rest: Mapping[str, Any]) -> bool:
    rows, exceptions = rest.get("rows", []), rest.get("exceptions", [])
    if not isinstance(rows, list) or not isinstance(exceptions, list):
        return False
    return all(isinstance(row, dict) for row in rows) and all(
        isinstance(way, list) and len(way) == 2 for way in exceptions
    )


def _part_table(rest: PlainStep, step: Mapping[str, Any]) -> PlainStep:
    """A table whose rows name the way that they take, as its arrows do, and not a step."""
    rows = step.get("rows", [])
    targets = list(dict.fromkeys(row["to"] for row in rows if row.get("to")))
    ways = {to: ["row", str(number)] for number, to in enumerate(targets, start=1)}
    ways |= {step[kind]: [kind, kind] for kind in ("to", "otherwise") if step.get(kind)}
    if rows:
        numbers = {to: str(number) for number, to in enumerate(targets, start=1)}
        rest["rows"] = [{**row, "to": numbers[row["to"]]} if row.get("to") else row for row in rows]
    if step.get("exceptions"):
        rest["exceptions"] = [ways[key] for key in step["exceptions"] if key in ways]
    return rest


def _join_table(rest: Mapping[str, Any], ways: Mapping[str, Sequence[Way]]) -> PlainStep:
    targets = {(way.kind, way.name): way.to for several in ways.values() for way in several}
    rows = []
    for row in rest.get("rows", ()):
        to = targets.get(("row", str(row.get("to"))))
        kept = {key: value for key, value in row.items() if key != "to"}
        rows.append({**kept, "to": to} if to else kept)
    exceptions = [targets.get((kind, name)) for kind, name in rest.get("exceptions", ())]
    return {
        **rest,
        **({"rows": rows} if rows else {}),
        "exceptions": list(dict.fromkeys(to for to in exceptions if to)),
        "to": _only_target(ways.get("to", ())),
        "otherwise": _only_target(ways.get("otherwise", ())),
    }


def part_step(step: Mapping[str, Any]) -> PlainStep:
    """The step without where its ways lead."""
    rest = {key: value for key, value in step.items() if key not in ("to", "otherwise")}
    if step.get("kind") == "table":
        return _part_table(rest, step)
    if "outcomes" in rest:
        rest["outcomes"] = {
            name: _without_target(route) for name, route in rest["outcomes"].items()
        }
    for several in ("rules", "branches"):
        if several in rest:
            rest[several] = [_without_target(route) for route in rest[several]]
    for single in ("on_error", "expires"):
        if single in rest:
            rest[single] = _without_target(rest[single])
    return rest


def _without_target(route: Any) -> dict[str, Any]:
    return {} if isinstance(route, str) else {k: v for k, v in route.items() if k != "to"}


def join_step(rest: Mapping[str, Any], ways: Sequence[Way]) -> PlainStep:
    """The step that these ways lead out of. A way that the rest does not know is a new one; one
    of the rest that no arrow shows any more is gone."""
    step = dict(rest)
    by_kind: dict[str, list[Way]] = {}
    for way in ways:
        by_kind.setdefault(way.kind, []).append(way)
    if rest["kind"] in ("approval", "task"):
        step["outcomes"] = _join_outcomes(rest.get("outcomes", {}), by_kind.get("outcome", ()))
        expiries = by_kind.get("expires", ())
        step["expires"] = {**rest.get("expires", {}), "to": expiries[0].to} if expiries else None
    elif rest["kind"] == "decision":
        step["rules"] = _join_numbered(rest.get("rules", ()), by_kind.get("rule", ()))
        step["otherwise"] = _only_target(by_kind.get("otherwise", ()))
    elif rest["kind"] == "table":
        step = _join_table(rest, by_kind)
    elif rest["kind"] == "parallel":
        step["branches"] = _join_numbered(rest.get("branches", ()), by_kind.get("branch", ()))
    elif rest["kind"] != "end":
        step["to"] = _only_target(by_kind.get("to", ()))
        errors = by_kind.get("on_error", ())
        step["on_error"] = {**rest.get("on_error", {}), "to": errors[0].to} if errors else None
    gone = {key for key in _FROM_ARROWS if step.get(key) in (None, [])}
    return {key: value for key, value in step.items() if key not in gone}


def _only_target(ways: Sequence[Way]) -> str | None:
    return ways[0].to if ways else None


def _join_outcomes(rest: Mapping[str, Any], ways: Sequence[Way]) -> dict[str, Any]:
    arrows = {way.name: way for way in ways}
    order = [name for name in rest if name in arrows] + [
        name for name in arrows if name not in rest
    ]
    outcomes = {}
    for name in order:
        label = arrows[name].label
        more = {"label": label} if label else {}
        outcomes[name] = {**rest.get(name, {}), **more, "to": arrows[name].to}
    return outcomes


def _join_numbered(rest: Sequence[Mapping[str, Any]], ways: Sequence[Way]) -> list[dict[str, Any]]:
    """Rules and branches, which are named by their number; the condition is the arrow's."""
    numbered = []
    for way in sorted(ways, key=lambda way: int(way.name)):
        number = int(way.name)
        known = rest[number - 1] if number <= len(rest) else {}
        condition = {"when": way.condition} if way.condition else {}
        kept = {key: value for key, value in known.items() if key != "when"}
        numbered.append({**kept, **condition, "to": way.to})
    return numbered
