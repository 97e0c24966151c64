"""The only place that reads a clock. Everything else is handed one, so that tests own time."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


def business_date(moment: datetime, zone: str) -> date:
    """The day it is where the business is; `zone` is an IANA name."""
    return moment.astimezone(ZoneInfo(zone)).date()


class Clock(Protocol):
    """What a feature needs to know about time."""

    @property
    def off_seconds(self) -> float:
        """How far this machine's clock is ahead of the ledger's, as far as is known; `now` is without it."""
        ...

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        ...

    def boot_seconds(self) -> float:
        """Seconds since boot, suspended time included: the clock leases are measured with."""
        ...


class SystemClock:
    """The machine's own clock."""

    off_seconds = 0.0

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        return datetime.now(UTC)

    def boot_seconds(self) -> float:
        """Seconds since boot. CLOCK_BOOTTIME goes on while the machine sleeps; elsewhere the monotonic clock serves."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class LedgerClock:
    """The machine's clock, corrected by what the ledger's said last: machines that disagree still judge alike.

    Args:
        machine: the clock that is corrected.

    Attributes:
        off_seconds: how far the machine's is ahead; whoever measures it sets it.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self.off_seconds = 0.0

    def now(self) -> datetime:
        """The current moment by the ledger, aware, in UTC."""
        return self._machine.now() - timedelta(seconds=self.off_seconds)

    def boot_seconds(self) -> float:
        """Seconds since boot, suspended time included."""
        return self._machine.boot_seconds()
