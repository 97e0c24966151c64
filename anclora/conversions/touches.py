"""The touches before conversions: looked up in the ledger, judged by `attribution`, kept with each conversion."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from anclora.conversions.attribution import Attributed, Touch, attributed
from anclora.storage.database import Connection, fetch_all
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_encode = msgspec.json.Encoder().encode


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A conversion whose touches are wanted; what was named as leading to it counts alone."""

    id: UUID
    contact_id: UUID
    occurred_at: datetime
    message_id: UUID | None
    campaign_id: UUID | None


async def touch(conn: Connection, asked: Sequence[Asked], *, window_days: int) -> None:
    """Find and keep the touches of these, inside the caller's transaction."""
    window = timedelta(days=window_days)
    found = await _find(conn, asked, window)
    for conversion_id, named in (await _named(conn, asked)).items():
        found[conversion_id].append(named)
    rows: list[dict[str, Any]] = []
    for each in asked:
        rows += _rows(each.id, attributed(found[each.id], each.occurred_at, window))
    if rows:
        await conn.execute(QUERIES["insert_touches"], {"touches": _encode(rows).decode()})


async def _find(conn: Connection, asked: Sequence[Asked], window: timedelta) -> defaultdict[UUID, list[Touch]]:
    spans = [
        {
            "id": each.id,
            "contact_id": each.contact_id,
            "since": each.occurred_at - window,
            "until": each.occurred_at,
        }
        for each in asked
    ]
    found: defaultdict[UUID, list[Touch]] = defaultdict(list)
    for row in await fetch_all(conn, QUERIES["find_touches"], asked=_encode(spans).decode()):
        conversion_id, tags = row.pop("conversion_id"), tuple(row.pop("tags"))
        found[conversion_id].append(Touch(**row, tags=tags))
    return found


async def _named(conn: Connection, asked: Sequence[Asked]) -> Mapping[UUID, Touch]:
    ids = sorted({each.message_id for each in asked if each.message_id is not None})
    rows = await fetch_all(conn, QUERIES["find_named"], ids=ids) if ids else []
    messages = {row["id"]: row for row in rows}
    named: dict[UUID, Touch] = {}
    for each in asked:
        if each.message_id is None and each.campaign_id is None:
            continue
        message = messages.get(each.message_id, {}) if each.message_id is not None else {}
        named[each.id] = Touch(
            kind="named",
            at=each.occurred_at,
            id=each.message_id or each.id,
            instance=message.get("instance"),
            message_id=each.message_id,
            campaign_id=each.campaign_id or message.get("campaign_id"),
            template=message.get("template"),
            tags=tuple(message.get("tags", ())),
        )
    return named


def _rows(conversion_id: UUID, found: Attributed) -> list[dict[str, Any]]:
    names = [name for name in Touch.__struct_fields__ if name != "id"]
    return [
        {
            "conversion_id": conversion_id,
            "place": place,
            "first": place == found.first,
            "last": place == found.last,
            **{name: getattr(each, name) for name in names},
        }
        for place, each in enumerate(found.touches)
    ]
