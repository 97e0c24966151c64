"""What the doors need of the house. The runtime fills it; tests fill it with less."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

from starlette.requests import HTTPConnection

from anclora.access import Access
from anclora.alerts import LoggedSignals, Signals
from anclora.analytics import ConversationCounts, ConversionCounts, FiguresOf
from anclora.health import Pulse
from anclora.inbound.media import HeardMedia
from anclora.inbound.replay import Replay
from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock
from anclora.kit.settings import Settings
from anclora.media import FileStore
from anclora.messages.model import Draft
from anclora.messages.submit import Submitted
from anclora.notify import Channels, OnAction
from anclora.providers.registry import Providers
from anclora.queue import Peek, Stats
from anclora.reports import Sources
from anclora.storage.database import Database


class Submits(Protocol):
    """Takes messages in: `anclora.messages.submit.Submit`."""

    async def submit(
        self, account: str, drafts: Sequence[Draft], *, key: str | None, partial: bool, may_be_critical: bool
    ) -> Submitted:
        """Store messages and start them on their way."""
        ...


class Receives(Protocol):
    """Takes webhooks in: `anclora.inbound.receive.Inbound`."""

    def offer(self, instance: str, provider: str, body: bytes) -> "asyncio.Future[None]":
        """Hand over one webhook; the future is done after the commit."""
        ...

    async def accept(self, instance: str, provider: str, body: bytes) -> None:
        """Store one webhook; returns after the commit."""
        ...

    async def accept_shared(self, provider: str, body: bytes) -> frozenset[str]:
        """Store one webhook that may speak of several numbers; the numbers, after the commit."""
        ...


class Lanes(Protocol):
    """What the doors ask the queue: `anclora.queue.Queue`."""

    async def stats(self) -> Stats:
        """The counts of all lanes."""
        ...

    async def peek(self, lane: str, item_id: str, priority: int, place: int) -> Peek:
        """What one item waits for."""
        ...

    async def infos(self) -> list[Mapping[str, Any]]:
        """What each server says of itself."""
        ...

    async def slow_entries(self) -> int | None:
        """How many commands were ever slow; None = not told."""
        ...


def always_ready() -> str | None:
    """Nothing speaks against work."""
    return None


@dataclass(frozen=True, slots=True)
class Deps:
    """The parts behind the doors.

    Attributes:
        started_at: when the process began, for `uptime_seconds`.
        heard_media: fetches files people sent; None = this server cannot.
        replay: reads stored webhooks again; None = this server cannot.
        ready: the reason why no work should come in yet (or any more), as a sentence; None = ready.
        providers: who carries the numbers, by name.
        public_url: where webhooks reach us.
        channels: to people, by name.
        on_action: acts on buttons people press; None = nobody does.
        sources: who counts for reports what the message ledger does not know.
        conversations: counts talks with people for the overview; None = nobody does.
        conversions: counts what became of them; None = nobody does.
        pulse: of this process, beating; None = one that does not.
        signals: takes what alerts say.
    """

    db: Database
    access: Access
    book: InstanceBook
    submit: Submits
    inbound: Receives
    queue: Lanes
    settings: Settings
    files: FileStore
    clock: Clock
    version: str
    started_at: datetime
    providers: Providers = field(default_factory=lambda: Providers({}))
    ready: Callable[[], str | None] = always_ready
    public_url: str = "http://127.0.0.1:8000"
    replay: Replay | None = None
    heard_media: HeardMedia | None = None
    channels: Channels = field(default_factory=Channels)
    on_action: OnAction | None = None
    sources: Sources = field(default_factory=Sources)
    conversations: FiguresOf[ConversationCounts] | None = None
    conversions: FiguresOf[ConversionCounts] | None = None
    pulse: Pulse | None = None
    signals: Signals = field(default_factory=LoggedSignals)


def deps_of(connection: HTTPConnection) -> Deps:
    """The parts behind the door a request came through."""
    return cast(Deps, connection.app.state.deps)
