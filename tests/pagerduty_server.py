"""A stand-in for PagerDuty's Events API v2 on a real socket: it keeps alarms by their key, and refuses what it refuses.

Source: developer.pagerduty.com, Events API v2 overview and send an event (documented only: no account was asked).
202 says that an event is in the queue and nothing more: an acknowledge or resolve of a key that has no open alarm is
taken and dropped, and a second trigger of an open one wakes nobody.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.loopback import hang_up, serving, slower

KEY = "R0123456789abcdefghij0123456789a"
PATH = "/v2/enqueue"
_ACTIONS = ("trigger", "acknowledge", "resolve")
_SEVERITIES = ("critical", "error", "warning", "info")
_MOST_BYTES = 512 * 1024
_MOST_A_MINUTE = 120  # "120 events per minute per integration key"


@dataclass
class Alarm:
    """One alarm of the service.

    Attributes:
        state: triggered, acknowledged or resolved.
        events: all that were taken under its key, in order.
    """

    key: str
    state: str
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class PagerDutyServer:
    """Alarms in the order they were opened, and how often somebody was woken.

    Attributes:
        troubles: each ends one request: server_error, too_many, lost.
        dropped: events that changed nothing, because no alarm is open under their key.
    """

    url: str = ""
    alarms: list[Alarm] = field(default_factory=list)
    pages: int = 0
    dropped: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    asked: int = 0
    now: Callable[[], float] | None = None
    times: list[float] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "server_error":
            return web.Response(status=500, text="Internal Server Error")
        if trouble == "too_many" or self._too_fast():
            return slower(
                30, {"status": "throttle exceeded", "message": "Requests for this service are arriving too fast"}
            )
        if request.path != PATH:
            return web.Response(status=404, text="Not Found")
        if len(await request.read()) > _MOST_BYTES:
            return web.Response(status=413, text="Payload Too Large")
        answer = await self._enqueue(request)
        hang_up(request, trouble)
        return answer

    def _too_fast(self) -> bool:
        if self.now is None:
            return False
        now = self.now()
        self.times = [each for each in self.times if now - each < 60]
        if len(self.times) >= _MOST_A_MINUTE:
            return True
        self.times.append(now)
        return False

    async def _enqueue(self, request: web.Request) -> web.Response:
        try:
            event: dict[str, Any] = await request.json()
        except ValueError:
            return _invalid("JSON Parse Error")
        errors = list(wrong_with(event))
        if errors:
            return _invalid(*errors)
        key = self._take(event)
        return web.json_response({"status": "success", "message": "Event processed", "dedup_key": key}, status=202)

    def open(self, key: str) -> Alarm | None:
        """The alarm that is open under a key."""
        return next((each for each in self.alarms if each.key == key and each.state != "resolved"), None)

    def _take(self, event: dict[str, Any]) -> str:
        key = event.get("dedup_key") or f"made-{len(self.alarms)}"
        alarm = self.open(key)
        if event["event_action"] == "trigger":
            if alarm is None:
                alarm = Alarm(key, "triggered")
                self.alarms.append(alarm)
                self.pages += 1
            alarm.events.append(event)
        elif alarm is None:
            self.dropped.append(event)
        else:
            alarm.events.append(event)
            alarm.state = "acknowledged" if event["event_action"] == "acknowledge" else "resolved"
        return key


def wrong_with(event: dict[str, Any]) -> list[str]:
    """What PagerDuty says against an event."""
    found: list[str] = []
    key, action = event.get("routing_key"), event.get("event_action")
    if not isinstance(key, str) or not key:
        found.append("'routing_key' is missing or blank")
    elif len(key) != 32:
        found.append("Length of 'routing_key' is incorrect (should be 32 characters)")
    elif key != KEY:
        found.append("'routing_key' is invalid")
    if action not in _ACTIONS:
        found.append("'event_action' is missing or not one of trigger, acknowledge, resolve")
    if len(event.get("dedup_key", "")) > 255:
        found.append("Length of 'dedup_key' is too long (maximum is 255 characters)")
    if action in _ACTIONS[1:] and not event.get("dedup_key"):
        found.append("'dedup_key' is missing or blank")
    return found + (_wrong_trigger(event) if action == "trigger" else [])


def _wrong_trigger(event: dict[str, Any]) -> list[str]:
    found: list[str] = []
    payload = event.get("payload")
    if isinstance(payload, dict):
        found += [f"'payload.{name}' is missing or blank" for name in ("summary", "source") if not payload.get(name)]
        if payload.get("severity") not in _SEVERITIES:
            found.append("'payload.severity' is invalid (must be one of: critical, error, warning, info)")
        if len(payload.get("summary", "")) > 1_024:
            found.append("Length of 'payload.summary' is too long (maximum is 1024 characters)")
    else:
        found.append("'payload' is missing or blank")
    return found + ["'links' needs href" for link in event.get("links", ()) if not link.get("href")]


def _invalid(*errors: str) -> web.Response:
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
    return web.json_response(body, status=400)


@contextlib.asynccontextmanager
async def pagerduty_server(now: Callable[[], float] | None = None) -> AsyncGenerator[PagerDutyServer, None]:
    """Serve on a free loopback port; with a clock it keeps the pace of 120 events a minute."""
    server = PagerDutyServer(now=now)
    async with serving(server.handle) as server.url:
        yield server
