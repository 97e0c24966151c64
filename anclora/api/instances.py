"""The numbers' doors: whether they are truly connected, and how fast each goes."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs, open_to_all
from anclora.api.bodies import decode, read_body
from anclora.api.deps import Deps, deps_of
from anclora.api.examples import PACING
from anclora.api.openapi import body_of, documented
from anclora.instances import Instance, Status, reason_of, status_of
from anclora.instances.pacing import PacingChange, PacingView, change_pacing, read_pacing
from anclora.kit.clock import business_date

router = APIRouter(tags=["instances"])
_BODY_BYTES = 10_000
_CHANGE = msgspec.json.Decoder(PacingChange)
Reader = Annotated[Caller, Depends(Needs("instances:read"))]
Writer = Annotated[Caller, Depends(Needs("instances:write"))]
Name = Annotated[str, Path(examples=["sales"])]


class InstanceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number as it is shown; all but name and status only to a key with the scope instances:read.

    Attributes:
        since: when the provider's word for it last changed.
        owner: the number itself.
        reason: why it is not connected, and what a person can do.
    """

    name: str
    status: Status
    since: datetime | None = None
    owner: str | None = None
    reason: str | None = None


class InstanceList(msgspec.Struct, frozen=True, kw_only=True):
    """Every number we expect, the missing ones too."""

    instances: list[InstanceView]


@router.get(
    "/api/whatsapp/instances", summary="Our numbers and their state", responses=documented(InstanceList, 401, 503)
)
async def get_instances(request: Request, caller: Annotated[Caller | None, Depends(open_to_all)]) -> Response:
    """Name and status for everybody; the rest for a key with the scope instances:read."""
    deps = deps_of(request)
    await deps.book.refresh()
    now, shows_all = deps.clock.now(), caller is not None and caller.may("instances:read")
    return answer(InstanceList(instances=[_view(each, now, shows_all=shows_all) for each in deps.book.all]))


def _view(instance: Instance, now: datetime, *, shows_all: bool) -> InstanceView:
    status = status_of(instance, now)
    if not shows_all:
        return InstanceView(name=instance.name, status=status)
    return InstanceView(
        name=instance.name,
        status=status,
        since=instance.state_at,
        owner=instance.owner,
        reason=reason_of(instance, now),
    )


def _pace_of(deps: Deps) -> dict[str, Any]:
    today = business_date(deps.clock.now(), deps.settings.timezone)
    return {"default": deps.settings.default_pacing, "today": today}


@router.get(
    "/api/v1/instances/{name}/pacing",
    summary="How fast a number goes",
    responses=documented(PacingView, 401, 403, 404, 422, 503),
)
async def get_pacing(request: Request, name: Name, _caller: Reader) -> Response:
    """Its limits today, and what differs from its preset."""
    deps = deps_of(request)
    await deps.book.refresh()
    deps.book.get(name)
    return answer((await read_pacing(deps.db, **_pace_of(deps)))[name])


@router.patch(
    "/api/v1/instances/{name}/pacing",
    summary="Change how fast a number goes",
    responses=documented(PacingView, 400, 401, 403, 404, 408, 413, 422, 503),
    openapi_extra=body_of(PacingChange, PACING),
)
async def patch_pacing(request: Request, name: Name, caller: Writer) -> Response:
    """Kept from the next second on, without a restart; what went out in the last 24 hours counts."""
    deps = deps_of(request)
    change = decode(_CHANGE, await read_body(request, _BODY_BYTES))
    return answer(await change_pacing(deps.db, name, change, actor=caller.actor, **_pace_of(deps)))
