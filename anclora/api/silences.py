"""The doors of silences and maintenance windows, and of what was changed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api import examples_incidents as examples
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.openapi import body_of, documented
from anclora.incidents import Change, Quiet, read
from anclora.incidents.silence import current_silences, end_silence, silence

router = APIRouter(tags=["incidents"])
_BODY_BYTES = 10_000
_LOOK_BACK = timedelta(days=7)
Reader = Annotated[Caller, Depends(Needs("incidents:read"))]
Writer = Annotated[Caller, Depends(Needs("incidents:write"))]
Id = Annotated[UUID, Path(examples=[examples.SILENCE_ID])]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class QuietList(msgspec.Struct, frozen=True, kw_only=True):
    """Silences and maintenance windows that go on or are coming."""

    silences: list[Quiet]


class NewQuiet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A silence (up to 7 days, of something named) or a maintenance window (up to 3 days).

    Attributes:
        matches: labels that must all fit; `name`, `severity` and `fingerprint` are the alert's own. Empty = everything,
            which only maintenance may say.
        starts_at: left out, or over = now.
        seconds: how long.
    """

    kind: Literal["silence", "maintenance"] = "silence"
    matches: Mapping[str, str] = {}
    starts_at: Moment | None = None
    seconds: Annotated[float, msgspec.Meta(ge=1, le=604_800)]
    reason: str


class ChangeList(msgspec.Struct, frozen=True, kw_only=True):
    """What was deployed, set or paused, the newest first."""

    changes: list[Change]


_NEW = msgspec.json.Decoder(NewQuiet)


@router.get("/api/v1/silences", summary="Silences", responses=documented(QuietList, 401, 403, 422, 503))
async def get_silences(request: Request, _caller: Reader) -> Response:
    """Those that go on or are coming, with who answers for them and why."""
    deps = deps_of(request)
    return answer(QuietList(silences=await current_silences(deps.db, deps.clock.now())))


@router.post(
    "/api/v1/silences",
    summary="Call nobody for a while",
    responses=documented(Quiet, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(NewQuiet, examples.SILENCE, examples.MAINTENANCE),
)
async def post_silences(request: Request, caller: Writer) -> Response:
    """What happens meanwhile is written down all the same; clocks run on when it ends."""
    deps, wish = deps_of(request), decode(_NEW, await read_body(request, _BODY_BYTES))
    now = deps.clock.now()
    start = max(wish.starts_at or now, now)
    found = await silence(
        deps.db,
        wish.kind,
        wish.matches,
        start,
        start + timedelta(seconds=wish.seconds),
        wish.reason,
        clock=deps.clock,
        actor=caller.actor,
        author=caller.name,
    )
    return answer(found)


@router.delete(
    "/api/v1/silences/{silence_id}",
    summary="End a silence early",
    responses=documented(Quiet, 401, 403, 404, 422, 503),
)
async def delete_silence(request: Request, silence_id: Id, caller: Writer) -> Response:
    """The clocks of what it covered run on from where they stood."""
    deps = deps_of(request)
    return answer(await end_silence(deps.db, silence_id, clock=deps.clock, actor=caller.actor))


@router.get("/api/v1/changes", summary="What was changed", responses=documented(ChangeList, 401, 403, 422, 503))
async def get_changes(
    request: Request,
    _caller: Reader,
    since: Annotated[datetime | None, Query(description="from when on; a week ago by default")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Deploys, settings and pauses, from the audit trail; what the program mends by itself is left out."""
    deps = deps_of(request)
    now = deps.clock.now()
    start = now - _LOOK_BACK if since is None else since.replace(tzinfo=since.tzinfo or now.tzinfo)
    return answer(ChangeList(changes=await read.list_changes(deps.db, start, now, limit)))
