"""The whole data directory is destroyed: a backup brings the ledger back, and what waited goes out once."""

from collections import Counter
from pathlib import Path

import pytest

from anclora.backups import make_key
from anclora.messages.gates import GateChoice, pause, read_gates, resume
from anclora.storage.embedded import discard_embedded, start_embedded
from anclora.tallies import verify
from tests.faults.house import house, seen, sent, submit
from tests.journeys.up_process import anclora
from tests.waiting import eventually

_FIRST, _ALL = 60, 900
_EVERYTHING = GateChoice(everything=True)


@pytest.mark.timeout(300)
async def test_a_destroyed_installation_comes_back_and_what_waited_goes_out_once(tmp_path: Path) -> None:
    data, witness = tmp_path / "data", tmp_path / "witness.jsonl"
    make_key(tmp_path / "backup.key")
    env = {
        "ANCLORA_BACKUP_URL": str(tmp_path / "kept"),
        "ANCLORA_BACKUP_KEY_FILE": str(tmp_path / "backup.key"),
        "ANCLORA_DATA_DIR": str(data),
    }
    with start_embedded(data) as servers:
        async with house(servers, witness) as runtime:
            await submit(runtime, 0, _ALL)

            async def some() -> bool:
                return await sent(runtime) >= _FIRST

            await eventually(some, timeout_seconds=60)
            await pause(runtime.db, _EVERYTHING, actor="test")
        urls = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        made = anclora("backup", "run", "--kind", "postgres", "--kind", "redis", **env, **urls)
        assert made.returncode == 0, made.stdout + made.stderr
    before = seen(witness)
    waiting = _ALL - len(before)
    assert 0 < waiting < _ALL
    discard_embedded(data)  # databases, lanes, passwords
    assert not data.exists()

    done = anclora("backup", "restore", "postgres", "--json", **env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'"pending": {waiting}' in done.stdout
    with start_embedded(data) as servers:
        async with house(servers, witness) as runtime:
            assert [gate.what for gate in await read_gates(runtime.db)] == ["all"]
            assert (await verify(runtime.db)).differences == 0
            await submit(runtime, _ALL, 10)  # taken, and they wait with the others
            assert seen(witness) == before
            await resume(runtime.db, _EVERYTHING, actor="test")

            async def all_out() -> bool:
                return await sent(runtime) == _ALL + 10

            await eventually(all_out, timeout_seconds=150)
            found = await verify(runtime.db)
            assert (found.differences, found.facts > 0) == (0, True)
    texts = Counter(seen(witness))
    assert texts == Counter({f"#{serial:05d}": 1 for serial in range(_ALL + 10)})
