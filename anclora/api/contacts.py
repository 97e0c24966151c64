"""The contacts' doors: see a person, opt out, opt in again, say where they are."""

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
from anclora.api.examples import OPT_OUT, PHONE, ZONE
from anclora.api.openapi import body_of, documented
from anclora.contacts import Contact, opt_in, opt_out, phone_digits, set_zone, show

router = APIRouter(tags=["contacts"])
_BODY_BYTES = 10_000


class OptOut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a person opted out, in up to 200 characters."""

    reason: str | None = None


class Zone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An IANA time zone, or null: what the number says."""

    zone: str | None


_ZONE = msgspec.json.Decoder(Zone)
_OPT_OUT = msgspec.json.Decoder(OptOut)
_RESPONSES = documented(Contact, 401, 403, 404, 422, 503)
Reader = Annotated[Caller, Depends(Needs("contacts:read"))]
Writer = Annotated[Caller, Depends(Needs("contacts:write"))]
Phone = Annotated[str, Path(examples=[PHONE])]


def _digits(request: Request, phone: str) -> str:
    return phone_digits(phone, deps_of(request).settings.default_region)


@router.get("/api/v1/contacts/{phone}", summary="One contact", responses=_RESPONSES)
async def get_contact(request: Request, phone: Phone, _caller: Reader) -> Response:
    """Whether a person opted out, and when they last wrote."""
    return answer(await show(deps_of(request).db, _digits(request, phone)))


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
