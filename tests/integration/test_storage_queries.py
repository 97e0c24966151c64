"""Every query fits the schema, and none of those that run all the time reads a whole table."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from messages_harness import ScriptedProvider, Stage, stage

import anclora
from anclora.kit.ids import first_id_at
from anclora.messages.model import Draft
from anclora.providers.contract import RemoteInstance
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

ROOT = Path(anclora.__file__).parent
PACKAGES = sorted({f"anclora.{folder.parent.relative_to(ROOT)}".replace("/", ".") for folder in ROOT.rglob("sql")})
QUERIES = [(package, name) for package in PACKAGES for name in load_queries(package)]
SCAN = re.compile(r"Seq Scan on (\w+)")
FILLED = """select relname::text as name from pg_class
where relkind = 'r' and reltuples >= 1000 and relnamespace = 'public'::regnamespace"""
WHOLE = {
    **dict.fromkeys(("compare", "append_differences"), "a recount of everything, when somebody asks for one"),
    **dict.fromkeys(
        ("count_states", "final_states", "latencies", "sending_of"), "the demo counts its whole private ledger"
    ),
    "delete_messages": "a drill empties its private ledger by mistake",
    "kept": "once a month, before a month goes: whether the outbox needs it, and that is all it holds for a moment",
}


def numbered(package: str, name: str) -> str:
    """The query with $1, $2 … in place of its names."""
    order: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in order:
            order.append(match[1])
        return f"${order.index(match[1]) + 1}"

    return re.sub(r"%\((\w+)\)s", number, load_queries(package)[name]).replace("%%", "%")


@pytest.fixture
async def full(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    """A ledger with enough rows for the planner to choose as it would in production."""
    async with stage(db, redis, ScriptedProvider(RemoteInstance(name="sales", state="open"))) as here:
        for part in range(8):
            drafts = [Draft(to=f"+3460{part}{n:06d}", text="hola") for n in range(1_000)]
            await here.submit.submit("main", drafts)
        await db.execute(
            "update messages set state = 'delivered', attempt = 1, sent_at = now() where ordinal %% 100 > 0"
        )
        await db.execute(
            "insert into provider_messages (instance, provider_id, message_id, attempt, rank, recipient, seen_at)"
            " select instance, 'P' || ordinal, id, 1, 2, recipient, now() from messages"
        )
        await db.execute("insert into outbox (message_ids) select array[id] from messages where ordinal %% 3 = 0")
        await db.execute(
            "insert into events (id, type, subject, instance, at, data)"
            " select uuid_v7(), 'message.sent', 'message:' || n, 'sales', now(), '{}' from generate_series(1, 4000) n"
        )
        await db.execute(
            "insert into hook_deliveries (event_id, hook_id, ordinal, subject, state, created_at, due_at)"
            " select id, md5((ordinal %% 3)::text)::uuid, ordinal, subject,"
            " case when ordinal %% 50 = 0 then 'waiting' else 'delivered' end, now(), now() from events"
        )
        await _talk(db)
        await db.execute("analyze")
        yield here


async def _talk(db: Database) -> None:
    """Everybody said something, and one conversation in twenty goes on."""
    await db.execute(
        "insert into heard (instance, provider_id, id, contact_id, direction, at, peer, kind)"
        " select 'sales', 'H' || c.phone, uuid_v7(), c.id, 'in', now(), c.phone, 'text' from contacts c"
    )
    await db.execute(
        "insert into conversations (id, instance, contact_id, opened_at, last_in_at, first_response_at, closed_at,"
        " closed_by, look_at)"
        " select uuid_v7(), 'sales', c.id, t.at, t.at, t.at + interval '1 minute',"
        " case when c.n %% 20 > 0 then t.at + interval '1 day' end, case when c.n %% 20 > 0 then 'idle' end,"
        " case when c.n %% 20 = 0 then now() end"
        " from (select *, row_number() over (order by id) as n from contacts) c"
        " cross join lateral (select now() - make_interval(hours => (c.n %% 2000)::integer + 1) as at) t"
    )
    await db.execute(
        "insert into conversation_history (id, conversation_id, instance, at, kind, reason, actor)"
        " select uuid_v7(), v.id, 'sales', v.opened_at, k.kind, k.reason, 'test' from conversations v"
        " cross join (values ('opened', null), ('closed', 'idle')) k (kind, reason)"
    )


async def test_every_query_fits_the_schema(database_url: str) -> None:
    assert len(QUERIES) > 40
    misfits: dict[str, str] = {}
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for package, name in QUERIES:
            text = numbered(package, name)
            try:
                await connection.execute(f"prepare q as {text}".encode())
                await connection.execute("deallocate q")
            except psycopg.Error as error:
                misfits[f"{package} {name}"] = str(error).splitlines()[0]
    assert misfits == {}


async def test_no_query_of_a_growing_table_reads_all_of_it(full: Stage, database_url: str) -> None:
    scans: dict[str, list[str]] = {}
    filled = {str(row["name"]) for row in await full.db.fetch_all(FILLED)}
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for package, name in QUERIES:
            if package == "anclora.storage":
                continue
            cursor = await connection.execute(f"explain (generic_plan) {numbered(package, name)}".encode())
            plan = "\n".join(str(row[0]) for row in await cursor.fetchall())
            if found := filled & set(SCAN.findall(plan)):
                scans[name] = sorted(found)
    assert {name: tables for name, tables in scans.items() if name not in WHOLE} == {}
    assert set(WHOLE) <= set(scans), "what does not scan any more needs no reason"


async def test_rare_conversations_are_found_without_reading_the_others(full: Stage) -> None:
    asked: list[tuple[dict[str, Any], str]] = [
        ({"state": "waiting"}, "conversations_active"),
        ({"state": "active"}, "conversations_active"),
        ({"agent": "ana"}, "conversations_agent"),
        ({"handoff": "complaint"}, "conversations_reason"),
        ({"since": datetime.now(UTC)}, "conversations_opened"),
    ]
    nothing = dict.fromkeys(("instance", "handoff", "agent", "since", "state"))
    query = load_queries("anclora.conversations")["find_conversations"]
    plans: list[str] = []
    async with full.db.connection() as conn:
        for wanted, _ in asked:
            low = first_id_at(wanted["since"]) if "since" in wanted else UUID(int=0)
            values = {**nothing, **wanted, "low": low, "before": UUID(int=2**128 - 1), "limit": 50}
            rows = await (await conn.execute(f"explain {query}", values)).fetchall()
            plans.append("\n".join(str(row[0]) for row in rows))
    assert [wanted for (wanted, index), plan in zip(asked, plans, strict=True) if index not in plan] == []
