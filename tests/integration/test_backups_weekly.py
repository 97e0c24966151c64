"""Backups are proved by themselves: weekly, in quiet hours, once however many processes run; a failure is kept."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playbook_harness import StandingClock, ask, parts_over
from structlog.testing import capture_logs

from anclora.backups import BackupVerification, House, Kind, Tier, find_all, make, proofs, send_apart
from anclora.backups.errors import DamagedError
from anclora.backups.ledger import keep_good, show_backups
from anclora.backups.rules import Proof, proof_is_due
from anclora.backups.verify import Smoke
from anclora.kit.clock import SystemClock
from anclora.kit.errors import AncloraError
from anclora.kit.metrics import REGISTRY
from anclora.kit.settings import load_settings
from anclora.playbook import Checklist, Verdict
from anclora.storage.database import Database
from anclora.storage.embedded import Urls
from tests.backups_house import data_file, house_in

ZONE = "Europe/Madrid"
NIGHT = datetime.now(ZoneInfo(ZONE)).replace(hour=4, minute=0).astimezone(UTC)


def at(clock: StandingClock, **settings: Any) -> Any:
    return {"clock": clock, "backup_kinds": "config", "timezone": ZONE, **settings}


async def kept(house: House, db: Database, kind: Kind = Kind.CONFIG) -> str:
    """A backup, known to the ledger; where its bytes lie."""
    manifest = await make(house, kind, Tier.MANUAL)
    await keep_good(db, house, manifest)
    return manifest.data


async def tries(db: Database) -> int:
    row = await db.fetch_one("select count(*)::integer as n from backups where tried_at is not null")
    return int(row["n"]) if row else 0


def shown(kind: str = "config") -> float | None:
    return REGISTRY.get_sample_value("anclora_backup_verification_good", {"kind": kind})


async def looked_after(tmp_path: Path, database_url: str, db: Database, smoke: Smoke | None) -> list[Any]:
    """The `message_sent` of each good verification of a ledger that is proved by itself now."""
    clock = StandingClock(NIGHT)
    house = house_in(tmp_path, database_url=database_url, **at(clock, backup_kinds="postgres"))
    await kept(house, db, Kind.POSTGRES)
    with capture_logs() as lines:
        try:
            await BackupVerification(db, house.settings, clock, smoke=smoke).run_once()
        finally:
            await show_backups(db, house.settings)
    return [line["message_sent"] for line in lines if line["event"] == "backup_verified"]


@pytest.mark.parametrize(
    ("good_days", "failed_hours", "hour", "due"),
    [
        (None, None, 4, True),
        (None, None, 2, False),
        (None, None, 6, False),
        (6.9, None, 3, True),
        (3, None, 4, False),
        (None, 5, 4, False),
        (None, 23, 4, True),
        (3, 100, 4, False),
        (3, 24, 4, True),
    ],
)
def test_a_proof_is_due_weekly_in_quiet_hours(
    good_days: float | None, failed_hours: float | None, hour: int, due: bool
) -> None:
    now = datetime(2026, 7, 1, hour, 30, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    proof = Proof(
        None if good_days is None else now - timedelta(days=good_days),
        None if failed_hours is None else now - timedelta(hours=failed_hours),
    )
    assert proof_is_due(proof, now, zone=ZONE) is due


async def test_each_is_proved_once_however_many_processes_run(tmp_path: Path, database_url: str, db: Database) -> None:
    clock = StandingClock(NIGHT)
    house = house_in(tmp_path, database_url=database_url, **at(clock))
    await kept(house, db)
    chores = [BackupVerification(db, house.settings, clock, smoke=None) for _ in range(3)]
    clock.pass_seconds(-3 * 3_600)
    assert await chores[0].run_once() is False
    assert await tries(db) == 0  # one in the night is too early
    clock.pass_seconds(3 * 3_600)
    await asyncio.gather(*(chore.run_once() for chore in chores))
    first = (await proofs(db))[Kind.CONFIG]
    assert (first.holds, await tries(db)) == (True, 1)
    await chores[1].run_once()
    assert (await proofs(db))[Kind.CONFIG] == first
    await show_backups(db, house.settings)
    assert shown() == 1
    clock.pass_seconds(7 * 86_400)
    await chores[2].run_once()
    assert (await proofs(db))[Kind.CONFIG] != first


async def test_one_that_does_not_come_back_is_kept_shown_and_tried_again(
    tmp_path: Path, database_url: str, db: Database
) -> None:
    clock = StandingClock(NIGHT)
    house = house_in(tmp_path, database_url=database_url, **at(clock))
    file = data_file(tmp_path, await kept(house, db))
    whole = file.read_bytes()
    file.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    chore = BackupVerification(db, house.settings, clock, smoke=None)
    with pytest.raises(AncloraError):
        await chore.run_once()
    assert await chore.run_once() is False  # not again in this night
    row = await db.fetch_one("select unproved from backups")
    assert "backup_damaged" in str(row)
    await show_backups(db, house.settings)
    assert shown() == 0
    file.write_bytes(whole)
    clock.pass_seconds(86_400)
    await chore.run_once()
    await show_backups(db, house.settings)
    assert shown() == 1


async def test_the_routine_of_the_week_asks_for_it(tmp_path: Path, database_url: str, db: Database, redis: Any) -> None:
    clock = StandingClock(NIGHT)
    house = house_in(tmp_path, database_url=database_url, **at(clock))

    async def asked(**settings: Any) -> tuple[Verdict, Any]:
        result = await ask(parts_over(db, redis, clock, **settings), Checklist.WEEKLY, "backup_proof")
        return result.verdict, result.value

    here = {"backup_url": house.settings.backup_url, "backup_kinds": "config"}
    assert await asked() == (Verdict.NOT_CONFIGURED, None)
    await kept(house, db)
    assert (await asked(**here))[0] is Verdict.FINDING
    await BackupVerification(db, house.settings, clock, smoke=None).run_once()
    assert (await asked(**here))[0] is Verdict.OK
    clock.pass_seconds(9 * 86_400)
    assert (await asked(**here))[0] is Verdict.FINDING
    assert len(await find_all(house)) == 1


async def test_a_message_goes_through_the_ledger_that_is_proved_by_itself(
    tmp_path: Path, database_url: str, db: Database
) -> None:
    def counted() -> dict[str, float]:
        return {s.name: s.value for each in REGISTRY.collect() for s in each.samples if "message" in s.name}

    before = counted()
    assert await looked_after(tmp_path, database_url, db, send_apart) == [True]
    assert shown("postgres") == 1
    # Neither the figures of this process nor its ledger know of it.
    assert counted() == before
    assert await db.fetch_one("select id from messages") is None
    assert await db.fetch_one("select name from instances") is None


async def test_a_ledger_no_message_goes_through_is_not_proved(tmp_path: Path, database_url: str, db: Database) -> None:
    async def spoilt(servers: Urls) -> str:
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("alter table messages add constraint takes_none check (false) not valid")
        return await send_apart(servers)

    with pytest.raises(DamagedError, match="no message went through it: its trial ended with 1"):
        await looked_after(tmp_path, database_url, db, spoilt)
    assert shown("postgres") == 0
    assert "no message went through it" in str(await db.fetch_one("select unproved from backups"))


async def test_without_a_redis_the_tables_are_proved_and_no_message_is_sent(
    tmp_path: Path, database_url: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anclora.backups.weekly.can_load", lambda: False)
    assert await looked_after(tmp_path, database_url, db, send_apart) == [None]
    assert shown("postgres") == 1


async def test_servers_that_are_gone_and_a_trial_without_end_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Urls("postgresql://x@127.0.0.1:1/x", "redis://127.0.0.1:1/0")
    assert "The database does not answer" in await send_apart(gone)
    monkeypatch.setattr("anclora.backups.apart._SECONDS", 0.0)
    assert "did not end within" in await send_apart(gone)


async def test_off_where_backups_are(db: Database) -> None:
    off = BackupVerification(db, load_settings(), SystemClock(), smoke=None)
    assert (await off.run_once(), off.chore) == (False, None)
