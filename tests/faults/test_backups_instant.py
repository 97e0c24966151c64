"""People delete what they should not: the ledger of the instant before comes back, and what cannot come is refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from anclora.backups import BaseChore, House, LogChore, find, prune, recover
from anclora.backups.errors import DamagedError, RefusedError, WrongKeyError
from anclora.backups.find import look
from anclora.backups.postgres import connected, prints_of
from anclora.backups.wal.server import hold_slot, slot_of
from anclora.kit.clock import SystemClock
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.kit.metrics import REGISTRY
from anclora.messages.gates import read_gates
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import discard_embedded, start_embedded
from anclora.storage.migrate import migrate
from tests.backups_house import house_in, other_key

_SAME = {"audit", "gates", "queue_epoch"}  # what a restore itself writes


def slots(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute("select slot_name, wal_status from pg_replication_slots").fetchall()


async def refused(house: House, folder: Path, instant: datetime, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        await recover(house, instant, folder / "never")
    assert not (folder / "never").exists()


async def refuses_what_cannot_come(house: House, tmp_path: Path, instant: datetime) -> None:
    with pytest.raises(RefusedError, match="is there already"):
        await recover(house, instant, tmp_path / "then")
    await refused(house, tmp_path, datetime.now(UTC) + timedelta(hours=1), InvalidError, "in the future")
    await refused(house, tmp_path, instant - timedelta(hours=1), NotFoundError, "no base backup of before")
    lies = await look(house)
    assert (await prune(house)).segments == 0
    needed = [tmp_path / "kept" / each.key for each in lies.segments if each.timeline == 1]
    whole = needed[-1].read_bytes()
    needed[-1].write_bytes(whole[:-40])
    await refused(house, tmp_path, instant, DamagedError, "segment .* cannot be used.*cut off")
    needed[-1].write_bytes(needed[0].read_bytes())
    await refused(house, tmp_path, instant, DamagedError, "in the place of the segment .* is another one")
    needed[-1].write_bytes(whole)
    needed[-2].rename(tmp_path / "away")
    await refused(house, tmp_path, instant, RefusedError, "has a hole: the segment|does not reach|Not even")
    (tmp_path / "away").rename(needed[-2])
    other_key(tmp_path)
    await refused(house, tmp_path, instant, WrongKeyError, "ANCLORA_BACKUP_KEY_FILE")


async def all_hold_the_same_slot(url: str) -> None:
    """Who ships the log and who copies files begin at once: they find one slot, whoever makes it."""
    conns = [await connected(url) for _ in range(4)]
    try:
        begins = await asyncio.gather(*(hold_slot(conn, slot_of("anclora")) for conn in conns))
    finally:
        for conn in conns:
            await conn.close()
    assert len(set(begins)) == 1


@pytest.mark.timeout(300)
async def test_the_instant_before_a_mass_delete_comes_back_and_nothing_else_is_touched(tmp_path: Path) -> None:
    with start_embedded(tmp_path / "data", redis=False) as servers:
        url = servers.database_url
        migrate(url)
        house = house_in(tmp_path, database_url=url, backup_kinds="postgres")
        db = Database(await open_pool(url))
        await all_hold_the_same_slot(url)
        log, base = LogChore(house.settings, house.clock), BaseChore(db, house.settings, SystemClock())
        await base.run_once()
        await base.run_once()  # nothing is due any more
        assert [each.origin.database for each in (await look(house)).bases if each.origin] == ["anclora"]
        with psycopg.connect(url, autocommit=True) as people:
            people.execute(
                "insert into contacts (id, name) select gen_random_uuid(), 'Ana ' || n from generate_series(1, 5000) n"
            )
            await log.run_once()
            shipped = REGISTRY.get_sample_value("anclora_backup_log_last_shipped_timestamp_seconds")
            assert REGISTRY.get_sample_value("anclora_backup_log_wanted") == 1
            before = await prints_of(url)
            row = people.execute("select clock_timestamp()").fetchone()
            people.execute("delete from contacts")
        assert row is not None
        instant: datetime = row[0]
        await refused(house, tmp_path, instant, RefusedError, "does not reach")
        await log.run_once()
        assert (
            (REGISTRY.get_sample_value("anclora_backup_log_last_shipped_timestamp_seconds") or 0) > (shipped or 0) > 0
        )
        assert slots(url) == [("anclora_anclora", "reserved")]
        with pytest.raises(NotFoundError):
            await find(house, "postgres")  # a base is no dump
        await db.close()

    done = await recover(house, instant, tmp_path / "then")
    assert (done.paused, done.pending, done.instant) == (True, 0, instant)
    with start_embedded(tmp_path / "then", redis=False) as servers:
        found = await prints_of(servers.database_url)
        assert found["contacts"].rows == 5_000
        assert {name for name in before if before[name] != found[name]} <= _SAME
        db = Database(await open_pool(servers.database_url))
        assert [gate.what for gate in await read_gates(db)] == ["all"]
        # Its log is another one, and has a base of its own at once.
        mine = house_in(tmp_path, database_url=servers.database_url, backup_kinds="postgres")
        await BaseChore(db, mine.settings, SystemClock()).run_once()
        await LogChore(mine.settings, mine.clock).run_once()
        assert {each.origin.timeline for each in (await look(house)).bases if each.origin} == {1, 2}
        await db.close()

    await refuses_what_cannot_come(house, tmp_path, instant)
    for folder in ("data", "then"):
        discard_embedded(tmp_path / folder)
