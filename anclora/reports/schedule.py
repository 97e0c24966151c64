"""The report of the day so far, every day at the same business time, without anybody lifting a finger.

It is cut at that time to the second, whenever it is really made, so that a late process posts what one in time would
have posted. Several processes make one report: the notice's key is the same.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.notify import Channels, find_notice
from anclora.reports.failures import Lang
from anclora.reports.gather import Sources, gather
from anclora.reports.post import key_of, post
from anclora.reports.spans import spans_of
from anclora.storage.database import Database

log = get_logger(__name__)


class DailyPost(Loop):
    """Posts the day so far at `ANCLORA_REPORT_AT`, to the channels of `ANCLORA_REPORT_TO`.

    Args:
        channels: those of this process.
        sources: who counts what the message ledger does not know.

    Raises:
        SetupError: a channel of `ANCLORA_REPORT_TO` is not configured.
    """

    name = "daily_report"
    every_seconds = 20.0

    def __init__(self, db: Database, channels: Channels, sources: Sources, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._channels = channels
        self._sources = sources
        self._clock = clock
        self._zone = settings.timezone
        self._at = time.fromisoformat(settings.report_at)
        self._lang: Lang = settings.report_language
        self._names = names_of(settings.report_to)
        for name in self._names:
            _ = channels[name]  # refuses to start rather than at six in the evening

    async def run_once(self) -> bool:
        """Post when it is time and nobody has; nothing more to do at once."""
        cut = due_at(self._clock.now(), self._zone, self._at)
        if not self._names or cut is None or await self._is_posted(cut):
            return False
        spans = spans_of(cut.astimezone(ZoneInfo(self._zone)).date(), zone=self._zone, now=cut, so_far=True)
        day = await gather(self._db, spans, zone=self._zone, sources=self._sources)
        async with self._db.transaction() as conn:
            told = await post(conn, day, self._lang, self._names, self._channels, now=self._clock.now())
        log.info("report_posted", key=key_of(day.date, day.until, self._lang), targets=len(told.fresh))
        return False

    async def _is_posted(self, cut: datetime) -> bool:
        local = cut.astimezone(ZoneInfo(self._zone))
        return await find_notice(self._db, key_of(local.date(), local, self._lang)) is not None


def due_at(now: datetime, zone: str, at: time) -> datetime | None:
    """The moment today's report is cut at, once it has come; None before. Pure."""
    place = ZoneInfo(zone)
    cut = datetime.combine(now.astimezone(place).date(), at, place).astimezone(UTC)
    return cut if cut <= now else None


def names_of(text: str) -> Sequence[str]:
    """The channels of `slack,email`, each once, in order."""
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
