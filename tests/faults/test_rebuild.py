"""An empty Redis under a full ledger: everything is put back while workers claim, and is claimed once.

`LONG=1` does it with a million messages, which must take less than a minute.
"""

import asyncio
import os
import time
from collections import Counter

import pytest
from redis.asyncio import Redis

from anclora.instances.register import register
from anclora.kit.clock import SystemClock
from anclora.kit.ids import WorkerId, new_id
from anclora.kit.settings import load_settings
from anclora.messages.reconcile import Reconciler, current_epoch
from anclora.queue import Queue
from anclora.storage.database import Database
from tests.integration.api_harness import OneProvider

COUNT = 1_000_000 if os.environ.get("LONG") else 20_000
_CLAIM = 500
_FILL = """
insert into messages (id, account, instance, contact_id, recipient, content, kind, class, priority, state, ordinal,
    eligible_at)
select %(ids)s[n], 'main', 'sales', %(contact)s, '34600' || lpad((n %% 100000)::text, 6, '0'), '{}', 'text', 'utility',
    2, 'queued', nextval('message_ordinal'), now()
from generate_series(1, %(count)s) as n
"""


@pytest.mark.timeout(600)
async def test_a_full_ledger_fills_an_empty_redis_and_each_is_claimed_once(db: Database, redis: Redis) -> None:
    settings, clock = load_settings(default_pacing="sandbox"), SystemClock()
    await register(db, "evolution", OneProvider())
    contact = WorkerId(new_id())
    for start in range(0, COUNT, 50_000):
        count = min(50_000, COUNT - start)
        async with db.transaction() as conn:
            await conn.execute(_FILL, {"ids": [new_id() for _ in range(count)], "contact": contact, "count": count})
    queue = Queue(redis, lease_seconds=600)
    claimed: Counter[str] = Counter()
    filled = asyncio.Event()

    async def worker() -> None:
        mine = Queue(redis, lease_seconds=600)
        while True:
            mine.set_epoch(await current_epoch(db))
            done = filled.is_set()
            claim = await mine.claim(range(16), _CLAIM, consumer="send:")
            claimed.update(item.id for item in claim.items)
            await mine.complete(claim.items)
            if done and not claim.items:
                return
            if not claim.items:
                await mine.wait(0.2)

    workers = [asyncio.create_task(worker()) for _ in range(2)]
    began = time.monotonic()
    await Reconciler(db, queue, settings, clock).run_once()
    seconds = time.monotonic() - began
    filled.set()
    await asyncio.gather(*workers)
    print(f"rebuild of {COUNT:,}: {seconds:.1f} s, with two workers claiming")
    assert (len(claimed), set(claimed.values())) == (COUNT, {1})
