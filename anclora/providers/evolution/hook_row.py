"""The webhook of an instance, as the server shows its row."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server sends an instance's events."""

    url: str
    enabled: bool
    events: Sequence[str]
    headers: Mapping[str, str]


def read(row: Any) -> Webhook | None:
    """The row; None = there is none, or it is none."""
    if not isinstance(row, dict) or not isinstance(row.get("url"), str):
        return None
    headers = row.get("headers")
    return Webhook(
        url=row["url"],
        enabled=row.get("enabled") is True,
        events=[str(event) for event in row.get("events") or ()],
        headers={str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {},
    )
