"""Old months leave the ledger only as Parquet that was read back, only when nothing needs them, and figures stay."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from arro3.io import read_parquet
from messages_harness import Stage
from playbook_harness import RealClock, ask, parts_over

from anclora.analytics import mend, verify
from anclora.backups.postgres import connected
from anclora.kit.clock import SystemClock
from anclora.kit.errors import AncloraError, SetupError
from anclora.kit.ids import id_at, new_id
from anclora.kit.metrics import REGISTRY
from anclora.kit.settings import load_settings
from anclora.messages.model import MessageClass
from anclora.playbook import Checklist, Verdict
from anclora.providers.contract import ReceiptEvent, Refused, Scope, Sent
from anclora.retention import House, RetentionChore, archive_due, archived, open_house, parquet, plan, show_retention
from anclora.retention.drop import drop
from anclora.retention.errors import ChangedError, DamagedError
from anclora.retention.export import export
from anclora.retention.model import Round, no_step
from anclora.retention.plan import months
from anclora.retention.rules import past
from anclora.retention.verify import prove
from anclora.storage.partitions import ensure_partitions
from anclora.tallies import Counts, Wanted, fold, read, total
from tests.journeys.up_process import anclora

EVER = Wanted(since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC))
OLD = (datetime.now(UTC) - timedelta(days=500)).replace(day=10, hour=12)
MONTH = f"{OLD:%Y-%m}"
MOMENTS = ("created_at", "state_at", "sent_at", "delivered_at", "read_at", "next_attempt_at", "eligible_at")


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    where = {"retention_url": str(tmp_path / "archive"), "data_dir": tmp_path / "data"}
    return open_house(load_settings(database_url=database_url, **where), SystemClock())


async def old_ledger(here: Stage) -> dict[str, UUID]:
    """Messages of a month long gone, each ended in another way, and one of today."""
    async with here.db.transaction() as conn:
        await ensure_partitions(conn, OLD)
    made = {
        "read": await here.accept('leído: «¿qué tal?»\n\t\u0007"\\', tags=["a b", 'c"d'], campaign_id=new_id()),
        "failed": await here.accept("no", to="+34600111223", kind=MessageClass.MARKETING),
        "canceled": await here.accept("later", to="+34600111224", send_at=datetime.now(UTC) + timedelta(days=1)),
        "today": await here.accept("today", to="+34600111225"),
    }
    for name in ("read", "today"):
        await here.finish(await here.attempt(made[name]), Sent(provider_id=f"P-{name}"))
    for rank in (1, 2, 3):
        await here.hear(ReceiptEvent(provider_id="P-read", rank=rank))
    refused = Refused(scope=Scope.MESSAGE, permanent=True, code="not_on_whatsapp", text="no")
    await here.finish(await here.attempt(made["failed"]), refused)
    await here.set(made["canceled"], state="canceled")
    moved = {name: await age(here, made[name]) for name in ("read", "failed", "canceled")}
    for table in ("outbox", "idempotency", "tally_deltas", "tallies"):
        await here.db.execute(f"delete from {table}")  # noqa: S608 # pyright: ignore[reportArgumentType]
    await here.db.execute(
        "insert into tally_deltas select at, instance, nullif(campaign, '')::uuid, nullif(template, ''), class, what,"
        " nullif(cause, ''), count(*) from tally_facts group by 1, 2, 3, 4, 5, 6, 7"
    )
    await fold(here.db)
    return moved | {"today": made["today"]}


async def age(here: Stage, message_id: UUID) -> UUID:
    """Let a message be of the old month, with everything that names it."""
    older = id_at(OLD)
    sets = ", ".join(f"{name} = {name} - (now() - %(at)s)" for name in MOMENTS)
    change = f"update messages set id = %(new)s, {sets} where id = %(old)s"  # noqa: S608 - names of the list above
    await here.db.execute(change, new=older, old=message_id, at=OLD)  # pyright: ignore[reportArgumentType]
    for table in ("attempts", "provider_messages"):
        query = f"update {table} set message_id = %(new)s where message_id = %(old)s"  # noqa: S608
        await here.db.execute(query, new=older, old=message_id)  # pyright: ignore[reportArgumentType]
    return older


async def partitions(here: Stage) -> set[str]:
    rows = await here.db.fetch_all("select inhrelid::regclass::text as name from pg_inherits")
    return {row["name"] for row in rows if row["name"].startswith(("messages_", "attempts_"))}


def stayed(done: Round) -> str:
    """The sentence of the one month that stayed; those without rows go."""
    [one] = done.stayed
    assert one.month == MONTH
    return one.words


async def figures(here: Stage) -> list[Any]:
    return [await read(here.db, EVER, by) for by in ("all", "instance", "campaign", "class", "cause")]


async def test_a_month_goes_whole_and_figures_say_the_same(here: Stage, house: House, tmp_path: Path) -> None:
    made = await old_ledger(here)
    before, verified = await figures(here), await verify(here.db, timezone="Europe/Madrid")
    assert verified.differences == 0, verified.shown
    steps: list[str] = []
    done = await archive_due(house, actor="test", step=lambda what, _done, _whole: steps.append(what))
    assert done.stayed == []
    assert {"messages: write", "messages: fetch", "attempts: fingerprint"} <= set(steps)
    assert not any(f"{OLD:%Y_%m}" in name for name in await partitions(here))
    assert await here.state(made["today"]) == "sent"
    for again in (False, True):  # also once somebody has mended what differs: there is nothing
        assert await figures(here) == before
        after = await verify(here.db, timezone="Europe/Madrid")
        assert (after.differences, after.facts) == (0, verified.facts), again
        assert (await mend(here.db, actor="test")).mended == 0
    [gone] = [month for month in await archived(here.db) if month.month == MONTH]
    rows = {file.table: file for file in gone.files}
    assert (rows["messages"].rows, rows["attempts"].rows) == (3, 2)
    found = list(read_parquet(tmp_path / "archive" / rows["messages"].key).read_all().to_struct_array().to_pylist())
    texts = {each["id"]: each for each in found}
    told = texts[str(made["read"])]
    assert (told["state"], told["tags"]) == ("read", '["a b","c\\"d"]')
    assert "«¿qué tal?»".encode() in told["content"]
    assert abs(told["created_at"] - OLD) < timedelta(minutes=5)
    # A receipt that comes a year late finds nobody, and stops nothing.
    await here.hear(ReceiptEvent(provider_id="P-read", rank=4), ReceiptEvent(provider_id="P-today", rank=2))
    assert await here.state(made["today"]) == "delivered"
    assert await total(here.db, EVER) == before[0][0].counts + Counts(delivered=1)


KEEPS = [
    ("update messages set state = 'queued' where id = %(id)s", "is queued, which is not final"),
    ("update messages set hold_reason = 'paused' where id = %(id)s", "is held (paused)"),
    (
        "insert into dead_letters (message_id, instance, reason_code) values (%(id)s, 'sales', 'x')",
        "dead letters. Send it again or let go of it: anclora queue dlq discard",
    ),
    ("insert into outbox (message_ids) values (array[%(id)s::uuid])", "on its way to the lanes"),
    (
        "insert into idempotency (owner, key, hash, message_ids) values ('a', 'k', '', array[%(id)s::uuid])",
        "is named by an idempotency key",
    ),
]


async def test_what_needs_a_row_keeps_its_month_and_is_named(here: Stage, house: House) -> None:
    made = await old_ledger(here)
    message_id, there = made["failed"], await partitions(here)
    for change, words in KEEPS:
        await here.db.execute(change, id=message_id)  # pyright: ignore[reportArgumentType]
        [due] = [each for each in await plan(here.db, house.clock.now(), days=400) if each.refusals]
        assert (due.month, due.refusals[0].message_id) == (MONTH, str(message_id))
        said = stayed(await archive_due(house, actor="test"))
        assert f"Message {message_id} " in said
        assert words in said
        await here.set(message_id, state="failed", hold_reason=None)
        for table in ("dead_letters", "outbox", "idempotency"):
            await here.db.execute(f"delete from {table}")  # noqa: S608 # pyright: ignore[reportArgumentType]
    await here.db.execute(
        "insert into tally_deltas (at, instance, what, n) values (%(at)s, 'sales', 'received', 1)", at=OLD
    )
    assert "figures of this time are not folded" in stayed(await archive_due(house, actor="test"))
    assert {name for name in there if f"{OLD:%Y_%m}" in name} <= await partitions(here)
    assert await here.state(message_id) == "failed"


class Spoiling:
    """A target that does not keep what it is given."""

    def __init__(self, inner: Any, how: str) -> None:
        self._inner = inner
        self._how = how
        self.place = inner.place

    def put(self, key: str, file: Path, *, count: Any) -> None:
        self._inner.put(key, file, count=count)
        path = Path(self.place) / key
        whole = path.read_bytes()
        if self._how == "missing":
            path.unlink()
        elif self._how == "cut":
            path.write_bytes(whole[:-20])
        else:
            path.write_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


async def test_a_file_that_does_not_come_back_as_it_was_keeps_the_month(here: Stage, house: House) -> None:
    await old_ledger(here)
    there = await partitions(here)
    damaged = "retention_damaged"
    for how, code in (("missing", "backup_missing"), ("cut", damaged), ("flipped", damaged)):
        spoiled: Any = Spoiling(house.target, how)
        done = await archive_due(House(settings=house.settings, target=spoiled, clock=house.clock), actor="test")
        assert done.gone == []
        assert {each.code for each in done.stayed} == {code}
        assert await partitions(here) == there
        assert await archived(here.db) == []
    assert (await archive_due(house, actor="test")).stayed == []


async def test_a_file_that_holds_other_rows_is_found(
    here: Stage, house: House, database_url: str, tmp_path: Path
) -> None:
    await old_ledger(here)
    conn = await connected(database_url)
    [month] = [each for each in past(await months(conn), house.clock.now(), days=400) if each.name == MONTH]
    exported, facts = await asyncio.to_thread(export, database_url, month, tmp_path, no_step)
    messages = exported[0]
    rows = list(parquet.read(messages.file, messages.columns))
    assert len(rows) == 3
    for wrong in (rows[:-1], [*rows, rows[0]], [*rows[:-1], [*rows[-1][:-1], "another"]]):
        other = tmp_path / "other.parquet"
        parquet.write(other, messages.columns, [wrong])
        with pytest.raises(DamagedError):
            prove(other, messages, no_step)
    parquet.write(other, messages.columns, [rows[2:], rows[:2]])
    prove(other, messages, no_step)  # the order is no matter
    # Nor is anything dropped that changed since it was written, be it only by one column.
    await here.db.execute("update attempts set text = 'late' where outcome = 'refused'")
    with pytest.raises(ChangedError, match="attempts_"):
        await drop(conn, month, exported, [], facts, place="x", actor="test")
    await conn.close()


async def test_who_reads_there_is_not_waited_for(here: Stage, house: House, database_url: str) -> None:
    await old_ledger(here)
    async with await psycopg.AsyncConnection.connect(database_url) as reader:
        await reader.execute("select count(*) from messages")
        done = await archive_due(house, actor="test", most=1)
    assert {each.code for each in done.stayed} == {"retention_busy"}
    assert (await archive_due(house, actor="test")).stayed == []


async def test_the_chore_works_once_however_many_run_and_is_off_unless_asked(here: Stage, house: House) -> None:
    await old_ledger(here)
    off = RetentionChore(load_settings(), house.clock)
    assert (await off.run_once(), off.chore) == (False, None)
    await show_retention(here.db, load_settings(), house.clock)
    assert REGISTRY.get_sample_value("anclora_retention_overdue_months") is None
    await show_retention(here.db, house.settings, house.clock)
    assert (REGISTRY.get_sample_value("anclora_retention_overdue_months") or 0) >= 1
    chores = [RetentionChore(house.settings, house.clock) for _ in range(3)]
    await asyncio.gather(*(chore.run_once() for chore in chores))
    every = await archived(here.db)
    assert len({month.month for month in every}) == len(every) >= 1
    await show_retention(here.db, house.settings, house.clock)
    assert REGISTRY.get_sample_value("anclora_retention_overdue_months") == 0
    assert REGISTRY.get_sample_value("anclora_retention_archived_rows") == 5


async def test_a_chore_whose_month_stays_says_so_once_in_six_hours(here: Stage, house: House) -> None:
    made = await old_ledger(here)
    await here.set(made["read"], state="unknown")
    chore = RetentionChore(house.settings, house.clock)
    with pytest.raises(AncloraError, match="is unknown, which is not final"):
        await chore.run_once()
    assert await chore.run_once() is False


def test_a_target_that_is_none_stops_the_start() -> None:
    with pytest.raises(SetupError, match="ANCLORA_RETENTION_URL begins with ftp"):
        RetentionChore(load_settings(retention_url="ftp://x/y"), SystemClock())


@pytest.mark.timeout(120)
async def test_a_person_sees_what_is_due_and_archives_it(here: Stage, house: House, tmp_path: Path) -> None:
    made = await old_ledger(here)
    env = {
        "ANCLORA_RETENTION_URL": str(tmp_path / "archive"),
        "ANCLORA_DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": house.database_url,
    }
    await here.set(made["read"], hold_reason="paused")
    planned = await asyncio.to_thread(anclora, "retention", "plan", **env)
    assert planned.returncode == 1
    assert f"{MONTH}: Message {made['read']} is held (paused)." in " ".join(planned.stdout.split())
    await here.set(made["read"], hold_reason=None)
    done = await asyncio.to_thread(anclora, "retention", "run", "--json", **env)
    assert done.returncode == 0, done.stderr
    gone = {month["month"]: month for month in json.loads(done.stdout)["gone"]}
    assert [file["rows"] for file in gone[MONTH]["files"]] == [3, 2]
    assert {month.month for month in await archived(here.db)} == gone.keys()


async def test_the_routine_of_the_month_misses_months_and_files(here: Stage, house: House, tmp_path: Path) -> None:
    async def value(**settings: Any) -> tuple[Verdict, Any]:
        result = await ask(parts_over(here.db, here.redis, RealClock(), **settings), Checklist.MONTHLY, "retention")
        return result.verdict, result.value

    await old_ledger(here)
    assert await value() == (Verdict.NOT_CONFIGURED, None)
    where = {"retention_url": str(tmp_path / "archive"), "retention_days": 400}
    verdict, late = await value(**where)
    assert (verdict, late >= 1) == (Verdict.FINDING, True)
    [month] = [month for month in (await archive_due(house, actor="test")).gone if month.month == MONTH]
    assert await value(**where) == (Verdict.OK, 0)
    (tmp_path / "archive" / month.files[0].key).unlink()
    assert await value(**where) == (Verdict.FINDING, 1)
