"""What a drawing cannot say of a step, and the step again from that and from where it leads.

A step as plain data (`Definition.dump`) is parted into where its ways lead, which the drawing's
arrows say, and all else, which is kept beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

PlainStep = dict[str, Any]
_FROM_ARROWS: Final = ("rules", "otherwise", "branches", "to", "on_error", "expires")


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
    mappings = [rest.get(name, {}) for name in ("outcomes", "on_error", "expires")]
    lists = [rest.get(name, []) for name in ("rules", "branches")]
    if not all(isinstance(part, dict) for part in mappings):
        return False
    if not all(isinstance(part, list) for part in lists):
        return False
    inner = [*mappings[0].values(), *lists[0], *lists[1]]
    return isinstance(rest.get("kind"), str) and all(isinstance(part, dict) for part in inner)


def part_step(step: Mapping[str, Any]) -> PlainStep:
    """The step without where its ways lead."""
    rest = {key: value for key, value in step.items() if key not in ("to", "otherwise")}
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
