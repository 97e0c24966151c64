"""The doors of conversations: look at them, hand them off, claim, release and close them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.examples_conversations import CLAIM, CLOSE, CONVERSATION_ID, HANDOFF, RELEASE, TAKE_OVER
from anclora.api.openapi import body_of, documented
from anclora.conversations import Conversation, HandoffReason, Talk, claim, close, handoff, read, release
from anclora.kit.errors import InvalidError

router = APIRouter(tags=["conversations"])
_BODY_BYTES = 10_000
_PATH = "/api/v1/conversations"
_ONE = f"{_PATH}/{{conversation_id}}"
Reader = Annotated[Caller, Depends(Needs("conversations:read"))]
Writer = Annotated[Caller, Depends(Needs("conversations:write"))]
Id = Annotated[UUID, Path(examples=[CONVERSATION_ID])]


class ConversationPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some conversations, the newest first; give `next` as `before` for the next page, null = the last one."""

    conversations: list[Conversation]
    next: UUID | None


class Handoff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a person is asked for, and what that person should know, in up to 500 characters."""

    reason: HandoffReason
    note: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who takes it, by name; `instead_of` = who has it now, where it is taken over."""

    agent: str
    instead_of: str | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has it, as far as the caller knows; left out = whoever it is."""

    agent: str | None = None


class Close(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it ended, in up to 500 characters."""

    why: str


_HANDOFF, _CLAIM = msgspec.json.Decoder(Handoff), msgspec.json.Decoder(Claim)
_RELEASE, _CLOSE = msgspec.json.Decoder(Release), msgspec.json.Decoder(Close)
_CHANGED = documented(Conversation, 400, 401, 403, 404, 408, 409, 413, 422, 503)


@router.get(_PATH, summary="Conversations", responses=documented(ConversationPage, 401, 403, 422, 503))
async def get_conversations(
    request: Request,
    _caller: Reader,
    state: Annotated[read.Wanted | None, Query(description="where they stand; active = not closed")] = None,
    instance: Annotated[str | None, Query(description="only this number of ours")] = None,
    reason: Annotated[HandoffReason | None, Query(alias="handoff", description="handed off for this reason")] = None,
    agent: Annotated[str | None, Query(description="whom they belong to; of closed ones, belonged to last")] = None,
    since: Annotated[datetime | None, Query(description="opened then or later")] = None,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The newest first. `waiting` = handed off, and nobody has it; `open` = nobody was asked for, and nobody has it."""
    if since is not None and since.tzinfo is None:
        raise InvalidError("since needs an offset, for example 2026-01-31T09:00:00+01:00.", code="invalid_time")
    for name, value in (("instance", instance), ("agent", agent)):
        if value is not None and "\x00" in value:
            raise InvalidError(f"{name} holds a NUL character; remove it.", code="invalid_text")
    found = await read.find(
        deps_of(request).db,
        state=state,
        instance=instance,
        handoff=reason,
        agent=agent,
        since=since,
        before=before,
        limit=limit,
    )
    return answer(ConversationPage(conversations=found, next=found[-1].id if len(found) == limit else None))


@router.get(_ONE, summary="One conversation with its timeline", responses=documented(Talk, 401, 403, 404, 422, 503))
async def get_conversation(request: Request, conversation_id: Id, _caller: Reader) -> Response:
    """What was said and done in it, the oldest first; of a long one the latest 200 entries.

    One that turned out to be a part of another, since something was heard late, is answered with that other.
    """
    return answer(await read.show(deps_of(request).db, conversation_id))


@router.post(f"{_ONE}/handoff", summary="Ask for a person", responses=_CHANGED, openapi_extra=body_of(Handoff, HANDOFF))
async def post_handoff(request: Request, conversation_id: Id, caller: Writer) -> Response:
    """It waits for somebody then; whoever had it has it no more. The same again while it waits changes nothing."""
    deps = deps_of(request)
    wish = decode(_HANDOFF, await read_body(request, _BODY_BYTES))
    await handoff(deps.db, conversation_id, wish.reason, wish.note, clock=deps.clock, actor=caller.actor)
    return answer(await read.get(deps.db, conversation_id))


@router.post(f"{_ONE}/claim", summary="Take it", responses=_CHANGED, openapi_extra=body_of(Claim, CLAIM, TAKE_OVER))
async def post_claim(request: Request, conversation_id: Id, caller: Writer) -> Response:
    """One agent has it at a time: of two who reach for it one gets it, the other a 409 that names the first."""
    deps = deps_of(request)
    wish = decode(_CLAIM, await read_body(request, _BODY_BYTES))
    await claim(deps.db, conversation_id, wish.agent, instead_of=wish.instead_of, clock=deps.clock, actor=caller.actor)
    return answer(await read.get(deps.db, conversation_id))


@router.post(
    f"{_ONE}/release",
    summary="Give it back",
    responses=_CHANGED,
    openapi_extra=body_of(Release, RELEASE, required=False),
)
async def post_release(request: Request, conversation_id: Id, caller: Writer) -> Response:
    """Nobody has it then; a handoff waits again. One that nobody has stays as it is."""
    deps = deps_of(request)
    body = await read_body(request, _BODY_BYTES)
    wish = decode(_RELEASE, body) if body else Release()
    await release(deps.db, conversation_id, agent=wish.agent, clock=deps.clock, actor=caller.actor)
    return answer(await read.get(deps.db, conversation_id))


@router.post(f"{_ONE}/close", summary="End it", responses=_CHANGED, openapi_extra=body_of(Close, CLOSE))
async def post_close(request: Request, conversation_id: Id, caller: Writer) -> Response:
    """What the person says next opens a new one. A closed one stays as it is."""
    deps = deps_of(request)
    wish = decode(_CLOSE, await read_body(request, _BODY_BYTES))
    await close(deps.db, conversation_id, wish.why, clock=deps.clock, actor=caller.actor)
    return answer(await read.get(deps.db, conversation_id))
