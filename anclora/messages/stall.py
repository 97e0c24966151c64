"""Proof of delivery: what the provider took must be acknowledged by WhatsApp's servers, or it is marked.

Evolution API answers 201 as soon as it handed a message to its socket, and loses acknowledgements that come before its
own row is stored (contract 6.3). A `sent` message without one after `stall_after_seconds` gets `stalled_at`, is counted
for its number and looked up; the mark goes when a word comes after all. It is a mark, not a state: nothing is resent.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages import metrics, receipts
from anclora.providers.contract import ReceiptEvent
from anclora.providers.registry import Providers
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
_FIRST_LOOK_BACK = timedelta(days=1)  # who stood still for a night missed none
_LOOK_UPS = 50
_LOOK_UP_EVERY_SECONDS = 300.0
_UNMARKED = 5_000


class StallWatch(Loop):
    """Marks what nobody acknowledged, looks it up, and takes the mark away."""

    name = "stalled"

    def __init__(
        self, db: Database, providers: Providers, book: InstanceBook, settings: Settings, clock: Clock
    ) -> None:
        super().__init__()
        self.every_seconds = min(30.0, settings.stall_after_seconds / 4)
        self._db = db
        self._providers = providers
        self._book = book
        self._clock = clock
        self._after = timedelta(seconds=settings.stall_after_seconds)
        self._looked_until: datetime | None = None
        self._looked_up_at: dict[UUID, float] = {}

    async def run_once(self) -> bool:
        """One look at those whose time has come since the last one."""
        await self._mark()
        await self._look_up()
        async with self._db.transaction() as conn:
            await conn.execute(QUERIES["unmark_stalled"], {"limit": _UNMARKED})
        counts = {row["instance"]: row["n"] for row in await self._db.fetch_all(QUERIES["count_stalled"])}
        for name in self._book.names:
            metrics.STALLED.labels(name).set(counts.get(name, 0))
        return False

    async def _mark(self) -> None:
        until = self._clock.now() - self._after
        since = self._looked_until or until - _FIRST_LOOK_BACK
        async with self._db.transaction() as conn:
            cursor = await conn.execute(QUERIES["mark_stalled"], {"since": since, "until": until})
            marked = await cursor.fetchall()
        self._looked_until = until
        if marked:
            log.warning("messages_stalled", count=len(marked), instances=sorted({str(row[1]) for row in marked}))

    async def _look_up(self) -> None:
        """Ask the provider about some of them; each at most every five minutes."""
        now = self._clock.boot_seconds()
        rows = await self._db.fetch_all(QUERIES["read_stalled"], limit=2 * _LOOK_UPS)
        known = {row["id"]: self._looked_up_at[row["id"]] for row in rows if row["id"] in self._looked_up_at}
        due = [row for row in rows if now - known.get(row["id"], -_LOOK_UP_EVERY_SECONDS) >= _LOOK_UP_EVERY_SECONDS]
        self._looked_up_at = known | {row["id"]: now for row in due[:_LOOK_UPS]}
        found = [
            (row["instance"], event)
            for row in due[:_LOOK_UPS]
            if (event := await self._ask(row["instance"], row["provider_id"])) is not None
        ]
        await self._apply(found)

    async def _ask(self, instance: str, provider_id: str) -> ReceiptEvent | None:
        try:
            provider = self._providers[self._book.get(instance).provider]
            return await provider.find_receipt(instance, provider_id)
        except AncloraError as error:
            log.warning("look_up_failed", instance=instance, error=error.detail)
            return None

    async def _apply(self, found: Sequence[tuple[str, ReceiptEvent]]) -> None:
        if found:
            async with self._db.transaction() as conn:
                heard_at = self._clock.now()
                await receipts.apply(conn, receipts.gather(found, heard_at), heard_at)
