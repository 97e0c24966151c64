"""Bringing rows and provider together: numbers found are stored, lost ones marked, webhooks pointed at us."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from anclora.instances.book import QUERIES
from anclora.instances.model import Instance
from anclora.instances.webhook_secret import new_secret
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.providers.contract import Provider
from anclora.storage.database import Database, execute, fetch_all

log = get_logger(__name__)

_STATES = ("open", "connecting", "close")


async def register(db: Database, provider_name: str, provider: Provider) -> list[Instance]:
    """Store what the provider shows; a number it no longer shows becomes `missing`. Idempotent.

    Args:
        db: the ledger.
        provider_name: the registry's name of the provider.
        provider: the provider itself.

    Returns:
        This provider's instances, the missing ones included.

    Raises:
        AncloraError: the provider's own sentence (wrong key, refused connection, …); nothing was changed.
    """
    remotes = {remote.name: remote for remote in await provider.list_instances()}
    async with db.transaction() as conn:
        await execute(
            conn,
            QUERIES["upsert_instances"],
            provider=provider_name,
            names=list(remotes),
            states=[remote.state if remote.state in _STATES else "close" for remote in remotes.values()],
            owners=[remote.owner for remote in remotes.values()],
            secrets=[new_secret() for _ in remotes],
        )
        lost = await fetch_all(conn, QUERIES["mark_missing"], provider=provider_name, names=list(remotes))
        rows = await fetch_all(conn, QUERIES["read_instances"])
    for row in lost:
        log.warning("instance_missing", instance=row["name"], provider=provider_name)
    return [Instance(**row) for row in rows if row["provider"] == provider_name]


async def connect_webhooks(
    instances: Sequence[Instance], provider: Provider, *, public_url: str
) -> Mapping[str, AncloraError]:
    """Ask the provider to post the events of these instances to us; missing ones are left out.

    One number that cannot be asked for does not keep the others from being connected: the failures come back by name.
    """
    failures: dict[str, AncloraError] = {}
    for instance in instances:
        if instance.state == "missing":
            continue
        url = f"{public_url.rstrip('/')}/webhooks/evolution/{quote(instance.name, safe='')}"
        try:
            await provider.set_webhook(instance.name, url=url, secret=instance.secret)
        except AncloraError as error:
            log.warning("webhook_not_set", instance=instance.name, code=error.code, error=error.detail)
            failures[instance.name] = error
    return failures
