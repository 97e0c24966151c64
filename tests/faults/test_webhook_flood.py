"""Five thousand webhooks a second: each is stored or shed with 503, and whatever was answered 200 is in the ledger."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from anclora.storage.database import Database
from anclora.storage.embedded import EmbeddedServers
from benchmarks.load import Load, run
from tests.faults.town import town
from tests.waiting import eventually

PER_SECOND, SECONDS = 5_000.0, 3.0


async def number_of(db: Database, query: str) -> int:
    row = await db.fetch_one(query)  # pyright: ignore[reportArgumentType]
    return int(row["n"]) if row else 0


@pytest.mark.timeout(300)
async def test_a_flood_of_webhooks_is_stored_or_shed_and_applied(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    ids = [f"3EB0{n:018X}" for n in range(2_000)]
    async with town(own_servers, tmp_path) as here, here.ledger() as db:
        secret = await db.fetch_one("select secret from instances where name = 'one'")
        assert secret is not None
        before = await number_of(db, "select count(*) as n from inbound_events")
        load = Load(
            url=here.url,
            target="/webhooks/evolution/one",
            headers={"X-Anclora-Secret": secret["secret"]},
            at_once=64,
            bodies=[
                msgspec.json.encode(
                    {"event": "messages.update", "instance": "one", "data": {"keyId": each, "status": "READ"}}
                ).decode()
                for each in ids
            ],
            seconds=SECONDS,
            per_second=PER_SECOND,
        )
        outcome = await asyncio.to_thread(run, load)
        assert outcome.bad == 0 or outcome.worst.startswith("HTTP/1.1 503"), outcome
        assert outcome.good > 0
        assert await number_of(db, "select count(*) as n from inbound_events") - before == outcome.good

        async def applied() -> bool:
            return await number_of(db, "select count(*) as n from inbound_unapplied") == 0

        await eventually(applied, timeout_seconds=120)
        known = await number_of(db, "select count(*) as n from provider_messages where rank = 3")
        assert known >= min(outcome.good, len(ids)) - outcome.bad
        await here.is_health("healthy")
