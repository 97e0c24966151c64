"""Routines over a real ledger and real Redis, at a moment a test chooses."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from redis.asyncio import Redis

from anclora.health import Pulse
from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock
from anclora.kit.settings import load_settings
from anclora.notify import build_channels
from anclora.playbook import BOOK, Check, Checklist, Parts, Playbook, Result
from anclora.providers.registry import Providers
from anclora.queue import Queue
from anclora.reports import Sources, count_talks
from anclora.storage.database import Database
from tests.loopback import serving


class StandingClock:
    """A moment that stays until a test moves it."""

    off_seconds = 0.0

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def boot_seconds(self) -> float:
        return 1_000.0

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class RealClock(StandingClock):
    """The machine's own."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))

    def now(self) -> datetime:
        return datetime.now(UTC)


def parts_over(
    db: Database,
    redis: Redis,
    clock: Clock,
    *,
    providers: Providers | None = None,
    base_url: str | None = None,
    remote: bool = False,
    commit: str | None = None,
    **settings: Any,
) -> Parts:
    """Everything sources look at; `settings` by field."""
    found = load_settings(**settings)
    return Parts(
        db=db,
        redis=redis,
        queue=Queue(redis, shards=found.shards, lease_seconds=found.lease_seconds),
        book=InstanceBook(db, clock),
        providers=providers or Providers({}),
        channels=build_channels(found, clock),
        sources=Sources(conversations=count_talks),
        pulse=Pulse(db, found, clock),
        settings=found,
        clock=clock,
        base_url=base_url,
        remote=remote,
        commit=commit,
    )


def check_of(checklist: Checklist, check_id: str) -> Check:
    """One check of the book."""
    return next(check for check in BOOK[checklist].check if check.id == check_id)


async def ask(parts: Parts, checklist: Checklist, check_id: str) -> Result:
    """What one check comes to now."""
    return await Playbook(parts).check(check_of(checklist, check_id))


@asynccontextmanager
async def answering(answers: dict[str, Any], seen: list[web.Request] | None = None) -> AsyncGenerator[str, None]:
    """A server with an answer for each path: a document, a status, or text."""

    async def handler(request: web.Request) -> web.Response:
        if seen is not None:
            seen.append(request)
        found = answers.get(request.path, 404)
        if isinstance(found, int):
            return web.Response(status=found)
        return web.Response(text=found) if isinstance(found, str) else web.json_response(found)

    async with serving(handler) as url:
        yield url
