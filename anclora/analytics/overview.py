"""The figures of a period at a glance: messages, conversations, conversions."""

import asyncio
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from anclora.analytics.period import Period, wanted
from anclora.storage.database import Database
from anclora.tallies import Counts, total

T_co = TypeVar("T_co", covariant=True)


class MessageCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of a period; rates are shares of `sent`, 0 to 1, 0 without traffic.

    Each event counts in the moment it happened: what was sent yesterday and read today is read today. So a rate may be
    over 1 on the day after a busy one.

    Attributes:
        failed: refused for good, or given up.
    """

    sent: int
    delivered: int
    read: int
    failed: int
    delivery_rate: float
    read_rate: float


class ConversationCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Talks with people."""

    active: int
    handoffs: int


class ConversionCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of them.

    Attributes:
        revenue: in the currency of the business, whole units.
    """

    leads: int
    qualified_leads: int
    appointments: int
    sales: int
    revenue: float


class FiguresOf(Protocol[T_co]):
    """Whoever counts something else than messages: a function of the ledger and of [since, until)."""

    async def __call__(self, db: Database, since: datetime, until: datetime, instance: str | None = None) -> T_co:
        """Its figures, of one number or of all."""
        ...


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a period; null = nobody counts it here."""

    period: Period
    messages: MessageCounts
    conversations: ConversationCounts | None
    conversions: ConversionCounts | None


async def overview(
    db: Database,
    period: Period,
    *,
    instance: str | None = None,
    conversations: FiguresOf[ConversationCounts] | None = None,
    conversions: FiguresOf[ConversionCounts] | None = None,
) -> Overview:
    """The figures of a period, of one number or of all."""
    found, talks, ends = await asyncio.gather(
        total(db, wanted(period, instance=instance)),
        _of(conversations, db, period, instance),
        _of(conversions, db, period, instance),
    )
    return Overview(period=period, messages=messages_of(found), conversations=talks, conversions=ends)


async def _of(count: FiguresOf[T_co] | None, db: Database, period: Period, instance: str | None) -> T_co | None:
    return None if count is None else await count(db, period.since, period.until, instance)


def messages_of(counts: Counts) -> MessageCounts:
    """The short form of these counts. Pure."""
    return MessageCounts(
        sent=counts.sent,
        delivered=counts.delivered,
        read=counts.read,
        failed=counts.failed + counts.dead,
        delivery_rate=share(counts.delivered, counts.sent) or 0.0,
        read_rate=share(counts.read, counts.sent) or 0.0,
    )


def share(part: int, whole: int) -> float | None:
    """A share to four digits; None = there is no whole."""
    return round(part / whole, 4) if whole else None
