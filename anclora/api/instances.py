"""GET /api/whatsapp/instances: our numbers and whether they are truly connected."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import open_to_all
from anclora.api.deps import deps_of
from anclora.api.openapi import documented
from anclora.instances import Status, status_of

router = APIRouter(tags=["instances"])


class InstanceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number as it is shown; `owner` only to a key with the scope instances:read."""

    name: str
    status: Status
    owner: str | None = None


class InstanceList(msgspec.Struct, frozen=True, kw_only=True):
    """Every number we expect, the missing ones too."""

    instances: list[InstanceView]


@router.get(
    "/api/whatsapp/instances", summary="Our numbers and their state", responses=documented(InstanceList, 401, 503)
)
async def get_instances(request: Request, caller: Annotated[Caller | None, Depends(open_to_all)]) -> Response:
    """Name and status for everybody; the owner too for a key with the scope instances:read."""
    deps = deps_of(request)
    await deps.book.refresh()
    now, shows_owner = deps.clock.now(), caller is not None and caller.may("instances:read")
    return answer(
        InstanceList(
            instances=[
                InstanceView(name=each.name, status=status_of(each, now), owner=each.owner if shows_owner else None)
                for each in deps.book.all
            ]
        )
    )
