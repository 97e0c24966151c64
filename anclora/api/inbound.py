"""The inbound ledger's doors: what people said, stored webhooks read again, those that failed, the gaps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import BODIES, Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.examples import MESSAGE_ID
from anclora.api.examples_inbound import REPLAY, RETRY_WEBHOOKS
from anclora.api.openapi import body_of, documented, refused
from anclora.audit import record
from anclora.inbound.gaps import Gap, find_gaps
from anclora.inbound.read import Failed, Heard, count_failed, find, find_failed, get
from anclora.inbound.replay import Replay, Replayed
from anclora.kit.errors import InvalidError, UnavailableError

router = APIRouter(tags=["inbound"])
_BODY_BYTES = 50_000
_FILE: Mapping[str, str] = {"type": "string", "format": "binary"}
Reader = Annotated[Caller, Depends(Needs("inbound:read"))]
Writer = Annotated[Caller, Depends(Needs("inbound:write"))]
FileReader = Annotated[Caller, Depends(Needs("inbound:read", BODIES))]  # of a file nothing is left to redact
Instance = Annotated[str | None, Query(description="only this number of ours")]
Before = Annotated[UUID | None, Query(description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
HeardId = Annotated[UUID, Path(examples=[MESSAGE_ID])]
Moment = datetime | None


class HeardPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what people said, the newest first; give `next` as `before` for the next page, null = the last one."""

    heard: list[Heard]
    next: UUID | None


class FailedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the webhooks that could not be applied, and how many there are in all."""

    unprocessed: list[Failed]
    count: int
    next: UUID | None


class GapList(msgspec.Struct, frozen=True, kw_only=True):
    """Spans in which events may have been lost, the newest first."""

    gaps: list[Gap]


class ReplaySpan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which stored webhooks to read again, by when they arrived; `after` = `next` of the answer before.

    Attributes:
        kind: as the list of stored kinds has it: inbound, own_message, receipt, connection, or an event's own name.
    """

    since: datetime
    until: datetime
    instance: str | None = None
    kind: str | None = None
    after: UUID | None = None


class RetryChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which failed webhooks to apply again: these ids (up to 500), or all from `after` on."""

    ids: list[UUID] | None = None
    everything: bool = False
    after: UUID | None = None


_SPAN, _RETRY = msgspec.json.Decoder(ReplaySpan), msgspec.json.Decoder(RetryChoice)


async def _body(request: Request) -> bytes:
    return await read_body(request, min(_BODY_BYTES, deps_of(request).settings.body_limit_bytes))


def _replay(request: Request) -> Replay:
    replay = deps_of(request).replay
    if replay is None:
        raise UnavailableError("This server reads no webhooks.", code="no_replay")
    return replay


def _aware(moment: Moment, name: str) -> Moment:
    if moment is not None and moment.tzinfo is None:
        raise InvalidError(f"{name} needs an offset, for example 2026-01-31T09:00:00+01:00.", code="invalid_time")
    return moment


@router.get(
    "/api/v1/inbound",
    summary="What people said",
    responses=documented(HeardPage, 401, 403, 422, 503),
)
async def get_inbound(
    request: Request,
    _caller: Reader,
    instance: Instance = None,
    since: Annotated[Moment, Query(description="said then or later")] = None,
    until: Annotated[Moment, Query(description="said before then")] = None,
    kind: Annotated[str | None, Query(description="only this kind: text, image, reaction, …")] = None,
    direction: Annotated[Literal["in", "phone"] | None, Query(description="to us, or typed on our phone")] = None,
    before: Before = None,
    limit: Limit = 50,
) -> Response:
    """The newest first. Edits, deletions, reactions and votes stand beside what they are about, in `target`."""
    found = await find(
        deps_of(request).db,
        instance=instance,
        since=_aware(since, "since"),
        until=_aware(until, "until"),
        kind=kind,
        direction=direction,
        before=before,
        limit=limit,
    )
    return answer(HeardPage(heard=found, next=found[-1].id if len(found) == limit else None))


@router.get(
    "/api/v1/inbound/unprocessed",
    summary="Webhooks that could not be applied",
    responses=documented(FailedPage, 401, 403, 422, 503),
)
async def get_unprocessed(
    request: Request, _caller: Reader, instance: Instance = None, before: Before = None, limit: Limit = 50
) -> Response:
    """Stored, and each with the reason; the newest first."""
    db = deps_of(request).db
    found = await find_failed(db, instance=instance, before=before, limit=limit)
    last = found[-1].id if len(found) == limit else None
    return answer(FailedPage(unprocessed=found, count=await count_failed(db), next=last))


@router.get(
    "/api/v1/inbound/gaps", summary="Spans that are looked up", responses=documented(GapList, 401, 403, 422, 503)
)
async def get_gaps(request: Request, _caller: Reader, instance: Instance = None, limit: Limit = 50) -> Response:
    """After a reconnect, a silence, or a time in which we did not listen."""
    return answer(GapList(gaps=await find_gaps(deps_of(request).db, instance=instance, limit=limit)))


@router.get(
    "/api/v1/inbound/{heard_id}",
    summary="One thing somebody said",
    responses=documented(Heard, 401, 403, 404, 422, 503),
)
async def get_heard(request: Request, heard_id: HeardId, _caller: Reader) -> Response:
    """With its edits, deletions, reactions and votes so far."""
    return answer(await get(deps_of(request).db, heard_id))


@router.get(
    "/api/v1/inbound/{heard_id}/media",
    summary="The file of one thing somebody sent",
    response_class=Response,
    responses={
        200: {"description": "Its bytes", "content": {"application/octet-stream": {"schema": _FILE, "example": "…"}}},
        **{status: refused(status) for status in (401, 403, 404, 422, 503)},
    },
)
async def get_heard_media(request: Request, heard_id: HeardId, _caller: FileReader) -> Response:
    """Fetched from the provider the first time, then kept as uploads are; `ETag` is its hash, for `media.stored`."""
    deps = deps_of(request)
    if deps.heard_media is None:
        raise UnavailableError("This server does not fetch files.", code="media_unavailable")
    file = await deps.heard_media.fetch(heard_id)
    named = f"; filename*=UTF-8''{quote(file.file_name)}" if file.file_name else ""
    return Response(
        file.data,
        media_type=file.mimetype,
        # Whatever a stranger sent is saved, never run in a page of ours.
        headers={
            "Content-Disposition": f"attachment{named}",
            "Content-Security-Policy": "sandbox",
            "ETag": f'"{file.hash}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.post(
    "/api/v1/inbound/replay",
    summary="Read stored webhooks again",
    responses=documented(Replayed, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(ReplaySpan, REPLAY),
)
async def post_replay(request: Request, caller: Writer) -> Response:
    """A few hundred a call, with this version's eyes. What is known already stays as it is."""
    span = decode(_SPAN, await _body(request))
    if span.since.tzinfo is None or span.until.tzinfo is None:
        raise InvalidError("since and until need an offset, for example …T09:00:00+01:00.", code="invalid_time")
    if span.after is None:
        shown = {"since": span.since.isoformat(), "until": span.until.isoformat(), "kind": span.kind}
        await _audit(request, caller, "inbound.replay", span.instance or "all", shown)
    done = await _replay(request).span(span.since, span.until, instance=span.instance, kind=span.kind, after=span.after)
    return answer(done)


@router.post(
    "/api/v1/inbound/retry",
    summary="Apply failed webhooks again",
    responses=documented(Replayed, 400, 401, 403, 404, 408, 413, 422, 503),
    openapi_extra=body_of(RetryChoice, RETRY_WEBHOOKS),
)
async def post_retry(request: Request, caller: Writer) -> Response:
    """Those that can be applied now leave the list; the others get their new reason."""
    choice = decode(_RETRY, await _body(request))
    if (not choice.ids) == (not choice.everything):
        raise InvalidError("Give ids, or everything: true.", code="no_choice")
    if choice.after is None:
        await _audit(request, caller, "inbound.retry", "webhooks", {"ids": len(choice.ids or []) or "all"})
    return answer(await _replay(request).failed(choice.ids, after=choice.after))


async def _audit(request: Request, caller: Caller, action: str, subject: str, detail: Mapping[str, object]) -> None:
    async with deps_of(request).db.transaction() as conn:
        await record(conn, actor=caller.actor, action=action, subject=subject, detail=detail)
