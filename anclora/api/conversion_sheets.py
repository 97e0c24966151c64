"""The doors beside conversions: sheets of them, the rates of currencies, and the kinds there are."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.api.analytics import period_of
from anclora.api.answers import answer
from anclora.api.bodies import decode, read_body
from anclora.api.conversions import BODY_BYTES, PATH, Reader, Since, Until, Writer, desk_of
from anclora.api.deps import deps_of
from anclora.api.examples_conversions import KIND, RATE, SHEET
from anclora.api.openapi import body_of, documented, refused
from anclora.conversions import Imported, import_rows
from anclora.conversions.kinds import Kind, KindWish, find_kinds, set_kind
from anclora.conversions.rates import Rate, RateWish, find_rates, set_rate
from anclora.conversions.read import export

router = APIRouter(tags=["conversions"])
_RATE, _KIND = msgspec.json.Decoder(RateWish), msgspec.json.Decoder(KindWish)
_CSV = "text/csv"
_SHEET: Mapping[str, Any] = {"schema": {"type": "string"}, "examples": {"example 1": {"value": SHEET}}}


class RateList(msgspec.Struct, frozen=True, kw_only=True):
    """Rates; of each pair the newest day first."""

    rates: list[Rate]


class KindList(msgspec.Struct, frozen=True, kw_only=True):
    """Every kind."""

    kinds: list[Kind]


@router.post(
    f"{PATH}/import",
    summary="Record a sheet of conversions",
    responses=documented(Imported, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": {_CSV: _SHEET}}},
)
async def post_import(
    request: Request,
    caller: Writer,
    partial: Annotated[bool, Query(description="record the lines that can be, and name the others")] = False,
) -> Response:
    """CSV in UTF-8, up to 10,000 lines. All of it or, when a line is wrong, nothing, and every wrong line is named."""
    deps = deps_of(request)
    body = await read_body(request, deps.settings.body_limit_bytes)
    zone = deps.settings.timezone
    return answer(await import_rows(deps.db, body, desk_of(request, caller), zone=zone, partial=partial))


_EXPORT: dict[int | str, Any] = {
    200: {"description": "OK", "content": {_CSV: {"schema": {"type": "string"}, "example": SHEET}}},
    **{status: refused(status) for status in (401, 403, 422, 503)},
}


@router.get(f"{PATH}/export", summary="A sheet of conversions", response_class=Response, responses=_EXPORT)
async def get_export(request: Request, caller: Reader, since: Since = None, until: Until = None) -> Response:
    """Every row of a period as CSV, refunds and corrections too; the last 30 days by default."""
    deps = deps_of(request)
    now, zone = deps.clock.now(), deps.settings.timezone
    begin = since or (None if until else (now - timedelta(days=30)).isoformat())
    period = period_of(begin, until, timezone=zone, now=now, by_quarters=False)
    text = await export(deps.db, caller.account, period.since, period.until)
    return Response(text, media_type=f"{_CSV}; charset=utf-8")


@router.get(f"{PATH}/rates", summary="Rates of currencies", responses=documented(RateList, 401, 403, 422, 503))
async def get_rates(
    request: Request, _caller: Reader, currency: Annotated[str | None, Query(max_length=3, examples=["USD"])] = None
) -> Response:
    """What one unit of a currency is worth in another, from a day on."""
    return answer(RateList(rates=await find_rates(deps_of(request).db, currency)))


@router.post(
    f"{PATH}/rates",
    summary="Set a rate from a day on",
    responses=documented(RateList, 400, 401, 403, 404, 408, 413, 422, 503),
    openapi_extra=body_of(RateWish, RATE),
)
async def post_rate(request: Request, caller: Writer) -> Response:
    """Figures of days on and after it use it, those of the past too; `rate: null` takes the row of a day away."""
    deps = deps_of(request)
    wish = decode(_RATE, await read_body(request, BODY_BYTES))
    rates = await set_rate(deps.db, wish, desk_of(request, caller), target=deps.settings.currency)
    return answer(RateList(rates=rates))


@router.get(f"{PATH}/kinds", summary="Kinds of conversions", responses=documented(KindList, 401, 403, 422, 503))
async def get_kinds(request: Request, _caller: Reader) -> Response:
    """Four that everybody has, and your own."""
    return answer(KindList(kinds=await find_kinds(deps_of(request).db)))


@router.post(
    f"{PATH}/kinds",
    summary="Make a kind of your own",
    responses=documented(KindList, 400, 401, 403, 408, 409, 413, 422, 503),
    openapi_extra=body_of(KindWish, KIND),
)
async def post_kind(request: Request, caller: Writer) -> Response:
    """Or say anew what one means. Whether its value is revenue stays as it was made."""
    wish = decode(_KIND, await read_body(request, BODY_BYTES))
    return answer(KindList(kinds=await set_kind(deps_of(request).db, wish, desk_of(request, caller))))
