"""The long way of what was stored: webhooks whose process died, or whose ledger went away, before they were applied."""

from uuid import UUID

from anclora.inbound.apply import QUERIES, apply
from anclora.inbound.metrics import SWEPT, UNAPPLIED_SECONDS
from anclora.inbound.model import Delivery
from anclora.inbound.reread import reread
from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.providers.registry import Providers
from anclora.storage.database import Database, fetch_all

log = get_logger(__name__)
_COMMITS = 20


class InboundSweep(Loop):
    """Applies again what old rows name; that it may have been applied already does no harm."""

    name = "inbound_sweep"

    def __init__(self, db: Database, providers: Providers, settings: Settings) -> None:
        super().__init__()
        self.every_seconds = settings.sweep_every_seconds
        self._db = db
        self._providers = providers
        self._after_seconds = settings.outbox_after_seconds
        self._keep_groups = settings.groups == "store"

    async def run_once(self) -> bool:
        """The oldest commits that nobody applied within `outbox_after_seconds`."""
        async with self._db.transaction() as conn:
            rows = await fetch_all(conn, QUERIES["stale_unapplied"], after_seconds=self._after_seconds, limit=_COMMITS)
            UNAPPLIED_SECONDS.set(rows[0]["waited_seconds"] if rows else 0.0)
            if not rows:
                return False
            ids = [event_id for row in rows for event_id in row["event_ids"]]
            arrived = {event_id: row["created_at"] for row in rows for event_id in row["event_ids"]}
            events = await fetch_all(conn, QUERIES["read_events"], ids=ids)
            found = [(arrived[row["id"]], delivery) for row in events if (delivery := await self._read(**row))]
            told = [(at, part) for at, delivery in found for part in delivery.heard]
            await apply(self._db, told, keep_groups=self._keep_groups)
            await conn.execute(QUERIES["forget_unapplied"], {"ids": [row["id"] for row in rows]})
        SWEPT.inc(len(found))
        log.info("webhooks_swept", commits=len(rows), webhooks=len(found))
        return len(rows) == _COMMITS

    async def _read(self, id: UUID, instance: str, provider: str | None, body: bytes) -> Delivery | None:  # noqa: A002 - the row's own word
        try:
            return reread(self._providers, id=id, instance=instance, provider=provider, body=body)
        except AncloraError as error:
            log.error("webhook_unreadable", instance=instance, id=str(id), error=error.detail)  # noqa: TRY400 - a sentence, no defect
            await self._db.commit(QUERIES["mark_event"], id=id, error=error.code)
            return None
