"""The doors of notices: what people were told and how that ended, which ways there are, and a test of one."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.examples_reports import TRY_CHANNEL
from anclora.api.openapi import body_of, documented
from anclora.audit import record
from anclora.kit.errors import InvalidError, SetupError
from anclora.kit.severity import Severity
from anclora.notify import NoticeView, Told, recent_notices, trial

router = APIRouter(tags=["notices"])
_BODY_BYTES = 10_000
Listener = Annotated[Caller, Depends(Needs("notices:read"))]  # addresses of people are no figures
Writer = Annotated[Caller, Depends(Needs("notices:write"))]


class NoticeList(msgspec.Struct, frozen=True, kw_only=True):
    """What people were told, the newest first."""

    notices: list[NoticeView]


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that is configured; `targets` by severity, as the settings name them."""

    name: str
    targets: dict[str, list[str]]


class ChannelList(msgspec.Struct, frozen=True, kw_only=True):
    """The channels, and the ways of each severity: ladders side by side, without what is not configured.

    `wait_seconds`: a notice undelivered for so long takes the next rung; a refused one at once.
    """

    channels: list[ChannelView]
    ways: dict[str, list[list[str]]]
    wait_seconds: float


class TryChannel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which channel is tried out, and as loud as what."""

    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    severity: Severity = Severity.INFO


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A test notice on its way; what becomes of it stands under its key in GET /api/v1/notices."""

    key: str
    notice: Told


_TRY = msgspec.json.Decoder(TryChannel)


@router.get(
    "/api/v1/notices",
    summary="What people were told, and how that ended",
    responses=documented(NoticeList, 401, 403, 422, 503),
)
async def get_notices(request: Request, _caller: Listener, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
    """Every notice is here, whether it arrived or not: of one that failed the sentence says what to do."""
    return answer(NoticeList(notices=await recent_notices(deps_of(request).db, limit)))


@router.get(
    "/api/v1/notices/channels",
    summary="The ways to people",
    responses=documented(ChannelList, 401, 403, 422, 503),
)
async def get_channels(request: Request, _caller: Listener) -> Response:
    """Which channels this server has, whom they name, and which way a notice goes. Asks no vendor anything."""
    channels = deps_of(request).channels
    ways = {each.value: [[rung.channel for rung in leg] for leg in channels.legs(each)] for each in Severity}
    shown = [
        ChannelView(name=name, targets={each.value: list(channel.targets(each)) for each in Severity})
        for name, channel in sorted(channels.items())
    ]
    return answer(ChannelList(channels=shown, ways=ways, wait_seconds=channels.wait_seconds))


@router.post(
    "/api/v1/notices/test",
    summary="Try a channel out",
    responses=documented(Tried, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(TryChannel, TRY_CHANNEL),
)
async def post_test(request: Request, caller: Writer) -> Response:
    """Tells everybody the channel names that this is a test. Answered before the vendor has it."""
    deps = deps_of(request)
    wish = decode(_TRY, await read_body(request, _BODY_BYTES))
    async with deps.db.transaction() as conn:
        try:
            key, told = await trial(conn, wish.channel, wish.severity, deps.channels, now=deps.clock.now())
        except SetupError as error:
            raise InvalidError(error.detail, code="channel_not_configured") from error
        detail = {"severity": wish.severity.value, "fresh": len(told.fresh)}
        await record(conn, actor=caller.actor, action="notice.test", subject=f"channel:{wish.channel}", detail=detail)
    return answer(Tried(key=key, notice=told))
