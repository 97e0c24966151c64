"""The dead letters' doors: look at what was given up, send it again, or discard it."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.examples import DISCARD, REQUEUE
from anclora.api.openapi import body_of, documented
from anclora.messages.dead_letters import Choice, DeadLetter, count_dead, discard, find_dead, requeue

router = APIRouter(tags=["dead letters"])
_BODY_BYTES = 100_000
_CHOICE = msgspec.json.Decoder(Choice)
Reader = Annotated[Caller, Depends(Needs("messages:read"))]
Writer = Annotated[Caller, Depends(Needs("queue:write"))]


class DeadLetterPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the dead letters.

    Attributes:
        counts: how many fit the filter, by reason code.
        next: give it as `before` for the next page; null on the last one.
    """

    dead_letters: list[DeadLetter]
    counts: dict[str, int]
    next: UUID | None


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """What a request did: at most 500 at once. `left` = how many fit still; ask again until it is 0."""

    count: int
    left: int


@router.get(
    "/api/v1/dead-letters",
    summary="Messages that were given up",
    responses=documented(DeadLetterPage, 401, 403, 422, 503),
)
async def get_dead_letters(
    request: Request,
    _caller: Reader,
    instance: Annotated[str | None, Query(description="only those of this number of ours")] = None,
    reason: Annotated[str | None, Query(description="only those given up for this reason code")] = None,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The newest first, each with the end of its last attempt."""
    db = deps_of(request).db
    found = await find_dead(db, instance=instance, reason=reason, before=before, limit=limit)
    counts = await count_dead(db, instance=instance, reason=reason)
    return answer(DeadLetterPage(dead_letters=found, counts=counts, next=found[-1].id if len(found) == limit else None))


async def _choice(request: Request) -> Choice:
    limit = min(_BODY_BYTES, deps_of(request).settings.body_limit_bytes)
    return decode(_CHOICE, await read_body(request, limit))


async def _left(request: Request, choice: Choice) -> int:
    if choice.ids is not None:
        return 0
    return sum((await count_dead(deps_of(request).db, instance=choice.instance, reason=choice.reason)).values())


@router.post(
    "/api/v1/dead-letters/requeue",
    summary="Send dead letters again",
    responses=documented(Acted, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(Choice, REQUEUE),
)
async def post_requeue(request: Request, caller: Writer) -> Response:
    """Behind all that waits, at their lane's pace. One whose outcome is unknown may then arrive twice."""
    choice = await _choice(request)
    count = await requeue(deps_of(request).db, choice, actor=caller.actor)
    return answer(Acted(count=count, left=await _left(request, choice)))


@router.post(
    "/api/v1/dead-letters/discard",
    summary="Discard dead letters",
    responses=documented(Acted, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(Choice, DISCARD),
)
async def post_discard(request: Request, caller: Writer) -> Response:
    """They become canceled, with the reason given."""
    choice = await _choice(request)
    count = await discard(deps_of(request).db, choice, actor=caller.actor)
    return answer(Acted(count=count, left=await _left(request, choice)))
