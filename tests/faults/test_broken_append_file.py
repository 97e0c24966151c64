"""The file Redis writes every command to is damaged: a torn end is read up to there, a damaged middle is set aside."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import kill, town


def tear(file: Path) -> None:
    """The end of a command is missing, as after a crash in the middle of a write."""
    with file.open("ab") as log:
        log.write(b"*3\r\n$3\r\nSET\r\n$5\r\nwor")


def garble(file: Path) -> None:
    """Bytes in the middle are others, as after a fault of the disk; more of them than one value has."""
    size = file.stat().st_size
    with file.open("r+b") as log:
        log.seek(size // 3)
        log.write(b"\0garbled\0" * (size // 27))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("damage", [tear, garble])
async def test_a_damaged_append_only_file_costs_no_message(
    own_servers: EmbeddedServers, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Row 7."""
    folder = tmp_path / "data" / "redis"
    async with town(own_servers, tmp_path) as here:
        await here.start("dispatch", "dispatch")
        await here.send_many(0, 400)
        await here.out(100)
        kill(own_servers.redis_pid)
        damage(next((folder / "appendonlydir").glob("*.incr.aof")))
        await asyncio.to_thread(own_servers.restart_redis)
        assert (folder / "appendonlydir.broken").exists() is (damage is garble)
        await here.send_many(400, 100)
        await here.at_rest()
        assert here.doubled_or_lost() == {}
