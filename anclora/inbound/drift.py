"""The drift alarm: members of webhooks that this version does not know are reported, each once.

Receipts and our own sends are looked at one in a thousand, everything else always, off the way of the answer. What does
not fit the short queue is not looked at: the next of its kind will be.
"""

from collections import deque

from anclora.inbound.metrics import DRIFT
from anclora.inbound.model import Delivery
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.providers.registry import Providers
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
_ALL_THE_TIME = frozenset(("receipt", "own_message"))
_ONE_IN = 1_024
_BOUND = 200
_BYTES = 256_000
_REMEMBERED = 5_000


class DriftWatch(Loop):
    """Looks into some webhooks, and reports each unknown member once."""

    name = "drift"
    every_seconds = 5.0

    def __init__(self, db: Database, providers: Providers) -> None:
        super().__init__()
        self._db = db
        self._providers = providers
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=_BOUND)
        self._seen: set[tuple[str, str, str]] = set()
        self._turn = 0

    def show(self, provider: str, delivery: Delivery) -> None:
        """A webhook came; costs next to nothing."""
        if delivery.kind in _ALL_THE_TIME:
            self._turn += 1
            if self._turn % _ONE_IN != 1:
                return
        if len(delivery.body) <= _BYTES and len(self._waiting) < _BOUND:
            self._waiting.append((provider, delivery.body))

    async def run_once(self) -> bool:
        """Look into those that wait; store and report what was never seen before, in any process."""
        found: dict[tuple[str, str, str], None] = {}
        while self._waiting:
            provider, body = self._waiting.popleft()
            found |= {(provider, *pair): None for pair in self._providers[provider].unfamiliar(body)}
        if len(self._seen) > _REMEMBERED:
            self._seen.clear()
        if news := [each for each in found if each not in self._seen]:
            await self._report(news)
            self._seen.update(news)
        return False

    async def _report(self, news: list[tuple[str, str, str]]) -> None:
        providers, events, members = zip(*sorted(news), strict=True)
        async with self._db.transaction() as conn:
            row = {"providers": list(providers), "events": list(events), "members": list(members)}
            rows = await (await conn.execute(QUERIES["store_drift"], row)).fetchall()
        for provider, event, member in rows:
            DRIFT.labels(str(event)).inc()
            log.warning("webhook_drift", provider=provider, kind=event, member=member)
