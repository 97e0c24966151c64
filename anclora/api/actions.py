"""The doors of actions: what was learnt from incidents and is to be done, by whom and until when."""

from datetime import date
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
from anclora.incidents.action import add_action, finish_action, list_actions
from anclora.incidents.model import ActionItem
from anclora.kit.clock import business_date

router = APIRouter(tags=["incidents"])
_BODY_BYTES = 10_000
Reader = Annotated[Caller, Depends(Needs("incidents:read"))]
Writer = Annotated[Caller, Depends(Needs("incidents:write"))]
Standing = Literal["open", "overdue", "done"]


class NewAction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done (up to 300 characters), by whom, and until the end of which business day."""

    text: str
    owner: str
    due_on: date


class ActionList(msgspec.Struct, frozen=True, kw_only=True):
    """Actions, the first due first."""

    actions: list[ActionItem]


_NEW = msgspec.json.Decoder(NewAction)


@router.get("/api/v1/actions", summary="Actions", responses=documented(ActionList, 401, 403, 422, 503))
async def get_actions(
    request: Request,
    _caller: Reader,
    state: Annotated[Standing | None, Query(description="overdue = open, and its day is over")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What was learnt from incidents and is to be done, the first due first."""
    deps = deps_of(request)
    today = business_date(deps.clock.now(), deps.settings.timezone)
    return answer(ActionList(actions=await list_actions(deps.db, state, today, limit)))


@router.post(
    "/api/v1/incidents/{incident_id}/actions",
    summary="Write down what is to be done",
    responses=documented(ActionItem, 400, 401, 403, 404, 408, 409, 413, 422, 503),
    openapi_extra=body_of(NewAction, examples.ACTION),
)
async def post_actions(
    request: Request, incident_id: Annotated[UUID, Path(examples=[examples.INCIDENT_ID])], caller: Writer
) -> Response:
    """Its post-mortem is open until it is done; once its day is over, hand-offs and the weekly report name it."""
    deps, wish = deps_of(request), decode(_NEW, await read_body(request, _BODY_BYTES))
    found = await add_action(
        deps.db,
        incident_id,
        wish.text,
        wish.owner,
        wish.due_on,
        clock=deps.clock,
        zone=deps.settings.timezone,
        actor=caller.actor,
        name=caller.name,
    )
    return answer(found)


@router.post(
    "/api/v1/actions/{action_id}/done",
    summary="Say that an action is done",
    responses=documented(ActionItem, 401, 403, 404, 422, 503),
)
async def post_done(
    request: Request, action_id: Annotated[UUID, Path(examples=[examples.ACTION_ID])], caller: Writer
) -> Response:
    """Saying it again changes nothing."""
    deps = deps_of(request)
    return answer(await finish_action(deps.db, action_id, clock=deps.clock, actor=caller.actor, name=caller.name))
