"""The doors of small signs and questions of a number: read, typing, who has WhatsApp."""

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
from anclora.api.examples_media import NUMBERS, READ, TYPING
from anclora.api.openapi import body_of, documented
from anclora.contacts import phone_digits
from anclora.instances.checks import NumberChecks, check_numbers
from anclora.instances.gestures import Shown, mark_read, typing
from anclora.providers.contract import Provider

router = APIRouter(tags=["instances"])
_BODY_BYTES = 10_000
_PROBLEMS = (400, 401, 403, 404, 408, 413, 422, 503)
Sender = Annotated[Caller, Depends(Needs("messages:send"))]
Name = Annotated[str, Path(examples=["sales"])]


class Read(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose messages were read: phone number, and the provider's ids of the messages."""

    sender: str = msgspec.field(name="from")
    ids: list[str]


class Typing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to show that somebody writes, and for how long, at most 20 s."""

    to: str
    seconds: float = 3.0


class Numbers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Phone numbers, at most 50."""

    numbers: list[str]


_READ = msgspec.json.Decoder(Read)
_TYPING = msgspec.json.Decoder(Typing)
_NUMBERS = msgspec.json.Decoder(Numbers)


async def _provider(deps: Deps, name: str) -> Provider:
    await deps.book.refresh()
    return deps.providers[deps.book.get(name).provider]


def _digits(deps: Deps, phone: str) -> str:
    return phone_digits(phone, deps.settings.default_region)


@router.post(
    "/api/v1/instances/{name}/read",
    summary="Show that messages were read",
    responses=documented(Shown, *_PROBLEMS),
    openapi_extra=body_of(Read, READ),
)
async def post_read(request: Request, name: Name, _caller: Sender) -> Response:
    """The sender sees blue ticks from then on."""
    deps = deps_of(request)
    provider = await _provider(deps, name)
    wish = decode(_READ, await read_body(request, _BODY_BYTES))
    return answer(await mark_read(provider, name, _digits(deps, wish.sender), wish.ids))


@router.post(
    "/api/v1/instances/{name}/typing",
    summary="Show that somebody writes",
    responses=documented(Shown, *_PROBLEMS),
    openapi_extra=body_of(Typing, TYPING),
)
async def post_typing(request: Request, name: Name, _caller: Sender) -> Response:
    """Answers when the time is over, at most 20 s; send the message then."""
    deps = deps_of(request)
    provider = await _provider(deps, name)
    wish = decode(_TYPING, await read_body(request, _BODY_BYTES))
    return answer(await typing(provider, name, _digits(deps, wish.to), wish.seconds))


@router.post(
    "/api/v1/instances/{name}/numbers",
    summary="Who of these has WhatsApp?",
    responses=documented(NumberChecks, *_PROBLEMS),
    openapi_extra=body_of(Numbers, NUMBERS),
)
async def post_numbers(request: Request, name: Name, _caller: Sender) -> Response:
    """Remembered for a week; new ones are asked ten at a time with rests between, and so many a day.

    Asking in bulk is a known way to get a number banned, so ask about people you are about to write to.
    """
    deps = deps_of(request)
    provider = await _provider(deps, name)
    wish = decode(_NUMBERS, await read_body(request, _BODY_BYTES))
    digits = [_digits(deps, number) for number in wish.numbers]
    found = await check_numbers(deps.db, provider, name, digits, settings=deps.settings, clock=deps.clock)
    return answer(found)
