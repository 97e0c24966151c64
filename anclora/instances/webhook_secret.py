"""The secret that proves a webhook: one per instance, two of them good for a day after a change."""

import hmac
import secrets

from anclora.audit import record
from anclora.instances.book import QUERIES
from anclora.instances.model import Instance
from anclora.kit.clock import Clock
from anclora.kit.errors import NotFoundError
from anclora.storage.database import Database, fetch_one


def new_secret() -> str:
    """256 random bits, safe in a header."""
    return secrets.token_urlsafe(32)


def accepts(instance: Instance, given: str | None, clock: Clock) -> bool:
    """Whether a webhook's secret is the present one, or the one before within its day; compared in constant time."""
    offered = (given or "").encode()
    if hmac.compare_digest(instance.secret.encode(), offered):
        return True
    if not instance.old_secret or instance.old_secret_until is None:
        return False
    return hmac.compare_digest(instance.old_secret.encode(), offered) and instance.old_secret_until > clock.now()


async def rotate(db: Database, name: str, *, actor: str) -> Instance:
    """Give an instance a new secret; tell the provider next (`connect_webhooks`), the old one is good for 24 h.

    Raises:
        NotFoundError: there is no such instance.
    """
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["rotate_secret"], name=name, secret=new_secret())
        if row is None:
            raise NotFoundError(f"There is no instance {name[:60]!a}.", code="unknown_instance")
        await record(conn, actor=actor, action="instance.rotate_secret", subject=f"instance:{name}")
    return Instance(**row)
