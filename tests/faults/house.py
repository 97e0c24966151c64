"""The product's parts in one process, over private servers a test may kill."""

import contextlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path

from anclora.cli.home import prepare
from anclora.instances.register import connect_webhooks, register
from anclora.kit.settings import load_settings
from anclora.messages.model import Draft
from anclora.providers.sandbox import Script, running_sandbox
from anclora.providers.sandbox.script import Number
from anclora.runtime import Runtime, open_runtime
from anclora.storage.embedded import EmbeddedServers
from anclora.workers import Role, working


@contextlib.asynccontextmanager
async def house(servers: EmbeddedServers, witness: Path) -> AsyncGenerator[Runtime, None]:
    """Everything but the HTTP doors, working."""
    await prepare(servers.database_url)
    script = Script(instances=(Number(name="one"),), latency_ms=(1.0, 5.0))
    async with running_sandbox(script, witness) as sandbox:
        settings = load_settings(
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            evolution_api_url=sandbox.url,
            evolution_api_key=sandbox.api_key,
            default_pacing="sandbox",
            lease_seconds=3.0,
            lease_margin_seconds=1.0,
            outbox_after_seconds=0.5,
            sweep_every_seconds=0.2,
            reconcile_every_seconds=2.0,
            grace_seconds=1.0,
            send_timeout_seconds=2.0,
            connect_timeout_seconds=1.0,
        )
        async with open_runtime(settings) as runtime:
            for name, provider in runtime.providers.items():
                found = await register(runtime.db, name, provider)
                await connect_webhooks(runtime.db, found, provider, public_url="http://127.0.0.1:9")
            await runtime.book.refresh(newer_than_seconds=runtime.clock.boot_seconds())
            async with working(runtime, {Role.ALL}):
                yield runtime


async def submit(runtime: Runtime, first: int, count: int) -> None:
    """Accept `count` messages with serial numbers in their texts, to fifty people."""
    drafts = [Draft(to=f"346{serial % 50:08d}", text=f"#{serial:05d}") for serial in range(first, first + count)]
    await runtime.submit.submit("main", drafts)


async def sent(runtime: Runtime) -> int:
    """How many messages went out, by the ledger."""
    row = await runtime.db.fetch_one("select count(*)::integer as n from messages where sent_at is not null")
    return int(row["n"]) if row else 0


def seen(witness: Path) -> list[str]:
    """The texts that really went out, in order."""
    return [json.loads(line)["text"] for line in witness.read_text().splitlines()]
