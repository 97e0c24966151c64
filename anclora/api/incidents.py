"""The doors of incidents: look at them, take them, plan, escalate, silence and end them, and draft what is learnt."""

from datetime import date, timedelta
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
from anclora.incidents import Desk, Detail, Incident, Quiet, postmortem, read
from anclora.incidents.model import PostMortemState
from anclora.incidents.silence import silence_incident
from anclora.kit.severity import Severity

router = APIRouter(tags=["incidents"])
_BODY_BYTES = 10_000
_PATH = "/api/v1/incidents"
_ONE = f"{_PATH}/{{incident_id}}"
_PROBLEMS = (400, 401, 403, 404, 408, 409, 413, 422, 503)
_LOOK_BACK = timedelta(days=1)
Reader = Annotated[Caller, Depends(Needs("incidents:read"))]
Writer = Annotated[Caller, Depends(Needs("incidents:write"))]
Id = Annotated[UUID, Path(examples=[examples.INCIDENT_ID])]
Standing = Literal["open", "acknowledged", "resolved", "unresolved"]


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some incidents, the newest first; give `next` as `before` for the next page, null = the last one."""

    incidents: list[Incident]
    next: UUID | None


class Take(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has it; left out = the key's name."""

    person: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The business day on which it will be mended, and by whom."""

    day: date = msgspec.field(name="for")
    owner: str


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line for the timeline; of a resolution it may be left out."""

    text: str = ""


class Hush(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how long nobody is called about it, up to 7 days, and why."""

    seconds: Annotated[float, msgspec.Meta(ge=1, le=604_800)]
    reason: str


class Escalated(msgspec.Struct, frozen=True, kw_only=True):
    """Who is called now, and as what."""

    person: str | None
    level: str


class PostMortem(msgspec.Struct, frozen=True, kw_only=True):
    """A draft in Markdown: what was measured is filled in, what people have to think about is asked.

    It is `open` while an action waits to be done, and `closed` when all are and the incident is over.
    """

    state: PostMortemState
    markdown: str


_TAKE, _PLAN = msgspec.json.Decoder(Take), msgspec.json.Decoder(Plan)
_NOTE, _HUSH = msgspec.json.Decoder(Note), msgspec.json.Decoder(Hush)


@router.get(_PATH, summary="Incidents", responses=documented(IncidentPage, 401, 403, 422, 503))
async def get_incidents(
    request: Request,
    _caller: Reader,
    state: Annotated[Standing | None, Query(description="unresolved = open or acknowledged")] = None,
    severity: Literal[Severity.CRITICAL, Severity.WARNING] | None = None,
    name: Annotated[str | None, Query(description="of the alert", max_length=200)] = None,
    before: Annotated[UUID | None, Query(description="last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The newest first."""
    found = await read.list_incidents(
        deps_of(request).db, state=state, severity=severity, name=name, before=before, limit=limit
    )
    return answer(IncidentPage(incidents=found, next=found[-1].id if len(found) == limit else None))


@router.get(_ONE, summary="One incident", responses=documented(Detail, 401, 403, 404, 422, 503))
async def get_incident(request: Request, incident_id: Id, _caller: Reader) -> Response:
    """With its timeline, and who was called when and why."""
    return answer(await read.find_incident(deps_of(request).db, incident_id))


@router.post(
    f"{_ONE}/acknowledge",
    summary="Take an incident",
    responses=documented(Incident, *_PROBLEMS),
    openapi_extra=body_of(Take, examples.TAKE, required=False),
)
async def post_acknowledge(request: Request, incident_id: Id, caller: Writer) -> Response:
    """Nobody else is called for want of an acknowledgement; the clock of its resolution runs on."""
    body = await read_body(request, _BODY_BYTES)
    person = decode(_TAKE, body).person if body else None
    return answer(await _desk(request, caller).acknowledge(incident_id, person))


@router.post(f"{_ONE}/escalate", summary="Call the next level now", responses=documented(Escalated, *_PROBLEMS))
async def post_escalate(request: Request, incident_id: Id, caller: Writer) -> Response:
    """Whatever the clocks say; nobody is called twice at the same level."""
    step = await _desk(request, caller).escalate(incident_id)
    return answer(Escalated(person=step.person, level=step.level.value))


@router.post(
    f"{_ONE}/plan",
    summary="Plan when it is mended",
    responses=documented(Incident, *_PROBLEMS),
    openapi_extra=body_of(Plan, examples.PLAN),
)
async def post_plan(request: Request, incident_id: Id, caller: Writer) -> Response:
    """Takes it too, and ends the reminders until that day is over."""
    wish = decode(_PLAN, await read_body(request, _BODY_BYTES))
    return answer(await _desk(request, caller).plan(incident_id, wish.day, wish.owner))


@router.post(
    f"{_ONE}/note",
    summary="Write into the timeline",
    responses=documented(Incident, *_PROBLEMS),
    openapi_extra=body_of(Note, examples.NOTE),
)
async def post_note(request: Request, incident_id: Id, caller: Writer) -> Response:
    """Also of an incident that is over."""
    wish = decode(_NOTE, await read_body(request, _BODY_BYTES))
    return answer(await _desk(request, caller).note(incident_id, wish.text))


@router.post(
    f"{_ONE}/silence",
    summary="Call nobody about it for a while",
    responses=documented(Quiet, *_PROBLEMS),
    openapi_extra=body_of(Hush, examples.HUSH),
)
async def post_silence(request: Request, incident_id: Id, caller: Writer) -> Response:
    """Both clocks stand still as long."""
    deps, wish = deps_of(request), decode(_HUSH, await read_body(request, _BODY_BYTES))
    found = await silence_incident(
        deps.db, incident_id, wish.seconds, wish.reason, clock=deps.clock, actor=caller.actor, author=caller.name
    )
    return answer(found)


@router.post(
    f"{_ONE}/resolve",
    summary="End an incident",
    responses=documented(Incident, *_PROBLEMS),
    openapi_extra=body_of(Note, examples.END, required=False),
)
async def post_resolve(request: Request, incident_id: Id, caller: Writer) -> Response:
    """If it goes on, its signal opens another one."""
    body = await read_body(request, _BODY_BYTES)
    return answer(await _desk(request, caller).resolve(incident_id, decode(_NOTE, body).text if body else ""))


@router.get(
    f"{_ONE}/postmortem", summary="Draft a post-mortem", responses=documented(PostMortem, 401, 403, 404, 422, 503)
)
async def get_postmortem(request: Request, incident_id: Id, _caller: Reader) -> Response:
    """Detection, acknowledgement and mitigation as they were measured, the timeline, and what was changed before."""
    deps = deps_of(request)
    found = await read.find_incident(deps.db, incident_id)
    since, until = found.incident.starts_at - _LOOK_BACK, found.incident.resolved_at or deps.clock.now()
    changes = await read.list_changes(deps.db, since, until, 20)
    markdown = postmortem.draft(found, changes, deps.settings.timezone, deps.clock.now())
    return answer(PostMortem(state=postmortem.state_of(found), markdown=markdown))


def _desk(request: Request, caller: Caller) -> Desk:
    deps = deps_of(request)
    return Desk(deps.db, deps.channels, deps.settings, deps.clock, caller.actor, caller.name)
