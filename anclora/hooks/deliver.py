"""Posting what waits: an endpoint is claimed for a lease, its due events are read, posted side by side, and ended.

One process posts to an endpoint at a time, so the order within a subject is that of the rows. Whoever dies in between
leaves the lease to run out, and the same events go again with the same ids.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from anclora.hooks import metrics
from anclora.hooks.end import end, rest
from anclora.hooks.fan_out import QUERIES
from anclora.hooks.model import Answered, Delivery, Hook, Request, Told
from anclora.hooks.post import Post
from anclora.hooks.rules import AT_ONCE, share, size_of, webhook_id_of
from anclora.kit.clock import Clock
from anclora.kit.ids import new_id
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import Database

log = get_logger(__name__)
_ENDPOINTS = 64  # posted to at once by one process
_LEASE_MARGIN_SECONDS = 15.0
_encode = msgspec.json.Encoder().encode


class Courier(Loop):
    """Carries events to the endpoints.

    Args:
        post: the client; whoever made it closes it.
        dice: spreads the waits; a seeded one in tests.
    """

    name = "hook_deliver"
    every_seconds = 0.5

    def __init__(
        self, db: Database, post: Post, settings: Settings, clock: Clock, dice: random.Random | None = None
    ) -> None:
        super().__init__()
        self._db = db
        self._post = post
        self._settings = settings
        self._clock = clock
        self._dice = dice
        self._lease_seconds = settings.hooks_timeout_seconds + _LEASE_MARGIN_SECONDS
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Rounds until `stop`; then what is posted may end."""
        try:
            await super().run()
        finally:
            await self.settle()

    async def run_once(self) -> bool:
        """Claim endpoints that have something due, and begin to post to each; a slow one holds up no other."""
        free = _ENDPOINTS - len(self._under_way)
        if free <= 0:
            return False
        rows = await self._db.commit(
            QUERIES["claim_hooks"], now=self._clock.now(), lease_seconds=self._lease_seconds, limit=free
        )
        for row in rows:
            hook = Hook(**dict(zip(Hook.__struct_fields__, row, strict=True)))
            task = asyncio.create_task(self._serve(hook), name="hook")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return False

    async def settle(self) -> None:
        """Wait for the requests under way."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))

    async def _serve(self, hook: Hook) -> None:
        try:
            if await self._carry(hook):
                self.nudge()
        except Exception:  # the lease runs out, and the same goes again
            log.exception("hook_round_failed", hook=str(hook.id))

    async def _carry(self, hook: Hook) -> bool:
        """Post what is due to one endpoint; whether there may be more at once."""
        size, requests = size_of(hook), AT_ONCE if hook.width is None and not hook.failures else 1
        rows = await self._db.commit(
            QUERIES["due_deliveries"], hook_id=hook.id, now=self._clock.now(), limit=size * requests
        )
        deliveries = [Delivery(**dict(zip(Delivery.__struct_fields__, row, strict=True))) for row in rows]
        told = await self._read([each.event_id for each in deliveries])
        if lost := [each.event_id for each in deliveries if each.event_id not in told]:
            await self._db.execute(QUERIES["give_up_lost"], hook_id=hook.id, ids=lost, now=self._clock.now())
            metrics.DELIVERIES.labels("lost").inc(len(lost))
        groups = share([each for each in deliveries if each.event_id in told], size, requests)
        if not groups:
            await rest(self._db, hook, self._clock.now())
            return False
        done = await asyncio.gather(*(self._request(hook, group, told) for group in groups))
        return await end(self._db, hook, done, self._settings, self._clock.now(), self._dice)

    async def _read(self, ids: Sequence[UUID]) -> Mapping[UUID, Told]:
        rows = await self._db.fetch_all(QUERIES["read_told"], ids=ids) if ids else []
        found = [Told(**row) for row in rows]
        return {each.id: each for each in found}

    async def _request(self, hook: Hook, deliveries: list[Delivery], told: Mapping[UUID, Told]) -> Request:
        events = [told[each.event_id] for each in deliveries]
        webhook_id = webhook_id_of([each.id for each in events])
        at, body = self._clock.now(), _encode(events[0] if hook.batch_size == 1 else events)
        answered: Answered = await self._post.post(hook, webhook_id, body)
        metrics.REQUEST_SECONDS.observe(answered.duration_ms / 1000)
        metrics.REQUESTS.labels("ok" if answered.good else str(answered.status or "none")).inc()
        return Request(id=new_id(), webhook_id=webhook_id, at=at, deliveries=deliveries, answered=answered)
