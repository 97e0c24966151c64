"""The doors of whoever stops and lets go: gates, strikes, quiet hours, and how far a drain is."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import Deps, deps_of
from anclora.api.examples import PAUSE, QUIET, STRIKE
from anclora.api.openapi import body_of, documented
from anclora.messages.drain import Drain, drain_of
from anclora.messages.gates import Gate, GateChoice, pause, read_gates, read_quiet, resume, set_quiet
from anclora.messages.model import MessageClass

router = APIRouter(tags=["operations"])
_BODY_BYTES = 10_000
_CHOICE = msgspec.json.Decoder(GateChoice)
Reader = Annotated[Caller, Depends(Needs("messages:read"))]
Writer = Annotated[Caller, Depends(Needs("queue:write"))]


class Gates(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is stopped now.

    Attributes:
        gates: the oldest first.
        quiet_hours: by class, `21:00-09:00` by the clocks of the recipients.
    """

    gates: list[Gate]
    quiet_hours: dict[str, str]


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`21:00-09:00`, or null for none."""

    hours: str | None


_HOURS = msgspec.json.Decoder(QuietHours)
_CHANGED = documented(Gates, 400, 401, 403, 408, 413, 422, 503)


async def _gates(deps: Deps) -> Response:
    quiet = {kind.value: str(window) for kind, window in (await read_quiet(deps.db)).items()}
    return answer(Gates(gates=await read_gates(deps.db), quiet_hours=quiet))


@router.get("/api/v1/queue/gates", summary="What is stopped", responses=documented(Gates, 401, 403, 422, 503))
async def get_gates(request: Request, _caller: Reader) -> Response:
    """Stops, strikes and quiet hours."""
    return await _gates(deps_of(request))


@router.post(
    "/api/v1/queue/pause",
    summary="Stop a part of the queue",
    responses=_CHANGED,
    openapi_extra=body_of(GateChoice, PAUSE, STRIKE),
)
async def post_pause(request: Request, caller: Writer) -> Response:
    """From the next second on nothing of it leaves, until it is resumed; what is accepted meanwhile waits too."""
    deps = deps_of(request)
    await pause(deps.db, decode(_CHOICE, await read_body(request, _BODY_BYTES)), actor=caller.actor)
    return await _gates(deps)


@router.post(
    "/api/v1/queue/resume",
    summary="Let a part of the queue go on",
    responses=_CHANGED,
    openapi_extra=body_of(GateChoice, {**PAUSE, "why": None}, {"everything": True}),
)
async def post_resume(request: Request, caller: Writer) -> Response:
    """In its old order and at its lane's pace. The answer shows what is stopped still."""
    deps = deps_of(request)
    await resume(deps.db, decode(_CHOICE, await read_body(request, _BODY_BYTES)), actor=caller.actor)
    return await _gates(deps)


@router.put(
    "/api/v1/queue/quiet-hours/{kind}",
    summary="Set the quiet hours of a class",
    responses=_CHANGED,
    openapi_extra=body_of(QuietHours, QUIET),
)
async def put_quiet_hours(
    request: Request, kind: Annotated[MessageClass, Path(examples=["marketing"])], caller: Writer
) -> Response:
    """By the recipient's clock; while it is quiet there, messages are held. Replies never are."""
    deps = deps_of(request)
    hours = decode(_HOURS, await read_body(request, _BODY_BYTES)).hours
    await set_quiet(deps.db, kind, hours, actor=caller.actor)
    return await _gates(deps)


@router.get("/api/v1/queue/drain", summary="How far a drain is", responses=documented(Drain, 401, 403, 422, 503))
async def get_drain(request: Request, _caller: Reader) -> Response:
    """Begin one with `{"everything": true}` at /api/v1/queue/pause."""
    deps = deps_of(request)
    await deps.book.refresh()
    return answer(await drain_of(deps.db, await deps.queue.stats(), deps.book.names))
