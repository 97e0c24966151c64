"""GET /metrics: Prometheus text. The instruments of the doors are declared here."""

import asyncio
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.alerts import show_last_look
from anclora.analytics import Overview, overview, period_of
from anclora.analytics.metrics import show as show_today
from anclora.api.auth import open_to_all
from anclora.api.cached import Cached
from anclora.api.deps import Deps
from anclora.api.openapi import refused
from anclora.backups import show_backups
from anclora.capacity import show_capacity
from anclora.drills import show_last_success
from anclora.health import Checked, Figures
from anclora.incidents import show_last_tick
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.kit.metrics import counter, exposition, gauge, histogram
from anclora.kit.patience import Patience
from anclora.messages.overview import ErrorRate, error_rate
from anclora.playbook import show_last_runs
from anclora.retention import show_retention

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
ERROR_RATE = gauge(
    "error_rate",
    "Share of the messages ended in the last 5 minutes that failed for the provider's fault or ours; NaN = unknown",
)
ERROR_SAMPLES = gauge("error_rate_samples", "Messages that ended in the last 5 minutes")
for _result in ("ok", "bad_signature", "malformed"):  # a rate needs the series before the first one
    WEBHOOKS.labels(_result)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = 5.0
_TODAY_SECONDS = 30.0
_CAPACITY_SECONDS, _CAPACITY_PATIENCE_SECONDS = 3_600.0, 60.0
_LOOK_SECONDS = 2.0  # the checks, then all others side by side: a scrape is given ten
# AncloraError: also figures nobody can sum up, as of a currency nobody knows.
_EXPECTED = (AncloraError, psycopg.Error, TimeoutError)


class Scrape:
    """What is looked up for whoever reads the metrics.

    Args:
        deps: the parts behind the doors.
        checks: the checks of health, at most a second old.
        figures: shows the whole installation.
    """

    def __init__(self, deps: Deps, checks: Cached[Checked], figures: Figures) -> None:
        self._deps = deps
        self._checks = checks
        self._figures = figures
        self._error_rate = Cached(lambda: error_rate(deps.db, deps.clock.now()), deps.clock, seconds=_SECONDS)
        self._today = Cached(self._overview, deps.clock, seconds=_TODAY_SECONDS)
        self._capacity = self._once_an_hour()
        self._patience = Patience(_LOOK_SECONDS)
        self._text = Cached(self._write, deps.clock, seconds=0.0)

    async def text(self) -> bytes:
        """Everything, in some four seconds at most, whatever is frozen. Who asks meanwhile gets the same.

        What is not known now has no series: a scrape must not fail with the database, and not be late with it either,
        or the alert that fires would be the one of a process that is gone.
        """
        return await self._text.get()

    async def _write(self) -> bytes:
        checked = await self._checks.get()
        await asyncio.gather(
            self._figures.show(checked),
            self._show_errors(),
            self._show_today(),
            self._show_watches(),
            self._show_capacity(),
        )
        return exposition()

    async def _show_errors(self) -> None:
        try:
            found = await self._patience.wait(self._error_rate.get())
        except _EXPECTED as error:
            log.warning("error_rate_unknown", error=repr(error))
            found = ErrorRate(rate=float("nan"), samples=0)
        ERROR_RATE.set(found.rate)
        ERROR_SAMPLES.set(found.samples)

    async def _show_today(self) -> None:
        try:
            show_today(await self._patience.wait(self._today.get()))
        except _EXPECTED as error:
            log.warning("figures_unknown", error=repr(error))
            show_today(None)

    async def _show_watches(self) -> None:
        try:
            await self._patience.wait(self._look_at_watches())
        except _EXPECTED as error:
            log.warning("watches_unknown", error=repr(error))

    async def _show_capacity(self) -> None:
        try:
            await self._patience.wait(self._capacity.get())
        except TimeoutError:
            return  # it goes on behind this scrape, for the next one
        except _EXPECTED as error:
            log.warning("capacity_unknown", error=repr(error))
            self._capacity = self._once_an_hour()  # a failure is not kept that long

    def _once_an_hour(self) -> Cached[None]:
        deps = self._deps
        return Cached(
            lambda: show_capacity(deps.db, deps.settings, deps.clock),
            deps.clock,
            seconds=_CAPACITY_SECONDS,
            timeout_seconds=_CAPACITY_PATIENCE_SECONDS,
        )

    async def _look_at_watches(self) -> None:
        shown = (show_last_look, show_last_tick, show_last_runs, show_last_success)
        looks = [show(self._deps.db) for show in shown]
        db, settings = self._deps.db, self._deps.settings
        await asyncio.gather(*looks, show_backups(db, settings), show_retention(db, settings, self._deps.clock))

    async def _overview(self) -> Overview:
        deps = self._deps
        today = period_of(None, None, timezone=deps.settings.timezone, now=deps.clock.now())
        return await overview(deps.db, today, conversations=deps.conversations, conversions=deps.conversions)


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
    """What this process and those it shares a folder with count, and the figures of the whole installation."""
    scrape: Scrape = request.app.state.scrape
    return Response(await scrape.text(), headers={"content-type": CONTENT_TYPE})
