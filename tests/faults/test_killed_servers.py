"""Redis or Postgres is killed in the middle: accepts tell the truth, dispatch goes on by itself, nothing is lost."""

from pathlib import Path

import pytest

from anclora.kit.errors import UnavailableError
from anclora.storage.embedded import EmbeddedServers
from tests.faults.house import house, seen, sent, submit
from tests.faults.town import kill
from tests.waiting import eventually


@pytest.mark.timeout(300)
async def test_redis_killed_in_the_middle(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    witness = tmp_path / "witness.jsonl"
    async with house(own_servers, witness) as runtime:
        await submit(runtime, 0, 800)

        async def some() -> bool:
            return await sent(runtime) > 50

        await eventually(some)
        kill(own_servers.redis_pid)
        await submit(runtime, 800, 200)  # accepts go on
        own_servers.restart_redis()

        async def all_out() -> bool:
            return await sent(runtime) == 1000

        await eventually(all_out, timeout_seconds=150)
    assert sorted(seen(witness)) == [f"#{serial:05d}" for serial in range(1000)]


@pytest.mark.timeout(300)
async def test_postgres_killed_in_the_middle(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    witness = tmp_path / "witness.jsonl"
    async with house(own_servers, witness) as runtime:
        await submit(runtime, 0, 800)

        async def some() -> bool:
            return await sent(runtime) > 50

        await eventually(some)
        kill(own_servers.postgres_pid)
        with pytest.raises(UnavailableError):
            await submit(runtime, 800, 200)
        own_servers.restart_postgres()

        async def back() -> bool:
            try:
                return await sent(runtime) >= 0
            except UnavailableError:
                return False

        await eventually(back, timeout_seconds=60)
        await submit(runtime, 800, 200)

        async def all_out() -> bool:
            return await sent(runtime) == 1000

        await eventually(all_out, timeout_seconds=150)
    assert sorted(seen(witness)) == [f"#{serial:05d}" for serial in range(1000)]
