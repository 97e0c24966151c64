"""Backups by themselves: each once a slot, however many processes run; one that fails keeps no other back."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anclora.backups import BackupChore, House, find_all
from anclora.backups.errors import KeyFileError
from anclora.backups.ledger import keep_verified, show_backups
from anclora.kit.clock import SystemClock
from anclora.kit.errors import AncloraError, SetupError
from anclora.kit.metrics import exposition
from anclora.kit.settings import Settings, load_settings
from anclora.storage.database import Database
from tests.backups_house import house_in


class Shifted(SystemClock):
    """The machine's clock, moved."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


def series(name: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in exposition().decode().splitlines() if line.startswith(name)]
    return {head.partition('"')[2].partition('"')[0]: float(value) for head, _, value in lines}


async def names(house: House) -> Counter[str]:
    return Counter(each.name.rpartition("/")[0] for each in await find_all(house))


async def test_each_is_made_once_however_many_processes_run(tmp_path: Path, database_url: str, db: Database) -> None:
    clock = Shifted()
    clock.by = timedelta(minutes=60 - datetime.now(UTC).minute)  # an hour has just begun, and none begins meanwhile
    house = house_in(tmp_path, clock=clock, database_url=database_url, backup_kinds="config")
    chores = [BackupChore(db, house.settings, clock) for _ in range(4)]
    await asyncio.gather(*(chore.run_once() for chore in chores))
    await chores[0].run_once()
    assert await names(house) == {"config/weekly": 1, "config/daily": 1}
    for _ in range(2):
        clock.by += timedelta(hours=1)
        await asyncio.gather(*(chore.run_once() for chore in chores))
    assert sum((await names(house)).values()) in (4, 5)  # a day may have begun meanwhile
    row = await db.fetch_one("select count(*)::integer as n from backups where failed is null")
    assert row == {"n": sum((await names(house)).values())}


async def test_one_that_fails_keeps_no_other_and_is_tried_again_later(
    tmp_path: Path, database_url: str, db: Database
) -> None:
    clock = Shifted()
    house = house_in(
        tmp_path,
        clock=clock,
        database_url=database_url,
        redis_url="redis://127.0.0.1:9/0",
        backup_kinds="redis,config",
    )
    chore = BackupChore(db, house.settings, clock)
    with pytest.raises(AncloraError, match="Redis does not answer"):
        await chore.run_once()
    assert set(await names(house)) == {"config/weekly", "config/daily"}
    query = "select kind, tier, failed from backups where failed is not null order by tier"
    failed = await db.fetch_all(query)
    assert {(row["kind"], row["tier"]) for row in failed} == {
        ("redis", "weekly"),
        ("redis", "daily"),
        ("redis", "hourly"),
    }
    assert all("queue_unavailable" in row["failed"] for row in failed)
    assert await chore.run_once() is False  # not again at once
    assert len(await db.fetch_all(query)) == 3
    clock.by += timedelta(minutes=11)
    with pytest.raises(AncloraError):
        await chore.run_once()
    assert len(await db.fetch_all(query)) == 6


async def test_what_is_past_its_time_goes_with_the_next_one(tmp_path: Path, database_url: str, db: Database) -> None:
    clock = Shifted()
    house = house_in(tmp_path, clock=clock, database_url=database_url, backup_kinds="config")
    chore = BackupChore(db, house.settings, clock)
    clock.by = timedelta(days=-60)
    await chore.run_once()
    house.target.write("config/daily/data/2020-01-01T000000Z.json.enc", b"died in the middle")
    first = {each.name for each in await find_all(house)}
    clock.by = timedelta()
    await chore.run_once()
    now = {each.name for each in await find_all(house)}
    assert now
    assert now.isdisjoint(first)
    assert len(house.target.list("")) == 2 * len(now)


async def test_figures_are_of_the_rows(tmp_path: Path, database_url: str, db: Database) -> None:
    await show_backups(db, load_settings())
    assert set(series("anclora_backup_configured").values()) == {0.0}
    assert series("anclora_backup_last_success_timestamp_seconds") == {}
    house = house_in(tmp_path, database_url=database_url, backup_kinds="config,postgres")
    chore = BackupChore(db, house.settings, house.clock)
    await chore.run_once()
    await show_backups(db, house.settings)
    configured = {"postgres": 1.0, "config": 1.0, "redis": 0.0, "evolution": 0.0}
    assert series("anclora_backup_configured") == configured
    every = sorted((each.manifest for each in await find_all(house) if each.manifest), key=lambda its: its.made_at)
    made = {manifest.kind.value: manifest for manifest in every}
    assert series("anclora_backup_last_size_bytes") == {kind: its.bytes for kind, its in made.items()}
    moments = series("anclora_backup_last_success_timestamp_seconds")
    assert moments == {kind: pytest.approx(its.made_at.timestamp(), abs=30) for kind, its in made.items()}
    before = every[0].made_at
    verified = "anclora_backup_last_verified_timestamp_seconds"
    assert series(verified)[""] == pytest.approx(before.timestamp())
    for kind in ("config", "postgres"):  # as long as one was never tried, its age is what counts
        assert series(verified)[""] == pytest.approx(before.timestamp())
        await keep_verified(db, made[kind].name)
        await show_backups(db, house.settings)
    await show_backups(db, house.settings)
    assert series(verified)[""] > before.timestamp()


async def test_off_where_nothing_is_set_and_no_start_where_it_is_wrong(tmp_path: Path, db: Database) -> None:
    clock = SystemClock()
    off = BackupChore(db, load_settings(), clock)
    assert (await off.run_once(), off.chore) == (False, None)
    wrong: list[tuple[Settings, type[AncloraError]]] = [
        (load_settings(backup_url=str(tmp_path), backup_key_file=tmp_path / "none"), KeyFileError),
        (load_settings(backup_url=str(tmp_path)), SetupError),
        (load_settings(backup_url="ftp://x/y"), SetupError),
    ]
    for settings, kind in wrong:
        with pytest.raises(kind):
            BackupChore(db, settings, clock)
