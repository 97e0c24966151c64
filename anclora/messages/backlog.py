"""Back-pressure: when accepted messages no longer reach their lanes in time, no more are taken in.

Accepting goes on while Redis is away for a moment, since the ledger holds what was promised. But what cannot be kept
for minutes should not be promised: the answer is then 503, before the commit.
"""

from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.messages.feed import QUERIES
from anclora.storage.database import Database

_LOOK_EVERY_SECONDS = 1.0
_RETRY_AFTER_SECONDS = 30


class Backlog:
    """How long the oldest accepted message has been waiting for its lane, at most a second old.

    Args:
        db: the ledger.
        clock: measures the second.
        limit_seconds: older than this refuses.
    """

    def __init__(self, db: Database, clock: Clock, *, limit_seconds: float) -> None:
        self._db = db
        self._clock = clock
        self._limit_seconds = limit_seconds
        self._oldest_seconds = 0.0
        self._looked_at_seconds: float | None = None

    async def check(self) -> None:
        """Let a request pass.

        Raises:
            UnavailableError: the oldest is over the limit (`backlog`), or the database is away; nothing was stored.
        """
        now = self._clock.boot_seconds()
        if self._looked_at_seconds is None or now - self._looked_at_seconds >= _LOOK_EVERY_SECONDS:
            self._looked_at_seconds = now  # at once: who comes meanwhile goes by the last answer
            row = await self._db.fetch_one(QUERIES["oldest_outbox_seconds"])
            self._oldest_seconds = float(row["seconds"]) if row else 0.0
        if self._oldest_seconds > self._limit_seconds:
            raise UnavailableError(
                f"Accepted messages have been waiting for dispatch for {self._oldest_seconds:.0f} s. Nothing was "
                "stored; send it again later.",
                code="backlog",
                retry_after_seconds=_RETRY_AFTER_SECONDS,
            )
