"""The product as it runs: a process per role, spoken to over HTTP, above private servers a test may kill."""

import contextlib
import os
import select
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from anclora.cli.home import Home, child_env, free_port, new_secret, prepare, start_sandbox
from anclora.kit.settings import load_settings
from anclora.messages.retries import RetryChange, change_retry
from anclora.providers.sandbox import read_witness
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import EmbeddedServers
from anclora.supervise import Child, answers_200, family
from anclora.tallies import verify
from tests.waiting import eventually

TALLY: Counter[str] = Counter()  # over all towns of this run; told in its last lines
TOLD: list[str] = []  # what a run has to say besides, told there too
READY_SECONDS = 120.0
_GONE_SECONDS = 30.0
_ENVIRONMENT: Mapping[str, str] = {
    "ANCLORA_DEFAULT_PACING": "sandbox",
    "ANCLORA_LEASE_SECONDS": "3",
    "ANCLORA_LEASE_MARGIN_SECONDS": "1",
    "ANCLORA_OUTBOX_AFTER_SECONDS": "0.5",
    "ANCLORA_SWEEP_EVERY_SECONDS": "0.2",
    "ANCLORA_RECONCILE_EVERY_SECONDS": "2",
    "ANCLORA_GRACE_SECONDS": "1",
    "ANCLORA_SEND_TIMEOUT_SECONDS": "2",
    "ANCLORA_CONNECT_TIMEOUT_SECONDS": "1",
    "ANCLORA_SEND_SLOTS": "64",
    "ANCLORA_CONNECTIONS": "4",
    "ANCLORA_LOG_LEVEL": "WARNING",
}
_SCRIPT: Mapping[str, object] = {
    "instances": [{"name": "one"}],
    "latency_ms": [10, 30],
    "receipts": {"server_ack_ms": [1, 5], "delivery_ms": [5, 20], "read_share": 0.0},
    "webhooks": {"retry_scale": 0.02},
}


