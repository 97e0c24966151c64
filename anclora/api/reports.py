"""The doors of reports: a day, a week, a month drawn in four formats, and posted to people."""

import asyncio
from typing import Annotated, Any, get_args

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import Deps, deps_of
from anclora.api.examples_reports import BEGINNINGS, POST_PERIOD, POST_REPORT
from anclora.api.openapi import body_of, documented
from anclora.audit import record
from anclora.kit.errors import InvalidError, SetupError
from anclora.notify import Told
from anclora.reports import (
    MIMETYPES,
    DailyReport,
    Day,
    Format,
    Lang,
    LongEvery,
    Period,
    PeriodReport,
    day_of,
    filename_of,
    gather,
    gather_period,
    period_of,
    post,
    render,
    spans_of,
)

router = APIRouter(tags=["reports"])
_BODY_BYTES = 10_000
Reader = Annotated[Caller, Depends(Needs("analytics:read"))]
Writer = Annotated[Caller, Depends(Needs("reports:write"))]


class PostPeriod(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which report goes where: `to` names channels, `slack` and `email`; the rest as in the query of the report."""

    to: Annotated[list[str], msgspec.Meta(min_length=1, max_length=10)]
    date: str | None = None
    lang: Lang | None = None


class PostDaily(PostPeriod, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same of a day, which may be one that is not over."""

    so_far: bool = False


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A report on its way to people; `already` = all of them had it. What becomes of it: GET /api/v1/notices."""

    notice: Told
    already: bool


_POST, _POST_PERIOD = msgspec.json.Decoder(PostDaily), msgspec.json.Decoder(PostPeriod)
_POSTED = documented(Posted, 400, 401, 403, 408, 413, 422, 503)
_Every = Annotated[LongEvery, Path(description="a week or a month", examples=["weekly"])]
_Form = Annotated[Format, Query(alias="format", description="how it is drawn")]
_Language = Annotated[Lang | None, Query(description="of its words; ANCLORA_REPORT_LANGUAGE by default")]


def _formats(report: type) -> dict[int | str, Any]:
    """A document in each format; only the one for programs has a schema."""
    found = documented(report, 401, 403, 422, 503)
    for form in get_args(Format):
        kind = MIMETYPES[form].partition(";")[0]
        schema = {"type": "string", "format": "binary"} if form == "pdf" else {"type": "string"}
        found[200]["content"].setdefault(kind, {"schema": schema, "example": BEGINNINGS[form]})
    return found


@router.get("/api/v1/reports/daily", summary="The report of a business day", responses=_formats(DailyReport))
async def get_daily(
    request: Request,
    _caller: Reader,
    date: Annotated[
        str | None,
        Query(description="day by the business clock; the last one that is over by default", examples=["2026-01-31"]),
    ] = None,
    form: _Form = "json",
    lang: _Language = None,
    so_far: Annotated[
        bool, Query(description="of a day that is not over, all up to the last full quarter of an hour")
    ] = False,
) -> Response:
    """Counted from the ledger, so that the same ledger gives the same bytes. A figure nobody counts is null, not 0."""
    return await _drawn(request, await _day(request, date, so_far=so_far), form, lang)


@router.post(
    "/api/v1/reports/daily/post",
    summary="Post the report of a day to people",
    responses=_POSTED,
    openapi_extra=body_of(PostDaily, POST_REPORT),
)
async def post_daily(request: Request, caller: Writer) -> Response:
    """Answered before Slack or a mail server has it. The same report goes once to each target."""
    deps = deps_of(request)
    wish = decode(_POST, await read_body(request, _BODY_BYTES))
    _check_channels(deps, wish.to)
    return await _posted(request, caller, await _day(request, wish.date, so_far=wish.so_far), wish)


@router.get("/api/v1/reports/{every}", summary="The report of a week or a month", responses=_formats(PeriodReport))
async def get_period(
    request: Request,
    _caller: Reader,
    every: _Every,
    date: Annotated[
        str | None,
        Query(
            description="a day of it by the business clock; the last one that is over by default",
            examples=["2026-01-31"],
        ),
    ] = None,
    form: _Form = "json",
    lang: _Language = None,
) -> Response:
    """Beside the week or month before, and each day beside the same weekday a week earlier. Weeks begin on Monday."""
    return await _drawn(request, await _period(request, every, date), form, lang)


@router.post(
    "/api/v1/reports/{every}/post",
    summary="Post the report of a week or a month to people",
    responses=_POSTED,
    openapi_extra=body_of(PostPeriod, POST_PERIOD),
)
async def post_period(request: Request, caller: Writer, every: _Every) -> Response:
    """As the report of a day is posted."""
    deps = deps_of(request)
    wish = decode(_POST_PERIOD, await read_body(request, _BODY_BYTES))
    _check_channels(deps, wish.to)
    return await _posted(request, caller, await _period(request, every, wish.date), wish)


async def _day(request: Request, text: str | None, *, so_far: bool) -> Day:
    """The figures; one report at a time is gathered by a process, since it reads much."""
    deps, zone = deps_of(request), deps_of(request).settings.timezone
    now = deps.clock.now()
    spans = spans_of(day_of(text, zone=zone, now=now, so_far=so_far), zone=zone, now=now, so_far=so_far)
    async with request.app.state.gathering:
        return await gather(deps.db, spans, zone=zone, sources=deps.sources)


async def _period(request: Request, every: LongEvery, text: str | None) -> Period:
    deps, zone = deps_of(request), deps_of(request).settings.timezone
    spans = period_of(every, text, zone=zone, now=deps.clock.now())
    async with request.app.state.gathering:
        return await gather_period(deps.db, spans, zone=zone, sources=deps.sources)


async def _drawn(request: Request, figures: Day | Period, form: Format, lang: Lang | None) -> Response:
    drawn = await asyncio.to_thread(render, figures, form, lang or deps_of(request).settings.report_language)
    name = f'inline; filename="{filename_of(figures, form)}"'
    return Response(drawn, media_type=MIMETYPES[form], headers={"Content-Disposition": name})


async def _posted(request: Request, caller: Caller, figures: Day | Period, wish: PostPeriod) -> Response:
    deps = deps_of(request)
    lang = wish.lang or deps.settings.report_language
    subject = f"{figures.date}" if isinstance(figures, Day) else f"{figures.every}:{figures.first}"
    async with deps.db.transaction() as conn:
        told = await post(conn, figures, lang, wish.to, deps.channels, now=deps.clock.now())
        detail = {"to": wish.to, "lang": lang, "fresh": len(told.fresh)}
        await record(conn, actor=caller.actor, action="report.post", subject=f"report:{subject}", detail=detail)
    return answer(Posted(notice=told, already=not told.fresh))


def _check_channels(deps: Deps, names: list[str]) -> None:
    try:
        for name in names:
            _ = deps.channels[name]
    except SetupError as error:
        raise InvalidError(error.detail, code="channel_not_configured") from error
