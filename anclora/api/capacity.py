"""The doors of capacity: what can be sent, what is to come, what to do, and a question."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.deps import Deps, deps_of
from anclora.api.examples_capacity import CHART
from anclora.api.openapi import documented
from anclora.capacity import (
    Advice,
    CapacityReport,
    Foresight,
    WhatIf,
    advise,
    chart_of,
    foresee,
    moment_of,
    read_bench,
    report,
    what_if,
)
from anclora.capacity.model import Bench

router = APIRouter(tags=["operations"])
_SVG = "image/svg+xml"
Reader = Annotated[Caller, Depends(Needs("analytics:read"))]


async def _bench(deps: Deps) -> Bench:
    return await asyncio.to_thread(read_bench, deps.settings.bench_file)


@router.get(
    "/api/v1/capacity",
    summary="What can be sent, and what binds",
    responses=documented(CapacityReport, 401, 403, 422, 503),
)
async def get_report(request: Request, _caller: Reader) -> Response:
    """The five ceilings and the lowest of them. What nobody measured is null and said to be so."""
    deps = deps_of(request)
    return answer(await report(deps.db, deps.settings, deps.clock, await _bench(deps)))


def _as_json_or_svg() -> dict[int | str, Any]:
    found = documented(Foresight, 401, 403, 422, 503)
    found[200]["content"][_SVG] = {"schema": {"type": "string"}, "example": CHART}
    return found


@router.get("/api/v1/capacity/forecast", summary="What is to come", responses=_as_json_or_svg())
async def get_forecast(
    request: Request,
    _caller: Reader,
    shape: Annotated[Literal["json", "svg"], Query(alias="format", description="`svg` draws the days")] = "json",
) -> Response:
    """Hours, days and peaks with an interval, what it was worth on hours kept back, and when a ceiling is reached."""
    deps = deps_of(request)
    found = await foresee(deps.db, deps.settings, deps.clock, await _bench(deps))
    return Response(chart_of(found), media_type=_SVG) if shape == "svg" else answer(found)


@router.get(
    "/api/v1/capacity/advice",
    summary="Which rules of the playbook fire",
    responses=documented(Advice, 401, 403, 422, 503),
)
async def get_advice(request: Request, _caller: Reader) -> Response:
    """The rules on the last 30 days, and what follows: scale out, scale up, or raise the limits of the numbers."""
    deps = deps_of(request)
    return answer(await advise(deps.db, deps.settings, deps.clock, await _bench(deps)))


@router.get(
    "/api/v1/capacity/what-if", summary="So many more by then?", responses=documented(WhatIf, 401, 403, 422, 503)
)
async def get_what_if(
    request: Request,
    _caller: Reader,
    messages: Annotated[int, Query(ge=1, le=10_000_000, description="how many more", examples=[20000])],
    by: Annotated[
        str,
        Query(
            description="18:00 by the business clock (today, or tomorrow), or a moment at most 30 days away",
            examples=["18:00"],
            max_length=40,
        ),
    ],
    workers: Annotated[int | None, Query(ge=0, le=1_000, description="as if so many dispatch processes ran")] = None,
) -> Response:
    """Yes or no, when it would be done, and which ceiling binds; what waits and what comes anyway is counted."""
    deps = deps_of(request)
    until = moment_of(by, now=deps.clock.now(), zone=deps.settings.timezone)
    found = await what_if(
        deps.db,
        deps.settings,
        deps.clock,
        await _bench(deps),
        messages=messages,
        by=until,
        workers=workers,
    )
    return answer(found)
