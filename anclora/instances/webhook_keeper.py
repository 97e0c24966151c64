"""Webhooks that drift are set again: a server that was restored, or somebody else's script, must not cut us off."""

from anclora.instances import metrics
from anclora.instances.book import InstanceBook
from anclora.instances.configure import look_at_webhook, repair_webhook
from anclora.instances.model import Instance
from anclora.instances.steer import Hand
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.providers.contract.numbers import numbers_of
from anclora.providers.registry import Providers
from anclora.storage.database import Database

log = get_logger(__name__)


class WebhookKeeper(Loop):
    """Looks at every number's webhook."""

    name = "webhooks"
    chore = "webhook-repair"
    every_seconds = 120.0

    def __init__(self, db: Database, providers: Providers, book: InstanceBook, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._providers = providers
        self._book = book
        self._clock = clock

    async def run_once(self) -> bool:
        """Repair what is not as we want it."""
        await self._book.refresh()
        for instance in self._book.all:
            if instance.webhook_url is not None and instance.state != "missing":
                await self._look_at(instance)
        return False

    async def _look_at(self, instance: Instance) -> None:
        try:
            provider = self._providers[instance.provider]
            if numbers_of(provider) is None:
                return
            hand = Hand(self._db, self._clock, instance, provider, "webhook_keeper")
            drift = (await look_at_webhook(hand)).drift
            if drift:
                await repair_webhook(hand)
                metrics.WEBHOOKS_REPAIRED.inc()
                log.warning("webhook_repaired", instance=instance.name, drift=list(drift))
        except AncloraError as error:
            log.warning("webhook_not_looked_at", instance=instance.name, code=error.code, error=error.detail)
