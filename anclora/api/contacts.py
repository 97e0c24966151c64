"""The contacts' doors: see a person, opt out, opt in again, say where they are, join and part addresses."""

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
from anclora.api.examples import MERGE, OPT_OUT, PHONE, SPLIT, ZONE
from anclora.api.openapi import body_of, documented
from anclora.contacts import Contact, merge, opt_in, opt_out, phone_digits, set_zone, show, split
from anclora.contacts.addresses import KINDS

router = APIRouter(tags=["contacts"])
_BODY_BYTES = 10_000


class OptOut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a person opted out, in up to 200 characters."""

    reason: str | None = None


class Zone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An IANA time zone, or null: what the number says."""

    zone: str | None


class Merge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two addresses of one person: phone numbers, or `lid:…`, `cloud:…`."""

    one: str
    other: str


class Split(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address that is not this person's: a phone number, or `lid:…`, `cloud:…`."""

    address: str


_MERGE, _SPLIT = msgspec.json.Decoder(Merge), msgspec.json.Decoder(Split)
_ZONE = msgspec.json.Decoder(Zone)
_OPT_OUT = msgspec.json.Decoder(OptOut)
_RESPONSES = documented(Contact, 401, 403, 404, 422, 503)
Reader = Annotated[Caller, Depends(Needs("contacts:read"))]
Writer = Annotated[Caller, Depends(Needs("contacts:write"))]
Phone = Annotated[str, Path(examples=[PHONE])]


def _digits(request: Request, phone: str) -> str:
    return phone_digits(phone, deps_of(request).settings.default_region)


def _address(request: Request, text: str) -> str:
    """`kind:value` as it is, anything else as a phone number."""
    kind, _, _ = text.partition(":")
    return text if kind in KINDS and kind != "phone" else _digits(request, text.removeprefix("phone:"))


@router.get("/api/v1/contacts/{phone}", summary="One contact", responses=_RESPONSES)
async def get_contact(request: Request, phone: Phone, _caller: Reader) -> Response:
    """Whether a person opted out, when they last wrote, and every address they are known by."""
    return answer(await show(deps_of(request).db, _address(request, phone)))


_CHANGED = documented(Contact, 400, 401, 403, 404, 408, 413, 422, 503)


@router.post(
    "/api/v1/contacts/merge",
    summary="Two addresses are one person's",
    responses=_CHANGED,
    openapi_extra=body_of(Merge, MERGE),
)
async def post_merge(request: Request, caller: Writer) -> Response:
    """What is known of either is known of both from then on, an opt-out above all. `split` takes it back."""
    pair = decode(_MERGE, await read_body(request, _BODY_BYTES))
    one, other = _address(request, pair.one), _address(request, pair.other)
    return answer(await merge(deps_of(request).db, one, other, actor=caller.actor))


@router.post(
    "/api/v1/contacts/split",
    summary="An address is somebody else's",
    responses=_CHANGED,
    openapi_extra=body_of(Split, SPLIT),
)
async def post_split(request: Request, caller: Writer) -> Response:
    """Undoes the merge that brought it, or makes it a contact of its own; no evidence joins them again."""
    address = decode(_SPLIT, await read_body(request, _BODY_BYTES)).address
    return answer(await split(deps_of(request).db, _address(request, address), actor=caller.actor))


@router.put(
    "/api/v1/contacts/{phone}/opt-out",
    summary="Send nothing more to this number",
    responses=documented(Contact, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(OptOut, OPT_OUT, required=False),
)
async def put_opt_out(request: Request, phone: Phone, caller: Writer) -> Response:
    """Counts from the answer on, for messages that wait too. A number nobody has written to is fine."""
    body = await read_body(request, _BODY_BYTES)
    wish = decode(_OPT_OUT, body) if body else OptOut()
    return answer(await opt_out(deps_of(request).db, _digits(request, phone), wish.reason, actor=caller.actor))


@router.delete("/api/v1/contacts/{phone}/opt-out", summary="Allow sending again", responses=_RESPONSES)
async def delete_opt_out(request: Request, phone: Phone, caller: Writer) -> Response:
    """Takes the opt-out back; 404 when nobody with this number is known."""
    return answer(await opt_in(deps_of(request).db, _digits(request, phone), actor=caller.actor))


@router.put(
    "/api/v1/contacts/{phone}/zone",
    summary="Say where a person is",
    responses=documented(Contact, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(Zone, ZONE),
)
async def put_zone(request: Request, phone: Phone, caller: Writer) -> Response:
    """Quiet hours go by it from then on, instead of by the zones of the number."""
    zone = decode(_ZONE, await read_body(request, _BODY_BYTES)).zone
    return answer(await set_zone(deps_of(request).db, _digits(request, phone), zone, actor=caller.actor))
