"""The doors of disaster drills: what was rehearsed, and writing one down."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.examples_drills import DRILL
from anclora.api.openapi import body_of, documented
from anclora.audit import record
from anclora.drills import Drill, Entry, list_drills, record_drill
from anclora.kit.errors import InvalidError

router = APIRouter(tags=["drills"])
_BODY_BYTES = 15_000
_SLACK = timedelta(minutes=5)
Reader = Annotated[Caller, Depends(Needs("drills:read"))]
Writer = Annotated[Caller, Depends(Needs("drills:write"))]


class DrillList(msgspec.Struct, frozen=True, kw_only=True):
    """Drills, the newest first."""

    drills: list[Entry]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a drill; null = this very one (scenario and start) was written down before."""

    id: UUID | None


_NEW = msgspec.json.Decoder(Drill)


@router.get("/api/v1/drills", summary="Disaster drills", responses=documented(DrillList, 401, 403, 422, 503))
async def get_drills(request: Request, _caller: Reader, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
    """What was rehearsed, how long it took to come back, what was lost."""
    return answer(DrillList(drills=list(await list_drills(deps_of(request).db, limit))))


@router.post(
    "/api/v1/drills",
    summary="Write a drill down",
    responses=documented(Recorded, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(Drill, DRILL),
)
async def post_drills(request: Request, caller: Writer) -> Response:
    """What `anclora drill run` measured. One without failures counts as a success of its scenario."""
    deps, drill = deps_of(request), decode(_NEW, await read_body(request, _BODY_BYTES))
    if drill.started_at > deps.clock.now() + _SLACK:
        raise InvalidError("started_at is in the future: is the clock of the machine of the drill right?")
    async with deps.db.transaction() as conn:
        made = await record_drill(conn, drill)
        if made is not None:
            detail = {"passed": drill.passed, "rto_seconds": drill.rto_seconds, "lost": drill.lost}
            await record(
                conn, actor=caller.actor, action="drill.run", subject=f"drill:{drill.scenario.value}", detail=detail
            )
    return answer(Recorded(id=made))
