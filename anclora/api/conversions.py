"""The doors of conversions: record one, see it with what led to it, refund it, correct it."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.analytics import period_of
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.examples_conversions import CAMPAIGN_ID, CONVERSION_ID, CORRECTION, PHONE, REFUND, WISH
from anclora.api.openapi import body_of, documented
from anclora.conversions import (
    Conversion,
    Correction,
    Desk,
    Figures,
    Recorded,
    Refund,
    Wish,
    correct,
    figures,
    find,
    record,
    refund,
    show,
)
from anclora.conversions.read import Search
from anclora.conversions.record import find_contact
from anclora.kit.errors import InvalidError

router = APIRouter(tags=["conversions"])
PATH = "/api/v1/conversions"
BODY_BYTES = 10_000
_WISH, _REFUND = msgspec.json.Decoder(Wish), msgspec.json.Decoder(Refund)
_CORRECTION = msgspec.json.Decoder(Correction)
Reader = Annotated[Caller, Depends(Needs("conversions:read"))]
Writer = Annotated[Caller, Depends(Needs("conversions:write"))]
Id = Annotated[UUID, Path(examples=[CONVERSION_ID])]
Since = Annotated[
    str | None, Query(alias="from", description="day or moment of the first row", examples=["2026-01-01"])
]
Until = Annotated[str | None, Query(alias="to", description="day (included) or moment", examples=["2026-01-31"])]
Campaign = Annotated[UUID | None, Query(description="only what is put down to it", examples=[CAMPAIGN_ID])]
Touched = Annotated[Literal["first", "last"], Query(description="the touch it is put down to")]


class ConversionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page, the newest first; `next` is the `before` of the one after, null at the end."""

    conversions: list[Conversion]
    next: UUID | None


def desk_of(request: Request, caller: Caller) -> Desk:
    """Who records, when, and by which rules."""
    deps = deps_of(request)
    return Desk(
        account=caller.account,
        actor=caller.actor,
        now=deps.clock.now(),
        region=deps.settings.default_region,
        window_days=deps.settings.attribution_days,
    )


async def _shown(request: Request, caller: Caller, done: Recorded) -> Response:
    headers = {"Idempotent-Replayed": "true"} if done.replayed else {}
    return answer(await show(deps_of(request).db, caller.account, done.id), headers=headers)


@router.post(
    PATH,
    summary="Record a conversion",
    responses=documented(Conversion, 400, 401, 403, 408, 409, 413, 422, 503),
    openapi_extra=body_of(Wish, WISH),
)
async def post_conversion(request: Request, caller: Writer) -> Response:
    """The same external_id of the same kind again answers the same (Idempotent-Replayed); another body is 409."""
    wish = decode(_WISH, await read_body(request, BODY_BYTES))
    return await _shown(request, caller, await record(deps_of(request).db, wish, desk_of(request, caller)))


@router.get(PATH, summary="Conversions", responses=documented(ConversionPage, 401, 403, 422, 503))
async def get_conversions(
    request: Request,
    caller: Reader,
    *,
    kind: Annotated[str | None, Query(max_length=40, examples=["sale"])] = None,
    contact: Annotated[str | None, Query(max_length=200, examples=[PHONE])] = None,
    external_id: Annotated[str | None, Query(max_length=200)] = None,
    since: Since = None,
    until: Until = None,
    campaign_id: Campaign = None,
    touch: Touched = "last",
    before: Annotated[UUID | None, Query(description="last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The rows behind every figure: of a period those are shown that have a row in it, a refund for example."""
    deps = deps_of(request)
    if any("\0" in (text or "") for text in (kind, contact, external_id)):
        raise InvalidError("No text here holds NUL.", code="invalid_text")
    period = None
    if since or until:
        period = period_of(since, until, timezone=deps.settings.timezone, now=deps.clock.now(), by_quarters=False)
    who = None if contact is None else await find_contact(deps.db, contact, deps.settings.default_region)
    search = Search(
        kind=kind,
        contact_id=who,
        external_id=external_id,
        since=period and period.since,
        until=period and period.until,
        campaign_id=campaign_id,
        touch=touch,
    )
    found = await find(deps.db, caller.account, search, before=before, limit=limit)
    return answer(ConversionPage(conversions=found, next=found[-1].id if len(found) == limit else None))


@router.get(
    f"{PATH}/figures", summary="How many, and what they were worth", responses=documented(Figures, 401, 403, 422, 503)
)
async def get_figures(
    request: Request,
    caller: Reader,
    *,
    since: Since = None,
    until: Until = None,
    campaign_id: Campaign = None,
    touch: Touched = "last",
) -> Response:
    """Of a period, today by default; the list of conversions with the same from, to and campaign shows the rows."""
    deps = deps_of(request)
    settings = deps.settings
    period = period_of(since, until, timezone=settings.timezone, now=deps.clock.now(), by_quarters=False)
    found = await figures(
        deps.db,
        period.since,
        period.until,
        currency=settings.currency,
        zone=settings.timezone,
        account=caller.account,
        campaign_id=campaign_id,
        touch=touch,
    )
    return answer(found)


@router.get(
    f"{PATH}/{{conversion_id}}", summary="One conversion", responses=documented(Conversion, 401, 403, 404, 422, 503)
)
async def get_conversion(request: Request, conversion_id: Id, caller: Reader) -> Response:
    """With every row of it, and the touches before it: `first` and `last` mark those it is put down to."""
    return answer(await show(deps_of(request).db, caller.account, conversion_id))


_CHANGED = documented(Conversion, 400, 401, 403, 404, 408, 409, 413, 422, 503)


@router.post(
    f"{PATH}/{{conversion_id}}/refund",
    summary="Give value back",
    responses=_CHANGED,
    openapi_extra=body_of(Refund, REFUND, required=False),
)
async def post_refund(request: Request, conversion_id: Id, caller: Writer) -> Response:
    """A row behind the conversion, which itself never changes. It counts where it happened."""
    body = await read_body(request, BODY_BYTES)
    wish = decode(_REFUND, body) if body else Refund()
    done = await refund(deps_of(request).db, conversion_id, wish, desk_of(request, caller))
    return await _shown(request, caller, done)


@router.post(
    f"{PATH}/{{conversion_id}}/correct",
    summary="Say what should have been recorded",
    responses=_CHANGED,
    openapi_extra=body_of(Correction, CORRECTION),
)
async def post_correct(request: Request, conversion_id: Id, caller: Writer) -> Response:
    """A row behind the conversion. It counts in the moment of the conversion; `void` takes it out of every count."""
    wish = decode(_CORRECTION, await read_body(request, BODY_BYTES))
    done = await correct(deps_of(request).db, conversion_id, wish, desk_of(request, caller))
    return await _shown(request, caller, done)
