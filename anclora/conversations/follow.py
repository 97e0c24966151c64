"""The loop that makes conversations of what is heard and sent.

Inbound knows nothing of them: it only leaves a row that names what is new, and that row goes in the transaction that
counts it. There is no cursor that a late commit could slip behind.

What people say is counted at once. What we say is looked for where a conversation is open, more often the livelier it
is; so sending and receipts carry nothing for it.
"""

import contextlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import psycopg

from anclora.conversations import metrics
from anclora.conversations.model import Pair
from anclora.conversations.outs import QUERIES
from anclora.conversations.rules import GESTURES
from anclora.conversations.settle import Due, settle
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import Connection, Database, fetch_all, fetch_one

log = get_logger(__name__)
_OF_DATA = (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError, LookupError, ArithmeticError)
_LATER = timedelta(minutes=10)
_ROWS = 5  # each names up to a thousand
_LOOKS = 200
_COUNT_EVERY_SECONDS = 15.0


class ConversationFollower(Loop):
    """Opens conversations, notices answers, closes what went idle; in any number of processes one at a time."""

    name = "conversations"
    every_seconds = 0.5

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock
        self._idle = timedelta(seconds=settings.conversation_idle_seconds)
        self._counted_at_seconds: float | None = None

    async def run_once(self) -> bool:
        """What was heard, then the conversations to look at; both bounded."""
        more = await self._hear()
        more = await self._look() or more
        now_seconds = self._clock.boot_seconds()
        if self._counted_at_seconds is None or now_seconds - self._counted_at_seconds >= _COUNT_EVERY_SECONDS:
            self._counted_at_seconds = now_seconds
            row = await self._db.fetch_one(QUERIES["count_active"]) or {}
            metrics.ACTIVE.set(row.get("active", 0))
            metrics.UNREAD_SECONDS.set(row.get("unread_seconds", 0.0))
        return more

    async def _hear(self) -> bool:
        async with self._db.transaction() as conn:
            if not await _is_first(conn):
                return False
            now = self._clock.now()
            rows = await (await conn.execute(QUERIES["take_heard"], {"now": now, "limit": _ROWS})).fetchall()
            if not rows:
                return False
            ids = list(chain.from_iterable(row[0] for row in rows))
            due: dict[Pair, Due] = {}
            of: defaultdict[Pair, list[UUID]] = defaultdict(list)
            for row in await fetch_all(conn, QUERIES["read_heard"], ids=ids, gestures=list(GESTURES)):
                new = _due(due, of, row, row["at"])
                if row["direction"] == "in":
                    new.said.append(row["at"])
            if left := await self._settle(conn, due, now):
                ids = [one for pair in left for one in of[pair]]
                await conn.execute(QUERIES["leave_heard"], {"ids": ids, "at": now + _LATER})
        return len(rows) == _ROWS

    async def _look(self) -> bool:
        async with self._db.transaction() as conn:
            if not await _is_first(conn):
                return False
            now = self._clock.now()
            rows = await fetch_all(conn, QUERIES["due_conversations"], now=now, limit=_LOOKS)
            due: dict[Pair, Due] = {}
            of: defaultdict[Pair, list[UUID]] = defaultdict(list)
            for row in rows:
                _due(due, of, row, row["opened_at"])
            if left := await self._settle(conn, due, now):
                ids = [one for pair in left for one in of[pair]]
                await conn.execute(QUERIES["look_later"], {"ids": ids, "at": now + _LATER})
        return len(rows) == _LOOKS

    async def _settle(self, conn: Connection, due: Mapping[Pair, Due], now: datetime) -> list[Pair]:
        """Settle these together; when the data of one forbids it, each alone. Those that cannot be."""
        with contextlib.suppress(*_OF_DATA):
            async with conn.transaction():
                await settle(conn, due, idle=self._idle, now=now)
            return []
        return [pair for pair in due if not await self._alone(conn, pair, due[pair], now)]

    async def _alone(self, conn: Connection, pair: Pair, due: Due, now: datetime) -> bool:
        try:
            async with conn.transaction():
                await settle(conn, {pair: due}, idle=self._idle, now=now)
        except _OF_DATA:
            metrics.POISONED.inc()
            log.exception("conversation_poisoned", instance=pair.instance, contact_id=str(pair.contact_id))
            return False
        return True


def _due(due: dict[Pair, Due], of: dict[Pair, list[UUID]], row: Mapping[str, Any], since: datetime) -> Due:
    """What is new of the pair of a row, from that moment on."""
    pair = Pair(row["instance"], row["contact_id"])
    new = due.setdefault(pair, Due(since=since))
    new.since = min(new.since, since)
    of[pair].append(row["id"])
    return new


async def _is_first(conn: Connection) -> bool:
    lock = await fetch_one(conn, QUERIES["lock_follow"])
    return bool(lock and lock["pg_try_advisory_xact_lock"])
