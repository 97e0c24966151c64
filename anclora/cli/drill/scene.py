"""What every scenario has: a stage with traffic on it, a diary, and the count at the end."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from anclora.cli.demo.count import count, read_witness
from anclora.cli.demo.plan import BULK, NUMBERS, Planned, bulks, messages
from anclora.cli.stage import Stage
from anclora.drills import Step
from anclora.kit.errors import SetupError, UnavailableError
from anclora.storage.queries import load_queries
from anclora.supervise import Child
from anclora.tallies import verify

SCRIPT: Mapping[str, object] = {
    "seed": 7,
    "instances": [{"name": name} for name in NUMBERS],
    "latency_ms": [2, 10],
    "receipts": {"server_ack_ms": [1, 5], "delivery_ms": [5, 20], "read_share": 0.0},
    "webhooks": {"retry_scale": 0.05},
}
QUERIES = load_queries("anclora.cli.demo")
_LOOK_SECONDS = 0.05
_BACK_SECONDS = 900.0
_END_SECONDS = 1_800.0
_OPEN = ("queued", "sending", "unknown", "scheduled")


class Count(msgspec.Struct, frozen=True):
    """The end: names of what was lost and doubled, and the differences of the figures."""

    lost: list[str]
    doubled: list[str]
    figures_off: int


class Scene:
    """A stage on which a disaster is played.

    Args:
        stage: servers and sandbox, without a process of ours.
        total: how many messages are accepted in all.
        say: gets each line of the diary as it is written.
    """

    def __init__(self, stage: Stage, total: int, say: Callable[[Step], None]) -> None:
        self.stage = stage
        self.total = total
        self.steps: list[Step] = []
        self.wrong: list[str] = []
        self.accepted: list[Planned] = []
        self.gap_seconds = 0.0  # how far back before the failure the recovered ledger is
        self._at: datetime | None = None
        self._say = say
        self._plan = messages(total)
        self._bulks = 0
        self._began = time.monotonic()

    def note(self, what: str) -> None:
        """Write down what happened."""
        step = Step(at_seconds=round(time.monotonic() - self._began, 2), what=what)
        self.steps.append(step)
        self._say(step)

    async def open(self) -> None:
        """One process that mends, the doors, and no dispatcher yet."""
        await self.stage.spawn("work", "serve", "--role", "work")
        await self.stage.start_api()

    async def dispatcher(self, number: int) -> Child:
        """One more process that sends."""
        return await self.stage.spawn(f"dispatch-{number}", "serve", "--role", "dispatch")

    async def accept(self, number: int | None = None) -> int:
        """Have so many more accepted, or all that are left; how many were."""
        part = list(self._next(self.total if number is None else number))
        for body, start in zip(bulks(part), range(0, len(part), BULK), strict=True):
            self._bulks += 1
            await self.stage.submit([body], name=f"drill-{self._bulks}")
            self._at = self._at or datetime.now(UTC)
            self.accepted += part[start : start + BULK]
        return len(part)

    def _next(self, number: int) -> Iterator[Planned]:
        for _ in range(number):
            planned = next(self._plan, None)
            if planned is None:
                return
            yield planned

    async def gone(self) -> int:
        """How many went out, by the ledger."""
        states = await self._states()
        return sum(states.get(name, 0) for name in ("sent", "delivered", "read", "played"))

    async def at_rest(self) -> bool:
        """Whether every message has its end."""
        states = await self._states()
        return not any(states.get(name) for name in _OPEN)

    async def _states(self) -> dict[str, int]:
        return {row["state"]: row["n"] for row in await self.stage.db.fetch_all(QUERIES["count_states"])}

    async def until(self, check: Callable[[], Awaitable[bool]], *, seconds: float = _BACK_SECONDS) -> bool:
        """Wait for something, bounded; whether it came. A ledger that is away for a moment is asked again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if await check():
                    return True
            except UnavailableError:
                pass  # it is what is being rehearsed
            await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def finish(self) -> Count:
        """Wait for the end of every message, then compare ledger, witness and figures."""
        if not await self.until(self.at_rest, seconds=_END_SECONDS):
            self.wrong.append(f"After {_END_SECONDS / 60:.0f} minutes some messages had no end.")
        rows = await self.stage.db.fetch_all(QUERIES["final_states"])
        ends = {(row["recipient"], str(json.loads(bytes(row["content"]))["text"])): str(row["state"]) for row in rows}
        verdict = count(self.accepted, ends, read_witness(self.stage.witness))
        found = await verify(self.stage.db)
        if verdict.disordered:
            self.wrong.append(f"{len(verdict.disordered)} went out of order: {verdict.disordered[0]}.")
        if verdict.false:
            self.wrong.append(f"{len(verdict.false)} are called failed although they went out: {verdict.false[0]}.")
        self.note(f"{await self.gone():,} of {len(self.accepted):,} messages are out, counted at the other end.")
        return Count(verdict.lost, verdict.doubled, found.differences)

    def rpo_seconds(self, lost: int) -> float:
        """How long before the end the oldest of the lost may have been accepted; 0 = none is lost."""
        return round((datetime.now(UTC) - self._at).total_seconds(), 2) if lost and self._at else 0.0


def need(found: bool, what: str) -> None:
    """Refuse to go on with a rehearsal whose stage is not set.

    Raises:
        SetupError: it is not.
    """
    if not found:
        raise SetupError(f"The drill could not begin: {what}")
