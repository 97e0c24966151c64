"""The doors of alerts: what there is and what fires, the runbook pages, and the webhook of Alertmanager."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.alerts import AlertDetail, AlertList, AlertmanagerPost, Links, Taken, hear, read_up, show, show_all
from anclora.alerts.files import page
from anclora.api.answers import answer
from anclora.api.auth import KEY_HEADER, GivenKey, Needs, caller_of, open_to_all
from anclora.api.bodies import decode, read_body
from anclora.api.deps import Deps, deps_of
from anclora.api.examples_alerts import POST
from anclora.api.openapi import body_of, documented, refused

router = APIRouter(tags=["alerts"])
_BODY_BYTES = 4_000_000
_POST = msgspec.json.Decoder(AlertmanagerPost)
_BEARER = "bearer "
Reader = Annotated[Caller, Depends(Needs("alerts:read"))]
Name = Annotated[str, Path(max_length=100, examples=["AncloraNoWorkers"])]
_MARKDOWN = "text/markdown; charset=utf-8"


async def alertmanager(request: Request, _key: GivenKey) -> Caller:
    """A FastAPI dependency: a key with `alerts:write`, in X-API-Key, or as Alertmanager sends one: `Bearer ak_…`."""
    key = request.headers.get(KEY_HEADER)
    bearer = request.headers.get("authorization", "")
    if key is None and bearer.lower().startswith(_BEARER):
        key = bearer[len(_BEARER) :].strip()
    caller = await caller_of(request, key)
    caller.require("alerts:write")
    return caller


def _links(deps: Deps) -> Links:
    return Links(anclora_url=deps.public_url.rstrip("/"))


@router.get("/api/v1/alerts", summary="Alerts, and what fires", responses=documented(AlertList, 401, 403, 422, 503))
async def get_alerts(request: Request, _caller: Reader) -> Response:
    """Every alert there is, what fires first; by the built-in watch and by Prometheus where one posts here."""
    deps = deps_of(request)
    return answer(await show_all(deps.db, _links(deps)))


@router.get("/api/v1/alerts/{name}", summary="One alert", responses=documented(AlertDetail, 401, 403, 404, 422, 503))
async def get_alert(request: Request, name: Name, _caller: Reader) -> Response:
    """What it means, what to do, and where it is so now."""
    deps = deps_of(request)
    return answer(await show(deps.db, name, _links(deps)))


@router.post(
    "/api/v1/alerts/alertmanager",
    summary="Alertmanager's webhook",
    responses=documented(Taken, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(AlertmanagerPost, POST),
)
async def post_alertmanager(request: Request, _caller: Annotated[Caller, Depends(alertmanager)]) -> Response:
    """Stored before the answer; one that comes again changes nothing. The key may come as `Authorization: Bearer`."""
    deps = deps_of(request)
    post = decode(_POST, await read_body(request, min(_BODY_BYTES, deps.settings.body_limit_bytes)))
    return answer(await hear(deps.db, deps.signals, post, now=deps.clock.now()))


@router.get(
    "/runbooks/{name}",
    summary="What to do about an alert",
    response_class=Response,
    responses={
        200: {
            "description": "The page, in Markdown",
            "content": {"text/markdown": {"schema": {"type": "string"}, "example": "# AncloraNoWorkers\n"}},
        },
        401: refused(401),
        404: refused(404),
        422: refused(422),
    },
)
async def get_runbook(
    request: Request, name: Name, _caller: Annotated[Caller | None, Depends(open_to_all)]
) -> Response:
    """Meaning, impact, diagnosis and mitigation: where the link of a notice leads, at any hour."""
    found = read_up(name.removesuffix(".md"))  # as pages link each other
    return Response(page(found, _links(deps_of(request))), media_type=_MARKDOWN)
