"""What was told, to whom, and how that ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from anclora.notify.contract import Action
from anclora.notify.tell import QUERIES
from anclora.storage.database import Database


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A notice for one target.

    Attributes:
        state: waiting, delivered, failed, or withdrawn because it had become old news.
        due_at: when a waiting one goes, or goes again.
        last_text: what went wrong last, and what to do.
        left_out: what did not go along, though the text arrived.
    """

    channel: str
    target: str
    state: str
    tries: int
    due_at: datetime
    last_code: str | None
    last_text: str | None
    left_out: Sequence[str]
    ended_at: datetime | None


class NoticeView(msgspec.Struct, frozen=True, kw_only=True):
    """A notice, and what became of it.

    Attributes:
        kind: trigger, acknowledge or resolve.
        incident: what it is about, when it belongs to one.
    """

    id: UUID
    created_at: datetime
    key: str
    severity: str
    kind: str
    incident: str | None
    title: str
    deliveries: Sequence[DeliveryView]


_NAMES = DeliveryView.__struct_fields__
_ABOUT = NoticeView.__struct_fields__[:-1]


async def find_notice(db: Database, key: str) -> NoticeView | None:
    """The notice of a key, or None."""
    found = _views(await db.fetch_all(QUERIES["find_notice"], key=key))
    return found[0] if found else None


async def recent_notices(db: Database, limit: int) -> list[NoticeView]:
    """The newest first."""
    return _views(await db.fetch_all(QUERIES["recent_notices"], limit=limit))


async def offered(db: Database, notice_id: UUID) -> Sequence[Action] | None:
    """What a notice offers to do; None = there is no such notice (any more)."""
    row = await db.fetch_one(QUERIES["find_actions"], id=notice_id)
    return None if row is None else msgspec.convert(row["actions"], list[Action])


def _views(rows: Sequence[Mapping[str, Any]]) -> list[NoticeView]:
    by_id: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_id.setdefault(row["id"], []).append(row)
    return [
        NoticeView(
            **{name: group[0][name] for name in _ABOUT},
            deliveries=[
                DeliveryView(**{name: row[name] for name in _NAMES}) for row in group if row["channel"] is not None
            ],
        )
        for group in by_id.values()
    ]
