"""Reports at the same business time every day, without anybody lifting a finger.

Every day the day so far; right after it on Mondays the week that ended, and on the 1st the month that ended. The day is
cut at that time, whenever it is really made, so that a late process posts what one in time would have posted. Several
processes make one report: the notice's key is the same.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.notify import Channels, find_notice
from anclora.reports.failures import Lang
from anclora.reports.gather import LONGEST_SECONDS, Sources, gather, gather_period
from anclora.reports.model import Day, LongEvery, Period
from anclora.reports.post import key_of, post
from anclora.reports.spans import period_of, quarter_of, spans_of
from anclora.storage.database import Database

log = get_logger(__name__)


class ReportPost(Loop):
    """Posts reports at `ANCLORA_REPORT_AT`, to the channels of `ANCLORA_REPORT_TO`.

    Args:
        channels: those of this process.
        sources: who counts what is no message.

    Raises:
        SetupError: a channel of `ANCLORA_REPORT_TO` is not configured.
    """

    name = "daily_report"
    chore = "report-post"
    every_seconds = 20.0
    round_timeout_seconds = 5 * LONGEST_SECONDS  # a day, a week and a month may be due at once

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
        """Post what it is time for and nobody has; nothing more to do at once."""
        cut = due_at(self._clock.now(), self._zone, self._at)
        if not self._names or cut is None:
            return False
        local = quarter_of(cut).astimezone(ZoneInfo(self._zone))
        day = local.date()
        key = key_of("daily", day, local, self._lang)
        if not await self._is_posted(key):
            spans = spans_of(day, zone=self._zone, now=cut, so_far=True)
            await self._post(key, await gather(self._db, spans, zone=self._zone, sources=self._sources))
        for every in periods_on(day):
            over = period_of(every, None, zone=self._zone, now=cut)
            key = key_of(every, over.days[0], None, self._lang)
            if not await self._is_posted(key):
                await self._post(key, await gather_period(self._db, over, zone=self._zone, sources=self._sources))
        return False

    async def _is_posted(self, key: str) -> bool:
        return await find_notice(self._db, key) is not None

    async def _post(self, key: str, figures: Day | Period) -> None:
        async with self._db.transaction() as conn:
            told = await post(conn, figures, self._lang, self._names, self._channels, now=self._clock.now())
        log.info("report_posted", key=key, targets=len(told.fresh))


def due_at(now: datetime, zone: str, at: time) -> datetime | None:
    """The moment today's report is cut at, once it has come; None before. Pure."""
    place = ZoneInfo(zone)
    cut = datetime.combine(now.astimezone(place).date(), at, place).astimezone(UTC)
    return cut if cut <= now else None


def periods_on(day: date) -> Sequence[LongEvery]:
    """Which reports besides the day's are posted on this day. Pure."""
    return [*(["weekly"] if day.weekday() == 0 else []), *(["monthly"] if day.day == 1 else [])]


def names_of(text: str) -> Sequence[str]:
    """The channels of `slack,email`, each once, in order."""
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
