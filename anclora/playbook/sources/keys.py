"""Who may come in: API keys that are older than they should be."""

from collections.abc import Mapping
from datetime import timedelta

from anclora.access.keys import list_keys
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading

_OLD = timedelta(days=180)


async def old(parts: Parts) -> Reading:
    """Keys in use that were made more than 180 days ago."""
    keys = [key for key in await list_keys(parts.db) if key.revoked_at is None]
    aged = sorted((key for key in keys if parts.now - key.created_at > _OLD), key=lambda key: key.created_at)
    return Reading(
        value=float(len(aged)),
        facts=[f"{key.name} ({key.prefix}, {key.created_at:%Y-%m-%d})" for key in aged[:MOST_FACTS]],
    )


QUERIES: Mapping[str, Query] = {"keys.old": old}
