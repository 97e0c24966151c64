"""The doors of what is done about failures: how often a refused message is tried again, and what becomes of doubts."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.examples import CLASS, RETRY
from anclora.api.openapi import body_of, documented
from anclora.messages.classes import ClassChange, ClassView, change_class, read_classes
from anclora.messages.model import MessageClass
from anclora.messages.retries import RetryChange, RetryView, change_retry, read_retries

router = APIRouter(tags=["retries"])
_BODY_BYTES = 10_000
_RETRY = msgspec.json.Decoder(RetryChange)
_CLASS = msgspec.json.Decoder(ClassChange)
Reader = Annotated[Caller, Depends(Needs("messages:read"))]
Writer = Annotated[Caller, Depends(Needs("queue:write"))]


class RetryList(msgspec.Struct, frozen=True, kw_only=True):
    """Every scope of refusals, then the reason codes for which somebody chose something."""

    retries: list[RetryView]


class ClassList(msgspec.Struct, frozen=True, kw_only=True):
    """Every class of messages."""

    classes: list[ClassView]


@router.get(
    "/api/v1/retries", summary="How failures are tried again", responses=documented(RetryList, 401, 403, 422, 503)
)
async def get_retries(request: Request, _caller: Reader) -> Response:
    """What is done about a refusal: by its reason code, else by its scope."""
    return answer(RetryList(retries=(await read_retries(deps_of(request).db)).views()))


@router.patch(
    "/api/v1/retries/{failure}",
    summary="Change how a failure is tried again",
    responses=documented(RetryView, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(RetryChange, RETRY),
)
async def patch_retry(
    request: Request, failure: Annotated[str, Path(examples=["connection_closed"])], caller: Writer
) -> Response:
    """Counts within a second, without a restart; waits that began already stay as they are."""
    change = decode(_RETRY, await read_body(request, _BODY_BYTES))
    return answer(await change_retry(deps_of(request).db, failure, change, actor=caller.actor))


@router.get("/api/v1/classes", summary="What becomes of doubts", responses=documented(ClassList, 401, 403, 422, 503))
async def get_classes(request: Request, _caller: Reader) -> Response:
    """By class of message."""
    return answer(ClassList(classes=await read_classes(deps_of(request).db)))


@router.patch(
    "/api/v1/classes/{name}",
    summary="Change what becomes of doubts",
    responses=documented(ClassView, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(ClassChange, CLASS),
)
async def patch_class(
    request: Request, name: Annotated[MessageClass, Path(examples=["reply"])], caller: Writer
) -> Response:
    """Counts from the next look on. `resend` may send a message twice; `hold` waits for a person."""
    change = decode(_CLASS, await read_body(request, _BODY_BYTES))
    return answer(await change_class(deps_of(request).db, name, change, actor=caller.actor))
