"""The doors of a number's life: made, paired, restarted, configured, given up; and its health with its history."""

import base64
from collections.abc import Sequence
from datetime import datetime
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
from anclora.api.examples_numbers import NEW_NUMBER, PAIR, PROXY, SETTINGS
from anclora.api.openapi import body_of, documented
from anclora.instances.configure import WebhookView, change_proxy, change_settings, look_at_webhook, repair_webhook
from anclora.instances.create import create
from anclora.instances.history import Turn, read_history
from anclora.instances.mends import PastMend, recent_mends
from anclora.instances.model import Status, reason_of, status_of
from anclora.instances.pair import begin_pairing, look_at_pairing, picture_of
from anclora.instances.remove import delete, logout
from anclora.instances.restart import Restarted, restart
from anclora.instances.steer import Hand
from anclora.providers.contract.numbers import NumberSettings, NumberState, Pairing, Proxy
from anclora.providers.registry import EVOLUTION

router = APIRouter(tags=["instances"])
_BODY_BYTES = 10_000
Reader = Annotated[Caller, Depends(Needs("instances:read"))]
Writer = Annotated[Caller, Depends(Needs("instances:write"))]
Name = Annotated[str, Path(examples=["sales"])]
_READ = (401, 403, 404, 409, 422, 503)
_WRITE = (400, 401, 403, 404, 408, 409, 413, 422, 503)
_PLACE = "/api/v1/instances/{name}"


class NewNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number to make.

    Attributes:
        name: ours; up to 100 characters.
        phone: digits with country code, where it shall be paired by a code to type.
    """

    name: str
    phone: str | None = None


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to pair. `phone` (digits) asks for a code to type on that phone."""

    phone: str | None = None


class ProxyChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another way to WhatsApp, or null for none of its own."""

    proxy: Proxy | None


class Codes(msgspec.Struct, frozen=True, kw_only=True):
    """What a person needs to pair a number. Secrets of a minute.

    Attributes:
        state: of the connection; `open` = it is paired.
        qr: the text of the QR code; null = there is none (yet: ask again in a second).
        png: the same as a picture, base64.
        code: to be typed on the phone instead.
        count: how many codes this round has shown.
    """

    instance: str
    state: NumberState
    qr: str | None
    png: str | None
    code: str | None
    count: int | None


class NumberHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A number, how it is, and what became of it.

    Attributes:
        reason: why it is not connected, and what to do.
        since: when the provider's word for it last changed.
        stalled_since: since when its traffic says that it is not open.
        mender_stopped_at: when the mender gave up.
        history: the latest changes of its word.
        mends: the latest remedies.
    """

    name: str
    status: Status
    reason: str | None
    owner: str | None
    since: datetime
    stalled_since: datetime | None
    paused_until: datetime | None
    mender_stopped_at: datetime | None
    history: Sequence[Turn]
    mends: Sequence[PastMend]


