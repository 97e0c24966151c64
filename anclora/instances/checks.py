"""Which numbers have WhatsApp: remembered for a week, asked in small groups with rests between, and so many a day.

Asking about many numbers at once is what address harvesters do, and numbers were banned for it: users of Evolution API
report it (#2228). So what is known is not asked again, and what goes beyond the day's share is answered as not checked.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import msgspec

from anclora.kit.clock import Clock, business_date
from anclora.kit.errors import InvalidError, UnavailableError
from anclora.kit.lifecycle import Loop
from anclora.kit.settings import Settings
from anclora.providers.contract import Provider
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
AT_ONCE = 10  # numbers in one request to the provider
REST_SECONDS = 3.0  # between two of them, over all processes
MOST = 50  # numbers one caller may ask about at once
_LONGEST_WAIT_SECONDS = 25.0
_SLICE = 1_000


class NumberCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a number.

    Attributes:
        number: digits as asked for.
        whatsapp: whether it has WhatsApp; null = not checked, the day's share is used up.
        resolved: digits WhatsApp knows it by, which may be another spelling.
        checked_at: when the provider said so.
        source: `cache`, `provider` or `not_checked`.
    """

    number: str
    whatsapp: bool | None
    resolved: str | None
    checked_at: datetime | None
    source: Literal["cache", "provider", "not_checked"]


class NumberChecks(msgspec.Struct, frozen=True, kw_only=True):
    """One answer per number asked, in that order; `left_today` = how many more this instance may ask about."""

    numbers: list[NumberCheck]
    left_today: int


async def check_numbers(
    db: Database,
    provider: Provider,
    instance: str,
    numbers: Sequence[str],
    *,
    settings: Settings,
    clock: Clock,
    rest_seconds: float = REST_SECONDS,
) -> NumberChecks:
    """Tell which of these numbers (digits) have WhatsApp.

    Raises:
        InvalidError: there are none, or more than `MOST`; or the provider has no such question.
        UnavailableError: the number is not connected, or others ask so much that this one would wait too long.
    """
    wanted = list(dict.fromkeys(numbers))
    if not 1 <= len(wanted) <= MOST:
        raise InvalidError(f"numbers holds {len(wanted)}; 1 to {MOST} are allowed. Ask in several requests.")
    rows = await db.fetch_all(QUERIES["read_checks"], numbers=wanted, days=settings.number_check_days)
    found = {row["number"]: _known(row["number"], row["resolved"], row["checked_at"], fresh=False) for row in rows}
    unknown = [number for number in wanted if number not in found]
    today = business_date(clock.now(), settings.timezone)
    for start in range(0, len(unknown), AT_ONCE):
        group = unknown[start : start + AT_ONCE]
        allowed = await _reserve(
            db, instance, len(group), today=today, bound=settings.number_checks_per_day, rest_seconds=rest_seconds
        )
        if not allowed:
            break
        answers = await provider.check_numbers(instance, group[:allowed])
        resolved = [answers[number] for number in group[:allowed]]
        stored = await db.fetch_all(
            QUERIES["write_checks"], numbers=group[:allowed], resolved=resolved, instance=instance
        )
        found |= {
            row["number"]: _known(row["number"], row["resolved"], row["checked_at"], fresh=True) for row in stored
        }
    return NumberChecks(
        numbers=[found.get(number) or _unchecked(number) for number in wanted],
        left_today=await _left(db, instance, today, settings.number_checks_per_day),
    )


async def _reserve(db: Database, instance: str, count: int, *, today: date, bound: int, rest_seconds: float) -> int:
    """Wait for this instance's turn and take up to `count` of the day's share; how many were left of it.

    Raises:
        UnavailableError: the turn would come too late.
    """
    row = await db.fetch_one(
        QUERIES["reserve_checks"],
        instance=instance,
        count=count,
        today=today,
        bound=bound,
        rest_seconds=rest_seconds,
        longest_seconds=_LONGEST_WAIT_SECONDS,
    )
    if row is None:
        if not await _left(db, instance, today, bound):
            return 0
        raise UnavailableError(
            f"{instance} is being asked about too many numbers; ask again a little later.", code="number_checks_busy"
        )
    await asyncio.sleep(max(0.0, row["wait_seconds"]))
    return int(row["taken"])


async def _left(db: Database, instance: str, today: date, bound: int) -> int:
    row = await db.fetch_one(QUERIES["read_check_pace"], instance=instance, today=today)
    return max(0, bound - (int(row["asked"]) if row else 0))


def _known(number: str, resolved: str | None, checked_at: datetime, *, fresh: bool) -> NumberCheck:
    return NumberCheck(
        number=number,
        whatsapp=resolved is not None,
        resolved=resolved,
        checked_at=checked_at,
        source="provider" if fresh else "cache",
    )


def _unchecked(number: str) -> NumberCheck:
    return NumberCheck(number=number, whatsapp=None, resolved=None, checked_at=None, source="not_checked")


class CheckSweep(Loop):
    """Forgets what was said of numbers too long ago."""

    name = "number_checks"
    every_seconds = 3_600.0
    chore = "number-checks"

    def __init__(self, db: Database, settings: Settings) -> None:
        super().__init__()
        self._db = db
        self._days = settings.number_check_days

    async def run_once(self) -> bool:
        """One slice; True = there may be more."""
        return await self._db.execute(QUERIES["forget_checks"], days=self._days, limit=_SLICE) == _SLICE
