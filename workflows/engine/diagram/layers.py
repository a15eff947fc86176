"""Which ways lead back, and in which layer each box stands."""

from collections.abc import Mapping, Sequence

from workflows.engine.diagram.parts import DiagramLine


def find_backward_lines(keys: Sequence[str], lines: Sequence[DiagramLine]) -> set[int]:
    """The numbers of the lines that close a circle, as a walk from the start meets them that goes
    what is usual first."""
    leaving: dict[str, list[int]] = {key: [] for key in keys}
    for number in sorted(range(len(lines)), key=lambda number: lines[number].is_exception):
        leaving[lines[number].source].append(number)
    back: set[int] = set()
    done: set[str] = set()
    for start in keys:
        if start not in done:
            _mark_backward_lines(start, leaving, lines, done, back)
    return back


def _mark_backward_lines(
    start: str,
    leaving: Mapping[str, Sequence[int]],
    lines: Sequence[DiagramLine],
    done: set[str],
    back: set[int],
) -> None:
    path, on_path = [(start, iter(leaving[start]))], {start}
    while path:
        key, remaining = path[-1]
        number = next(remaining, None)
        if number is None:
            path.pop()
            on_path.discard(key)
            done.add(key)
            continue
        target = lines[number].target
        if target in on_path:
            back.add(number)
        elif target not in done:
            on_path.add(target)
            path.append((target, iter(leaving[target])))


def assign_layers(
    keys: Sequence[str], lines: Sequence[DiagramLine], backward: set[int]
) -> dict[str, int]:
    """A layer for each box, two apart, so that a label's layer lies between any two boxes."""
    ahead: dict[str, list[str]] = {key: [] for key in keys}
    waiting = dict.fromkeys(keys, 0)
    for number, line in enumerate(lines):
        upper, lower = upper_and_lower_end(line, number in backward)
        ahead[upper].append(lower)
        waiting[lower] += 1
    layer = dict.fromkeys(keys, 0)
    ready = [key for key in keys if not waiting[key]]
    for key in ready:
        for lower in ahead[key]:
            layer[lower] = max(layer[lower], layer[key] + 2)
            waiting[lower] -= 1
            if not waiting[lower]:
                ready.append(lower)
    return layer


def upper_and_lower_end(line: DiagramLine, reverse: bool) -> tuple[str, str]:
    """Which of its boxes is higher: the source, or of a line that leads back the target."""
    return (line.target, line.source) if reverse else (line.source, line.target)
