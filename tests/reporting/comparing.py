"""Figures compared with a reference: to the second, or to a millionth."""

import json
import math
from collections.abc import Iterator
from typing import Any

from tests.shared import shared

COMPARED = (
    "cases",
    "events",
    "activities",
    "resources",
    "variants",
    "top5_variants",
    "from",
    "to",
    "case_duration",
    "activities_detail",
    "waiting_all",
    "working_all",
    "lead_in_all",
    "working_share_of_working_plus_waiting",
    "handoffs_top5_by_total_waiting",
    "handoffs_top5_by_total_lead_in",
    "handoffs_between_resources",
    "rework",
    "queue",
)


def reference(log: str) -> dict[str, Any]:
    """The figures that two other programs computed of a shared log."""
    data = json.loads(shared("logs", f"reference_{log}.json").read_text())
    return {key: data[key] for key in COMPARED if key in data}


def differences(got: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Where `got` lacks or contradicts something that is wanted."""
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            if not isinstance(got, dict) or key not in got:
                yield f"{path}/{key} is missing"
            else:
                yield from differences(got[key], value, f"{path}/{key}")
    elif isinstance(wanted, list):
        if not isinstance(got, list) or len(got) != len(wanted):
            yield f"{path}: {got!r} is not {wanted!r}"
        else:
            for index, (one, other) in enumerate(zip(got, wanted, strict=True)):
                yield from differences(one, other, f"{path}[{index}]")
    elif isinstance(wanted, float):
        if got is None or not math.isclose(got, wanted, rel_tol=1e-6, abs_tol=0.002):
            yield f"{path}: {got!r} is not {wanted!r}"
    elif got != wanted:
        yield f"{path}: {got!r} is not {wanted!r}"
