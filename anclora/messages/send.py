"""The senders of a process: a fixed number of them take intents from one line and post them, each once.

The lease is checked last, right before a request starts. What cannot start any more is given back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, NotFoundError
from anclora.kit.failpoints import AFTER_SEND, passing
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.media import FileStore
from anclora.messages.attach import attached, stored_in
from anclora.messages.intent import Intent
from anclora.messages.presence import Presence
from anclora.messages.worker import Worker
from anclora.providers.contract import Fault, Outcome, Refused, Scope, Unknown
from anclora.providers.registry import Providers

log = get_logger(__name__)
_WEIGHT = 0.02  # of one send in the running mean
_AHEAD_SECONDS = 0.25
_FILES_AT_ONCE = 4  # messages with a file of ours in them, which may be 100 MB each, that are in memory at once


class Senders:
    """Own the intents that were handed over until their request ended or they were given back.

    Args:
        ended: told how each request ended.
        give_back: takes intents whose request was not started.
    """

    def __init__(
        self,
        providers: Providers,
        book: InstanceBook,
        settings: Settings,
        worker: Worker,
        clock: Clock,
        files: FileStore,
        *,
        ended: Callable[[Intent, Outcome], None],
        give_back: Callable[[Sequence[Intent]], Awaitable[None]],
    ) -> None:
        self._providers = providers
        self._book = book
        self._settings = settings
        self._worker = worker
        self._clock = clock
        self._ended = ended
        self._give_back = give_back
        self._line = asyncio.Queue[Intent](settings.send_slots)
        self._tasks: list[asyncio.Task[None]] = []
        self._mean_seconds = 0.0
        self._timed: dict[UUID, asyncio.TimerHandle] = {}
        self._none_timed = asyncio.Event()
        self._files = files
        self._large = asyncio.Semaphore(_FILES_AT_ONCE)
        self._presence = Presence(providers, book, settings)
        self.held: dict[UUID, Intent] = {}

    @property
    def reach(self) -> int:
        """How many intents may be held at once: what is open, and what will start within a moment.

        More would stand in line here, where no reply can overtake it and its lease runs. What only waits while its
        person sees us write takes nobody's place.
        """
        at_once = self._settings.connections
        soon = int(at_once * _AHEAD_SECONDS / max(self._mean_seconds, 0.001))
        return min(self._settings.send_slots, at_once + soon + self._presence.waiting)

    def put(self, intents: Sequence[Intent], *, now_ms: int = 0) -> None:
        """Hand over intents, at most `send_slots` at once.

        Args:
            intents: each goes when its lane said so.
            now_ms: the lanes' clock when `began_boot_seconds` was read.
        """
        if not self._tasks:
            count = self._settings.connections
            self._tasks = [asyncio.create_task(self._sender(), name=f"sender-{n}") for n in range(count)]
        for intent in intents:
            self.held[intent.id] = intent
            wait = self._presence.begin(intent)
            if intent.claimed.go_at_ms <= now_ms and not wait:
                self._line.put_nowait(intent)
            else:
                go_at = intent.began_boot_seconds + (intent.claimed.go_at_ms - now_ms) / 1000
                delay = max(wait, go_at - self._clock.boot_seconds())
                timer = asyncio.get_running_loop().call_later(delay, self._due, intent)
                self._timed[intent.id] = timer

    def _due(self, intent: Intent) -> None:
        del self._timed[intent.id]
        self._presence.end(intent)
        self._line.put_nowait(intent)
        if not self._timed:
            self._none_timed.set()

    async def drain(self, timeout_seconds: float, *, start: bool) -> None:
        """Let what was posted end, bounded; what waits in line is still sent (`start`) or given back."""
        if not start:
            timed = [self.held[intent_id] for intent_id in self._timed]
            for timer in self._timed.values():
                timer.cancel()
            self._timed.clear()
            self._presence.cancel()
            waiting = [self._line.get_nowait() for _ in range(self._line.qsize())]
            await self._return([*waiting, *timed])
            for _ in waiting:
                self._line.task_done()
        try:
            async with asyncio.timeout(timeout_seconds):
                while self._timed:
                    self._none_timed.clear()
                    await self._none_timed.wait()
                await self._line.join()
        except TimeoutError:
            log.warning("requests_cut_off", count=len(self.held))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._presence.close()

    async def _sender(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            intent = await self._line.get()
            try:
                if not self._worker.may_start(intent.began_boot_seconds):
                    await self._return([intent])
                    continue
                began = now()
                outcome = await self._post(intent)
                if outcome is None:
                    await self._return([intent])
                    continue
                passing(AFTER_SEND)
                self._mean_seconds += _WEIGHT * (now() - began - self._mean_seconds)
                self._end(intent, outcome)
            except asyncio.CancelledError:
                self._end(intent, Unknown(code="stopped", text="The process stopped while it was sent."))
                raise
            except Exception as error:  # the request may have left
                log.exception("sender_failed", message_id=str(intent.id))
                self._end(intent, Unknown(code="sender_error", text=type(error).__name__))
            finally:
                self._line.task_done()

    async def _post(self, intent: Intent) -> Outcome | None:
        """Send a message once; None = its file took so long that it may not start any more."""
        try:
            provider = self._providers[self._book.get(intent.instance).provider]
        except AncloraError as error:
            return Refused(scope=Scope.LANE, code=error.code, text=error.detail, fault=Fault.OURS, before_send=True)
        content = intent.content
        if (media := stored_in(content)) is None:
            return await provider.send(intent.instance, intent.recipient, content, reference=intent.claimed.id)
        async with self._large:
            try:
                content = await attached(content, media, self._files)
            except AncloraError as error:
                gone = isinstance(error, NotFoundError)
                return Refused(
                    scope=Scope.MESSAGE,
                    code=error.code,
                    text=error.detail,
                    permanent=gone,
                    fault=Fault.CALLER if gone else Fault.OURS,
                    before_send=True,
                )
            if not self._worker.may_start(intent.began_boot_seconds):
                return None
            return await provider.send(intent.instance, intent.recipient, content, reference=intent.claimed.id)

    def _end(self, intent: Intent, outcome: Outcome) -> None:
        if self.held.pop(intent.id, None) is not None:
            self._ended(intent, outcome)

    async def _return(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            del self.held[intent.id]
        if intents:
            await self._give_back(intents)
