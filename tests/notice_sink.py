"""A stand-in for somebody's own address that hears of notices: it takes what is signed and fresh, each id once."""

import base64
import contextlib
import hmac
import time
from collections.abc import AsyncGenerator, Callable
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
        body, headers = await request.read(), request.headers
        webhook_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        proof = hmac.new(key, f"{webhook_id}.{at}.".encode() + body, sha256).digest()
        good = "v1," + base64.b64encode(proof).decode()
        if not any(hmac.compare_digest(good, each) for each in headers.get("webhook-signature", "").split(" ")):
            return web.Response(status=401, text="wrong signature")
        if not at.isdecimal() or abs(self.now() - int(at)) > 300:
            return web.Response(status=400, text="old signature")
        self.heard[webhook_id] = await request.json()
        hang_up(request, trouble)
        return web.Response(status=204)


@contextlib.asynccontextmanager
async def notice_sink(now: Callable[[], float] = time.time) -> AsyncGenerator[NoticeSink, None]:
    """Serve on a free loopback port."""
    sink = NoticeSink(now)
    async with serving(sink.handle) as sink.url:
        yield sink
