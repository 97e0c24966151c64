"""What is left of the error budget of sending, from the ledger alone: no Prometheus has to run to hand a shift over.

The promise: of the messages that ended in 30 days, 99.5 % were not lost to our own or the provider's faults. A number
that has no WhatsApp, and a message that cannot be sent, cost nothing; what was given up after many tries does, whatever
the last refusal was. How soon a message left is known to the metrics only (the dashboard of promises): its row keeps
the last try, not the first.
"""

from datetime import datetime, timedelta

import msgspec

from anclora.providers.faults import THEIRS
from anclora.storage.database import Connection
from anclora.tallies import Wanted, read_on

PROMISED = 0.995
WINDOW = timedelta(days=30)
_HOUR = timedelta(hours=1)


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """How sending kept its promise in a window.

    Attributes:
        ended: messages that were sent, failed or given up.
        lost: of those, to our own or the provider's faults.
    """

    ended: int
    lost: int

    @property
    def left(self) -> float:
        """The share of the allowance that is left: 1 = all of it, 0 = none, below 0 = overdrawn."""
        return 1.0 - self.lost / (self.ended * (1 - PROMISED)) if self.ended else 1.0


async def read_budget(conn: Connection, now: datetime) -> Budget:
    """The budget of the last 30 days, to the hour."""
    until = now.replace(minute=0, second=0, microsecond=0) + _HOUR
    wanted = Wanted(since=until - WINDOW, until=until, grain=60)
    ended = sum(each.counts.sent + each.counts.failed + each.counts.dead for each in await read_on(conn, wanted, "all"))
    lost = [each.counts for each in await read_on(conn, wanted, "cause") if each.key not in THEIRS]
    return Budget(ended=ended, lost=sum(each.failed + each.dead for each in lost))
