"""What the tests of reporting share."""

import json
from pathlib import Path

import pytest

from reporting.replay.log_replay import ReplayResult, replay_log
from tests.factories import NOW
from tests.reporting.replaying import SMALL, Replay


@pytest.fixture
def replay(tmp_path: Path) -> Replay:
    """Replays lines of CSV on the small map, which is a file until a key is named."""
    definition = tmp_path / "leave.json"
    definition.write_text(json.dumps(SMALL))

    def run(
        *lines: str, header: str = "", mapping: str = "", source: str = str(definition)
    ) -> ReplayResult:
        log = tmp_path / "log.csv"
        log.write_text("\n".join([header or "case_id,activity,resource,end", *lines]) + "\n")
        meanings = tmp_path / "mapping.yaml"
        meanings.write_text(mapping)
        return replay_log(source, log, mapping=meanings if mapping else None, now=NOW)

    return run
