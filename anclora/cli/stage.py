"""A whole private installation, played on by `demo` and `drill`: servers, sandbox, and the product's processes.

The clocks are shortened, so that a crash is noticed within seconds and not within the minutes a busy house waits.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path

import aiohttp
import msgspec

from anclora.cli.home import Home, free_port, new_secret, prepare, start_sandbox
from anclora.kit.errors import SetupError, UnavailableError
from anclora.messages.retries import RetryChange, change_retry
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import EmbeddedServers, discard_embedded, start_embedded
from anclora.supervise import Child, answers_200, command, family

READY_SECONDS = 240.0
_BULK_SECONDS = 120.0
_RUN_SECONDS = 900.0
_STOP_SECONDS = 60.0
_REST_SECONDS = 0.1
# What would tie the stage to the world outside: nobody is woken by a Redis that was killed on purpose.
_TIES = ("ANCLORA_", "AWS_", "EVOLUTION_", "OTEL_", "PAGERDUTY_", "SENTRY_", "SLACK_")
_ENVIRONMENT: Mapping[str, str] = {
    "ANCLORA_DEFAULT_PACING": "sandbox",
    "ANCLORA_SEND_TIMEOUT_SECONDS": "3",
    "ANCLORA_CONNECT_TIMEOUT_SECONDS": "1",
    "ANCLORA_LEASE_SECONDS": "5",
    "ANCLORA_LEASE_MARGIN_SECONDS": "1",
    "ANCLORA_GRACE_SECONDS": "3",
    "ANCLORA_OUTBOX_AFTER_SECONDS": "2",
    "ANCLORA_LOG_LEVEL": "WARNING",
}


class Stage:
    """The running parts.

    Attributes:
        data_dir: where everything is kept.
        servers: the private Postgres and Redis.
        home: environment of the children; a changed one counts for those started afterwards.
        url: of the API.
        key: of the API, with every scope.
        db: the ledger, to count in.
        witness: the file in which the sandbox writes what really went out.
    """

    def __init__(self, servers: EmbeddedServers, home: Home, db: Database, children: list[Child]) -> None:
        self.data_dir = home.data_dir
        self.servers = servers
        self.home = home
        self.db = db
        self.url = home.env["ANCLORA_PUBLIC_URL"]
        self.key = home.env["API_KEY"]
        self.witness = home.data_dir / "witness.jsonl"
        self._children = children
        self._seconds: list[tuple[Path, EmbeddedServers]] = []

    async def spawn(self, name: str, *words: str) -> Child:
        """One more process: `anclora <words>`."""
        child = self.home.child(name, *words)
        await child.start()
        self._children.append(child)
        return child

    async def start_api(self, name: str = "api") -> Child:
        """The doors, open when this returns."""
        port = self.url.rpartition(":")[2]
        api = await self.spawn(name, "serve", "--role", "api", "--port", port)
        await api.wait_ready(answers_200(f"{self.url}/health/ready"), timeout_seconds=READY_SECONDS)
        return api

    async def stop_all(self, *, timeout_seconds: float) -> None:
        """End every process of ours; the sandbox is the world outside and goes on."""
        for child in self._children:
            if child.name != "sandbox":
                await child.stop(timeout_seconds=timeout_seconds)

    async def move(self, data_dir: Path, *, redis: bool) -> None:
        """From now on the servers of another data directory are used; with `redis` that one's Redis too.

        Raises:
            SetupError: they do not start.
        """
        servers = await asyncio.to_thread(start_embedded, data_dir, redis=redis)
        self._seconds.append((data_dir, servers))
        urls = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url or self.home.env["REDIS_URL"]}
        self.home = Home(data_dir=self.data_dir, env={**self.home.env, **urls})
        await self.db.close()
        self.db = Database(await open_pool(servers.database_url))

    async def run(self, *words: str, timeout_seconds: float = _RUN_SECONDS) -> str:
        """Run `anclora <words>` to its end, as a person would; what it printed.

        Raises:
            SetupError: it ended with something else than 0; with its words.
        """
        env = {**self.home.env, "ANCLORA_DATA_DIR": str(self.data_dir)}
        process = await asyncio.create_subprocess_exec(
            *command(*words),
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(timeout_seconds):
                said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        text = said.decode(errors="replace")
        if process.returncode:
            raise SetupError(f"anclora {' '.join(words)} ended with {process.returncode}: {text[-500:]}")
        return text

    async def close(self) -> None:
        """Stop the servers it moved to, and remove what they kept outside its folder."""
        await self.db.close()
        for data_dir, servers in self._seconds:
            await asyncio.to_thread(servers.stop)
            await asyncio.to_thread(discard_embedded, data_dir)

    async def submit(self, bulks: Iterable[Mapping[str, object]], *, name: str) -> None:
        """Have bulks accepted, one after the other; `name` begins their idempotency keys.

        Raises:
            UnavailableError: one was not accepted, with the API's own words.
        """
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=_BULK_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            for number, body in enumerate(bulks):
                async with session.post(
                    f"{self.url}/api/v1/messages/bulk",
                    data=msgspec.json.encode(body),
                    headers={"Idempotency-Key": f"{name}-{number}"},
                ) as answer:
                    if answer.status != 202:
                        raise UnavailableError(f"The API answered {answer.status}: {(await answer.text())[:300]}")


@contextlib.asynccontextmanager
async def staged(prefix: str, script: Mapping[str, object]) -> AsyncGenerator[Stage, None]:
    """Servers, schema, key and sandbox in a folder of their own, which is removed afterwards; no process of ours yet.

    Args:
        prefix: what the folder's name begins with.
        script: what the sandbox plays.
    """
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        servers = await asyncio.to_thread(start_embedded, Path(folder), passing=True)
        try:
            async with family() as children:
                home = await _home(Path(folder), servers)
                db = Database(await open_pool(servers.database_url))
                try:
                    await change_retry(db, "lane", RetryChange(base_seconds=_REST_SECONDS), actor="stage")
                    port = int(home.env["EVOLUTION_API_URL"].rpartition(":")[2])
                    await start_sandbox(home, children, port=port, key=home.env["EVOLUTION_API_KEY"], script=script)
                    stage = Stage(servers, home, db, children)
                except BaseException:
                    await db.close()
                    raise
                try:
                    yield stage
                finally:
                    await stage.stop_all(timeout_seconds=_STOP_SECONDS)
                    await stage.close()
        finally:
            await asyncio.to_thread(servers.stop)
            # Under root the database may lie elsewhere, which goes too.
            await asyncio.to_thread(discard_embedded, Path(folder))


async def _home(data_dir: Path, servers: EmbeddedServers) -> Home:
    alone = {name: value for name, value in os.environ.items() if not name.startswith(_TIES)}
    env = {
        **alone,
        **_ENVIRONMENT,
        "ANCLORA_ENV_FILE": "",
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "EVOLUTION_API_URL": f"http://127.0.0.1:{free_port()}",
        "EVOLUTION_API_KEY": new_secret(),
        "ANCLORA_PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
        "API_KEY": await prepare(servers.database_url),
    }
    return Home(data_dir=data_dir, env=env)
