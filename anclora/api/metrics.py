"""GET /metrics: Prometheus text. The instruments of the doors are declared here."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.auth import open_to_all
from anclora.api.cached import Cached
from anclora.api.deps import Deps
from anclora.api.openapi import refused
from anclora.kit.errors import UnavailableError
from anclora.kit.logging import get_logger
from anclora.kit.metrics import counter, exposition, gauge, histogram
from anclora.messages.overview import ErrorRate, error_rate

log = get_logger(__name__)
router = APIRouter(tags=["operations"])

HTTP_REQUESTS = counter("http_requests", "Requests answered", ("route", "code"))
HTTP_SECONDS = histogram(
    "http_request_duration_seconds",
    "From the first line of a request to the end of its answer",
    (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    ("route",),
)
WEBHOOKS = counter("webhooks", "Webhooks received, by what became of them", ("result",))
ERROR_RATE = gauge("error_rate", "Share of the send attempts of the last 5 minutes that failed; NaN = not known now")
ERROR_SAMPLES = gauge("error_rate_samples", "Send attempts of the last 5 minutes")

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = 5.0


def error_rate_cache(deps: Deps) -> Cached[ErrorRate]:
    """The error rate, from the ledger."""
    return Cached(lambda: error_rate(deps.db, deps.clock.now()), deps.clock, seconds=_SECONDS)


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={
        200: {
            "description": "The text format, names beginning with anclora_",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "anclora_error_rate 0.0\n"}},
        },
        401: refused(401),
    },
)
async def get_metrics(request: Request, _caller: Annotated[Caller | None, Depends(open_to_all)]) -> Response:
    """Everything this process counts."""
    cache: Cached[ErrorRate] = request.app.state.error_rate
    try:
        found = await cache.get()
    except UnavailableError as error:
        # The scrape must not fail with the database: everything else is still true.
        log.warning("error_rate_unknown", error=error.detail)
        found = ErrorRate(rate=float("nan"), samples=0)
    ERROR_RATE.set(found.rate)
    ERROR_SAMPLES.set(found.samples)
    return Response(exposition(), headers={"content-type": _CONTENT_TYPE})
