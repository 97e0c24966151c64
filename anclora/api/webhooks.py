"""POST /webhooks/evolution/{instance}: what the provider reports. 200 means stored; anything else stores nothing.

The sender repeats 5xx answers for about twenty minutes and never repeats 400, 401, 403, 404 and 422 (contract 5.3). So
those are given only when a fresh reading of the rows agrees: a secret or an instance may be younger than our view.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from anclora.api.answers import answer
from anclora.api.bodies import read_body
from anclora.api.counted import counted
from anclora.api.deps import Deps, deps_of
from anclora.api.examples_webhooks import WEBHOOK
from anclora.api.openapi import body_of, documented, operation
from anclora.instances import Instance, accepts
from anclora.kit.errors import AncloraError, NotFoundError, UnauthorizedError

SECRET_HEADER = "X-Anclora-Secret"  # noqa: S105 - the name of a header


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """The event is in the ledger."""

    status: str = "stored"


class EvolutionEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """What Evolution API posts; more members are welcome."""

    event: str
    instance: str
    data: Any = None


STORED = answer(Stored())


async def post_evolution(request: Request) -> Response:
    """One webhook of one instance."""
    deps = deps_of(request)
    with counted():
        instance = await _proven(deps, request)
        body = await read_body(request, deps.settings.webhook_limit_bytes)
        await deps.inbound.accept(instance.name, instance.provider, body)
    return STORED


def take(deps: Deps, name: str, secret: str, body: bytes) -> "asyncio.Future[None] | None":
    """Hand over the webhook of a number we know, with its secret, without waiting; done when it is stored.

    None = anything else; nothing has happened then, and `post_evolution` has the words for it.
    """
    if not deps.book.is_fresh or len(body) > deps.settings.webhook_limit_bytes:
        return None
    try:
        instance = deps.book.get(name)
        if not accepts(instance, secret, deps.clock):
            return None
        return deps.inbound.offer(instance.name, instance.provider, body)
    except (AncloraError, RecursionError):
        return None


async def _proven(deps: Deps, request: Request) -> Instance:
    """The instance of the path, whose secret came along."""
    name, given = str(request.path_params["instance"]), request.headers.get(SECRET_HEADER)
    arrived_seconds = deps.clock.boot_seconds()
    await deps.book.refresh()
    try:
        instance = deps.book.get(name)
        if accepts(instance, given, deps.clock):
            return instance
    except NotFoundError:
        instance = None
    await deps.book.refresh(newer_than_seconds=arrived_seconds)
    if name not in deps.book.names:
        raise NotFoundError("No instance of this name is registered here.", code="unknown_webhook")
    instance = deps.book.get(name)
    if not accepts(instance, given, deps.clock):
        raise UnauthorizedError(f"The header {SECRET_HEADER} is missing or wrong.", code="wrong_secret")
    return instance


_SECRET_PARAMETER: Mapping[str, Any] = {
    "name": SECRET_HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "The instance's secret; set by us when the webhook is registered.",
}
_INSTANCE_PARAMETER: Mapping[str, Any] = {
    "name": "instance",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "example": "sales",
}

HOT_PATHS: Mapping[str, Mapping[str, Any]] = {
    "/webhooks/evolution/{instance}": operation(
        "post_evolution",
        summary="Events from Evolution API",
        description="Called by the provider. 200 after the commit; duplicates are harmless.",
        tag="webhooks",
        body=body_of(EvolutionEnvelope, WEBHOOK),
        responses=documented(Stored, 400, 401, 404, 408, 413, 503),
        parameters=[_INSTANCE_PARAMETER, _SECRET_PARAMETER],
        keyed=False,
    )
}
