"""The disk under the private servers is full for a while: nothing new is promised, and what was promised is kept."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from anclora.storage.embedded import EmbeddedServers, discard_embedded, start_embedded
from tests.conftest import needs_root
from tests.faults.town import town
from tests.waiting import eventually

_MEGABYTES = 400


@pytest.fixture
def small_disk() -> Generator[Path, None, None]:
    """A folder on a small disk of its own; the private Postgres of root can reach it."""
    needs_root("mount a small disk")
    folder = Path(tempfile.mkdtemp(prefix="anclora-disk-"))
    folder.chmod(0o711)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m,mode=0711", "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def filled(disk: Path) -> Generator[None, None, None]:
    """Not a byte is left for the length of the block."""
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1_000_000))
    with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(512))
    try:
        yield
    finally:
        filler.unlink()


@pytest.fixture
def servers_on_it(small_disk: Path) -> Generator[EmbeddedServers, None, None]:
    """Private servers whose data lie there."""
    running = start_embedded(small_disk / "data")
    try:
        yield running
    finally:
        running.stop()
        discard_embedded(small_disk / "data")


@pytest.mark.timeout(300)
async def test_a_full_disk_loses_nothing_that_was_accepted(
    servers_on_it: EmbeddedServers, small_disk: Path, tmp_path: Path
) -> None:
    """Row 33. Postgres refuses or stops, Redis answers MISCONF; with room again both go on, and so do we."""
    async with town(servers_on_it, tmp_path) as here:
        await here.start("dispatch", "dispatch")
        await here.send_many(0, 400)
        await here.out(50)
        serial = 400
        with filled(small_disk):

            async def refuses() -> bool:
                nonlocal serial
                serial += 1
                answer = await here.send(serial)
                return answer.status == 503 and "Retry-After" in answer.headers

            await eventually(refuses, timeout_seconds=120)
        servers_on_it.restart_postgres()
        for unsure in range(400, serial + 1):
            await here.send(unsure)  # the same key: the truth about those that were answered 503
        await here.at_rest()
        assert here.doubled_or_lost() == {}
