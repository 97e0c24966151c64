"""The doors of messages that are out: give them other words, delete them for everybody."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import Deps, deps_of
from anclora.api.examples_media import EDIT, MESSAGE_ID
from anclora.api.openapi import body_of, documented
from anclora.messages.act import Act, Actors
from anclora.messages.edit import edit
from anclora.messages.take_back import take_back

router = APIRouter(tags=["messages"])
Sender = Annotated[Caller, Depends(Needs("messages:send"))]
Id = Annotated[UUID, Path(examples=[MESSAGE_ID])]


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New words; of a file, its new caption."""

    text: str


_EDIT = msgspec.json.Decoder(Edit)


def _actors(deps: Deps) -> Actors:
    return Actors(deps.db, deps.providers, deps.book)


@router.post(
    "/api/v1/messages/{message_id}/edit",
    summary="Give a message other words",
    responses=documented(Act, 400, 401, 403, 404, 408, 409, 413, 422, 503),
    openapi_extra=body_of(Edit, EDIT),
)
async def post_edit(request: Request, message_id: Id, caller: Sender) -> Response:
    """Works for a quarter of an hour after it was sent; WhatsApp shows that it was edited."""
    deps = deps_of(request)
    wish = decode(_EDIT, await read_body(request, deps.settings.body_limit_bytes))
    done = await edit(_actors(deps), message_id, wish.text, now=deps.clock.now(), actor=caller.actor)
    return answer(done)


@router.post(
    "/api/v1/messages/{message_id}/delete",
    summary="Delete a message for everybody",
    responses=documented(Act, 401, 403, 404, 409, 422, 503),
)
async def post_delete(request: Request, message_id: Id, caller: Sender) -> Response:
    """Works for two days after it was sent. The ledger keeps it; to stop one that is not out yet, cancel it."""
    deps = deps_of(request)
    return answer(await take_back(_actors(deps), message_id, now=deps.clock.now(), actor=caller.actor))
