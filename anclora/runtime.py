"""The composition root: settings in, connected features out. The one place that opens connections, and the order of it.

Order of start: database, Redis, providers, then the features that use them. Order of stop: the reverse, each bounded.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from redis.asyncio import Redis, RedisCluster

from anclora.access import Access
from anclora.alerts import Signals
from anclora.health import Pulse
from anclora.hooks import Post
from anclora.inbound.apply import Applier
from anclora.inbound.drift import DriftWatch
from anclora.inbound.listen import Ear
from anclora.inbound.media import HeardMedia
from anclora.inbound.receive import Inbound
from anclora.inbound.replay import Replay
from anclora.incidents import Buttons, Heartbeat, Intake
from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock, LedgerClock, SystemClock
from anclora.kit.errors import SetupError
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.media import FileStore, open_store
from anclora.messages.feed import Feeder
from anclora.messages.submit import Submit
from anclora.notify import Channels, build_channels
from anclora.playbook import Parts, Playbook
from anclora.providers.registry import Providers, build
from anclora.queue import Queue
from anclora.reports import Sources, sources_of
from anclora.storage.database import Database, open_pool
from anclora.storage.timekeeper import Timekeeper

log = get_logger(__name__)
_CLOSE_SECONDS = 5.0
_HOT_CONNECTIONS = 12  # intents and results, four of each side by side, and the doors


class _Closes(Protocol):
    async def close(self) -> None: ...


_C = TypeVar("_C", bound=_Closes)


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Everything a door or a worker is built from."""

    settings: Settings
    clock: Clock
    db: Database
    redis: Redis | RedisCluster
    queue: Queue
    providers: Providers
    book: InstanceBook
    access: Access
    feeder: Feeder
    submit: Submit
    applier: Applier
    ear: Ear
    drift: DriftWatch
    inbound: Inbound
    replay: Replay
    post: Post
    channels: Channels
    files: FileStore
    heard_media: HeardMedia
    buttons: Buttons
    heartbeat: Heartbeat | None
    sources: Sources
    pulse: Pulse
    signals: Signals


def redis_client(settings: Settings) -> Redis | RedisCluster:
    """The Redis of the lanes; every command has a time-out, so that a silent server is an answer too."""
    if settings.redis_url is None:
        raise SetupError("REDIS_URL is not set. Run `anclora up`, which starts private servers, or set it.")
    if settings.redis_cluster:
        return RedisCluster.from_url(settings.redis_url, socket_timeout=10.0, socket_connect_timeout=3.0)
    return Redis.from_url(settings.redis_url, socket_timeout=10.0, socket_connect_timeout=3.0, health_check_interval=30)


@contextlib.asynccontextmanager
async def open_runtime(settings: Settings, *, clock: Clock | None = None) -> AsyncGenerator[Runtime, None]:
    """Connect everything for the length of a block.

    Raises:
        SetupError: a URL is missing.
        UnavailableError: the database does not answer.
    """
    clock = clock or LedgerClock(SystemClock())
    if settings.database_url is None:
        raise SetupError("DATABASE_URL is not set. Run `anclora up`, which starts private servers, or set it.")
    async with contextlib.AsyncExitStack() as stack:
        pool = _owned(stack, await open_pool(settings.database_url))
        db = _owned(stack, Database(pool, await open_pool(settings.database_url, max_size=_HOT_CONNECTIONS, hot=True)))
        await Timekeeper(db, clock).run_once()
        redis = redis_client(settings)
        stack.push_async_callback(redis.aclose)
        queue = _owned(stack, Queue(redis, shards=settings.shards, lease_seconds=settings.lease_seconds))
        providers = _owned(stack, build(settings, clock))
        book = InstanceBook(db, clock)
        feeder = Feeder(db, queue)
        submit = Submit(db, feeder, providers, book, settings, clock)
        keep_groups = settings.groups == "store"
        applier = Applier(db, keep_groups=keep_groups)
        ear, drift = Ear(db, settings, clock), DriftWatch(db, providers)
        inbound = Inbound(db, providers, applier, ear=ear, drift=drift)
        stack.push_async_callback(_close, submit, inbound)
        post = _owned(stack, Post(settings, clock))
        channels = _owned(stack, build_channels(settings, clock))
        files = _owned(stack, open_store(settings))
        heartbeat = _owned(stack, Heartbeat(settings.heartbeat_url)) if settings.heartbeat_url else None
        yield Runtime(
            settings=settings,
            clock=clock,
            db=db,
            redis=redis,
            queue=queue,
            providers=providers,
            book=book,
            access=Access(db, clock),
            feeder=feeder,
            submit=submit,
            applier=applier,
            ear=ear,
            drift=drift,
            inbound=inbound,
            replay=Replay(db, providers, clock, keep_groups=keep_groups),
            post=post,
            channels=channels,
            sources=sources_of(currency=settings.currency, zone=settings.timezone),
            files=files,
            heard_media=HeardMedia(db, providers, files, settings, clock),
            pulse=Pulse(db, settings, clock),
            buttons=Buttons(db, channels, settings, clock),
            heartbeat=heartbeat,
            signals=Intake(clock),
        )


def playbook_of(runtime: Runtime, *, base_url: str | None = None, commit: str | None = None) -> Playbook:
    """The routines over these parts.

    Args:
        runtime: everything.
        base_url: a running server that is looked at; None = this process, and for
            doors and figures the one of `ANCLORA_URL`, if any.
        commit: what is to be deployed.
    """
    return Playbook(
        Parts(
            db=runtime.db,
            redis=runtime.redis,
            queue=runtime.queue,
            book=runtime.book,
            providers=runtime.providers,
            channels=runtime.channels,
            sources=runtime.sources,
            pulse=runtime.pulse,
            settings=runtime.settings,
            clock=runtime.clock,
            base_url=base_url or runtime.settings.url,
            remote=base_url is not None,
            commit=commit,
        )
    )


def _owned(stack: contextlib.AsyncExitStack, thing: _C) -> _C:
    """The thing, closed when the stack is."""
    stack.push_async_callback(thing.close)
    return thing


async def _close(submit: Submit, inbound: Inbound) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await submit.close()
            await inbound.close()
    except TimeoutError:
        log.warning("commits_left_behind")
