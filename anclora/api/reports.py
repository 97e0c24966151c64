"""The doors of reports: a day drawn in four formats, posted to people, and what became of everything they were told."""

import asyncio
from typing import Annotated, Any, get_args

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import Deps, deps_of
from anclora.api.examples_reports import BEGINNINGS, POST_REPORT
from anclora.api.openapi import body_of, documented
from anclora.audit import record
from anclora.kit.errors import InvalidError, SetupError
from anclora.notify import NoticeView, Told, recent_notices
from anclora.reports import (
    MIMETYPES,
    DailyReport,
    Day,
    Format,
    Lang,
    day_of,
    filename_of,
    gather,
    post,
    render,
    spans_of,
)

router = APIRouter(tags=["reports"])
_BODY_BYTES = 10_000
Reader = Annotated[Caller, Depends(Needs("analytics:read"))]
Listener = Annotated[Caller, Depends(Needs("notices:read"))]  # addresses of people are no figures
Writer = Annotated[Caller, Depends(Needs("reports:write"))]


class PostDaily(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which report goes where: `to` names channels, `slack` and `email`; the rest as in the query of the report."""

    to: Annotated[list[str], msgspec.Meta(min_length=1, max_length=10)]
    date: str | None = None
    lang: Lang | None = None
    so_far: bool = False


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A report on its way to people; `already` = all of them had it. What becomes of it: GET /api/v1/notices."""

    notice: Told
    already: bool


class NoticeList(msgspec.Struct, frozen=True, kw_only=True):
    """What people were told, the newest first."""

    notices: list[NoticeView]


_POST = msgspec.json.Decoder(PostDaily)


def _formats() -> dict[int | str, Any]:
    """A document in each format; only the one for programs has a schema."""
    found = documented(DailyReport, 401, 403, 422, 503)
    for form in get_args(Format):
        kind = MIMETYPES[form].partition(";")[0]
        schema = {"type": "string", "format": "binary"} if form == "pdf" else {"type": "string"}
        found[200]["content"].setdefault(kind, {"schema": schema, "example": BEGINNINGS[form]})
    return found


@router.get("/api/v1/reports/daily", summary="The report of a business day", responses=_formats())
async def get_daily(
    request: Request,
    _caller: Reader,
    date: Annotated[
        str | None,
        Query(description="day by the business clock; the last one that is over by default", examples=["2026-01-31"]),
    ] = None,
    form: Annotated[Format, Query(alias="format", description="how it is drawn")] = "json",
    lang: Annotated[Lang | None, Query(description="of its words; ANCLORA_REPORT_LANGUAGE by default")] = None,
    so_far: Annotated[bool, Query(description="of a day that is not over, all up to now")] = False,
) -> Response:
    """Counted from the ledger, so that the same ledger gives the same bytes. A figure nobody counts is null, not 0."""
    deps = deps_of(request)
    day = await _day(request, date, so_far=so_far)
    drawn = await asyncio.to_thread(render, day, form, lang or deps.settings.report_language)
    name = f'inline; filename="{filename_of(day, form)}"'
    return Response(drawn, media_type=MIMETYPES[form], headers={"Content-Disposition": name})


@router.post(
    "/api/v1/reports/daily/post",
    summary="Post the report of a day to people",
    responses=documented(Posted, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(PostDaily, POST_REPORT),
)
async def post_daily(request: Request, caller: Writer) -> Response:
    """Answered before Slack or a mail server has it. The same report goes once to each target."""
    deps = deps_of(request)
    wish = decode(_POST, await read_body(request, _BODY_BYTES))
    _check_channels(deps, wish.to)
    day, lang = await _day(request, wish.date, so_far=wish.so_far), wish.lang or deps.settings.report_language
    async with deps.db.transaction() as conn:
        told = await post(conn, day, lang, wish.to, deps.channels, now=deps.clock.now())
        detail = {"to": wish.to, "lang": lang, "fresh": len(told.fresh)}
        await record(conn, actor=caller.actor, action="report.post", subject=f"report:{day.date}", detail=detail)
    return answer(Posted(notice=told, already=not told.fresh))


@router.get(
    "/api/v1/notices",
    summary="What people were told, and how that ended",
    responses=documented(NoticeList, 401, 403, 422, 503),
)
async def get_notices(request: Request, _caller: Listener, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
    """Every notice is here, whether it arrived or not: of one that failed the sentence says what to do."""
    return answer(NoticeList(notices=await recent_notices(deps_of(request).db, limit)))


async def _day(request: Request, text: str | None, *, so_far: bool) -> Day:
    """The figures; one report at a time is gathered by a process, since it reads much."""
    deps, zone = deps_of(request), deps_of(request).settings.timezone
    now = deps.clock.now()
    spans = spans_of(day_of(text, zone=zone, now=now, so_far=so_far), zone=zone, now=now, so_far=so_far)
    async with request.app.state.gathering:
        return await gather(deps.db, spans, zone=zone, sources=deps.sources)


def _check_channels(deps: Deps, names: list[str]) -> None:
    try:
        for name in names:
            _ = deps.channels[name]
    except SetupError as error:
        raise InvalidError(error.detail, code="channel_not_configured") from error
