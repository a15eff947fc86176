"""A file is replaced when it is whole; a device, a pipe or a link is never replaced."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reporting.ui.whole_file import write_whole_file
from tests.migrated import copy_migrated
from workflows.engine.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[2]
LINES = ["a,b\r\n", "1,2\r\n"]


def test_a_file_is_put_in_place_and_nothing_else_is_left(tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    out.write_text("old")
    assert write_whole_file(out, LINES) == 2
    assert out.read_bytes() == b"a,b\r\n1,2\r\n"
    assert list(tmp_path.iterdir()) == [out]


def test_what_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    def broken() -> object:
        yield "a"
        raise RuntimeError

    out = tmp_path / "x.csv"
    out.write_text("old")
    with pytest.raises(RuntimeError):
        write_whole_file(out, broken())  # type: ignore[arg-type]
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_device_is_written_into_and_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "nowhere"
    link.symlink_to("/dev/null")
    for path in (Path("/dev/null"), link):
        assert write_whole_file(path, LINES) == 2
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert link.is_symlink()
    assert not list(Path("/dev").glob(".null*"))


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_whole_file(pipe, ["one\n"])
    reader.join(10)
    assert read == ["one\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real.name)
    write_whole_file(link, LINES)
    assert link.is_symlink()
    assert real.read_bytes() == b"a,b\r\n1,2\r\n"


@pytest.mark.parametrize("name", ["", "there/is/none.csv"])
def test_what_cannot_be_written_is_refused_in_words(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_whole_file(tmp_path / name, LINES)


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_whole_file(tmp_path / "a", LINES)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a site of its own."""
    var = tmp_path_factory.mktemp("site")
    copy_migrated(var)
    return {
        **os.environ,
        "HANDOFF_VAR": str(var),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


@pytest.mark.parametrize("to", ["pipe", "file"])
def test_standard_output_by_its_name_gets_the_rows_and_nothing_else(
    to: str, tmp_path: Path, site: dict[str, str]
) -> None:
    manage, env = [sys.executable, "manage.py"], site
    out = tmp_path / "out.csv"
    with out.open("wb") as file:
        ran = subprocess.run(
            [*manage, "export_audit", "--out", "/dev/stdout"],
            cwd=ROOT,
            env=env,
            check=True,
            stdout=subprocess.PIPE if to == "pipe" else file,
        )
    said = ran.stdout if to == "pipe" else out.read_bytes()
    assert said.startswith(b"sequence,recorded_at")
    assert b"rows of the trail are in" not in said
    assert Path("/dev/stdout").is_symlink()
