"""Stored webhooks read and applied again, as this version understands them: a span of time, or those that failed.

To apply twice is to apply once, so that nothing changes but what was missing. Each call is bounded and says where the
next one goes on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from anclora.inbound.apply import QUERIES as APPLY
from anclora.inbound.apply import Told, apply
from anclora.inbound.hear import QUERIES
from anclora.inbound.metrics import REPLAYED
from anclora.inbound.model import Delivery
from anclora.inbound.reread import reread
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, InvalidError, NotFoundError
from anclora.kit.ids import first_id_at, moment_of
from anclora.kit.logging import get_logger
from anclora.providers.registry import Providers
from anclora.storage.database import Database

log = get_logger(__name__)
_ROUND = 500
_ROUND_BYTES = 32_000_000


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What one call did.

    Attributes:
        read: webhooks read again.
        heard: things people said that were not in the ledger before.
        failed: webhooks that still cannot be applied; the list of the unprocessed says why.
        until: the moment up to which all is done.
        next: give it as `after` to go on; null = there is no more.
    """

    read: int
    heard: int
    failed: int
    until: datetime
    next: UUID | None


class Replay:
    """The verb, with what it needs."""

    def __init__(self, db: Database, providers: Providers, clock: Clock, *, keep_groups: bool) -> None:
        self._db = db
        self._providers = providers
        self._clock = clock
        self._keep_groups = keep_groups

    async def span(
        self,
        since: datetime,
        until: datetime,
        *,
        instance: str | None = None,
        kind: str | None = None,
        after: UUID | None = None,
    ) -> Replayed:
        """The next few hundred webhooks that arrived in a span of time.

        Raises:
            InvalidError: the span ends before it begins.
            UnavailableError: the ledger is away; ask again with the same `after`.
        """
        if since >= until:
            raise InvalidError("since must be before until.", code="invalid_span")
        low = first_id_at(since)
        rows = await self._db.fetch_all(
            QUERIES["read_span"],
            after=max(after, low) if after else low,
            high=first_id_at(min(until, self._clock.now())),
            instance=instance,
            kind=kind,
            limit=_ROUND,
        )
        return await self._again(rows, until, more=len(rows) == _ROUND)

    async def failed(self, ids: Sequence[UUID] | None = None, *, after: UUID | None = None) -> Replayed:
        """These webhooks, or the oldest that could not be applied so far.

        Raises:
            NotFoundError: none of the ids is known.
            UnavailableError: the ledger is away.
        """
        if ids is None:
            found = await self._db.fetch_all(QUERIES["failed_ids"], after=after or UUID(int=0), limit=_ROUND)
            chosen = [row["id"] for row in found]
        else:
            chosen = list(ids)[:_ROUND]
        rows = await self._db.fetch_all(APPLY["read_events"], ids=chosen)
        if ids and not rows:
            raise NotFoundError("None of these webhooks is stored (any more).", code="webhook_not_found")
        return await self._again(rows, self._clock.now(), more=ids is None and len(chosen) == _ROUND)

    async def _again(self, rows: Sequence[Mapping[str, Any]], until: datetime, *, more: bool) -> Replayed:
        rows, cut = _within(rows)
        told: list[Told] = []
        broken = 0
        for row in rows:
            try:
                told += [(moment_of(row["id"]), part) for part in self._read(row).heard]
            except (AncloraError, RecursionError) as error:
                broken += 1
                code = error.code if isinstance(error, AncloraError) else "nested_too_deep"
                await self._db.commit(APPLY["mark_event"], id=row["id"], error=code)
        done = await apply(self._db, told, keep_groups=self._keep_groups)
        mended = sorted({delivery.id for _, delivery in told} - done.failed)
        await self._db.execute(QUERIES["clear_errors"], ids=mended)
        REPLAYED.inc(len(rows))
        last: UUID | None = rows[-1]["id"] if rows else None
        goes_on = last if more or cut else None
        return Replayed(
            read=len(rows),
            heard=done.heard,
            failed=broken + len(done.failed),
            until=moment_of(last) if last and goes_on else until,
            next=goes_on,
        )

    def _read(self, row: Mapping[str, Any]) -> Delivery:
        return reread(
            self._providers,
            id=row["id"],
            instance=row["instance"],
            provider=row["provider"],
            body=bytes(row["body"]),
        )


def _within(rows: Sequence[Mapping[str, Any]]) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """As many of them as one call may hold in memory at once, and whether that leaves some out."""
    size = 0
    for place, row in enumerate(rows):
        size += len(row["body"])
        if size > _ROUND_BYTES and place:
            return rows[:place], True
    return rows, False
