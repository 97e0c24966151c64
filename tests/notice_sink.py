"""A stand-in for somebody's own address that hears of notices: it takes what is signed and fresh, each id once."""

import base64
import contextlib
import hmac
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from aiohttp import web

from tests.loopback import hang_up, serving, slower

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
PATH = "/hear?from=anclora"


@dataclass
class NoticeSink:
    """Notices that were taken, by id. `troubles`: each ends one request: too_many, server_error, lost, gone, moved."""

    now: Callable[[], float] = time.time
    url: str = ""
    heard: dict[str, dict[str, Any]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "too_many":
            return slower(5)
        statuses = {"server_error": 500, "gone": 410, "moved": 302}
        if trouble in statuses:
            return web.Response(status=statuses[trouble])
        body, webhook_id = await request.read(), request.headers.get("webhook-id", "")
        refused = self._refusal(body, request.headers)
        if refused is not None:
            return refused
        if webhook_id not in self.heard:
            self.heard[webhook_id] = json.loads(body)
        hang_up(request, trouble)
        return web.Response(status=204)

    def _refusal(self, body: bytes, headers: Mapping[str, str]) -> web.Response | None:
        """What is wrong with the headers, or else with the body."""
        webhook_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not webhook_id or not at:
            return web.Response(status=400, text="webhook-id or webhook-timestamp is missing")
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        proof = hmac.new(key, f"{webhook_id}.{at}.".encode() + body, sha256).digest()
        good = "v1," + base64.b64encode(proof).decode()
        if not any(hmac.compare_digest(good, each) for each in headers.get("webhook-signature", "").split(" ")):
            return web.Response(status=401, text="wrong signature")
        if not at.isdecimal() or abs(self.now() - int(at)) > 300:
            return web.Response(status=400, text="old signature")
        return _wrong_with(body)


def _wrong_with(body: bytes) -> web.Response | None:
    try:
        said = json.loads(body)
    except ValueError:
        return web.Response(status=400, text="no JSON")
    whole = isinstance(said, dict) and said.get("type") and (said.get("data") or {}).get("title")
    return None if whole else web.Response(status=422, text="a notice has a type, and data with a title")


@contextlib.asynccontextmanager
async def notice_sink(now: Callable[[], float] = time.time) -> AsyncGenerator[NoticeSink, None]:
    """Serve on a free loopback port."""
    sink = NoticeSink(now)
    async with serving(sink.handle) as sink.url:
        yield sink
