"""The doors of the figures: the overview, the questions, how long messages took, and whether figures are the rows'."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.analytics import (
    Ask,
    Latencies,
    Overview,
    Period,
    Question,
    QuestionAnswer,
    as_csv,
    ask,
    latencies,
    mend,
    overview,
    period_of,
    verify,
)
from anclora.analytics.latency import LatencyBy
from anclora.analytics.model import By
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.deps import deps_of
from anclora.api.examples_analytics import TABLE
from anclora.api.openapi import documented
from anclora.tallies import Verified

router = APIRouter(tags=["analytics"])
_CSV = "text/csv"
Reader = Annotated[Caller, Depends(Needs("analytics:read"))]
Writer = Annotated[Caller, Depends(Needs("analytics:write"))]
Since = Annotated[
    str | None, Query(alias="from", description="day or moment; today by default", examples=["2026-01-31"])
]
Until = Annotated[
    str | None, Query(alias="to", description="day (included) or moment; now by default", examples=["2026-01-31"])
]
_PLAIN = r"^[^\x00]*$"  # what Postgres can look for
OfInstance = Annotated[str | None, Query(description="only of this number", examples=["sales"], pattern=_PLAIN)]
OfCampaign = Annotated[str | None, Query(description="only of this campaign, by its id", pattern=_PLAIN)]


def _period(request: Request, since: str | None, until: str | None) -> Period:
    deps = deps_of(request)
    return period_of(since, until, timezone=deps.settings.timezone, now=deps.clock.now())


@router.get(
    "/analytics/metrics/overview",
    summary="The figures of a period",
    responses=documented(Overview, 401, 403, 422, 503),
)
async def get_overview(
    request: Request, _caller: Reader, since: Since = None, until: Until = None, instance: OfInstance = None
) -> Response:
    """Each event counts in the moment it happened, in days of the business time zone; null = nobody counts it here."""
    deps = deps_of(request)
    found = await overview(
        deps.db,
        _period(request, since, until),
        instance=instance,
        conversations=deps.conversations,
        conversions=deps.conversions,
    )
    return answer(found)


@router.get("/analytics/latency", summary="How long messages took", responses=documented(Latencies, 401, 403, 422, 503))
async def get_latency(
    request: Request,
    _caller: Reader,
    since: Since = None,
    until: Until = None,
    by: Annotated[LatencyBy, Query(description="what they are told apart by")] = "all",
    instance: OfInstance = None,
    campaign: OfCampaign = None,
) -> Response:
    """Percentiles in seconds of the messages that were accepted in a period; of very many an even `share` is read."""
    period = _period(request, since, until)
    return answer(await latencies(deps_of(request).db, period, by=by, instance=instance, campaign=campaign))


@router.get(
    "/analytics/verify",
    summary="Are the figures what the rows say?",
    responses=documented(Verified, 401, 403, 422, 503),
)
async def get_verify(request: Request, _caller: Reader, since: Since = None, until: Until = None) -> Response:
    """A recount of every row, by whole hours; without `from` and `to` of all there is. May take minutes."""
    deps = deps_of(request)
    return answer(await verify(deps.db, since, until, timezone=deps.settings.timezone))


@router.post(
    "/analytics/mend", summary="Make the figures what the rows say", responses=documented(Verified, 401, 403, 422, 503)
)
async def post_mend(request: Request, caller: Writer) -> Response:
    """Safe while everything runs; says what it found before. Needed once after an upgrade from before the figures."""
    return answer(await mend(deps_of(request).db, actor=caller.actor))


def _as_json_or_csv() -> dict[int | str, Any]:
    found = documented(QuestionAnswer, 401, 403, 422, 503)
    found[200]["content"][_CSV] = {"schema": {"type": "string"}, "example": TABLE}
    return found


@router.get("/analytics/{question}", summary="A question to the figures", responses=_as_json_or_csv())
async def get_question(
    request: Request,
    _caller: Reader,
    question: Annotated[Question, Path(examples=["messages"])],
    since: Since = None,
    until: Until = None,
    by: Annotated[
        By | None, Query(description="what figures are told apart by; else what the question suggests")
    ] = None,
    instance: OfInstance = None,
    campaign: OfCampaign = None,
    shape: Annotated[
        Literal["json", "csv"], Query(alias="format", description="`csv` is safe in spreadsheets")
    ] = "json",
) -> Response:
    """The figures of a period, told apart by time or by sort, with the period before beside them."""
    deps = deps_of(request)
    asked = Ask(
        question=question,
        period=_period(request, since, until),
        by=by,
        instance=instance,
        campaign=campaign,
        currency=deps.settings.currency,
    )
    found = await ask(deps.db, asked)
    if shape == "csv":
        name = f'attachment; filename="{question}.csv"'
        return Response(as_csv(found), media_type=f"{_CSV}; charset=utf-8", headers={"Content-Disposition": name})
    return answer(found)
