"""Where the shared data lies, for tests that run on real logs."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("HANDOFF_SHARED", ROOT.parent / "shared")) / "data"

LOGS = (
    "academic_credentials",
    "bpic2020_domestic",
    "client_onboarding",
    "prosimos_p2p_a",
    "purchasing_example",
    "receipt",
)
QUICK = ("receipt", "prosimos_p2p_a")


def shared(*parts: str) -> Path:
    """A file of the shared data; skips the test, visibly, where it is not there."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the shared data is not there ({'/'.join(parts)})")
    return path


def logs(*, all_quick: bool = False) -> list[object]:
    """The logs as parameters; those that take long to bring in are marked slow."""
    slow = pytest.mark.slow
    return [name if all_quick or name in QUICK else pytest.param(name, marks=slow) for name in LOGS]
