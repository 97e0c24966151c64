"""Watching the numbers: asked, judged by their traffic, their changes told once they have settled."""

from datetime import datetime, timedelta

from anclora.events import EventType, Happened, append
from anclora.instances import metrics
from anclora.instances.book import QUERIES, InstanceBook
from anclora.instances.duty import Duty
from anclora.instances.evidence import count_hours, read_evidence, write_verdicts
from anclora.instances.poll import poll
from anclora.instances.rules import Change, News, news_of
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.providers.registry import Providers
from anclora.storage.database import Database, execute, fetch_all

log = get_logger(__name__)
_POLL_SECONDS = 30.0
_CHORES_SECONDS = 600.0
_DUTY_SECONDS = 30.0
_KEPT = timedelta(days=90)


class Watch(Loop):
    """Keeps the truth about every number; one process at a time."""

    name = "watch"

    def __init__(
        self, db: Database, providers: Providers, book: InstanceBook, settings: Settings, clock: Clock
    ) -> None:
        super().__init__()
        self.every_seconds = settings.watch_every_seconds
        self._db = db
        self._providers = providers
        self._book = book
        self._clock = clock
        self._duty = Duty(db, "watch", seconds=_DUTY_SECONDS)
        self._polled_at: float | None = None
        self._chores_at: float | None = None
        self._stalled: set[str] = set()
        self._counted: int | None = None

    async def run_once(self) -> bool:
        """Ask, judge, tell."""
        if not await self._duty.take():
            return False
        boot = self._clock.boot_seconds()
        if self._polled_at is None or boot - self._polled_at >= _POLL_SECONDS:
            self._polled_at = boot
            await self._poll()
        if self._chores_at is None or boot - self._chores_at >= _CHORES_SECONDS:
            self._chores_at = boot
            await count_hours(self._db, self._clock.now())
            await self._db.execute(QUERIES["forget_history"], before=self._clock.now() - _KEPT)
        await self.judge()
        await self.tell()
        await self._count()
        return False

    async def _poll(self) -> None:
        for name, provider in self._providers.items():
            try:
                await poll(self._db, name, provider)
            except AncloraError as error:
                log.warning("provider_not_asked", provider=name, code=error.code, error=error.detail)

    async def _count(self) -> None:
        if self._counted is None:
            row = await self._db.fetch_one(QUERIES["last_change"])
            self._counted = row["last"] if row else 0
        for row in await self._db.fetch_all(QUERIES["read_flaps"], after=self._counted):
            metrics.FLAPS.labels(row["instance"]).inc(row["changes"])
            self._counted = max(self._counted, row["last"])

    async def judge(self) -> None:
        """What the traffic of the last minutes makes of every number."""
        now = self._clock.now()
        stalled = await write_verdicts(self._db, await read_evidence(self._db, now), now)
        for name in stalled.keys() - self._stalled:
            log.warning("instance_stalled", instance=name, reason=stalled[name])
        self._stalled = set(stalled)

    async def tell(self) -> None:
        """What changed and has settled, as one event for each number, with the mark that it was told."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            changes = [Change(**row) for row in await fetch_all(conn, QUERIES["read_changes"])]
            news = [each for change in changes if (each := news_of(change, now)) is not None]
            if not news:
                return
            await append(conn, [_happened(each, now) for each in news if each.data is not None])
            await execute(
                conn,
                QUERIES["mark_told"],
                names=[each.name for each in news],
                words=[each.status for each in news],
                ats=[now for _ in news],
            )
        for each in news:
            if each.data is not None:
                metrics.TOLD.labels(each.status).inc()
                log.info("instance_status", instance=each.name, **each.data)


def _happened(news: News, now: datetime) -> Happened:
    return Happened(
        type=EventType.INSTANCE_STATUS,
        subject=f"instance:{news.name}",
        instance=news.name,
        at=now,
        data=dict(news.data or {}),
    )
