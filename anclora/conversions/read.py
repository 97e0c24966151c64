"""Reading conversions: one with its rows and touches, a page, or a sheet of everything."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from anclora.conversions.errors import no_conversion
from anclora.conversions.model import Conversion, ConversionEvent, TouchView
from anclora.conversions.money import show_minor
from anclora.conversions.sheet import write_sheet
from anclora.kit.errors import InvalidError
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
TouchRule = Literal["first", "last"]
_LAST = UUID(int=2**128 - 1)
_MOST_EXPORTED = 100_000


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What conversions to show.

    Attributes:
        since: with `until`: those with a row in [since, until).
        campaign_id: put down to this campaign, by the touch that `touch` names.
    """

    kind: str | None = None
    contact_id: UUID | None = None
    external_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    campaign_id: UUID | None = None
    touch: TouchRule = "last"


async def find(
    db: Database, account: str, search: Search, *, before: UUID | None = None, limit: int = 50
) -> list[Conversion]:
    """A page, the newest first; `before` is the last id of the page before."""
    fields = {name: getattr(search, name) for name in Search.__struct_fields__}
    return await _find(db, account, fields, before=before, limit=limit)


async def show(db: Database, account: str, conversion_id: UUID) -> Conversion:
    """One, with every row of it and what came before it.

    Raises:
        NotFoundError: there is none of this id.
    """
    fields = {name: getattr(Search(), name) for name in Search.__struct_fields__}
    found = await _find(db, account, fields, only=conversion_id, limit=1)
    if not found:
        raise no_conversion(conversion_id)
    exponents = {row["code"]: row["exponent"] for row in await db.fetch_all(QUERIES["read_exponents"])}
    exponent = exponents.get(found[0].currency or "", 0)
    events = await db.fetch_all(QUERIES["read_events"], id=conversion_id)
    touches = await db.fetch_all(QUERIES["read_touches"], conversion_id=conversion_id, id=conversion_id)
    return msgspec.structs.replace(
        found[0],
        events=[_event(row, exponent) for row in events],
        touches=[TouchView(**row) for row in touches],
    )


async def export(db: Database, account: str, since: datetime, until: datetime) -> str:
    """Every row of [since, until) as CSV.

    Raises:
        InvalidError: there are more than 100,000.
    """
    limit = _MOST_EXPORTED + 1
    rows = await db.fetch_all(QUERIES["export_conversions"], account=account, since=since, until=until, limit=limit)
    if len(rows) > _MOST_EXPORTED:
        raise InvalidError(f"There are more than {_MOST_EXPORTED:,} rows. Choose a shorter span.", code="too_complex")
    return write_sheet(rows)


async def _find(
    db: Database,
    account: str,
    fields: Mapping[str, Any],
    *,
    only: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Conversion]:
    given = {**fields, "id": only, "account": account, "before": before or _LAST, "limit": limit}
    return [_conversion(row) for row in await db.fetch_all(QUERIES["find_conversions"], **given)]


def _conversion(row: Mapping[str, Any]) -> Conversion:
    net, exponent = row["net"], row["exponent"] or 0
    same = {name: row[name] for name in Conversion.__struct_fields__ if name in row}
    return Conversion(
        **same,
        value=None if net is None else show_minor(net, exponent),
        value_minor=net,
        refunded_minor=None if net is None or row["counts"] < 1 else row["gross"] - net,
        void=row["counts"] < 1,
    )


def _event(row: Mapping[str, Any], exponent: int) -> ConversionEvent:
    fields = dict(row)
    amount = fields.pop("amount")
    return ConversionEvent(value=None if amount is None else show_minor(amount, exponent), value_minor=amount, **fields)
