"""The doors of webhook subscriptions: make one, look at it, change, pause and delete it."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import BODIES, Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.examples_hooks import CHANGE, DRAFT, HOOK_ID, PAUSE
from anclora.api.openapi import body_of, documented
from anclora.hooks import HookChange, HookDraft, pause, read, subscriptions
from anclora.hooks.read import HookView

router = APIRouter(tags=["webhooks out"])
_BODY_BYTES = 10_000
_DRAFT = msgspec.json.Decoder(HookDraft)
_CHANGE = msgspec.json.Decoder(HookChange)
Reader = Annotated[Caller, Depends(Needs("hooks:read"))]
Writer = Annotated[Caller, Depends(Needs("hooks:write"))]
# Whoever says where events go reads what they carry.
Addresser = Annotated[Caller, Depends(Needs("hooks:write", BODIES))]
HookId = Annotated[UUID, Path(examples=[HOOK_ID])]


class HookList(msgspec.Struct, frozen=True, kw_only=True):
    """Every subscription, the oldest first."""

    hooks: list[HookView]


class NewHook(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription just made, with the secret its requests are signed with."""

    hook: HookView
    secret: str


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """What is no more."""

    id: UUID


class Pause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, in up to 200 characters."""

    why: str


_PAUSE = msgspec.json.Decoder(Pause)


@router.get("/api/v1/hooks", summary="Webhook subscriptions", responses=documented(HookList, 401, 403, 422, 503))
async def get_hooks(request: Request, _caller: Reader) -> Response:
    """How each fares, what waits for it and why."""
    deps = deps_of(request)
    return answer(HookList(hooks=await read.show_all(deps.db, deps.clock)))


@router.post(
    "/api/v1/hooks",
    summary="Subscribe to events",
    responses=documented(NewHook, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(HookDraft, DRAFT),
)
async def post_hook(request: Request, caller: Addresser) -> Response:
    """It hears of what happens from now on; of states of messages within a second."""
    deps = deps_of(request)
    draft = decode(_DRAFT, await read_body(request, _BODY_BYTES))
    hook = await subscriptions.create(deps.db, draft, deps.settings, clock=deps.clock, actor=caller.actor)
    return answer(NewHook(hook=await read.show(deps.db, hook.id, deps.clock), secret=hook.secret))


@router.get(
    "/api/v1/hooks/{hook_id}", summary="One subscription", responses=documented(HookView, 401, 403, 404, 422, 503)
)
async def get_hook(request: Request, hook_id: HookId, _caller: Reader) -> Response:
    """How it fares, what waits for it and why."""
    deps = deps_of(request)
    return answer(await read.show(deps.db, hook_id, deps.clock))


@router.patch(
    "/api/v1/hooks/{hook_id}",
    summary="Change a subscription",
    responses=documented(HookView, 400, 401, 403, 404, 408, 413, 422, 503),
    openapi_extra=body_of(HookChange, CHANGE),
)
async def patch_hook(request: Request, hook_id: HookId, caller: Addresser) -> Response:
    """What is left out stays. What waits already goes to the new address, in the new way."""
    deps = deps_of(request)
    wish = decode(_CHANGE, await read_body(request, _BODY_BYTES))
    await subscriptions.change(deps.db, hook_id, wish, deps.settings, clock=deps.clock, actor=caller.actor)
    return answer(await read.show(deps.db, hook_id, deps.clock))


@router.delete(
    "/api/v1/hooks/{hook_id}", summary="End a subscription", responses=documented(Deleted, 401, 403, 404, 422, 503)
)
async def delete_hook(request: Request, hook_id: HookId, caller: Writer) -> Response:
    """What was on its way to it is not posted any more."""
    await subscriptions.delete(deps_of(request).db, hook_id, actor=caller.actor)
    return answer(Deleted(id=hook_id))


@router.post(
    "/api/v1/hooks/{hook_id}/pause",
    summary="Post nothing for now",
    responses=documented(HookView, 400, 401, 403, 404, 408, 413, 422, 503),
    openapi_extra=body_of(Pause, PAUSE),
)
async def post_pause(request: Request, hook_id: HookId, caller: Writer) -> Response:
    """What happens meanwhile waits. One that is paused already stays as it is."""
    deps = deps_of(request)
    why = decode(_PAUSE, await read_body(request, _BODY_BYTES)).why
    await pause.pause(deps.db, hook_id, why, clock=deps.clock, actor=caller.actor)
    return answer(await read.show(deps.db, hook_id, deps.clock))


@router.post(
    "/api/v1/hooks/{hook_id}/resume", summary="Post again", responses=documented(HookView, 401, 403, 404, 422, 503)
)
async def post_resume(request: Request, hook_id: HookId, caller: Writer) -> Response:
    """One event first, then more and more; what was set aside goes again at once."""
    deps = deps_of(request)
    await pause.resume(deps.db, hook_id, clock=deps.clock, actor=caller.actor)
    return answer(await read.show(deps.db, hook_id, deps.clock))
