"""A stand-in for Twilio's calls and messages on a real socket: it keeps what it took, and refuses by Twilio's codes.

Source: twilio.com/docs: calls and messages resources, TwiML, request validation, error dictionary (documented only: no
account was asked).
"""

import base64
import contextlib
import hmac
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import aiohttp
from aiohttp import encode_basic_auth, web

from tests.loopback import hang_up, serving, slower

SID, TOKEN = "AC0123456789abcdef0123456789abcdef", "right"
SENDER, NOBODY, STOPPED = "+34911222333", "+34600000000", "+34600000001"
_ROOT = "/2010-04-01/Accounts/"


@dataclass
class Call:
    """A call that stands in the queue: what it says, and where a digit goes."""

    sid: str
    to: str
    says: str
    digits_url: str | None


@dataclass
class Text:
    """A text message that stands in the queue."""

    sid: str
    to: str
    body: str


@dataclass
class TwilioServer:
    """Calls and texts that were taken. `troubles`: each ends one request: too_many, server_error, lost."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "server_error":
            return web.Response(status=503, text="upstream")
        if trouble == "too_many":
            return slower(7, {"code": 20429, "message": "Too Many Requests", "status": 429})
        refused = self._forbidden(request)
        if refused is not None:
            return refused
        form = {name: str(value) for name, value in (await request.post()).items()}
        if request.path == f"{_ROOT}{SID}/Calls.json":
            answer = self._call(form)
        elif request.path == f"{_ROOT}{SID}/Messages.json":
            answer = self._text(form)
        else:
            answer = _no(404, 20404, f"The requested resource {request.path} was not found")
        hang_up(request, trouble)
        return answer

    def _forbidden(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization", "") != encode_basic_auth(SID, TOKEN):
            return _no(401, 20003, "Authenticate")
        return None

    def _call(self, form: Mapping[str, str]) -> web.Response:
        refused = _bad_numbers(form, no_to=21201, no_from=21213, bad_from=21210)
        if refused is not None:
            return refused
        twiml = form.get("Twiml", "")
        if not twiml:
            return _no(400, 21205, "Url parameter is required")
        if len(twiml) > 4_000:
            return _no(400, 21246, "Twiml must be at most 4000 characters")
        root = ET.fromstring(twiml)  # noqa: S314 - our own words
        assert root.tag == "Response"
        gather = root.find("Gather")
        says = " ".join(each.text or "" for each in root.iter("Say"))
        assert all(each.get("language") in ("es-ES", "en-GB") for each in root.iter("Say"))
        call = Call(f"CA{len(self.calls):032d}", form["To"], says, None if gather is None else gather.get("action"))
        self.calls.append(call)
        return web.json_response({"sid": call.sid, "status": "queued", "to": call.to}, status=201)

    def _text(self, form: Mapping[str, str]) -> web.Response:
        refused = _bad_numbers(form, no_to=21604, no_from=21603, bad_from=21606)
        if refused is not None:
            return refused
        body = form.get("Body", "")
        if not body or len(body) > 1_600:
            return _no(
                400, 21617 if body else 21602, "Message body is too long" if body else "Message body is required"
            )
        text = Text(f"SM{len(self.texts):032d}", form["To"], body)
        self.texts.append(text)
        return web.json_response({"sid": text.sid, "status": "queued", "to": text.to}, status=201)

    async def press(
        self, call: Call, digit: str, *, at: str | None = None, token: str = TOKEN, seen_as: str | None = None
    ) -> tuple[int, str]:
        """Press a digit on a call: what whoever is on the line hears, and its status.

        Args:
            call: with a Gather.
            digit: that is pressed.
            at: the address our server listens at, when the one in the TwiML is its public one.
            token: what is signed with.
            seen_as: another number than was called.
        """
        assert call.digits_url
        form = {"CallSid": call.sid, "AccountSid": SID, "From": SENDER, "To": seen_as or call.to, "Digits": digit}
        signed = call.digits_url + "".join(f"{name}{form[name]}" for name in sorted(form))
        proof = base64.b64encode(hmac.new(token.encode(), signed.encode(), sha1).digest()).decode()
        headers = {"X-Twilio-Signature": proof, "content-type": "application/x-www-form-urlencoded"}
        path = call.digits_url.partition("://")[2].partition("/")[2]
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{at}/{path}" if at else call.digits_url, data=urlencode(form), headers=headers) as answer,
        ):
            text = await answer.text()
            if answer.status == 200:
                root = ET.fromstring(text.encode())  # noqa: S314 - our own words
                text = " ".join(each.text or "" for each in root.iter("Say"))
            return answer.status, text


def _bad_numbers(form: Mapping[str, str], *, no_to: int, no_from: int, bad_from: int) -> web.Response | None:
    to, sender = form.get("To", ""), form.get("From", "")
    if not to:
        return _no(400, no_to, "A 'To' phone number is required.")
    if not sender:
        return _no(400, no_from, "A 'From' phone number is required.")
    if not to.startswith("+") or not to[1:].isdecimal() or to == NOBODY:
        return _no(400, 21211, f"Invalid 'To' Phone Number: {to[:4]}XXXX")
    if to == STOPPED:
        return _no(400, 21610, "Attempt to send to unsubscribed recipient")
    if not sender.startswith("+"):
        return _no(400, 21212, f"Invalid From Number: {sender}")
    return None if sender == SENDER else _no(400, bad_from, "The source phone number provided is not yours")


def _no(status: int, code: int, message: str) -> web.Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return web.json_response({"code": code, "message": message, "more_info": more, "status": status}, status=status)


@contextlib.asynccontextmanager
async def twilio_server() -> AsyncGenerator[TwilioServer, None]:
    """Serve on a free loopback port."""
    server = TwilioServer()
    async with serving(server.handle) as server.url:
        yield server
