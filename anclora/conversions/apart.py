"""The worth of conversions, told apart: by slices of time, or by the number, campaign or template that led to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from anclora.conversions.read import QUERIES
from anclora.kit.errors import InvalidError
from anclora.storage.database import Database, moment_list


class Part(NamedTuple):
    """What they are told apart by; `cuts` = the beginnings of the slices of time, the first that of the span."""

    by: Literal["at", "instance", "campaign", "template"]
    cuts: Sequence[datetime] = ()


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """One part: how many of each kind, and the revenue in minor units of the business currency."""

    counts: Mapping[str, int]
    revenue_minor: int


class Apart(NamedTuple):
    """The parts, and how many digits the business currency has behind the point."""

    parts: Mapping[str, Worth]
    exponent: int


async def worth_apart(
    db: Database,
    part: Part,
    since: datetime,
    until: datetime,
    *,
    currency: str,
    zone: str,
    instance: str | None = None,
    campaign_id: UUID | None = None,
) -> Apart:
    """Conversions of [since, until) by key: what the last touch names ("" = nothing), or the place of a slice, from 1.

    Raises:
        InvalidError: nobody knows the business currency.
    """
    found = await db.fetch_one(QUERIES["read_exponent"], currency=currency)
    if found is None:
        raise InvalidError(f"{currency} is no currency of ISO 4217. Set ANCLORA_CURRENCY.", code="unknown_currency")
    rows = await db.fetch_all(
        QUERIES["count_conversions_apart"],
        by=part.by,
        cuts=moment_list(part.cuts),
        since=since,
        until=until,
        currency=currency,
        exponent=found["exponent"],
        zone=zone,
        instance=instance,
        campaign_id=campaign_id,
    )
    counts: dict[str, dict[str, int]] = {}
    revenue: dict[str, int] = {}
    for row in rows:
        key = str(row["place"]) if part.by == "at" else row["key"]
        counts.setdefault(key, {})[row["kind"]] = row["counts"]
        revenue[key] = revenue.get(key, 0) + (int(row["converted"]) if row["revenue"] else 0)
    parts = {key: Worth(counts=kinds, revenue_minor=revenue[key]) for key, kinds in counts.items()}
    return Apart(parts, exponent=found["exponent"])
