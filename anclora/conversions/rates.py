"""The dated table of rates: set by people, read by figures, never guessed."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import msgspec
from msgspec import Meta

from anclora.audit import record as audit
from anclora.conversions.model import Desk
from anclora.conversions.record import QUERIES, read_books
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.storage.database import Connection, Database, fetch_one

_MOST = Decimal(10) ** 9
_DIGITS = 12
_EARLIEST_YEAR = 2000


class RateWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rate from a day on.

    Attributes:
        currency: ISO 4217.
        rate: what one unit of it is worth in the business currency, as text: `"0.92"`; null takes the row away.
        valid_from: the first day it counts, until the next row; days are those of the business's time zone.
        target: another currency than the business's.
    """

    currency: str
    rate: Annotated[str, Meta(max_length=40)] | None
    valid_from: date
    target: str | None = None


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of `currency` is `rate` units of `target` from `valid_from` on, until the next row."""

    currency: str
    target: str
    valid_from: date
    rate: str
    set_at: datetime
    set_by: str


async def set_rate(db: Database, wish: RateWish, desk: Desk, *, target: str) -> list[Rate]:
    """Set or take away one; the rates of that currency.

    Raises:
        InvalidError: no such currency, or no such number.
        NotFoundError: there is no row to take away.
    """
    async with db.transaction() as conn:
        pair = await _pair(conn, wish, target)
        detail = {**pair, "valid_from": wish.valid_from.isoformat(), "rate": wish.rate}
        row = {**pair, "valid_from": wish.valid_from}
        if wish.rate is None:
            if await fetch_one(conn, QUERIES["remove_rate"], **row) is None:
                raise NotFoundError("No rate begins on this day.", code="rate_not_found")
        else:
            await conn.execute(
                QUERIES["set_rate"], {**row, "rate": _number(wish.rate), "now": desk.now, "actor": desk.actor}
            )
        subject = f"rate:{pair['currency']}/{pair['target']}"
        await audit(conn, actor=desk.actor, action="conversion.rate", subject=subject, detail=detail)
    return await find_rates(db, pair["currency"])


async def find_rates(db: Database, currency: str | None = None) -> list[Rate]:
    """The rates of a currency, or all; of each pair the newest day first."""
    rows = await db.fetch_all(QUERIES["find_rates"], currency=currency and currency.replace("\0", "").upper())
    return [Rate(rate=f"{row.pop('rate').normalize():f}", **row) for row in rows]


async def _pair(conn: Connection, wish: RateWish, target: str) -> dict[str, str]:
    exponents = (await read_books(conn)).exponents
    pair = {"currency": wish.currency.strip().upper(), "target": (wish.target or target).strip().upper()}
    for code in pair.values():
        if code not in exponents:
            raise InvalidError(f"{code[:10]!r} is no currency of ISO 4217, such as EUR.", code="unknown_currency")
    if pair["currency"] == pair["target"]:
        raise InvalidError("A currency needs no rate to itself.", code="same_currency")
    if wish.valid_from.year < _EARLIEST_YEAR:
        raise InvalidError(f"valid_from lies before {_EARLIEST_YEAR}.", code="too_long_ago")
    return pair


def _number(text: str) -> Decimal:
    try:
        rate = Decimal(text.strip()) if text.isascii() else Decimal("NaN")
    except InvalidOperation:
        rate = Decimal("NaN")
    exponent = rate.as_tuple().exponent
    if not rate.is_finite() or not 0 < rate < _MOST or not isinstance(exponent, int) or exponent < -_DIGITS:
        raise InvalidError(
            f'rate must be more than 0, with up to {_DIGITS} digits behind the point, as text: "0.92".',
            code="invalid_rate",
        )
    return rate
