"""A stand-in for Slack on a real socket: it keeps what it took, and refuses what Slack refuses, in Slack's own words.

Source: docs.slack.dev, methods chat.postMessage, chat.update, files.getUploadURLExternal, files.completeUploadExternal;
rate limits; incoming webhooks; interactivity (documented only: no workspace was asked).
"""

import contextlib
import hmac
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode

import aiohttp
from aiohttp import web

from tests.loopback import hang_up, serving, slower
from tests.slack_blocks import shown, wrong_with

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
    """One message that is in a channel, as it looks now.

    Attributes:
        text: what a person reads: the blocks where there are some, else the text.
        banner: the text beside blocks.
    """

    channel: str
    text: str
    thread: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    banner: str = ""
    broadcast: bool = False
    stamp: str = ""
    changes: int = 0

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [each for block in self.blocks if block["type"] == "actions" for each in block["elements"]]


@dataclass
class Pushed:
    """What came of pressing a button: Slack shows an error when it is not 200 within three seconds."""

    status: int | None
    error: str | None


class SlackServer:
    """What was said, what is uploaded, and the troubles a test orders: each ends one request."""

    def __init__(self, now: Callable[[], float] | None) -> None:
        self.said: list[Said] = []
        self.troubles: list[str] = []
        self.asked: list[str] = []
        self.whispered: list[dict[str, Any]] = []
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
        if trouble == "down":
            return web.Response(status=500, text="internal_error")
        if trouble == "garbled":
            return web.Response(text="<html>")
        if request.path.startswith("/services/"):
            answer = await self._hook(request)
        elif request.path.startswith("/actions/"):
            answer = await self._whisper(request)
        elif request.path.startswith("/upload/"):
            answer = await self._upload(request)
        else:
            answer = await self._method(request)
        hang_up(request, trouble)
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
        methods = {
            "files.completeUploadExternal": self._show,
            "chat.update": self._change,
            "chat.postMessage": self._post,
        }
        return methods[name](await request.json()) if name in methods else _no("unknown_method")

    def _post(self, body: dict[str, Any]) -> web.Response:
        channel, text = str(body.get("channel", "")), str(body.get("text") or "")
        known = CHANNELS.get(channel) or (channel if channel in CHANNELS.values() else None)
        if known is None:
            return _no("is_archived" if channel == ARCHIVED else "channel_not_found")
        if known == FOREIGN:
            return _no("not_in_channel")
        wrong = _refusal(text, body)
        if wrong:
            return _no(wrong)
        thread = body.get("thread_ts")
        if thread is not None and self._find(known, thread) is None:
            return _no("thread_not_found")
        if self._too_fast(known):
            return _slower(1)
        stamp = f"1700000000.{len(self.said) + 1:06d}"
        broadcast = bool(body.get("reply_broadcast"))
        self.said.append(_said(known, body, thread=thread, stamp=stamp, broadcast=broadcast))
        return _yes(channel=known, ts=stamp)

    def _change(self, body: dict[str, Any]) -> web.Response:
        channel, text = str(body.get("channel", "")), str(body.get("text") or "")
        if channel not in CHANNELS.values():  # a name is good for posting only
            return _no("channel_not_found")
        found = self._find(channel, str(body.get("ts", "")))
        wrong = _refusal(text, body) or (None if found else "message_not_found")
        if wrong or found is None:
            return _no(wrong or "")
        changed = _said(channel, body)
        found.text, found.banner, found.blocks = changed.text, changed.banner, changed.blocks
        found.changes += 1
        return _yes(channel=channel, ts=found.stamp, text=found.text)

    def _find(self, channel: str, stamp: str) -> Said | None:
        return next((each for each in self.said if (each.channel, each.stamp) == (channel, stamp)), None)

    async def _whisper(self, request: web.Request) -> web.Response:
        """The private answer to whoever pressed a button."""
        if "Authorization" in request.headers:
            return web.Response(status=400, text="no token belongs here")
        self.whispered.append(await request.json())
        return web.Response(text="ok")

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
            body: dict[str, Any] = await request.json()
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        wrong = _refusal(str(body.get("text") or ""), body)
        if wrong:
            return web.Response(status=400, text=wrong)
        if self._too_fast("webhook"):
            return _slower(1)
        self.said.append(_said("webhook", body))
        return web.Response(text="ok")

    async def push(
        self,
        url: str,
        button: dict[str, Any],
        secret: str,
        *,
        at: int,
        user: str = "U01ANA",
        patience_seconds: float = 3.0,
    ) -> Pushed:
        """Press a button of a message, as Slack does it: signed, posted once, and not waited for longer than 3 s."""
        payload = {
            "type": "block_actions",
            "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": "T0"},
            "api_app_id": "A0",
            "token": "deprecated",
            "container": {"type": "message", "message_ts": "1700000000.000001", "channel_id": "C3"},
            "trigger_id": "1.2.3",
            "response_url": f"{self.url}/actions/T0/1/x",
            "actions": [{**button, "type": "button", "block_id": "b", "action_ts": f"{at}.0"}],
        }
        body = urlencode({"payload": json.dumps(payload)}).encode()
        proof = hmac.new(secret.encode(), b"v0:%d:%s" % (at, body), sha256).hexdigest()
        headers = {
            "X-Slack-Request-Timestamp": str(at),
            "X-Slack-Signature": f"v0={proof}",
            "content-type": "application/x-www-form-urlencoded",
        }
        patience = aiohttp.ClientTimeout(total=patience_seconds)
        async with aiohttp.ClientSession(timeout=patience) as session:
            try:
                async with session.post(url, data=body, headers=headers) as answer:
                    text = await answer.text()
            except TimeoutError:
                return Pushed(None, "operation_timeout")
        return Pushed(answer.status, None if answer.status == 200 else f"dispatch_failed: {text}")


def _refusal(text: str, body: dict[str, Any]) -> str | None:
    """What Slack says against a message, or None."""
    if len(text) > MOST_CHARS:
        return "msg_too_long"
    if "blocks" in body:
        return "invalid_blocks" if wrong_with(body["blocks"]) else None
    return None if text else "no_text"


def _said(channel: str, body: dict[str, Any], **members: Any) -> Said:
    blocks, text = body.get("blocks", []), str(body.get("text") or "")
    return Said(channel, shown(blocks) if blocks else text, blocks=blocks, banner=text if blocks else "", **members)


def _yes(**members: Any) -> web.Response:
    return web.json_response({"ok": True, **members})


def _no(error: str, **members: Any) -> web.Response:
    return web.json_response({"ok": False, "error": error, **members})


def _slower(seconds: int) -> web.Response:
    return slower(seconds, {"ok": False, "error": "ratelimited"})


@contextlib.asynccontextmanager
async def slack_server(now: Callable[[], float] | None = None) -> AsyncGenerator[SlackServer, None]:
    """Serve on a free loopback port; with a clock it keeps the pace of one message a second and channel."""
    server = SlackServer(now)
    async with serving(server.handle) as server.url:
        yield server
