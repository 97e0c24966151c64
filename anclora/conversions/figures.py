"""How many conversions a period had, and their worth: sums of rows, in their currencies and in the business's."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from anclora.conversions.money import show_minor
from anclora.conversions.read import QUERIES, TouchRule
from anclora.kit.errors import InvalidError
from anclora.storage.database import Connection, Database, fetch_all, fetch_one

_MOST_SUM = 2**60  # so that the sum of several still fits eight bytes


class CurrencySum(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken in one currency.

    Attributes:
        value: net of refunds and corrections, in units; `value_minor` in minor units.
        converted_minor: what of it there was a rate for, in minor units of the business currency.
        unconverted_minor: what of it there was none for, in minor units of its own.
    """

    currency: str
    value: str
    value_minor: int
    converted_minor: int
    unconverted_minor: int

    @property
    def digits(self) -> int:
        """Of the currency, behind the point."""
        return len(self.value.partition(".")[2])


class KindFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One kind in a period.

    Attributes:
        count: those that happened in it, less those a correction took out.
        refunds: refunds that happened in it; they take value and not count.
        value_minor: in the business currency, as far as there were rates.
    """

    kind: str
    revenue: bool
    count: int
    refunds: int
    value_minor: int
    values: list[CurrencySum]


class MissingRate(msgspec.Struct, frozen=True, kw_only=True):
    """Value that is in no sum of the business currency, because no rate was valid on its day; `since` = the first."""

    currency: str
    rows: int
    value: str
    value_minor: int
    since: date


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of [since, until).

    Attributes:
        currency: the business currency.
        revenue: of all kinds that are revenue, in units of the business currency as text; `revenue_minor` in minor
            units. What `missing_rates` names is not in it.
        kinds: every kind that had a row in the period.
    """

    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    currency: str
    revenue: str
    revenue_minor: int
    kinds: list[KindFigures]
    missing_rates: list[MissingRate]

    def count(self, kind: str) -> int:
        """How many of a kind."""
        return next((each.count for each in self.kinds if each.kind == kind), 0)


async def figures(
    db: Database,
    since: datetime,
    until: datetime,
    *,
    currency: str,
    zone: str,
    account: str | None = None,
    campaign_id: UUID | None = None,
    instance: str | None = None,
    template: str | None = None,
    touch: TouchRule = "last",
) -> Figures:
    """Count a period.

    Args:
        db: the ledger.
        since: aware, included.
        until: aware, excluded.
        currency: the business currency (setting ANCLORA_CURRENCY).
        zone: IANA zone in which a conversion has its day, for the rate (setting ANCLORA_TIMEZONE).
        account: whose; None = everybody's.
        campaign_id: only what is put down to this campaign.
        instance: only what is put down to messages of this number.
        template: only what is put down to this template.
        touch: by which touch.

    Raises:
        InvalidError: `unknown_currency`: nobody knows the business currency; `sum_too_large`: a rate cannot be true.
    """
    async with db.connection() as conn:
        return await figures_on(
            conn,
            since,
            until,
            currency=currency,
            zone=zone,
            account=account,
            campaign_id=campaign_id,
            instance=instance,
            template=template,
            touch=touch,
        )


async def figures_on(
    conn: Connection,
    since: datetime,
    until: datetime,
    *,
    currency: str,
    zone: str,
    account: str | None = None,
    campaign_id: UUID | None = None,
    instance: str | None = None,
    template: str | None = None,
    touch: TouchRule = "last",
) -> Figures:
    """The same on a connection, as its transaction sees the ledger.

    Raises:
        InvalidError: as `figures` does.
    """
    found = await fetch_one(conn, QUERIES["read_exponent"], currency=currency)
    if found is None:
        raise InvalidError(f"{currency} is no currency of ISO 4217. Set ANCLORA_CURRENCY.", code="unknown_currency")
    exponent: int = found["exponent"]
    rows = await fetch_all(
        conn,
        QUERIES["count_conversions"],
        since=since,
        until=until,
        currency=currency,
        exponent=exponent,
        zone=zone,
        account=account,
        campaign_id=campaign_id,
        instance=instance,
        template=template,
        touch=touch,
    )
    rows = [row | {name: _whole(row[name]) for name in ("amount", "converted", "unconverted")} for row in rows]
    kinds = _kinds(rows)
    revenue = sum(each.value_minor for each in kinds if each.revenue)
    return Figures(
        since=since,
        until=until,
        currency=currency,
        revenue=show_minor(revenue, exponent),
        revenue_minor=revenue,
        kinds=kinds,
        missing_rates=_missing(rows),
    )


def _whole(total: Decimal) -> int:
    """A sum as JSON's readers can hold it; a rate with too many digits before the point leads beyond that."""
    if abs(total) >= _MOST_SUM:
        raise InvalidError("A sum is too large to be true. Look at: anclora conversions rates", code="sum_too_large")
    return int(total)


def _kinds(rows: Sequence[Mapping[str, Any]]) -> list[KindFigures]:
    kinds: list[KindFigures] = []
    for name in dict.fromkeys(row["kind"] for row in rows):
        mine = [row for row in rows if row["kind"] == name]
        kinds.append(
            KindFigures(
                kind=name,
                revenue=mine[0]["revenue"],
                count=sum(row["counts"] for row in mine),
                refunds=sum(row["refunds"] for row in mine),
                value_minor=sum(row["converted"] for row in mine),
                values=[
                    CurrencySum(
                        currency=row["currency"],
                        value=show_minor(row["amount"], row["exponent"]),
                        value_minor=row["amount"],
                        converted_minor=row["converted"],
                        unconverted_minor=row["unconverted"],
                    )
                    for row in mine
                    if row["currency"] is not None
                ],
            )
        )
    return kinds


def _missing(rows: Sequence[Mapping[str, Any]]) -> list[MissingRate]:
    missing: list[MissingRate] = []
    lacking = [row for row in rows if row["without_rate"]]
    for currency in sorted({row["currency"] for row in lacking}):
        mine = [row for row in lacking if row["currency"] == currency]
        minor = sum(row["unconverted"] for row in mine)
        missing.append(
            MissingRate(
                currency=currency,
                rows=sum(row["without_rate"] for row in mine),
                value=show_minor(minor, mine[0]["exponent"]),
                value_minor=minor,
                since=min(row["first_day"] for row in mine),
            )
        )
    return missing
