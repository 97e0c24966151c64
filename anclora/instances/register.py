"""Bringing rows and provider together: numbers found are stored, lost ones marked, webhooks pointed at us."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from anclora.instances.book import QUERIES
from anclora.instances.model import Instance
from anclora.instances.webhook_secret import new_secret
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.providers.contract import Provider, RemoteInstance
from anclora.storage.database import Database, execute, fetch_all

log = get_logger(__name__)

_STATES = ("open", "connecting", "close")


async def register(db: Database, provider_name: str, provider: Provider, *, adopt: bool = False) -> list[Instance]:
    """Store what the provider shows; a number it no longer shows becomes `missing`. Idempotent.

    Args:
        db: the ledger.
        provider_name: the registry's name of the provider.
        provider: the provider itself.
        adopt: take back what we deleted and the provider shows still.

    Returns:
        This provider's instances, the missing ones included.

    Raises:
        AncloraError: the provider's own sentence (wrong key, refused connection, …); nothing was changed.
    """
    return await store(db, provider_name, await provider.list_instances(), adopt=adopt)


async def store(
    db: Database, provider_name: str, found: Sequence[RemoteInstance], *, adopt: bool = False
) -> list[Instance]:
    """The same of what was found already."""
    remotes = {remote.name: remote for remote in found}
    async with db.transaction() as conn:
        if adopt:
            await execute(conn, QUERIES["adopt"], names=list(remotes))
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


def webhook_url(public_url: str, name: str, path: str = "/webhooks/evolution/{name}") -> str:
    """Where the events of a number shall go; `path` as in `Capabilities.webhook_path`."""
    return public_url.rstrip("/") + path.replace("{name}", quote(name, safe=""))


async def connect_webhooks(
    db: Database, instances: Sequence[Instance], provider: Provider, *, public_url: str
) -> Mapping[str, AncloraError]:
    """Ask the provider to post the events of these instances to us, and remember where; missing ones are left out.

    One number that cannot be asked for does not keep the others from being connected: the failures come back by name.
    """
    failures: dict[str, AncloraError] = {}
    for instance in instances:
        if instance.state == "missing":
            continue
        url = webhook_url(public_url, instance.name, provider.capabilities.webhook_path)
        if url != instance.webhook_url:
            await db.execute(QUERIES["set_webhook_url"], name=instance.name, url=url)
        try:
            await provider.set_webhook(instance.name, url=url, secret=instance.secret)
        except AncloraError as error:
            log.warning("webhook_not_set", instance=instance.name, code=error.code, error=error.detail)
            failures[instance.name] = error
    return failures
