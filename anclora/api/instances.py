"""GET /api/whatsapp/instances: our numbers and whether they are truly connected."""

from datetime import datetime
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
from anclora.instances import Instance, Status, status_of

router = APIRouter(tags=["instances"])


class InstanceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number as it is shown; all but name and status only to a key with the scope instances:read.

    Attributes:
        since: when the provider's word for it last changed.
        owner: the number itself.
        reason: why it rests, while its status is `stalled`.
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
        reason=instance.pause_reason if status == "stalled" else None,
    )