@dataclass(frozen=True)
class Answered:
    """One answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    json: Any


@dataclass
class Town:
    """The running processes.

    Attributes:
        accepted: the texts the API said 202 to.
        people: how many different ones are written to.
    """

    url: str
    session: aiohttp.ClientSession
    database_url: str
    witness: Path
    home: Home
    children: list[Child]
    accepted: list[str] = field(default_factory=list)
    people: int = 50

    async def start(self, name: str, *words: str, **environment: str) -> Child:
        """One more process of the product, with these settings of its own."""
        home = replace(self.home, env={**self.home.env, **environment})
        child = home.child(name, "serve", "--role", *words)
        await child.start()
        self.children.append(child)
        return child

    async def ask(self, method: str, path: str, *, json: Any = None, **headers: str) -> Answered:
        """One request."""
        body = None if json is None else msgspec.json.encode(json)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, self.url + path, data=body, headers=named) as answer:
            return Answered(answer.status, answer.headers, await answer.json(content_type=None))

    async def rest_for(self, seconds: float, *, tries: int | None = None) -> None:
        """How long a refusing number rests here, and how often a message that keeps closing it is tried."""
        async with self.ledger() as db:
            await change_retry(db, "lane", RetryChange(base_seconds=seconds, tries=tries), actor="test")

    async def send(self, serial: int) -> Answered:
        """One message with a key of its own, to one of the people."""
        text = f"#{serial:05d}"
        draft = {"to": f"+346{serial % self.people:08d}", "text": text}
        answer = await self.ask("POST", "/api/v1/messages", json=draft, Idempotency_Key=text)
        if answer.status == 202 and text not in self.accepted:
            self.accepted.append(text)
        return answer

    async def send_many(self, first: int, count: int) -> None:
        """A bulk of messages like those of `send`."""
        texts = [f"#{serial:05d}" for serial in range(first, first + count)]
        drafts = [{"to": f"+346{int(text[1:]) % self.people:08d}", "text": text} for text in texts]
        answer = await self.ask("POST", "/api/v1/messages/bulk", json={"messages": drafts})
        assert answer.status == 202, answer
        self.accepted += texts

    async def health(self) -> str:
        """The one word of /health."""
        return str((await self.ask("GET", "/health")).json["status"])

    async def is_health(self, word: str, *, timeout_seconds: float = 60.0) -> None:
        """Wait until /health says this word."""

        async def says() -> bool:
            return await self.health() == word

        await eventually(says, timeout_seconds=timeout_seconds)

    async def out(self, least: int, *, timeout_seconds: float = 120.0) -> None:
        """Wait until so many messages went out, by the witness."""

        async def reached() -> bool:
            return len(read_witness(self.witness)) >= least

        await eventually(reached, timeout_seconds=timeout_seconds)

    async def at_rest(self, *, timeout_seconds: float = 150.0) -> None:
        """Wait until the ledger knows the end of every accepted message; then its figures must be what its rows say."""
        ended = "select count(*)::integer as n from messages where state in ('sent', 'delivered', 'read')"

        async def reached() -> bool:
            row = await db.fetch_one(ended)
            return row is not None and row["n"] == len(self.accepted)

        async with self.ledger() as db:
            await eventually(reached, timeout_seconds=timeout_seconds)
            found = await verify(db)
        TALLY["figures off"] += found.differences
        assert found.differences == 0, found.shown

    def doubled_or_lost(self) -> dict[str, int]:
        """What did not go out exactly once, and how often it did."""
        seen = Counter(sighting.text for sighting in read_witness(self.witness))
        accepted = set(self.accepted)
        wrong = {text: seen[text] for text in {*accepted, *seen} if seen[text] != 1 or text not in accepted}
        TALLY["lost"] += sum(count == 0 for count in wrong.values())
        TALLY["doubled"] += sum(count > 1 for count in wrong.values())
        return wrong

    @contextlib.asynccontextmanager
    async def ledger(self) -> AsyncGenerator[Database, None]:
        """The ledger, to look into."""
        db = Database(await open_pool(self.database_url, max_size=2))
        try:
            yield db
        finally:
            await db.close()


@contextlib.asynccontextmanager
async def town(
    servers: EmbeddedServers, folder: Path, script: Mapping[str, object] | None = None, /, **environment: str
) -> AsyncGenerator[Town, None]:
    """Everything running but a dispatcher; `script` = what the sandbox plays besides."""
    key, port = await prepare(servers.database_url), free_port()
    url = f"http://127.0.0.1:{port}"
    async with settled(servers, folder, script, url=url, key=key, **environment) as running:
        await running.start("work", "work")
        api = await running.start("api", "api", "--port", str(port))
        await api.wait_ready(answers_200(f"{url}/health/ready"), timeout_seconds=READY_SECONDS)
        yield running


@contextlib.asynccontextmanager
async def settled(
    servers: EmbeddedServers,
    folder: Path,
    script: Mapping[str, object] | None = None,
    /,
    *,
    url: str,
    key: str,
    **environment: str,
) -> AsyncGenerator[Town, None]:
    """The sandbox and no process of the product yet; `url` = where the doors will be, `key` = what they ask for."""
    sandbox_key, sandbox_port = new_secret(), free_port()
    env = child_env(
        load_settings(),
        **{**_ENVIRONMENT, **environment},
        DATABASE_URL=servers.database_url,
        REDIS_URL=servers.redis_url,
        EVOLUTION_API_URL=f"http://127.0.0.1:{sandbox_port}",
        EVOLUTION_API_KEY=sandbox_key,
        ANCLORA_PUBLIC_URL=url,
    )
    home = Home(data_dir=folder, env=env)
    timeout = aiohttp.ClientTimeout(total=60)
    async with (
        family() as children,
        aiohttp.ClientSession(headers={"X-API-Key": key}, timeout=timeout) as session,
    ):
        witness = await start_sandbox(
            home, children, port=sandbox_port, key=sandbox_key, script={**_SCRIPT, **(script or {})}
        )
        yield Town(url, session, servers.database_url, witness, home, children)


def kill(pid: int) -> None:
    """What a crash or the kernel's memory killer looks like; it and its children are gone when this returns.

    A session of Postgres outlives its server by a moment, in which it would still answer.
    """
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    with contextlib.ExitStack() as stack:
        ends: list[int] = []
        for each in (pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):  # it was just ending
                ends.append(os.pidfd_open(each))
                stack.callback(os.close, ends[-1])
        os.kill(pid, signal.SIGKILL)
        for end in ends:
            assert select.select([end], [], [], _GONE_SECONDS)[0], f"{pid} was killed and is not gone"
