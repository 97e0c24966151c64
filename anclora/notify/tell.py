"""Telling: one short insert inside the caller's transaction. Nobody who tells waits for Slack or a mail server."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from anclora.kit.ids import new_id
from anclora.notify.contract import Notice, check_notice
from anclora.storage.database import Connection, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of telling.

    Attributes:
        id: of the notice; the earlier one when the key was told before.
        fresh: targets that hear of it now, as `channel:target`; empty = all of them had it already.
    """

    id: UUID
    fresh: Sequence[str]


async def tell(conn: Connection, notice: Notice, to: Mapping[str, Sequence[str]], *, now: datetime) -> Told:
    """Write a notice down for these targets, by channel. The messenger takes it from there.

    Raises:
        InvalidError: no channel should be asked to carry it.
    """
    notice_id = await keep(conn, notice, now=now)
    fresh: list[str] = []
    for channel, targets in sorted(to.items()):
        for target in sorted(set(targets)):
            values = {"channel": channel, "target": target, "now": now}
            await conn.execute(QUERIES["keep_target"], values)
            if await fetch_one(conn, QUERIES["keep_delivery"], notice_id=notice_id, **values):
                fresh.append(f"{channel}:{target}")
    return Told(id=notice_id, fresh=fresh)


async def keep(conn: Connection, notice: Notice, *, now: datetime) -> UUID:
    """Write a notice down for nobody yet; its id, the earlier one when its key was told before.

    Raises:
        InvalidError: no channel should be asked to carry it.
    """
    check_notice(notice)
    own = new_id()
    row = await fetch_one(
        conn,
        QUERIES["keep_notice"],
        id=own,
        now=now,
        key=notice.key,
        severity=notice.severity.value,
        kind=notice.kind.value,
        incident=notice.incident or None,
        title=notice.title,
        text=notice.text,
        facts=msgspec.json.encode(notice.facts).decode(),
        actions=msgspec.json.encode(notice.actions).decode(),
        links=msgspec.json.encode(notice.links).decode(),
    )
    notice_id = row["id"] if row else own
    if notice_id == own:
        for place, file in enumerate(notice.attachments):
            values = {"notice_id": own, "place": place, "name": file.name, "mimetype": file.mimetype}
            await conn.execute(QUERIES["keep_file"], values | {"data": file.data})
    return notice_id
