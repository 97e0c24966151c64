"""The smoke test of a release: every critical path of one of its tasks, by a key that is gone when it ends."""

from anclora import audit
from anclora.access import create, revoke
from anclora.deploy.model import Service
from anclora.kit.clock import Clock
from anclora.kit.wire import JsonClient
from anclora.smoke import Asked, Step, run
from anclora.storage.database import Database

_SCOPES = ("messages:send", "messages:read", "instances:read")
_TIMEOUT_SECONDS = 15.0


async def smoke(db: Database, service: Service, clock: Clock, asked: Asked, *, actor: str) -> list[Step]:
    """Try a task of the newest deployment, inside the network; the receipt comes in by the door everybody uses.

    Args:
        db: holds the keys and the audit trail.
        service: as it runs.
        clock: for the waits.
        asked: what to try.
        actor: for the audit trail, which has the key's beginning and end.
    """
    urls = [task.url for task in service.tasks if task.url and task.rollout == service.primary.id]
    if not urls:
        return [Step(name="task", good=False, seconds=0.0, says="no task of the release has an address yet")]
    made = await create(db, account="main", name="smoke test", scopes=_SCOPES, actor=actor, record=audit.record)
    keys = {"X-API-Key": made.text}
    client, stranger = (JsonClient(urls[0], headers=given, timeout_seconds=_TIMEOUT_SECONDS) for given in (keys, None))
    try:
        return await run(client, stranger, asked, clock)
    finally:
        await client.close()
        await stranger.close()
        await revoke(db, made.key.prefix, actor=actor, record=audit.record)
