"""What killed processes leave behind goes with a later start, and nothing else does."""

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from anclora.storage.embedded import discard_embedded
from anclora.storage.embedded.home import outside_folder
from anclora.storage.embedded.left import POINTER, say_of, sweep
from tests.waiting import eventually

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers live in folders of their own")
_CODE = """
import sys
from pathlib import Path
from anclora.storage.embedded import start_embedded
start_embedded(Path(sys.argv[1]), redis=False, passing=sys.argv[2] == "passing")
print("up", flush=True)
sys.stdin.read()
"""


def swept(base: Path, young_seconds: float = 0.0) -> list[str]:
    return [folder.name for folder in sweep([base], "anclora-", young_seconds=young_seconds)]


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    for name in ("base", "temporary", "home"):
        (tmp_path / name).mkdir()
    return tmp_path / "base"


def folder_of(base: Path, name: str, data_dir: Path, *, passing: bool = False) -> Path:
    """A folder as a killed process leaves it."""
    folder = base / name
    (folder / "postgres" / "base").mkdir(parents=True)
    (folder / "lock").write_text("4000000")
    say_of(folder, data_dir, passing=passing)
    return folder


def points_to_it(folder: Path, data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / POINTER).write_text(f"{folder}\n")


def test_what_was_passing_or_of_the_temporary_folder_goes(base: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept = base.parent / "home" / "data"
    passing = folder_of(base, "anclora-passing", kept, passing=True)
    points_to_it(passing, kept)
    folder_of(base, "anclora-gone", base.parent / "temporary" / "data")
    assert swept(base) == ["anclora-gone", "anclora-passing"]
    assert list(base.iterdir()) == []
    assert [record.getMessage().count("4000000") for record in caplog.records] == [1, 1]


def _without_word(folder: Path) -> None:
    (folder / "of.json").unlink()


def _nonsense(folder: Path) -> None:
    (folder / "of.json").write_text(json.dumps({"data_dir": 1}))


def _without_lock(folder: Path) -> None:
    (folder / "lock").unlink()


def _with_postgres(folder: Path) -> None:
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n/data\n")


def _other_name(folder: Path) -> None:
    folder.rename(folder.with_name("someone-elses"))


def _link(folder: Path) -> None:
    folder.rename(folder.with_name("real"))
    folder.symlink_to(folder.with_name("real"))


@pytest.mark.parametrize("change", [_without_word, _nonsense, _without_lock, _with_postgres, _other_name, _link])
def test_what_is_not_certainly_ours_and_over_stays(base: Path, change: Callable[[Path], None]) -> None:
    change(folder_of(base, "anclora-x", base.parent / "gone", passing=True))
    assert swept(base) == []
    assert list(base.glob("*/postgres/base"))


def test_a_ledger_somebody_may_want_stays(base: Path) -> None:
    data_dir = base.parent / "temporary" / "data"
    points_to_it(folder_of(base, "anclora-stopped", data_dir), data_dir)
    folder_of(base, "anclora-disk-away", base.parent / "home" / "data")
    held = folder_of(base, "anclora-held", base.parent / "gone", passing=True)
    young = folder_of(base, "anclora-young", base.parent / "gone", passing=True)
    os.utime(held / "lock", (1, 1))
    with (held / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert swept(base, young_seconds=60) == []
    assert swept(base, young_seconds=60) == ["anclora-held"]
    assert young.is_dir()


async def _ended(process: Path) -> bool:
    return not await asyncio.to_thread(process.exists)


@root_only
def test_a_killed_owner_leaves_what_a_later_start_removes(tmp_path: Path) -> None:
    for how in ("passing", "kept"):
        data_dir = tmp_path / how
        words = [sys.executable, "-c", _CODE, str(data_dir), how]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == "up\n"
            folder = outside_folder(data_dir)
            assert folder is not None
            assert sweep([folder.parent], folder.name, young_seconds=0.0) == []
            owner.send_signal(signal.SIGKILL)
        postgres = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])

        asyncio.run(eventually(partial(_ended, Path(f"/proc/{postgres}"))))
        assert sweep([folder.parent], folder.name, young_seconds=0.0) == ([folder] if how == "passing" else [])
        assert folder.exists() is (how == "kept")
        if how == "kept":
            discard_embedded(data_dir)
