"""The doors of being on call: who is, what is wrong with the plan, and how a shift is handed over."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api import examples_oncall as examples
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.openapi import body_of, documented
from anclora.incidents import Answered, Load, answered, gather_facts, load
from anclora.oncall import hours_of, lint, load_roster
from anclora.oncall.handoff import HandoffView, accept, note, show_handoff
from anclora.oncall.model import Finding
from anclora.oncall.read import OnCallView, show

router = APIRouter(tags=["on call"])
_BODY_BYTES = 19_000
_WEEK = timedelta(days=7)
Reader = Annotated[Caller, Depends(Needs("oncall:read"))]
Writer = Annotated[Caller, Depends(Needs("oncall:write"))]


class FindingList(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with the weeks ahead, in order of time; none = nothing is. `zone` = whose clock hand-offs go by."""

    zone: str
    findings: list[Finding]


class OnCallFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How incidents of a span were answered, and how the load was shared."""

    since: datetime
    until: datetime
    answered: list[Answered]
    load: list[Load]


class Notes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the next person should know, in Markdown, up to 5,000 characters."""

    notes: str


class Accept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who takes the shift: the one it passes to."""

    person: str


_NOTES, _ACCEPT = msgspec.json.Decoder(Notes), msgspec.json.Decoder(Accept)


@router.get("/api/v1/oncall", summary="Who is on call", responses=documented(OnCallView, 401, 403, 422, 503))
async def get_oncall(
    request: Request,
    _caller: Reader,
    at: Annotated[datetime | None, Query(description="at that moment; now by default")] = None,
) -> Response:
    """Who is responsible, the plan of four weeks, and the rows it follows from. Addresses are not shown."""
    deps = deps_of(request)
    now = deps.clock.now()
    moment = now if at is None else at.replace(tzinfo=at.tzinfo or now.tzinfo)
    moment = min(max(moment, now - _WEEK * 520), now + _WEEK * 520)
    return answer(await show(deps.db, hours_of(deps.settings), deps.channels, moment))


@router.get(
    "/api/v1/oncall/lint", summary="Check the weeks ahead", responses=documented(FindingList, 401, 403, 422, 503)
)
async def get_lint(
    request: Request,
    _caller: Reader,
    weeks: Annotated[int, Query(ge=1, le=26, description="how far")] = 4,
) -> Response:
    """Gaps, people who are on call and backup at once or two weeks in a row, days off, people nobody can reach."""
    deps = deps_of(request)
    now = deps.clock.now()
    roster = await load_roster(deps.db, hours_of(deps.settings), now)
    return answer(
        FindingList(zone=deps.settings.timezone, findings=lint(roster, now, deps.channels, weeks_ahead=weeks))
    )


@router.get(
    "/api/v1/oncall/figures",
    summary="How incidents were answered",
    responses=documented(OnCallFigures, 401, 403, 422, 503),
)
async def get_figures(
    request: Request,
    _caller: Reader,
    days: Annotated[int, Query(ge=1, le=366, description="up to now")] = 7,
) -> Response:
    """Times to acknowledge against 5 min (critical) and 30 min (warning, business hours); calls by person."""
    deps = deps_of(request)
    until = deps.clock.now()
    since = until - timedelta(days=days)
    async with deps.db.transaction() as conn:
        found = OnCallFigures(
            since=since,
            until=until,
            answered=await answered(conn, since, until),
            load=await load(conn, deps.settings.timezone, since, until),
        )
    return answer(found)


@router.get(
    "/api/v1/oncall/handoff",
    summary="The hand-off that is coming, or was the last",
    responses=documented(HandoffView, 401, 403, 404, 422, 503),
)
async def get_handoff(request: Request, _caller: Reader) -> Response:
    """The document as it was posted, or as it would be now."""
    deps = deps_of(request)
    return answer(await show_handoff(deps.db, gather_facts, hours_of(deps.settings), deps.clock.now()))


@router.put(
    "/api/v1/oncall/handoff/notes",
    summary="Add notes to the hand-off",
    responses=documented(HandoffView, 400, 401, 403, 404, 408, 409, 413, 422, 503),
    openapi_extra=body_of(Notes, examples.NOTES),
)
async def put_notes(request: Request, caller: Writer) -> Response:
    """Until the document is posted; what was noted before is replaced."""
    deps = deps_of(request)
    notes = decode(_NOTES, await read_body(request, _BODY_BYTES)).notes
    await note(deps.db, notes, clock=deps.clock, actor=caller.actor)
    return answer(await show_handoff(deps.db, gather_facts, hours_of(deps.settings), deps.clock.now()))


@router.post(
    "/api/v1/oncall/handoff/accept",
    summary="Take the shift",
    responses=documented(HandoffView, 400, 401, 403, 404, 408, 409, 413, 422, 503),
    openapi_extra=body_of(Accept, examples.ACCEPT),
)
async def post_accept(request: Request, caller: Writer) -> Response:
    """Until the next person does so, the one before stays responsible."""
    deps = deps_of(request)
    person = decode(_ACCEPT, await read_body(request, _BODY_BYTES)).person
    await accept(deps.db, person, clock=deps.clock, actor=caller.actor)
    return answer(await show_handoff(deps.db, gather_facts, hours_of(deps.settings), deps.clock.now()))
