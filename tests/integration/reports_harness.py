"""Rows of messages and of what people say, at known moments, for tests of reports.

They are planted beside the statements that count them, so the tallies are made good before they are read.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from anclora.kit.ids import id_at, new_id
from anclora.reports import Day, gather, spans_of
from anclora.storage.database import Database
from anclora.storage.partitions import ensure_partitions
from anclora.tallies import mend

MADRID = "Europe/Madrid"
NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
_INSERT = """
insert into messages (id, account, instance, contact_id, recipient, content, kind, class, priority, state, state_at,
    ordinal, attempt, created_at, sent_at, delivered_at, read_at, reason_code)
values (%(id)s, 'main', %(instance)s, %(contact)s, '34600111222', '{}', 'text', 'utility', 2, %(state)s, %(state_at)s,
    nextval('message_ordinal'), 1, %(made)s, %(sent_at)s, %(delivered_at)s, %(read_at)s, %(reason)s)
"""


def at(text: str, zone: str = MADRID) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


async def make_partitions(db: Database) -> None:
    """Those of the months the tests write into: December 2025 to February 2027."""
    async with db.transaction() as conn:
        for month in (1, 5, 9, 11):
            await ensure_partitions(conn, datetime(2026, month, 1, tzinfo=UTC))


async def message(
    db: Database,
    *,
    sent: str | None = None,
    delivered: str | None = None,
    read: str | None = None,
    failed: str | None = None,
    made: str | None = None,
    instance: str = "sales",
    state: str | None = None,
    reason: str | None = None,
) -> UUID:
    """One message with these moments, made just before the first of them."""
    moments = [at(each) for each in (sent, delivered, read, failed) if each]
    began = at(made) if made else min(moments) - timedelta(seconds=1)
    message_id = id_at(began)
    word = state or ("failed" if failed else "read" if read else "delivered" if delivered else "sent")
    values: dict[str, Any] = {
        "id": message_id,
        "instance": instance,
        "contact": new_id(),
        "state": word,
        "state_at": max(moments),
        "made": began,
        "sent_at": at(sent) if sent else None,
        "delivered_at": at(delivered) if delivered else None,
        "read_at": at(read) if read else None,
        "reason": reason,
    }
    await db.execute(_INSERT, **values)
    return message_id


async def heard(db: Database, when: str, **members: Any) -> None:
    moment = at(when)
    values = {"instance": "sales", "direction": "in", "kind": "text", "target": None, **members}
    await db.execute(
        "insert into heard (instance, provider_id, id, direction, at, peer, kind, target) values"
        " (%(instance)s, %(provider_id)s, %(id)s, %(direction)s, %(at)s, '34', %(kind)s, %(target)s)",
        provider_id=new_id().hex,
        id=id_at(moment),
        at=moment,
        **values,
    )


async def attempt(db: Database, message_id: UUID, number: int, outcome: str, when: str) -> None:
    await db.execute(
        "insert into attempts (message_id, attempt, instance, intent_at, finished_at, outcome)"
        " values (%(id)s, %(number)s, 'sales', %(at)s, %(at)s, %(outcome)s)",
        id=message_id,
        number=number,
        at=at(when),
        outcome=outcome,
    )


async def count_anew(db: Database) -> None:
    async with db.transaction() as conn:
        await mend(conn)


async def day_of(db: Database, text: str, *, zone: str = MADRID, now: datetime = NOW, **more: Any) -> Day:
    await count_anew(db)
    so_far = bool(more.pop("so_far", False))
    spans = spans_of(date.fromisoformat(text), zone=zone, now=now, so_far=so_far)
    return await gather(db, spans, zone=zone, **more)
