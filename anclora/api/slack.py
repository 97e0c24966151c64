"""POST /webhooks/slack/interactive: somebody pressed a button. What it does is committed before the answer.

Slack waits three seconds, and posts it once. The raw body is proven before it is read: an HMAC with the app's signing
secret over time and body, compared in constant time, no older than five minutes. Whoever pressed gets a private
sentence afterwards, also when the button is old or nobody knows it.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from anclora.api.bodies import read_body
from anclora.api.counted import counted
from anclora.api.deps import Deps, deps_of
from anclora.api.openapi import refused
from anclora.api.presses import act
from anclora.kit.errors import NotFoundError, UnauthorizedError
from anclora.notify.slack import HEADER, TIME_HEADER, in_time, pressed, say_back, signed

router = APIRouter(tags=["webhooks"])
PATH = "/webhooks/slack/interactive"
_BODY_BYTES = 1_000_000
_PRESS = {
    "type": "block_actions",
    "user": {"id": "U01ABC", "username": "ana", "name": "ana", "team_id": "T01ABC"},
    "actions": [{"action_id": "acknowledge", "value": "019aac5e-7a00-7000-8000-000000000009", "type": "button"}],
}
EXAMPLE = urlencode({"payload": msgspec.json.encode(_PRESS)})


def form_of(example: str) -> dict[str, Any]:
    """The body of a door that takes a form."""
    schema = {"type": "string", "description": "application/x-www-form-urlencoded"}
    content = {"schema": schema, "examples": {"example 1": {"value": example}}}
    return {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": content}}}


def answers_with(kind: str, example: str) -> dict[int | str, Any]:
    """An answer that is text, and the refusals of a door that wants a signature."""
    shown = {"schema": {"type": "string"}, "example": example}
    found: dict[int | str, Any] = {200: {"description": "OK", "content": {kind: shown}}}
    return found | {status: refused(status) for status in (400, 401, 404, 408, 413)}


def header_of(name: str, text: str) -> Mapping[str, Any]:
    """A header that proves the caller."""
    return {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": text}


@router.post(
    PATH,
    summary="A button of a Slack message was pressed",
    response_class=PlainTextResponse,
    responses=answers_with("text/plain", ""),
    openapi_extra={
        **form_of(EXAMPLE),
        "parameters": [
            header_of(HEADER, "`v0=` and the HMAC of `v0:<time>:<raw body>` with the app's signing secret."),
            header_of(TIME_HEADER, "When it was signed, in seconds since 1970; at most five minutes ago."),
        ],
    },
)
async def post_interactive(request: Request) -> Response:
    """Called by Slack. 200 after the commit; pressing twice does no harm."""
    deps = deps_of(request)
    with counted():
        body = await read_body(request, _BODY_BYTES)
        _prove(deps, request, body)
        found = pressed(body, deps.clock.now())
    if found is None:
        return PlainTextResponse("")
    reply = await act(deps, found.press)
    answer = BackgroundTask(say_back, found.response_url, reply.text, api_url=deps.settings.slack_api_url)
    return PlainTextResponse("", background=answer)


def _prove(deps: Deps, request: Request, body: bytes) -> None:
    secret = deps.settings.slack_signing_secret
    if secret is None:
        raise NotFoundError("Buttons of Slack are not configured here. Set SLACK_SIGNING_SECRET.", code="no_slack")
    timestamp = request.headers.get(TIME_HEADER)
    if not signed(body, timestamp, request.headers.get(HEADER), secret):
        raise UnauthorizedError(f"The header {HEADER} is missing or wrong.", code="wrong_signature")
    if not in_time(timestamp, deps.clock.now()):
        raise UnauthorizedError(
            "The signature is older than five minutes, or from the future; check the clock.", code="old_signature"
        )
