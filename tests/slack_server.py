"""A stand-in for Slack on a real socket: it keeps what it took, and refuses what Slack refuses, in Slack's own words.

Source: docs.slack.dev, methods chat.postMessage, files.getUploadURLExternal, files.completeUploadExternal; rate limits;
incoming webhooks.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

TOKEN = "xoxb-good"
LIMITED_TOKEN = "xoxb-without-files"  # lacks files:write
WEBHOOK = "/services/T0/B0/secret"
GONE_WEBHOOK = "/services/T0/B1/removed"
CHANNELS = {"#anclora-reports": "C1", "#anclora-warnings": "C2", "#anclora-critical": "C3", "#foreign": "C8"}
ARCHIVED, FOREIGN = "#old", "C8"
MOST_CHARS = 40_000


def still() -> float:
    """A clock that stands; a test that is about the pace brings its own."""
    return 0.0


@dataclass
class Said:
    """One message that is in a channel."""

    channel: str
    text: str
    thread: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)


class SlackServer:
    """What was said, what is uploaded, and the troubles a test orders: each ends one request."""

    def __init__(self, now: Callable[[], float] | None) -> None:
        self.said: list[Said] = []
        self.troubles: list[str] = []
        self.asked: list[str] = []
        self.url = ""
        self._now = now
        self._last: dict[str, float] = {}
        self._files: dict[str, tuple[str, int, bytes | None]] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "server_error":
            return web.Response(status=503, text="upstream connect error")
        if trouble == "ratelimited":
            return _slower(30)
        if trouble == "garbled":
            return web.Response(text="<html>")
        if request.path.startswith("/services/"):
            answer = await self._hook(request)
        elif request.path.startswith("/upload/"):
            answer = await self._upload(request)
        else:
            answer = await self._method(request)
        if trouble == "lost" and request.transport is not None:  # done, and the answer never arrives
            request.transport.abort()
        return answer

    async def _method(self, request: web.Request) -> web.Response:
        bearer = request.headers.get("Authorization", "")
        if not bearer:
            return _no("not_authed")
        token = bearer.removeprefix("Bearer ")
        if token not in (TOKEN, LIMITED_TOKEN):
            return _no("invalid_auth")
        name = request.path.removeprefix("/api/")
        if name.startswith("files.") and token == LIMITED_TOKEN:
            return _no("missing_scope", needed="files:write", provided="chat:write")
        if name == "files.getUploadURLExternal":
            return self._place(parse_qs(await request.text()))
        body: dict[str, Any] = await request.json()
        if name == "files.completeUploadExternal":
            return self._show(body)
        return self._post(body) if name == "chat.postMessage" else _no("unknown_method")

    def _post(self, body: dict[str, Any]) -> web.Response:
        channel, text = str(body.get("channel", "")), str(body.get("text") or "")
        known = CHANNELS.get(channel)
        if known is None:
            return _no("is_archived" if channel == ARCHIVED else "channel_not_found")
        if known == FOREIGN:
            return _no("not_in_channel")
        if not text or len(text) > MOST_CHARS:
            return _no("msg_too_long" if text else "no_text")
        if self._too_fast(known):
            return _slower(1)
        self.said.append(Said(known, text))
        return _yes(channel=known, ts=f"1700000000.{len(self.said):06d}")

    def _too_fast(self, channel: str) -> bool:
        """One message a second and channel."""
        if self._now is None:
            return False
        now, last = self._now(), self._last.get(channel)
        if last is not None and now - last < 1:
            return True
        self._last[channel] = now
        return False

    def _place(self, form: dict[str, list[str]]) -> web.Response:
        if "filename" not in form or not form.get("length", [""])[0].isdecimal():
            return _no("invalid_arguments")
        name = f"F{len(self._files) + 1}"
        self._files[name] = (form["filename"][0], int(form["length"][0]), None)
        return _yes(upload_url=f"{self.url}/upload/{name}?sign=secret", file_id=name)

    async def _upload(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix("/upload/")
        if name not in self._files or request.query.get("sign") != "secret" or "Authorization" in request.headers:
            return web.Response(status=403, text="not this one")
        data, (title, size, _) = await request.read(), self._files[name]
        if len(data) != size:
            return web.Response(status=400, text="another length was announced")
        self._files[name] = (title, size, data)
        return web.Response(text=f"OK - {size}")

    def _show(self, body: dict[str, Any]) -> web.Response:
        if body.get("channel_id") not in CHANNELS.values():
            return _no("channel_not_found")
        found = [self._files.get(file["id"]) for file in body["files"]]
        files = {file[0]: file[2] for file in found if file and file[2] is not None}
        if len(files) != len(body["files"]):
            return _no("file_not_found")
        self.said.append(Said(body["channel_id"], "", body.get("thread_ts"), files))
        return _yes(files=[])

    async def _hook(self, request: web.Request) -> web.Response:
        if request.path != WEBHOOK:
            gone = request.path == GONE_WEBHOOK
            return web.Response(status=404 if gone else 403, text="no_service" if gone else "invalid_token")
        try:
            text = str((await request.json()).get("text") or "")
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        if not text or len(text) > MOST_CHARS:
            return web.Response(status=400, text="msg_too_long" if text else "no_text")
        if self._too_fast("webhook"):
            return _slower(1)
        self.said.append(Said("webhook", text))
        return web.Response(text="ok")


def _yes(**members: Any) -> web.Response:
    return web.json_response({"ok": True, **members})


def _no(error: str, **members: Any) -> web.Response:
    return web.json_response({"ok": False, "error": error, **members})


def _slower(seconds: int) -> web.Response:
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(seconds)})


@contextlib.asynccontextmanager
async def slack_server(now: Callable[[], float] | None = None) -> AsyncGenerator[SlackServer, None]:
    """Serve on a free loopback port; with a clock it keeps the pace of one message a second and channel."""
    server = SlackServer(now)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


async def ask(url: str, **values: Any) -> tuple[int, Any]:
    """A request made by hand: how the stand-in itself is tested."""
    async with aiohttp.ClientSession() as session, session.post(url, **values) as answer:
        text = await answer.text()
        return answer.status, (await answer.json() if answer.content_type == "application/json" else text)
