"""GET /analytics/metrics/overview: the figures of a period, counted from the ledger."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.deps import deps_of
from anclora.api.openapi import documented
from anclora.kit.errors import InvalidError
from anclora.messages.overview import MessageCounts, counts

router = APIRouter(tags=["analytics"])
_LONGEST = timedelta(days=366)
_DATE_CHARS = 10


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """[since, until) in the business time zone."""

    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    timezone: str


class ConversationCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Talks with people."""

    active: int = 0
    handoffs: int = 0


class ConversionCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of them."""

    leads: int = 0
    qualified_leads: int = 0
    appointments: int = 0
    sales: int = 0
    revenue: float = 0


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a period."""

    period: Period
    messages: MessageCounts
    conversations: ConversationCounts
    conversions: ConversionCounts


def period_of(since: str | None, until: str | None, *, timezone: str, now: datetime) -> Period:
    """The period a caller means. Pure.

    Args:
        since: a day (its start) or a moment; by default the start of the day of `until`, or of today.
        until: a day (its end, so that `to` is included) or a moment; by default now.
        timezone: IANA zone of days and of moments without an offset.
        now: the present moment.

    Raises:
        InvalidError: unreadable, backwards, or longer than a year.
    """
    zone = ZoneInfo(timezone)
    try:
        end = _moment(until, zone, days=1) if until else now.astimezone(zone)
        start = _moment(since, zone, days=0) if since else _midnight(end - timedelta(microseconds=1), zone)
        fits = timedelta(0) < end.astimezone(UTC) - start.astimezone(UTC) <= _LONGEST
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            "from and to must be days (2026-01-31) or moments (2026-01-31T09:00:00+01:00).", code="invalid_period"
        ) from error
    if not fits:
        raise InvalidError("from must lie before to, by a year at most.", code="invalid_period")
    return Period(since=start, until=end, timezone=timezone)


def _moment(text: str, zone: ZoneInfo, *, days: int) -> datetime:
    if len(text) <= _DATE_CHARS:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), zone)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(moment.astimezone(zone).date(), time(), zone)


@router.get(
    "/analytics/metrics/overview",
    summary="The figures of a period",
    responses=documented(Overview, 401, 403, 422, 503),
)
async def get_overview(
    request: Request,
    _caller: Annotated[Caller, Depends(Needs("analytics:read"))],
    since: Annotated[
        str | None, Query(alias="from", description="day or moment; today by default", examples=["2026-01-31"])
    ] = None,
    until: Annotated[
        str | None, Query(alias="to", description="day (included) or moment; now by default", examples=["2026-01-31"])
    ] = None,
) -> Response:
    """Each event counts in the moment it happened. Conversations and conversions are 0 until they are tracked."""
    deps = deps_of(request)
    period = period_of(since, until, timezone=deps.settings.timezone, now=deps.clock.now())
    found = await counts(deps.db, period.since, period.until)
    return answer(
        Overview(period=period, messages=found, conversations=ConversationCounts(), conversions=ConversionCounts())
    )
