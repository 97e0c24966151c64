"""One row of `fetchInstances`, in both shapes: v2 flat, v1.8 below `instance`."""

from typing import Any

from anclora.providers.contract import RemoteInstance
from anclora.providers.evolution import jids


def instance_in(row: Any) -> RemoteInstance | None:
    """The number of a row; None = it has no name."""
    if not isinstance(row, dict):
        return None
    nested = row.get("instance")
    old: dict[str, Any] = nested if isinstance(nested, dict) else {}
    name = row.get("name") or old.get("instanceName")
    owner = row.get("ownerJid") or old.get("owner")
    if not name:
        return None
    state = row.get("connectionStatus") or old.get("status") or "close"
    return RemoteInstance(name=str(name), state=str(state), owner=jids.number_of(str(owner)) if owner else None)
