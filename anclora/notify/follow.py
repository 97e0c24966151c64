"""Telling how an incident goes on, to whoever heard of it: somebody has it, or it is over."""

from collections.abc import Mapping
from datetime import datetime

from anclora.notify.contract import Channel, Kind, Notice
from anclora.notify.tell import QUERIES, Told, tell
from anclora.storage.database import Connection, fetch_all


async def follow(conn: Connection, notice: Notice, channels: Mapping[str, Channel], *, now: datetime) -> Told:
    """Write down what became of an incident, for everybody it was told to; nobody is woken by old news.

    What still waits to be told of an incident that is over is withdrawn. When somebody has it, only what would call or
    text people is; the rest comes in order. Second paths that were not used are spared.

    Args:
        conn: of the caller's transaction.
        notice: `acknowledge` or `resolve`, with the key of the incident; its actions replace the earlier ones.
        channels: of this process; they say what is worth telling there.
        now: the present moment.

    Raises:
        InvalidError: no channel should be asked to carry it.
    """
    told = await tell(conn, notice, {}, now=now)  # checked and written down before anything is withdrawn
    over = notice.kind is Kind.RESOLVE
    deaf = [name for name, channel in channels.items() if over or notice.kind not in channel.kinds]
    await conn.execute(QUERIES["withdraw"], {"incident": notice.incident, "deaf": deaf, "now": now})
    to: dict[str, list[str]] = {}
    for row in await fetch_all(conn, QUERIES["hearers"], incident=notice.incident):
        channel = channels.get(row["channel"])
        if channel is not None and notice.kind in channel.kinds:
            to.setdefault(row["channel"], []).append(row["target"])
    return await tell(conn, notice, to, now=now) if to else told
