"""The built-in watch: looks at the essential part every few seconds, for whoever runs no Prometheus.

Once for the whole installation, by an advisory lock; what is pending survives a restart, since it is a row. While
Postgres is away there are neither locks nor rows: each process remembers by itself, and tells people directly.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

from anclora.alerts import metrics
from anclora.alerts.catalogue import find
from anclora.alerts.facts import QUERIES, Facts
from anclora.alerts.findings import judge
from anclora.alerts.model import seconds_of
from anclora.alerts.rules import State, step
from anclora.alerts.signals import Signals
from anclora.alerts.states import (
    ALERTMANAGER,
    EVALUATOR,
    drop,
    keep,
    keep_round,
    raise_all,
    read_rounds,
    read_states,
    signal_of,
)
from anclora.incidents import Signal
from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.severity import Severity
from anclora.storage.database import Database, fetch_one

log = get_logger(__name__)
_POSTGRES = "AncloraPostgresDown"
_ROUND_SECONDS = 15.0  # a ledger that answers slower than this is as good as away


class Looks(Protocol):
    """Gathers what is compared: `anclora.alerts.facts.Look`."""

    async def facts(self, watchdog_at: datetime | None) -> Facts:
        """Everything as it is now."""
        ...


class Tells(Protocol):
    """Reaches people without the ledger: `anclora.alerts.direct.DirectWay`."""

    async def tell(self, signal: Signal) -> int:
        """How many heard it."""
        ...


class Evaluator(Loop):
    """Looks, judges, and says what changed.

    Args:
        db: the ledger.
        look: gathers the facts.
        signals: takes what fires and what is over.
        direct: for what cannot be written down.
        clock: the ledger's.
    """

    name = "alerts"
    chore = "alert-watch"
    every_seconds = 10.0

    def __init__(self, db: Database, look: Looks, signals: Signals, direct: Tells, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._look = look
        self._signals = signals
        self._direct = direct
        self._clock = clock
        self._away_since: datetime | None = None
        self._told = False

    async def run_once(self) -> bool:
        """One look."""
        try:
            async with asyncio.timeout(_ROUND_SECONDS):
                await self._round()
        except (UnavailableError, TimeoutError) as error:
            await self._without_ledger(error)
        return False

    async def _round(self) -> None:
        async with self._db.transaction() as conn:
            now = self._clock.now()
            row = await fetch_one(conn, QUERIES["be_alone"])
            if self._away_since is not None:
                await self._came_back(now)
            if not (row and row["alone"]):
                return
            watchdog_at = (await read_rounds(conn)).get(ALERTMANAGER)
            judged = judge(await self._look.facts(watchdog_at), now)
            result = step(await read_states(conn, EVALUATOR), judged, now, EVALUATOR)
            await keep(conn, result.kept)
            await raise_all(conn, self._signals, result.raised)
            over = await drop(conn, self._signals, result.dropped, now)
            await keep_round(conn, EVALUATOR, now, sorted(judged.unseen))
        firing = [state for state in result.kept if state.firing_since]
        for severity in (Severity.CRITICAL, Severity.WARNING):
            metrics.FIRING.labels(severity.value).set(sum(state.severity is severity for state in firing))
        metrics.EVALUATED_AT.show_one(now.timestamp())
        metrics.WATCHDOG_AT.set(watchdog_at.timestamp() if watchdog_at else 0)
        if over:
            log.info("alerts_over", alerts=sorted(state.fingerprint for state in over))

    async def _without_ledger(self, error: Exception) -> None:
        """Postgres does not answer: the patience runs in memory, and people are told past the ledger."""
        now = self._clock.now()
        self._away_since = self._away_since or now
        log.warning("alerts_without_ledger", error=repr(error)[:200], since=self._away_since.isoformat())
        patience = timedelta(seconds=seconds_of(find(_POSTGRES).for_))
        if not self._told and now - self._away_since >= patience:
            self._told = True
            await self._direct.tell(signal_of(_postgres_state(self._away_since, now)))

    async def _came_back(self, now: datetime) -> None:
        """Postgres answers again: what was said directly is written down, and ended."""
        if self._told:
            state = _postgres_state(self._away_since or now, now)
            async with self._db.transaction() as conn:
                await self._signals.raised(conn, signal_of(state))
                await self._signals.cleared(conn, signal_of(state, ends_at=now))
            await self._direct.tell(signal_of(state, ends_at=now))
        self._away_since, self._told = None, False


def _postgres_state(since: datetime, now: datetime) -> State:
    """The state that could not be a row."""
    return State(
        fingerprint=_POSTGRES,
        source=EVALUATOR,
        name=_POSTGRES,
        severity=Severity.CRITICAL,
        labels={},
        summary=find(_POSTGRES).summary,
        level=0.0,
        pending_since=since,
        firing_since=now,
        told_at=now,
        seen_at=now,
    )


async def show_last_look(db: Database) -> None:
    """Show when the built-in watch looked last, in whichever process."""
    async with db.connection() as conn:
        at = (await read_rounds(conn)).get(EVALUATOR)
    metrics.EVALUATED_AT.show_one(at.timestamp() if at else None)
