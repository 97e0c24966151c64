"""The dispatcher: claim from the lanes, commit the intents, send many at once, hand the ends to `results`.

Nothing is sent without a committed intent and a living lease, and nothing is ever sent twice for want of an answer.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, UnavailableError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages.feed import LANE_PREFIX
from anclora.messages.intent import Intent, Intents, give_back, give_back_uncertain, intend
from anclora.messages.reconcile import current_epoch
from anclora.messages.results import Results
from anclora.messages.worker import Worker
from anclora.providers.contract import Fault, Outcome, Refused, Scope, Unknown
from anclora.providers.registry import Providers
from anclora.queue import Claimed, Queue
from anclora.storage.database import CommitUnknownError, Database

log = get_logger(__name__)
_IDLE_SECONDS = 1.0


class Dispatcher(Loop):
    """Keeps the send slots of this process filled."""

    name = "dispatch"
    every_seconds = 0.05

    def __init__(
        self,
        db: Database,
        queue: Queue,
        providers: Providers,
        book: InstanceBook,
        settings: Settings,
        clock: Clock,
        worker: Worker,
    ) -> None:
        super().__init__()
        self._db = db
        self._queue = queue
        self._providers = providers
        self._book = book
        self._settings = settings
        self._clock = clock
        self._worker = worker
        self._open = asyncio.Semaphore(settings.connections)
        self._held: dict[UUID, Intent] = {}
        self._taken = 0
        self._freed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._uncertain: list[UUID] = []
        self._first_shard = 0
        self.results = Results(db, queue, settings, clock, worker_id=lambda: worker.id, freed=self._free)

    @property
    def in_flight(self) -> int:
        """Messages this process holds now."""
        return self._taken

    async def run_once(self) -> bool:
        """One claim, as big as the free slots allow; waits for work or for a slot when there is neither."""
        if self._uncertain:
            await self._settle_uncertain()
        free = self._settings.send_slots - self._taken
        if free < max(1, self._settings.send_slots // 8) or not self._worker.alive:
            await self._wait_for_slot()
            return True
        shards = self._rotate()
        try:
            claim = await self._queue.claim(shards, free, consumer=LANE_PREFIX)
            if claim.closed:
                self._queue.set_epoch(await current_epoch(self._db))
            if not claim.items:
                rest = claim.rest_seconds
                await self._queue.wait(_IDLE_SECONDS if rest is None else min(_IDLE_SECONDS, max(rest, 0.01)))
                return True
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error))
            return False
        await self._start(claim.items)
        return True

    async def drain(self, timeout_seconds: float) -> None:
        """After `stop`: let what was posted end (bounded), give back the rest, and store every result."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=timeout_seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _rotate(self) -> Sequence[int]:
        count = self._settings.shards
        self._first_shard = (self._first_shard + 1) % count
        return [(self._first_shard + step) % count for step in range(count)]

    async def _wait_for_slot(self) -> None:
        self._freed.clear()
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                await self._freed.wait()
        except TimeoutError:
            log.debug("no_slot_yet", held=self._taken)

    def _free(self, count: int) -> None:
        self._taken -= count
        self._freed.set()

    async def _start(self, items: Sequence[Claimed]) -> None:
        self._taken += len(items)
        try:
            intents = await intend(self._db, items, self._worker.id, self._settings, self._clock)
        except CommitUnknownError:
            self._uncertain.extend(UUID(item.id) for item in items)
            self._free(len(items))
            raise
        except UnavailableError:
            self._free(len(items))
            await self._release_all(items)
            raise
        for intent in intents.send:
            self._held[intent.id] = intent
            task = asyncio.create_task(self._send(intent))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await self._return_others(intents)

    async def _return_others(self, intents: Intents) -> None:
        self._free(len(intents.release) + len(intents.complete))
        try:
            if intents.complete:
                await self._queue.complete(intents.complete)
            if intents.release:
                back = [(item, int(until.timestamp() * 1000), head) for item, until, head in intents.release]
                await self._queue.release(back)
            await self._probe_again([*intents.complete, *(item for item, _, _ in intents.release)])
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error))

    async def _probe_again(self, unsent: Sequence[Claimed]) -> None:
        """A probe that was not sent proved nothing: let the next one out."""
        for lane in {item.lane for item in unsent if item.probe}:
            await self._queue.pause(lane, for_seconds=0.0, probe=True)

    async def _send(self, intent: Intent) -> None:
        """One message: the lease is checked last, right before the request starts."""
        started = False
        try:
            async with self._open:
                if self.stopping or not self._worker.may_start(intent.began_boot_seconds):
                    await self._give_back(intent)
                    return
                started = True
                outcome = await self._post(intent)
            self.results.put(intent, outcome)
        except asyncio.CancelledError:
            if started:
                self.results.put(intent, Unknown(code="stopped", text="The process stopped while it was sent."))
            raise
        finally:
            self._held.pop(intent.id, None)

    async def _post(self, intent: Intent) -> Outcome:
        try:
            provider = self._providers[self._book.get(intent.instance).provider]
        except AncloraError as error:
            return Refused(scope=Scope.LANE, code=error.code, text=error.detail, fault=Fault.OURS, before_send=True)
        return await provider.send(intent.instance, intent.recipient, intent.content)

    async def _give_back(self, intent: Intent) -> None:
        try:
            await give_back(self._db, [(intent.id, intent.attempt)], self._worker.id)
            await self._release_all([intent.claimed])
        except UnavailableError:
            self._uncertain.append(intent.id)
        finally:
            self._free(1)

    async def _release_all(self, items: Sequence[Claimed]) -> None:
        due_ms = int((self._clock.now() + timedelta(milliseconds=200)).timestamp() * 1000)
        try:
            await self._queue.release([(item, due_ms, True) for item in items])
            await self._probe_again(items)
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error))

    async def _settle_uncertain(self) -> None:
        ids, self._uncertain = self._uncertain, []
        try:
            await give_back_uncertain(self._db, ids, self._worker.id)
        except UnavailableError:
            self._uncertain = ids
            raise

    async def extend(self) -> None:
        """Renew the lane's leases of what is being sent."""
        held = [intent.claimed for intent in self._held.values()]
        if held:
            await self._queue.extend(held)


class Extender(Loop):
    """Keeps the lane's leases alive while requests are open."""

    name = "extend"

    def __init__(self, dispatcher: Dispatcher, settings: Settings) -> None:
        super().__init__()
        self.every_seconds = settings.lease_seconds / 3
        self._dispatcher = dispatcher

    async def run_once(self) -> bool:
        """One round for all."""
        await self._dispatcher.extend()
        return False
