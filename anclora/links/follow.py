"""Following a link: where it leads, and that somebody did, inside the caller's transaction."""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from anclora.kit.ids import new_id
from anclora.links.metrics import CLICKS
from anclora.links.model import Click
from anclora.links.read import QUERIES
from anclora.links.rules import TOKEN_CHARS, agent_class, why_scanner
from anclora.storage.database import Connection, fetch_one

_SHAPE = re.compile(rf"[0-9A-Za-z]{{{TOKEN_CHARS}}}")


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A link that leads somewhere, and the click just stored."""

    id: UUID
    token: str
    account: str
    url: str
    message_id: UUID | None
    contact_id: UUID | None
    campaign_id: UUID | None
    conversion_kind: str | None
    click: Click


async def follow(
    conn: Connection, token: str, *, method: str, headers: Mapping[str, str], now: datetime
) -> Followed | None:
    """Where a token leads; None = nowhere, be it unknown or expired, and then nothing is stored.

    Args:
        conn: in a transaction.
        token: as it came.
        method: GET or HEAD.
        headers: of the request, names in lower case.
        now: aware.
    """
    row = await fetch_one(conn, QUERIES["follow_link"], token=token, now=now) if _SHAPE.fullmatch(token) else None
    if row is None:
        CLICKS.labels("nowhere").inc()
        return None
    sent_at = row.pop("sent_at")
    since = None if sent_at is None else (now - sent_at).total_seconds()
    agent = agent_class(headers.get("user-agent", ""))
    click = Click(id=new_id(), at=now, agent=agent, scanner=why_scanner(method, headers, since))
    fields = {name: getattr(click, name) for name in Click.__struct_fields__}
    await conn.execute(QUERIES["insert_click"], {**fields, "link_id": row["id"]})
    CLICKS.labels("person" if click.scanner is None else "scanner").inc()
    return Followed(**row, click=click)
