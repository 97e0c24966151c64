"""Running the demo: start everything, send, kill a worker, wait for the end, count."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from anclora.cli.demo.count import Verdict, count, read_witness
from anclora.cli.demo.plan import Planned, bulks, messages, sandbox_script
from anclora.cli.demo.table import Figures
from anclora.cli.stage import Stage, staged
from anclora.storage.queries import load_queries
from anclora.supervise import Child

QUERIES = load_queries(__package__ or __name__)
_LIMIT_SECONDS = 600.0
_QUIET_SECONDS = 2.0
_OPEN = ("queued", "sending", "unknown", "scheduled")
_GONE = ("sent", "delivered", "read", "played")


async def run(total: int, console: Console, *, swallow: int | None, double: int | None) -> tuple[Figures, Verdict]:
    """The whole demo in a folder of its own, which is removed afterwards; the console gets words and bars."""
    async with staged("anclora-demo-", sandbox_script(swallow=swallow, double=double)) as stage:
        play = Play(stage, console)
        await play.start()
        return await play.run(list(messages(total)))


class Play:
    """What happens on the stage."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console
        self._workers: list[Child] = []

    async def start(self) -> None:
        """API, two dispatchers and one that mends: each ready before the next."""
        await self._stage.spawn("work", "serve", "--role", "work")
        await self._stage.start_api()
        self._workers = [await self._dispatcher(number) for number in (1, 2)]
        self._console.print("Running, each a process of its own: Postgres, Redis, sandbox, API, 2 dispatchers.")
        self._console.print(
            "[dim]2 % of the numbers are not on WhatsApp, 2 % of the sends are refused at first,\n"
            "1 % go out and are never answered.\n"
            "For the demo's sake: total time-out 3 s, lease 5 s, grace 3 s.[/dim]"
        )

    async def run(self, planned: Sequence[Planned]) -> tuple[Figures, Verdict]:
        """Send, kill, wait, count."""
        columns = (TextColumn("{task.description:<10}"), BarColumn(bar_width=40), MofNCompleteColumn())
        began = time.monotonic()
        with Progress(*columns, console=self._console) as progress:
            tasks = {
                name: progress.add_task(name, total=len(planned)) for name in ("accepted", "sent", "delivered", "read")
            }
            submitting = asyncio.create_task(self._stage.submit(bulks(planned), name="demo"))
            killed: int | None = None
            quiet_since = time.monotonic()
            last: dict[str, int] = {}
            while time.monotonic() - began < _LIMIT_SECONDS:
                states = {row["state"]: row["n"] for row in await self._stage.db.fetch_all(QUERIES["count_states"])}
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

    async def _kill_one(self, progress: Progress) -> int | None:
        """Stop a worker for a moment; if it has requests open, it never wakes again."""
        victim = self._workers[0]
        os.kill(victim.pid, signal.SIGSTOP)
        row = await self._stage.db.fetch_one(QUERIES["sending_of"], pid=victim.pid)
        held = int(row["n"]) if row else 0
        if not held:
            os.kill(victim.pid, signal.SIGCONT)
            return None
        await victim.kill()
        progress.console.print(
            f"[bold]A dispatch worker was killed (SIGKILL) while it was sending {held} messages.[/bold]"
        )
        self._workers[0] = await self._dispatcher(3)
        return held

    async def _dispatcher(self, number: int) -> Child:
        return await self._stage.spawn(f"dispatch-{number}", "serve", "--role", "dispatch")

    async def _figures(
        self, planned: Sequence[Planned], states: dict[str, int], killed: int | None, seconds: float
    ) -> tuple[Figures, Verdict]:
        rows = await self._stage.db.fetch_all(QUERIES["final_states"])
        ledger = {
            (r["recipient"], str(msgspec.json.decode(bytes(r["content"]))["text"])): str(r["state"]) for r in rows
        }
        verdict = count(planned, ledger, read_witness(self._stage.witness))
        latencies = await self._stage.db.fetch_one(QUERIES["latencies"]) or {}
        doubts = await self._stage.db.fetch_one(QUERIES["doubts"]) or {}
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
