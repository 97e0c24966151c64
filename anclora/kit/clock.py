"""The only place that reads a clock. Everything else is handed one, so that tests own time."""

import time
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


def business_date(moment: datetime, zone: str) -> date:
    """The day it is where the business is; `zone` is an IANA name."""
    return moment.astimezone(ZoneInfo(zone)).date()


class Clock(Protocol):
    """What a feature needs to know about time."""

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        ...

    def boot_seconds(self) -> float:
        """Seconds since boot, suspended time included: the clock leases are measured with."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        return datetime.now(UTC)

    def boot_seconds(self) -> float:
        """Seconds since boot. CLOCK_BOOTTIME goes on while the machine sleeps; elsewhere the monotonic clock serves."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
