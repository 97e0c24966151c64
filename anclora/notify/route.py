"""Sending a notice its ways: who stands on the first rungs hears of it now, the others only when it must be."""

from collections.abc import Sequence
from datetime import datetime

from anclora.kit.logging import get_logger
from anclora.notify.contract import Notice
from anclora.notify.tell import QUERIES, Told, tell
from anclora.notify.ways import ONE_ALARM, Leg, called_again
from anclora.storage.database import Connection, fetch_one

log = get_logger(__name__)


async def route(conn: Connection, notice: Notice, legs: Sequence[Leg], *, now: datetime) -> Told:
    """Write a notice down with its ways, in the caller's transaction.

    Args:
        conn: of that transaction.
        notice: what people are told.
        legs: from `Channels.legs`; a target that stands in several hears of it once.
        now: the present moment.

    Raises:
        InvalidError: no channel should be asked to carry it.
    """
    if await fetch_one(conn, QUERIES["was_told"], incident=notice.incident, key=notice.key, channels=list(ONE_ALARM)):
        legs = called_again(legs)
    first: dict[str, list[str]] = {}
    for leg in legs:
        first.setdefault(leg[0].channel, []).extend(leg[0].targets)
    told = await tell(conn, notice, first, now=now)
    if not legs:
        log.error("notice_has_no_way", notice=str(told.id), severity=notice.severity.value)
    for number, leg in enumerate(legs):
        for place, rung in enumerate(leg):
            values = {
                "notice_id": told.id,
                "leg": number,
                "rung": place,
                "channel": rung.channel,
                "targets": list(rung.targets),
                "wait_seconds": rung.wait_seconds,
                "now": now,
            }
            await conn.execute(QUERIES["keep_rung"], values)
    return told
