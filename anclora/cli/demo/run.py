"""Running the demo: start everything, send, kill a worker, wait for the end, count."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from anclora.cli.demo.count import Verdict, count, read_witness
from anclora.cli.demo.plan import ENVIRONMENT, Planned, bulks, messages, sandbox_script
from anclora.cli.demo.table import Figures
from anclora.cli.home import Home, child_env, free_port, new_secret, prepare, start_sandbox
from anclora.kit.errors import SetupError, UnavailableError
from anclora.kit.settings import Settings
from anclora.messages.retries import RetryChange, change_retry
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import start_embedded
from anclora.storage.queries import load_queries
from anclora.supervise import Child, answers_200, family

QUERIES = load_queries(__package__ or __name__)
_REST_SECONDS = 0.1
_READY_SECONDS = 30.0
_LIMIT_SECONDS = 180.0
_QUIET_SECONDS = 2.0
_OPEN = ("queued", "sending", "unknown", "scheduled")
_GONE = ("sent", "delivered", "read", "played")


async def run(total: int, console: Console, *, swallow: int | None, double: int | None) -> tuple[Figures, Verdict]:
    """The whole demo in a folder of its own, which is removed afterwards; the console gets words and bars."""
    with tempfile.TemporaryDirectory(prefix="anclora-demo-") as folder:
        data_dir = Path(folder)
        servers = await asyncio.to_thread(start_embedded, data_dir)
        try:
            async with family() as children:
                stage = Stage(data_dir, servers.database_url, servers.redis_url, children, console)
                await stage.start(sandbox_script(swallow=swallow, double=double))
                try:
                    return await stage.play(list(messages(total)))
                finally:
                    await stage.close()
        finally:
            await asyncio.to_thread(servers.stop)


class Stage:
    """The running parts of one demo."""

    def __init__(
        self, data_dir: Path, database_url: str, redis_url: str, children: list[Child], console: Console
    ) -> None:
        self._console = console
        self._children = children
        self._port, self._sandbox_port, key = free_port(), free_port(), new_secret()
        self._key = ""
        self._url = f"http://127.0.0.1:{self._port}"
        self._sandbox_key = key
        self._witness = data_dir
        self._workers: list[Child] = []
        env = child_env(
            Settings(),
            **ENVIRONMENT,
            DATABASE_URL=database_url,
            REDIS_URL=redis_url,
            EVOLUTION_API_URL=f"http://127.0.0.1:{self._sandbox_port}",
            EVOLUTION_API_KEY=key,
            ANCLORA_PUBLIC_URL=self._url,
        )
        self._home = Home(data_dir=data_dir, env=env)
        self._db: Database | None = None

    @property
    def db(self) -> Database:
        """The ledger, to count in."""
        if self._db is None:
            raise SetupError("The demo has not started.")
        return self._db

    async def start(self, script: dict[str, object]) -> None:
        """Servers, sandbox, API, two dispatchers and one that mends: each ready before the next."""
        database_url = self._home.env["DATABASE_URL"]
        self._key = await prepare(database_url)
        self._db = Database(await open_pool(database_url))
        await change_retry(self._db, "lane", RetryChange(base_seconds=_REST_SECONDS), actor="demo")
        self._witness = await start_sandbox(
            self._home, self._children, port=self._sandbox_port, key=self._sandbox_key, script=script
        )
        await self._spawn("work", "serve", "--role", "work")
        api = await self._spawn("api", "serve", "--role", "api", "--port", str(self._port))
        await api.wait_ready(answers_200(f"{self._url}/health/ready"), timeout_seconds=_READY_SECONDS)
        self._workers = [await self._spawn(f"dispatch-{n}", "serve", "--role", "dispatch") for n in (1, 2)]
        self._console.print("Running, each a process of its own: Postgres, Redis, sandbox, API, 2 dispatchers.")
        self._console.print(
            "[dim]2 % of the numbers are not on WhatsApp, 2 % of the sends are refused at first,\n"
            "1 % go out and are never answered.\n"
            "For the demo's sake: total time-out 3 s, lease 5 s, grace 3 s.[/dim]"
        )

    async def close(self) -> None:
        """Close the own connections."""
        if self._db:
            await self._db.close()

    async def play(self, planned: Sequence[Planned]) -> tuple[Figures, Verdict]:
        """Send, kill, wait, count."""
        columns = (TextColumn("{task.description:<10}"), BarColumn(bar_width=40), MofNCompleteColumn())
        began = time.monotonic()
        with Progress(*columns, console=self._console) as progress:
            tasks = {
                name: progress.add_task(name, total=len(planned)) for name in ("accepted", "sent", "delivered", "read")
            }
            submitting = asyncio.create_task(self._submit(planned))
            killed: int | None = None
            quiet_since = time.monotonic()
            last: dict[str, int] = {}
            while time.monotonic() - began < _LIMIT_SECONDS:
                states = {row["state"]: row["n"] for row in await self.db.fetch_all(QUERIES["count_states"])}
                gone = [sum(states.get(name, 0) for name in _GONE[rank:]) for rank in range(3)]
                for name, done in zip(tasks, (sum(states.values()), *gone), strict=True):
                    progress.update(tasks[name], completed=done)
                if killed is None and 0.3 <= gone[0] / len(planned) <= 0.7:
                    killed = await self._kill_one(progress)
                if states != last:
                    last, quiet_since = states, time.monotonic()
                ended = submitting.done() and not any(states.get(name) for name in _OPEN)
                if ended and time.monotonic() - quiet_since > _QUIET_SECONDS:
                    break
                await asyncio.sleep(0.02 if killed is None else 0.2)
            await submitting
        return await self._figures(planned, last, killed, time.monotonic() - began)

    async def _submit(self, planned: Sequence[Planned]) -> None:
        headers = {"X-API-Key": self._key, "Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            for number, body in enumerate(bulks(planned)):
                async with session.post(
                    f"{self._url}/api/v1/messages/bulk",
                    data=msgspec.json.encode(body),
                    headers={"Idempotency-Key": f"demo-{number}"},
                ) as answer:
                    if answer.status != 202:
                        raise UnavailableError(f"The API answered {answer.status}: {(await answer.text())[:300]}")

    async def _kill_one(self, progress: Progress) -> int | None:
        """Stop a worker for a moment; if it has requests open, it never wakes again."""
        victim = self._workers[0]
        os.kill(victim.pid, signal.SIGSTOP)
        row = await self.db.fetch_one(QUERIES["sending_of"], pid=victim.pid)
        held = int(row["n"]) if row else 0
        if not held:
            os.kill(victim.pid, signal.SIGCONT)
            return None
        await victim.kill()
        progress.console.print(
            f"[bold]A dispatch worker was killed (SIGKILL) while it was sending {held} messages.[/bold]"
        )
        self._workers[0] = await self._spawn("dispatch-3", "serve", "--role", "dispatch")
        return held

    async def _spawn(self, name: str, *words: str) -> Child:
        child = self._home.child(name, *words)
        await child.start()
        self._children.append(child)
        return child

    async def _figures(
        self, planned: Sequence[Planned], states: dict[str, int], killed: int | None, seconds: float
    ) -> tuple[Figures, Verdict]:
        rows = await self.db.fetch_all(QUERIES["final_states"])
        ledger = {
            (r["recipient"], str(msgspec.json.decode(bytes(r["content"]))["text"])): str(r["state"]) for r in rows
        }
        verdict = count(planned, ledger, read_witness(self._witness))
        latencies = await self.db.fetch_one(QUERIES["latencies"]) or {}
        doubts = await self.db.fetch_one(QUERIES["doubts"]) or {}
        figures = Figures(
            accepted=len(rows),
            states=states,
            doubts=int(doubts.get("n", 0)),
            doubts_ended=int(doubts.get("ended", 0)),
            killed_while_sending=killed,
            percentiles_seconds=[float(p) for p in latencies.get("p") or (0, 0, 0)],
            per_second=int(latencies.get("n", 0)) / max(float(latencies.get("seconds") or 1), 0.001),
            seconds=seconds,
        )
        return figures, verdict