class ProxyView(msgspec.Struct, frozen=True, kw_only=True):
    """The way of a number, without its password; null = the server's own."""

    proxy: Proxy | None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It was done to this number."""

    instance: str


_NEW = msgspec.json.Decoder(NewNumber)
_PAIR = msgspec.json.Decoder(Pair)
_SETTINGS = msgspec.json.Decoder(NumberSettings)
_PROXY = msgspec.json.Decoder(ProxyChange)


async def _hand(request: Request, name: str, caller: Caller) -> Hand:
    deps = deps_of(request)
    await deps.book.refresh(newer_than_seconds=deps.clock.boot_seconds() - 1)
    instance = deps.book.get(name)
    return Hand(deps.db, deps.clock, instance, deps.providers[instance.provider], caller.actor)


async def _look_anew(request: Request) -> None:
    """Whoever changed a number sees the change in the next answer."""
    deps = deps_of(request)
    await deps.book.refresh(newer_than_seconds=deps.clock.boot_seconds())


def _codes(name: str, pairing: Pairing) -> Response:
    picture = picture_of(pairing)
    return answer(
        Codes(
            instance=name,
            state=pairing.state,
            qr=pairing.qr,
            png=None if picture is None else base64.b64encode(picture).decode(),
            code=pairing.code,
            count=pairing.count,
        )
    )


@router.post(
    "/api/v1/instances",
    summary="Make a number",
    responses=documented(Done, *_WRITE),
    openapi_extra=body_of(NewNumber, NEW_NUMBER),
)
async def post_number(request: Request, caller: Writer) -> Response:
    """At the provider, its events pointed at us from the first one on. Pair it next."""
    deps = deps_of(request)
    wanted = decode(_NEW, await read_body(request, _BODY_BYTES))
    made = await create(
        deps.db,
        EVOLUTION,
        deps.providers[EVOLUTION],
        wanted.name,
        phone=wanted.phone,
        public_url=deps.public_url,
        actor=caller.actor,
    )
    await _look_anew(request)
    return answer(Done(instance=made.name))


@router.get(f"{_PLACE}/health", summary="How a number is", responses=documented(NumberHealth, 401, 403, 404, 422, 503))
async def get_health_of_number(request: Request, name: Name, _caller: Reader) -> Response:
    """Its status as the traffic proves it, what happened to it, and what was done about it."""
    deps = deps_of(request)
    await deps.book.refresh()
    number, now = deps.book.get(name), deps.clock.now()
    return answer(
        NumberHealth(
            name=name,
            status=status_of(number, now),
            reason=reason_of(number, now),
            owner=number.owner,
            since=number.state_at,
            stalled_since=number.stalled_since,
            paused_until=number.paused_until if number.paused_until and number.paused_until > now else None,
            mender_stopped_at=number.mend_stopped_at,
            history=await read_history(deps.db, name),
            mends=await recent_mends(deps.db, name),
        )
    )


@router.post(
    f"{_PLACE}/pair",
    summary="Begin to pair a number",
    responses=documented(Codes, *_WRITE),
    openapi_extra=body_of(Pair, PAIR),
)
async def post_pair(request: Request, name: Name, caller: Writer) -> Response:
    """The first code, if it is there already; look at the next ones at `/qr`. Nobody mends it meanwhile."""
    wanted = decode(_PAIR, await read_body(request, _BODY_BYTES) or b"{}")
    return _codes(name, await begin_pairing(await _hand(request, name, caller), phone=wanted.phone))


@router.get(f"{_PLACE}/qr", summary="The code of now", responses=documented(Codes, *_READ))
async def get_qr(request: Request, name: Name, caller: Writer) -> Response:
    """Codes change about every 45 s; `state` says when one was scanned. With `Accept: image/png`, the picture alone."""
    pairing = await look_at_pairing(await _hand(request, name, caller))
    picture = picture_of(pairing)
    if picture is not None and request.headers.get("accept") == "image/png":
        return Response(picture, media_type="image/png")
    return _codes(name, pairing)


@router.post(f"{_PLACE}/restart", summary="Restart a number", responses=documented(Restarted, *_READ))
async def post_restart(request: Request, name: Name, caller: Writer) -> Response:
    """What its state needs: a closed one is connected. The mender counts anew."""
    done = await restart(await _hand(request, name, caller))
    await _look_anew(request)
    return answer(done)


@router.post(f"{_PLACE}/logout", summary="End the pairing of a number", responses=documented(Done, *_READ))
async def post_logout(request: Request, name: Name, caller: Writer) -> Response:
    """A person must scan a code afterwards."""
    await logout(await _hand(request, name, caller))
    await _look_anew(request)
    return answer(Done(instance=name))


@router.get(f"{_PLACE}/settings", summary="How a number behaves", responses=documented(NumberSettings, *_READ))
async def get_settings(request: Request, name: Name, caller: Reader) -> Response:
    """Calls, groups, presence, read marks."""
    hand = await _hand(request, name, caller)
    return answer(await hand.numbers.get_settings(name))


@router.put(
    f"{_PLACE}/settings",
    summary="Change how a number behaves",
    responses=documented(NumberSettings, *_WRITE),
    openapi_extra=body_of(NumberSettings, SETTINGS),
)
async def put_settings(request: Request, name: Name, caller: Writer) -> Response:
    """All of them; what is absent is off."""
    wanted = decode(_SETTINGS, await read_body(request, _BODY_BYTES))
    return answer(await change_settings(await _hand(request, name, caller), wanted))


@router.get(f"{_PLACE}/proxy", summary="The way of a number", responses=documented(ProxyView, *_READ))
async def get_proxy(request: Request, name: Name, caller: Reader) -> Response:
    """Without its password."""
    hand = await _hand(request, name, caller)
    return answer(ProxyView(proxy=await hand.numbers.get_proxy(name)))


@router.put(
    f"{_PLACE}/proxy",
    summary="Change the way of a number",
    responses=documented(ProxyView, *_WRITE),
    openapi_extra=body_of(ProxyChange, PROXY),
)
async def put_proxy(request: Request, name: Name, caller: Writer) -> Response:
    """Tried by the server first; used from the next connection on."""
    wanted = decode(_PROXY, await read_body(request, _BODY_BYTES))
    return answer(ProxyView(proxy=await change_proxy(await _hand(request, name, caller), wanted.proxy)))


@router.get(
    f"{_PLACE}/webhook", summary="Whether a number's events reach us", responses=documented(WebhookView, *_READ)
)
async def get_webhook(request: Request, name: Name, caller: Reader) -> Response:
    """Where they go, and what of it is not right."""
    return answer(await look_at_webhook(await _hand(request, name, caller)))


@router.post(f"{_PLACE}/webhook", summary="Point a number's events at us", responses=documented(WebhookView, *_READ))
async def post_webhook(request: Request, name: Name, caller: Writer) -> Response:
    """At once; by itself that happens every two minutes where it is needed."""
    return answer(await repair_webhook(await _hand(request, name, caller)))


@router.delete(_PLACE, summary="Give a number up", responses=documented(Done, *_READ))
async def delete_number(request: Request, name: Name, caller: Writer) -> Response:
    """Here and at the provider. What was sent and received stays; what is not out yet must be canceled first."""
    await delete(await _hand(request, name, caller))
    await _look_anew(request)
    return answer(Done(instance=name))
