"""Gaps: spans in which events may have been lost, found out and looked up at the provider.

Evolution API repeats a webhook for about twenty minutes and then drops it for ever; a restart of it drops all at once
(contract 5.3). So after a reconnect, a silence, or a time in which we did not listen, its stored messages are read page
by page and applied like webhooks: what was known changes nothing, what was missing is written.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from anclora.inbound.apply import apply
from anclora.inbound.metrics import GAPS, RECOVERED
from anclora.inbound.model import deliver
from anclora.kit.backoff import backoff_seconds
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError
from anclora.kit.ids import new_id
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.providers.contract import Provider
from anclora.providers.registry import Providers
from anclora.storage.database import Connection, Database, fetch_all
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
_AT_ONCE = 4  # gaps a round
_PAGES = 5  # look-ups for one gap a round
_MOST_PAGES = 500
_MOST_TRIES = 12
_LEASE_SECONDS = 180.0
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 30.0, 1_800.0
_MARGIN = timedelta(seconds=60)  # clocks differ, and the last webhook before may have been one of several
# What was sent before the gap may have been read inside it.
_BEFORE: Mapping[str, timedelta] = {
    "downtime": timedelta(days=1),
    "asked": timedelta(days=1),
    "reconnect": timedelta(hours=1),
    "silence": timedelta(hours=1),
}


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A span that is looked up, and what that showed.

    Attributes:
        why: reconnect, silence, downtime, or asked for.
        done_at: when it was looked up whole; null = under way.
        error: why it is not, or not whole.
        shown: events the look-up showed; `heard` = things people said among them that were not in the ledger.
    """

    id: UUID
    instance: str
    since: datetime
    until: datetime
    why: str
    done_at: datetime | None
    error: str | None
    heard: int
    shown: int
    tries: int


async def open_gap(conn: Connection, instance: str, since: datetime, until: datetime, why: str) -> None:
    """Have a span looked up, inside the caller's transaction."""
    row = {"id": new_id(), "instance": instance, "since": since - _MARGIN, "until": until, "why": why}
    if await fetch_all(conn, QUERIES["open_gap"], **row):
        GAPS.labels(why).inc()
        log.info("gap_opened", instance=instance, since=since.isoformat(), until=until.isoformat(), why=why)


async def find_gaps(db: Database, *, instance: str | None = None, limit: int = 50) -> list[Gap]:
    """The gaps, the newest first."""
    return [Gap(**row) for row in await db.fetch_all(QUERIES["find_gaps"], instance=instance, limit=limit)]


class GapWatch(Loop):
    """Finds gaps out, and looks them up, a bounded number of pages a round."""

    name = "gaps"
    chore = "gap-look-up"
    every_seconds = 15.0
    round_timeout_seconds = 170.0  # within the lease

    def __init__(self, db: Database, providers: Providers, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._providers = providers
        self._clock = clock
        self._silence = timedelta(seconds=settings.silence_seconds)
        self._keep_groups = settings.groups == "store"

    async def run_once(self) -> bool:
        """Look at every number, then look up what is due; whether there is more to look up at once."""
        async with self._db.transaction() as conn:
            for row in await fetch_all(conn, QUERIES["read_listening"]):
                await self._watch(conn, row)
        now = self._clock.now()
        wanted = {"now": now, "lease_seconds": _LEASE_SECONDS, "limit": _AT_ONCE}
        due = await self._db.fetch_all(QUERIES["claim_gaps"], **wanted)
        return any([await self._look_up(gap) for gap in due])

    async def _watch(self, conn: Connection, row: Mapping[str, Any]) -> None:
        """A number that is open again, or open and silent."""
        now, name = self._clock.now(), row["name"]
        if row["state"] != "open":
            return
        checked = False
        if row["open_since"] is not None and row["open_since"] != row["state_at"]:
            await open_gap(conn, name, row["looked_at"], now, "reconnect")
        elif row["heard_at"] is not None and now - row["heard_at"] > self._silence:
            await open_gap(conn, name, row["heard_at"], now, "silence")
            checked = True
        seen = {"name": name, "now": now, "open_since": row["state_at"], "checked": checked}
        await conn.execute(QUERIES["looked_at"], seen)

    async def _look_up(self, gap: Mapping[str, Any]) -> bool:
        """Some pages of a gap; whether there are more to read at once."""
        page = gap["page"]
        try:
            provider = await self._provider_of(gap["instance"])
            if provider is None:
                await self._go_on(gap, page, done=True, error="cannot_be_looked_up")
                return False
            for each in range(page, page + _PAGES):
                if not await self._read(provider, gap, each):
                    return False
        except AncloraError as error:
            wait = backoff_seconds(gap["tries"] + 1, base=_FIRST_WAIT_SECONDS, cap=_LONGEST_WAIT_SECONDS)
            row = {"id": gap["id"], "error": error.code, "now": self._clock.now(), "wait_seconds": wait}
            await self._db.execute(QUERIES["fail_gap"], **row, most=_MOST_TRIES)
            log.warning("gap_not_looked_up", instance=gap["instance"], error=error.detail, tries=gap["tries"] + 1)
            return False
        return True

    async def _read(self, provider: Provider, gap: Mapping[str, Any], page: int) -> bool:
        """One page, applied; whether another one follows."""
        since = gap["since"] - _BEFORE[gap["why"]]
        found = await provider.find_heard(gap["instance"], since=since, until=gap["until"], page=page)
        now = self._clock.now()
        told = [(now, deliver(gap["instance"], b"", (event,))) for event in found.events]
        done = await apply(self._db, told, keep_groups=self._keep_groups)
        RECOVERED.labels("heard").inc(done.heard)
        cut = found.more and page >= _MOST_PAGES
        await self._go_on(
            gap,
            page + 1,
            done=not found.more or cut,
            error="too_much_to_read" if cut else "not_applied" if done.failed else None,
            heard=done.heard,
            shown=len(found.events),
        )
        if not found.more:
            log.info("gap_looked_up", instance=gap["instance"], pages=page, why=gap["why"])
        return found.more and not cut

    async def _go_on(
        self, gap: Mapping[str, Any], page: int, *, done: bool, error: str | None, heard: int = 0, shown: int = 0
    ) -> None:
        row = {"id": gap["id"], "page": page, "done": done, "error": error, "heard": heard, "shown": shown}
        await self._db.execute(QUERIES["go_on_with_gap"], **row, now=self._clock.now())

    async def _provider_of(self, name: str) -> Provider | None:
        rows = await self._db.fetch_all(QUERIES["read_listening"])
        found = next((row["provider"] for row in rows if row["name"] == name), None)
        provider = self._providers[found] if found is not None else None
        return provider if provider is not None and provider.capabilities.find_heard else None
