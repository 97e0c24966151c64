"""Delivering: a target is claimed for a lease, hears the notice that is due first, and rests as its channel wants it.

A row says who may be told next and when, so all processes together keep a vendor's pace. Whoever dies in between leaves
the lease to run out, and the same notice goes again with the same id.
"""

import asyncio
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.severity import Severity
from anclora.notify import metrics
from anclora.notify.channels import Channels
from anclora.notify.climb import climb, count_unreached
from anclora.notify.contract import (
    Action,
    Attachment,
    Delivered,
    Fact,
    Kind,
    Link,
    Notice,
    Outcome,
    Outgoing,
    Parent,
    Refused,
)
from anclora.notify.guard import masked
from anclora.notify.rules import TRIES, next_of
from anclora.notify.tell import QUERIES
from anclora.storage.database import Connection, Database, fetch_all, fetch_one

log = get_logger(__name__)
_AT_ONCE = 8
_LEASE_SECONDS = 120.0  # above the guard's time-out of one notice
_KEPT_DAYS = 90
_FORGOTTEN = 200
_UNTOLD = Refused(
    code="gave_up",
    text=f"It was begun {TRIES} times, and nobody lived to say how that ended; look into the log.",
    permanent=True,
)
_FORGET_EVERY = timedelta(minutes=10)
_COUNT_EVERY = timedelta(seconds=10)


class Messenger(Loop):
    """Carries notices to people; safe in several processes at once.

    Args:
        channels: whoever made them closes them.
        dice: spreads the waits; a seeded one in tests.
    """

    name = "notify"
    every_seconds = 0.5

    def __init__(self, db: Database, channels: Channels, clock: Clock, dice: random.Random | None = None) -> None:
        super().__init__()
        self._db = db
        self._channels = channels
        self._clock = clock
        self._dice = dice
        self._forget_at = self._count_at = clock.now()
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Rounds until `stop`; then what is being sent may end."""
        try:
            await super().run()
        finally:
            await self.settle()

    async def run_once(self) -> bool:
        """Begin one notice for each target that may hear one; a slow target holds up no other."""
        now, free = self._clock.now(), _AT_ONCE - len(self._under_way)
        await self._forget(now)
        await climb(self._db, now)
        if not self._channels or free <= 0:
            return False
        values = {"now": now, "lease_seconds": _LEASE_SECONDS, "limit": free, "channels": sorted(self._channels)}
        for claim in await self._db.fetch_all(QUERIES["claim_targets"], **values):
            task = asyncio.create_task(self._serve(claim), name="notice")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return False

    async def settle(self) -> None:
        """Wait for what is being sent. Whoever waits no longer ends it: its lease runs out, and it goes again."""
        try:
            while self._under_way:
                await asyncio.wait(set(self._under_way))
        except asyncio.CancelledError:
            for task in self._under_way:
                task.cancel()
            raise

    async def _forget(self, now: datetime) -> None:
        if now >= self._forget_at:
            self._forget_at = now + _FORGET_EVERY
            before = now - timedelta(days=_KEPT_DAYS)
            await self._db.execute(QUERIES["forget_notices"], before=before, limit=_FORGOTTEN)
        if now >= self._count_at:
            self._count_at = now + _COUNT_EVERY
            await count_unreached(self._db, now)

    async def _serve(self, claim: Mapping[str, Any]) -> None:
        try:
            await self._tell(claim)
        except Exception:  # the lease runs out, and the same goes again
            log.exception("notice_round_failed", channel=claim["channel"], target=masked(claim["target"]))

    async def _tell(self, claim: Mapping[str, Any]) -> None:
        channel = self._channels[claim["channel"]]
        where = {"channel": claim["channel"], "target": claim["target"]}
        taken = await self._take(where)
        if taken is None:
            await self._db.execute(QUERIES["end_turn"], **claim, next_at=self._clock.now())
            return
        outgoing, tries = taken
        outcome = await channel.send(outgoing) if tries <= TRIES else _UNTOLD
        await self._end(claim, outgoing, outcome, tries, gap_seconds=channel.gap_seconds)

    async def _take(self, where: Mapping[str, str]) -> tuple[Outgoing, int] | None:
        async with self._db.transaction() as conn:
            row = await fetch_one(conn, QUERIES["take_delivery"], **where, now=self._clock.now())
            if row is None:
                return None
            files = await fetch_all(conn, QUERIES["read_files"], notice_id=row["id"])
            parent = await _parent(conn, row, where) if row["incident"] else None
        outgoing = Outgoing(
            id=row["id"],
            target=where["target"],
            at=row["created_at"],
            notice=_notice(row, [Attachment(**file) for file in files]),
            parent=parent,
        )
        return outgoing, row["tries"]

    async def _end(
        self, claim: Mapping[str, Any], outgoing: Outgoing, outcome: Outcome, tries: int, *, gap_seconds: float
    ) -> None:
        now = self._clock.now()
        after = next_of(outcome, tries, now, gap_seconds=gap_seconds, dice=self._dice)
        arrived = isinstance(outcome, Delivered)
        end = {
            "notice_id": outgoing.id,
            "channel": claim["channel"],
            "target": claim["target"],
            "state": after.state,
            "due_at": after.due_at,
            "code": after.code,
            "text": after.text,
            "vendor_id": outcome.vendor_id if arrived else None,
            "left_out": list(outcome.left_out) if arrived else [],
            "ended_at": None if after.state == "waiting" else now,
        }
        async with self._db.transaction() as conn:
            await conn.execute(QUERIES["end_try"], end)
            await conn.execute(QUERIES["end_turn"], {**claim, "next_at": after.target_at})
            nobody = after.state == "failed" and await fetch_one(conn, QUERIES["reached_nobody"], notice_id=outgoing.id)
        if nobody and nobody["nobody"]:
            severity = outgoing.notice.severity.value
            metrics.UNREACHED.labels(severity).inc()
            log.error("notice_reached_nobody", notice=str(outgoing.id), severity=severity)
        if after.state != "waiting":
            metrics.ENDED.labels(claim["channel"], after.state).inc()
        if after.state == "failed":
            log.error(
                "notice_failed",
                channel=claim["channel"],
                target=masked(claim["target"]),
                notice=str(outgoing.id),
                code=after.code,
                text=after.text,
            )


async def _parent(conn: Connection, row: Mapping[str, Any], where: Mapping[str, str]) -> Parent | None:
    values = {"incident": row["incident"], "notice_id": row["id"]}
    found = await fetch_one(conn, QUERIES["find_parent"], **values, **where)
    if found is None:
        return None
    return Parent(id=found["id"], vendor_id=found["vendor_id"], notice=_notice(found, []))


def _notice(row: Mapping[str, Any], files: list[Attachment]) -> Notice:
    return Notice(
        title=row["title"],
        text=row["text"],
        key=row["key"],
        severity=Severity(row["severity"]),
        kind=Kind(row["kind"]),
        incident=row["incident"] or "",
        facts=msgspec.convert(row["facts"], list[Fact]),
        actions=msgspec.convert(row["actions"], list[Action]),
        links=msgspec.convert(row["links"], list[Link]),
        attachments=files,
    )
