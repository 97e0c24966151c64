"""The doors of what subscriptions were told: the log, telling again, a test, and the secret of the signature."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.api.answers import answer
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.examples_hooks import EVENT_ID, REPLAY
from anclora.api.hooks import HookId, Reader, Writer
from anclora.api.openapi import body_of, documented
from anclora.hooks import read, replay, subscriptions
from anclora.hooks.model import DeliveryState
from anclora.hooks.read import DeliveryDetail, DeliveryView
from anclora.hooks.replay import Replay

router = APIRouter(tags=["webhooks out"])
_BODY_BYTES = 10_000
_REPLAY = msgspec.json.Decoder(Replay)


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some deliveries. `next`: give it as `before` for the next page; null on the last one."""

    deliveries: list[DeliveryView]
    next: UUID | None


class ToldAgain(msgspec.Struct, frozen=True, kw_only=True):
    """How many events are on their way again."""

    count: int


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """The event that is on its way; what became of it stands among the deliveries."""

    event_id: UUID


class HookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """What requests are signed with. `old_secret_until` = until then with the one before too."""

    secret: str
    old_secret_until: datetime | None


@router.get(
    "/api/v1/hooks/{hook_id}/deliveries",
    summary="What a subscription was told",
    responses=documented(DeliveryPage, 401, 403, 404, 422, 503),
)
async def get_deliveries(
    request: Request,
    hook_id: HookId,
    _caller: Reader,
    state: Annotated[DeliveryState | None, Query(description="only those that are so")] = None,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The newest event first."""
    found = await read.find_deliveries(deps_of(request).db, hook_id, state=state, before=before, limit=limit)
    return answer(DeliveryPage(deliveries=found, next=found[-1].event_id if len(found) == limit else None))


@router.get(
    "/api/v1/hooks/{hook_id}/deliveries/{event_id}",
    summary="One delivery with its requests",
    responses=documented(DeliveryDetail, 401, 403, 404, 422, 503),
)
async def get_delivery(
    request: Request, hook_id: HookId, event_id: Annotated[UUID, Path(examples=[EVENT_ID])], _caller: Reader
) -> Response:
    """What was posted, without people's words and numbers, and how each answer began."""
    return answer(await read.show_delivery(deps_of(request).db, hook_id, event_id))


@router.post(
    "/api/v1/hooks/{hook_id}/replay",
    summary="Tell again",
    responses=documented(ToldAgain, 400, 401, 403, 404, 408, 413, 422, 503),
    openapi_extra=body_of(Replay, REPLAY),
)
async def post_replay(request: Request, hook_id: HookId, caller: Writer) -> Response:
    """One event; or of a span those it was never told and those given up, with `again` all. The ids stay the same."""
    deps = deps_of(request)
    wish = decode(_REPLAY, await read_body(request, _BODY_BYTES))
    return answer(ToldAgain(count=await replay.replay(deps.db, hook_id, wish, clock=deps.clock, actor=caller.actor)))


@router.post(
    "/api/v1/hooks/{hook_id}/test", summary="Post a test", responses=documented(Tested, 401, 403, 404, 409, 422, 503)
)
async def post_test(request: Request, hook_id: HookId, caller: Writer) -> Response:
    """An event `hook.test` for this subscription alone, by the way all others go."""
    deps = deps_of(request)
    return answer(Tested(event_id=await replay.send_test(deps.db, hook_id, clock=deps.clock, actor=caller.actor)))


@router.get(
    "/api/v1/hooks/{hook_id}/secret",
    summary="What requests are signed with",
    responses=documented(HookSecret, 401, 403, 404, 422, 503),
)
async def get_secret(request: Request, hook_id: HookId, _caller: Writer) -> Response:
    """Needs the scope to change subscriptions, since whoever knows it can pretend to be us."""
    hook = await subscriptions.find(deps_of(request).db, hook_id)
    return answer(HookSecret(secret=hook.secret, old_secret_until=hook.old_secret_until))


@router.post(
    "/api/v1/hooks/{hook_id}/secret",
    summary="Change the secret",
    responses=documented(HookSecret, 401, 403, 404, 422, 503),
)
async def post_secret(request: Request, hook_id: HookId, caller: Writer) -> Response:
    """For a day requests carry a signature with each of the two."""
    deps = deps_of(request)
    hook = await subscriptions.rotate(deps.db, hook_id, clock=deps.clock, actor=caller.actor)
    return answer(HookSecret(secret=hook.secret, old_secret_until=hook.old_secret_until))
