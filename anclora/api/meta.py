"""GET and POST /webhooks/meta: what Meta's Cloud API reports. 200 means stored; anything else stores nothing.

Meta repeats what is not answered with 200 for days. The raw body is proven before it is read: an HMAC with the app's
secret, compared in constant time. One webhook may speak of several numbers; each event counts for its own.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from anclora.api.bodies import read_body
from anclora.api.counted import counted
from anclora.api.deps import Deps, deps_of
from anclora.api.examples_webhooks import META_WEBHOOK
from anclora.api.openapi import body_of, documented, operation, refused
from anclora.api.webhooks import STORED, Stored
from anclora.kit.errors import ForbiddenError, NotFoundError, UnauthorizedError
from anclora.kit.logging import get_logger
from anclora.providers.cloud.signature import HEADER, same_text, signed
from anclora.providers.registry import CLOUD

log = get_logger(__name__)
router = APIRouter(tags=["webhooks"])
PATH = "/webhooks/meta"
_NAMED_AT_MOST = 1_000
_CHALLENGE_CHARS = 200


class MetaEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """What Meta posts; more members are welcome."""

    object: str
    entry: list[Any] = []


def _challenge_shown() -> dict[int | str, Any]:
    shown = {"schema": {"type": "string"}, "example": "1158201444"}
    found: dict[int | str, Any] = {200: {"description": "OK", "content": {"text/plain": shown}}}
    return found | {status: refused(status) for status in (403, 404, 422)}


@router.get(
    PATH, summary="Meta's question whether this address is ours", response_class=Response, responses=_challenge_shown()
)
async def get_meta(
    request: Request,
    mode: Annotated[str, Query(alias="hub.mode", examples=["subscribe"])],
    token: Annotated[str, Query(alias="hub.verify_token", examples=["any-text-of-yours"])],
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=_CHALLENGE_CHARS, examples=["1158201444"])],
) -> Response:
    """The challenge, when the verify token is the one of `ANCLORA_CLOUD_VERIFY_TOKEN`."""
    wanted = deps_of(request).settings.cloud_verify_token
    if wanted is None:
        raise _not_configured()
    if mode != "subscribe" or not same_text(token, wanted):
        raise ForbiddenError(
            "The verify token is not the one in ANCLORA_CLOUD_VERIFY_TOKEN. Write the same at Meta and here.",
            code="wrong_verify_token",
        )
    return PlainTextResponse(challenge)


async def post_meta(request: Request) -> Response:
    """One webhook, of any of our numbers."""
    deps = deps_of(request)
    with counted():
        body = await read_body(request, deps.settings.webhook_limit_bytes)
        _prove(deps, body, request.headers.get(HEADER))
        numbers = await deps.inbound.accept_shared(CLOUD, body)
    _name_unknown(request, numbers)
    return STORED


def _prove(deps: Deps, body: bytes, given: str | None) -> None:
    secret = deps.settings.cloud_app_secret
    if secret is None:
        raise _not_configured()
    if not signed(body, given, secret):
        raise UnauthorizedError(f"The header {HEADER} is missing or wrong.", code="wrong_signature")


def _not_configured() -> NotFoundError:
    return NotFoundError(
        "Meta's Cloud API is not configured here. Set the ANCLORA_CLOUD_* settings.", code="cloud_not_configured"
    )


def _name_unknown(request: Request, numbers: frozenset[str]) -> None:
    """Numbers of the account that nobody registered are named once, so that somebody does."""
    deps = deps_of(request)
    named: set[str] = request.app.state.unknown_numbers
    unknown = numbers.difference(deps.book.names) - named
    for number in sorted(unknown) if len(named) < _NAMED_AT_MOST else ():
        named.add(number)
        log.warning("webhook_of_unknown_number", phone_number_id=number[:60], advice="anclora instances sync")


_SIGNATURE_PARAMETER: Mapping[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "`sha256=` and the HMAC of the raw body with the app's secret.",
}

HOT_PATHS: Mapping[str, Mapping[str, Any]] = {
    PATH: operation(
        "post_meta",
        summary="Events from Meta's Cloud API",
        description="Called by Meta. 200 after the commit; duplicates are harmless.",
        tag="webhooks",
        body=body_of(MetaEnvelope, META_WEBHOOK),
        responses=documented(Stored, 400, 401, 404, 408, 413, 503),
        parameters=[_SIGNATURE_PARAMETER],
        keyed=False,
    )
}
