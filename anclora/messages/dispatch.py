"""The dispatcher: claim from the lanes, commit the intents, send many at once, hand the ends to `results`.

Nothing is sent without a committed intent and a living lease, and nothing is ever sent twice for want of an answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.kit.failpoints import AFTER_INTENT, passing
from anclora.kit.lifecycle import Loop, Overlap
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.media import FileStore
from anclora.messages.feed import LANE_PREFIX
from anclora.messages.intent import Intent, Intents, give_back, give_back_uncertain, intend, intend_clear
from anclora.messages.quiet_book import QuietBook
from anclora.messages.reconcile import current_epoch
from anclora.messages.results import Results
from anclora.messages.retries import RetryBook
from anclora.messages.send import Senders
from anclora.messages.worker import Worker
from anclora.providers.registry import Providers
from anclora.queue import Claimed, Queue, Watch
from anclora.storage.database import CommitUnknownError, Database

log = get_logger(__name__)
_IDLE_SECONDS = 1.0
_SHORTEST_REST_SECONDS = 0.01
_LINGER_SECONDS = 0.005
_ROUND = 500
_HORIZON_MS = 250  # of a paced lane, what goes within so long is taken at once
_BESIDE = 3  # intents committed beside the next claim: while one waits for the disk, others compute


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
        files: FileStore,
    ) -> None:
        super().__init__()
        self._db = db
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._worker = worker
        self._taken = 0
        self._freed = asyncio.Event()
        self._waiting: asyncio.Task[list[int]] | None = None
        self._starts = Overlap(_BESIDE)
        self._uncertain: list[UUID] = []
        self._watch = Watch(settings.shards)
        self.quiet = QuietBook(db, settings, clock)
        self.retries = RetryBook(db)
        self.results = Results(
            db,
            queue,
            settings,
            clock,
            book=book,
            retries=self.retries,
            worker_id=lambda: worker.id,
            freed=self._free,
        )
        self._senders = Senders(
            providers, book, settings, worker, clock, files, ended=self.results.put, give_back=self._give_back
        )

    @property
    def in_flight(self) -> int:
        """Messages this process holds now."""
        return self._taken

    async def run_once(self) -> bool:
        """One claim, as big as the free slots allow; waits for work or for a slot when there is neither."""
        if self._uncertain:
            await self._settle_uncertain()
        reach = self._senders.reach
        free = min(reach - self._taken, _ROUND)
        if free < max(1, min(reach // 8, _ROUND // 4)) or not self._worker.alive:
            await self._wait_for_slot()
            return True
        try:
            shards = self._watch.shards(_seconds()) or await self._wait_for_work()
            if not shards:
                return True
            asked_at_seconds = _seconds()
            claim = await self._queue.claim(shards, free, consumer=LANE_PREFIX, horizon_ms=_HORIZON_MS)
            self._watch.note(claim, asked_at_seconds)
            if claim.closed:
                self._queue.set_epoch(await current_epoch(self._db))
            if not claim.items:
                if claim.more:  # it knows why; not at once again
                    await self._wait_for_work()
                return True
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error))
            return False
        self._taken += len(claim.items)
        await self._starts.start(self._start(claim.items, claim.now_ms))
        if len(claim.items) < free:
            await self._starts.join()
        return True

    def stop(self) -> None:
        """Claim nothing more, and do not wait for work any longer."""
        super().stop()
        if self._waiting is not None:
            self._waiting.cancel()

    async def drain(self, timeout_seconds: float) -> None:
        """Let what was posted end, bounded. After `stop`, what was not posted yet is given back."""
        await self._starts.join()
        await self._senders.drain(timeout_seconds, start=not self.stopping)

    async def _wait_for_work(self) -> list[int]:
        """The shards to ask, after a hint, or because the moment of one has come."""
        rest = max(self._watch.rest_seconds(_seconds()), _SHORTEST_REST_SECONDS)
        self._waiting = asyncio.create_task(self._queue.wait(rest), name="wait-for-work")
        try:
            await asyncio.wait({self._waiting})
            if not self._waiting.cancelled() and (hints := self._waiting.result()):
                await asyncio.sleep(_LINGER_SECONDS)  # what comes with the first goes in the same round
                self._watch.heard([*hints, *await self._queue.hinted()])
        finally:
            self._waiting.cancel()
        return self._watch.shards(_seconds())

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

    async def _start(self, items: Sequence[Claimed], now_ms: int) -> None:
        """Two steps, each with a commit of its own: a failure of the second leaves alone what the first sent."""
        for step in (intend_clear, intend):
            items = await self._begin(step, items, now_ms) if items else []

    async def _begin(
        self, step: Callable[..., Awaitable[Intents]], items: Sequence[Claimed], now_ms: int
    ) -> Sequence[Claimed]:
        try:
            quiet = self.quiet.told(items)
            intents = await step(self._db, items, self._worker.id, self._settings, self._clock, quiet=quiet)
        except BaseException as error:
            self._free(len(items))
            if isinstance(error, UnavailableError) and not isinstance(error, CommitUnknownError):
                await self._release_all(items)
            else:
                self._uncertain.extend(UUID(item.id) for item in items)
            raise
        if intents.send:
            passing(AFTER_INTENT)
        self._senders.put(intents.send, now_ms=now_ms)
        await self._return_others(intents)
        return intents.left

    async def _return_others(self, intents: Intents) -> None:
        unsent = [*intents.complete, *intents.held, *(item for item, _, _ in intents.release)]
        self._free(len(unsent))
        try:
            if intents.complete:
                await self._queue.complete(intents.complete)
            back = [(item, int(until.timestamp() * 1000), head) for item, until, head in intents.release]
            gone = [(item, None, False) for item in intents.held]
            if back or gone:
                await self._queue.release([*back, *gone])
            await self._probe_again(unsent)
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error))

    async def _probe_again(self, unsent: Sequence[Claimed]) -> None:
        """A probe that was not sent proved nothing: let the next one out."""
        for lane in {item.lane for item in unsent if item.probe}:
            await self._queue.pause(lane, for_seconds=0.0, probe=True)

    async def _give_back(self, intents: Sequence[Intent]) -> None:
        try:
            await give_back(self._db, [(intent.id, intent.attempt) for intent in intents], self._worker.id)
            await self._release_all([intent.claimed for intent in intents])
        except UnavailableError as error:
            log.warning("not_given_back_yet", error=repr(error), count=len(intents))
            self._uncertain.extend(intent.id for intent in intents)
        finally:
            self._free(len(intents))

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
        held = [intent.claimed for intent in self._senders.held.values()]
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


def _seconds() -> float:
    """A clock for waits only; what is due, Redis's clock says."""
    return asyncio.get_running_loop().time()
