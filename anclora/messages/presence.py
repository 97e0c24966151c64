"""Showing a person that we write, before a message that asks for it goes.

A courtesy: it is ours and not the provider's blocking delay, it holds no connection of a sender and no other message's
place, and when it cannot be shown the message goes all the same. Its time runs inside the lease of the intent.
"""

import asyncio
from uuid import UUID

from anclora.instances.book import InstanceBook
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages.intent import Intent
from anclora.messages.metrics import TYPING
from anclora.providers.contract import Reaction, Status, Target
from anclora.providers.registry import Providers

log = get_logger(__name__)
_AT_ONCE = 50  # requests of this kind a process has open, and messages that wait for them; beyond, nothing is shown
_ANSWER_SECONDS = 5.0  # Evolution API answers when the time is over


class Presence:
    """What is being shown by one process, and the messages that wait for it."""

    def __init__(self, providers: Providers, book: InstanceBook, settings: Settings) -> None:
        self._providers = providers
        self._book = book
        # No request starts late in the lease of its intent: the other half of that time is the line's.
        lease = settings.lease_seconds
        self._longest_seconds = (lease - min(settings.lease_margin_seconds, lease / 3)) / 2
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[UUID] = set()

    @property
    def waiting(self) -> int:
        """Messages that wait only for this."""
        return len(self._waiting)

    def begin(self, intent: Intent) -> float:
        """Show it, if the message asks for it; the seconds the message waits meanwhile, 0 = none."""
        content = intent.content
        if isinstance(content, Reaction | Status) or not content.typing_ms:
            return 0.0
        seconds = min(content.typing_ms / 1_000, self._longest_seconds)
        if max(len(self._tasks), len(self._waiting)) >= _AT_ONCE:
            TYPING.labels("skipped").inc()
            return 0.0
        task = asyncio.create_task(self._show(intent, content.quoted, seconds), name="typing")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._waiting.add(intent.id)
        return seconds

    def end(self, intent: Intent) -> None:
        """The message goes now."""
        self._waiting.discard(intent.id)

    def cancel(self) -> None:
        """No message waits any more."""
        self._waiting.clear()

    async def close(self) -> None:
        """End what is open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _show(self, intent: Intent, quoted: Target | None, seconds: float) -> None:
        below = quoted.provider_id if quoted is not None and not quoted.from_me else None
        try:
            provider = self._providers[self._book.get(intent.instance).provider]
            async with asyncio.timeout(seconds + _ANSWER_SECONDS):
                await provider.typing(intent.instance, intent.recipient, seconds, below=below)
        except (AncloraError, TimeoutError) as error:
            TYPING.labels("failed").inc()
            log.info("typing_not_shown", instance=intent.instance, error=str(error) or type(error).__name__)
        else:
            TYPING.labels("shown").inc()
