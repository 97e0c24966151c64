"""The doors that change the roster: people, duties, rotations, overrides, swaps and days off."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api import examples_oncall as examples
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.openapi import body_of, documented
from anclora.oncall import Duty, Layer, hours_of
from anclora.oncall.change import add_holiday, put_person, remove_holiday, remove_person, set_duty, set_rotation
from anclora.oncall.model import Holiday, Override, Rotation
from anclora.oncall.override import cancel_override, override, swap

router = APIRouter(tags=["on call"])
_BODY_BYTES = 10_000
_PATH = "/api/v1/oncall"
_PUT = (400, 401, 403, 408, 413, 422, 503)
_DELETE = (401, 403, 404, 422, 503)
_TEN = time(10)  # playbook, On-Call Rotation: "Handoff: Monday 10:00 AM"
Writer = Annotated[Caller, Depends(Needs("oncall:write"))]
Name = Annotated[str, Path(examples=["zoe"], max_length=200)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Ways(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How somebody is reached: channels of notices and the targets of each, up to five."""

    ways: Mapping[str, list[str]]


class Bearer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has the duty."""

    person: str


class Turns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who follows whom from a Monday on; hand-offs are at `at` by the business clock, 10:00 if left out."""

    people: list[str]
    starts_on: date
    at: time = _TEN


class NewOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody else, for a while."""

    layer: Layer = Layer.PRIMARY
    person: str
    starts_at: Moment
    ends_at: Moment
    why: str


class NewSwap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two weeks that are exchanged, by the days they begin on."""

    first: date
    second: date
    why: str


class NewHoliday(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days off, both included; without a person they are everybody's, and no business hour falls on them."""

    first_day: date
    last_day: date
    name: str
    person: str | None = None


class PersonKnown(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is known, by these channels."""

    name: str
    channels: list[str]


class DutyGiven(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a duty from now on."""

    duty: Duty
    person: str


class Swapped(msgspec.Struct, frozen=True, kw_only=True):
    """Both halves of a swap; give `id` to take it back."""

    id: UUID
    overrides: list[Override]


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """What is no more."""

    id: str


_WAYS, _BEARER, _TURNS = msgspec.json.Decoder(Ways), msgspec.json.Decoder(Bearer), msgspec.json.Decoder(Turns)
_OVERRIDE, _SWAP = msgspec.json.Decoder(NewOverride), msgspec.json.Decoder(NewSwap)
_HOLIDAY = msgspec.json.Decoder(NewHoliday)


@router.put(
    f"{_PATH}/people/{{name}}",
    summary="Enter somebody",
    responses=documented(PersonKnown, *_PUT),
    openapi_extra=body_of(Ways, examples.WAYS),
)
async def put_people(request: Request, name: Name, caller: Writer) -> Response:
    """Or say anew how they are reached."""
    ways = decode(_WAYS, await read_body(request, _BODY_BYTES)).ways
    found = await put_person(deps_of(request).db, name, ways, **_about(request, caller))
    return answer(PersonKnown(name=found.name, channels=sorted(found.ways)))


@router.delete(f"{_PATH}/people/{{name}}", summary="Take somebody out", responses=documented(Gone, *_DELETE, 409))
async def delete_people(request: Request, name: Name, caller: Writer) -> Response:
    """Whoever has turns or a duty cannot go before somebody else has them."""
    await remove_person(deps_of(request).db, name, **_about(request, caller))
    return answer(Gone(id=name))


@router.put(
    f"{_PATH}/duties/{{duty}}",
    summary="Say who leads",
    responses=documented(DutyGiven, *_PUT),
    openapi_extra=body_of(Bearer, examples.BEARER),
)
async def put_duty(request: Request, duty: Annotated[Duty, Path(examples=["devops_lead"])], caller: Writer) -> Response:
    """Who is called when an incident lasts: the DevOps lead after 30 min, the CTO after 60."""
    person = decode(_BEARER, await read_body(request, _BODY_BYTES)).person
    await set_duty(deps_of(request).db, duty, person, **_about(request, caller))
    return answer(DutyGiven(duty=duty, person=person))


@router.put(
    f"{_PATH}/rotations/{{layer}}",
    summary="Say who follows whom",
    responses=documented(Rotation, *_PUT),
    openapi_extra=body_of(Turns, examples.TURNS),
)
async def put_rotation(
    request: Request, layer: Annotated[Layer, Path(examples=["primary"])], caller: Writer
) -> Response:
    """From a Monday on; the past stays as it was."""
    deps, wish = deps_of(request), decode(_TURNS, await read_body(request, _BODY_BYTES))
    found = await set_rotation(
        deps.db,
        layer,
        wish.people,
        starts_on=wish.starts_on,
        at=wish.at,
        zone=deps.settings.timezone,
        **_about(request, caller),
    )
    return answer(found)


@router.post(
    f"{_PATH}/overrides",
    summary="Give a time to somebody",
    responses=documented(Override, *_PUT),
    openapi_extra=body_of(NewOverride, examples.OVERRIDE),
)
async def post_override(request: Request, caller: Writer) -> Response:
    """Of several the one made last wins."""
    wish = decode(_OVERRIDE, await read_body(request, _BODY_BYTES))
    span = (wish.layer, wish.person, wish.starts_at, wish.ends_at, wish.why)
    return answer(await override(deps_of(request).db, *span, **_about(request, caller)))


@router.delete(
    f"{_PATH}/overrides/{{override_id}}",
    summary="Take an override back",
    responses=documented(Gone, *_DELETE),
)
async def delete_override(
    request: Request, override_id: Annotated[UUID, Path(examples=[examples.OVERRIDE_ID])], caller: Writer
) -> Response:
    """By the id of the swap both halves go."""
    await cancel_override(deps_of(request).db, override_id, **_about(request, caller))
    return answer(Gone(id=str(override_id)))


@router.post(
    f"{_PATH}/swaps",
    summary="Exchange two weeks",
    responses=documented(Swapped, *_PUT),
    openapi_extra=body_of(NewSwap, examples.SWAP),
)
async def post_swap(request: Request, caller: Writer) -> Response:
    """Whoever has the one week gets the other."""
    deps, wish = deps_of(request), decode(_SWAP, await read_body(request, _BODY_BYTES))
    found = await swap(deps.db, wish.first, wish.second, wish.why, hours_of(deps.settings), **_about(request, caller))
    return answer(Swapped(id=found[0].swap_id or found[0].id, overrides=found))


@router.post(
    f"{_PATH}/holidays",
    summary="Enter days off",
    responses=documented(Holiday, *_PUT),
    openapi_extra=body_of(NewHoliday, examples.HOLIDAY),
)
async def post_holiday(request: Request, caller: Writer) -> Response:
    """Of somebody, or of everybody."""
    wish = decode(_HOLIDAY, await read_body(request, _BODY_BYTES))
    days = (wish.first_day, wish.last_day, wish.name, wish.person)
    return answer(await add_holiday(deps_of(request).db, *days, **_about(request, caller)))


@router.delete(f"{_PATH}/holidays/{{holiday_id}}", summary="Take days off back", responses=documented(Gone, *_DELETE))
async def delete_holiday(
    request: Request, holiday_id: Annotated[UUID, Path(examples=[examples.HOLIDAY_ID])], caller: Writer
) -> Response:
    """They are days like all others again."""
    await remove_holiday(deps_of(request).db, holiday_id, actor=caller.actor)
    return answer(Gone(id=str(holiday_id)))


def _about(request: Request, caller: Caller) -> dict[str, Any]:
    return {"clock": deps_of(request).clock, "actor": caller.actor}
