"""The life of a number at an Evolution API server: v2, and the shapes of v1.8 where the two differ.

Which version answers is never asked (that endpoint can hang): the v2 form goes first, and a refusal in v1.8's own
words is answered in its form. Three traps: restarting a closed number answers 200 with `error: true`; connecting may
answer an old QR code, so its state is asked afterwards; two creates of one name at once delete each other's number.
"""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol
from weakref import WeakValueDictionary

import msgspec

from anclora.kit.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, UnavailableError
from anclora.kit.wire import Answer, shown_url
from anclora.providers.contract.numbers import NumberSettings, NumberState, NumberWebhook, Pairing, Proxy
from anclora.providers.evolution.payloads import EVENTS, path, webhook_request
from anclora.providers.evolution.shapes import UNREADABLE

SECRET_HEADER = "X-Anclora-Secret"  # noqa: S105 - the header's name, not a secret
_PNG = "data:image/png;base64,"

# Our word, then the server's of v2 and of v1.8.
_SETTINGS: Mapping[str, tuple[str, str]] = {
    "reject_calls": ("rejectCall", "reject_call"),
    "reject_text": ("msgCall", "msg_call"),
    "ignore_groups": ("groupsIgnore", "groups_ignore"),
    "always_online": ("alwaysOnline", "always_online"),
    "read_messages": ("readMessages", "read_messages"),
    "read_status": ("readStatus", "read_status"),
    "full_history": ("syncFullHistory", "sync_full_history"),
}
_encode = msgspec.json.Encoder().encode


class Asks(Protocol):
    """One exchange; raises what the answer means where it is no success."""

    def __call__(
        self, method: str, target: str, body: bytes | None = None, *, instance: str | None = None
    ) -> Awaitable[Answer]:
        """Ask the server."""
        ...


class EvolutionNumbers:
    """The numbers of one server.

    Args:
        ask: one exchange with it.
        shown: its URL for people.
    """

    def __init__(self, ask: Asks, shown: str) -> None:
        self._ask = ask
        self._shown = shown
        self._making: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def create(
        self, name: str, *, phone: str | None = None, webhook_url: str | None = None, secret: str = ""
    ) -> None:
        """Make a number, one at a time of a name: the cleanup of a second create would remove the first one's."""
        lock = self._making.setdefault(name, asyncio.Lock())
        async with lock:
            body: dict[str, Any] = {"instanceName": name, "integration": "WHATSAPP-BAILEYS", "qrcode": False}
            if phone:
                body["number"] = phone
            try:
                if webhook_url is None:
                    await self._post("/instance/create", body)
                else:
                    await self._create_with_webhook(body, webhook_url, secret)
            except ForbiddenError as error:
                if "already in use" not in error.detail:
                    raise
                raise ConflictError(
                    f"Evolution API at {self._shown} has a number named {name!r} already. One that was deleted keeps "
                    "its name until the server has told everybody, up to twenty minutes.",
                    code="name_taken",
                ) from error

    async def _create_with_webhook(self, body: dict[str, Any], url: str, secret: str) -> None:
        # Without `events` the server fails and deletes the number it has just made.
        hook = {"url": url, "headers": {SECRET_HEADER: secret}, "byEvents": False, "base64": False, "events": EVENTS}
        try:
            await self._post("/instance/create", body | {"webhook": hook})
        except InvalidError as error:
            if "webhook is not of a type" not in error.detail:
                raise
            flat = {"webhook": url, "webhook_by_events": False, "webhook_base64": False, "events": EVENTS}
            await self._post("/instance/create", body | flat)

    async def connect(self, name: str, *, phone: str | None = None) -> Pairing:
        """The codes to pair with, if any, and the state that tells whether they are needed."""
        if phone is not None and not (phone.isascii() and phone.isdigit()):
            raise InvalidError("The phone of a pairing code is digits with country code.", code="invalid_phone")
        target = path("instance/connect", name) + (f"?number={phone}" if phone else "")
        found = await self._get(target, name)
        if found.get("error") is True:
            raise UnavailableError(
                f"Evolution API at {self._shown} cannot connect {name!r}: {_words(found)}. The server may have lost it "
                "from its memory; restart the server.",
                code="connect_failed",
            )
        state = await self.state(name)
        if state == "open":  # whatever code came along is an old one
            return Pairing(state=state)
        nested = found.get("qrcode")
        return _pairing(state, nested if isinstance(nested, dict) else found)

    async def state(self, name: str) -> NumberState:
        """What the server's memory says; `unknown` when it says nothing."""
        found = await self._get(path("instance/connectionState", name), name)
        inner = found.get("instance")
        word = inner.get("state", inner.get("status")) if isinstance(inner, dict) else None
        return word if word in ("open", "connecting", "close") else "unknown"

    async def restart(self, name: str) -> None:
        """Restart; v1.8 wants another method. A closed number is refused with a 200."""
        target = path("instance/restart", name)
        try:
            answer = await self._ask("POST", target, instance=name)
        except UnavailableError as error:
            if "Cannot POST" not in error.detail:
                raise
            answer = await self._ask("PUT", target, instance=name)
        found = self._object(answer)
        if found.get("error") is True:
            raise ConflictError(
                f"Evolution API at {self._shown} does not restart {name!r}: it is closed. Connect it instead.",
                code="restart_refused",
            )

    async def logout(self, name: str) -> None:
        """Log out; 2.3 refuses when it is closed already, later versions do not."""
        try:
            await self._ask("DELETE", path("instance/logout", name), instance=name)
        except InvalidError as error:
            if "is not connected" not in error.detail:
                raise

    async def delete(self, name: str) -> None:
        """Delete; v1.8 wants the number logged out first."""
        target = path("instance/delete", name)
        try:
            await self._ask("DELETE", target, instance=name)
        except NotFoundError:
            return
        except InvalidError as error:
            if "disconnected" not in error.detail:
                raise
            await self.logout(name)
            await self._ask("DELETE", target, instance=name)

    async def get_settings(self, name: str) -> NumberSettings:
        """Both spellings are read; what is missing is off."""
        found = await self._get(path("settings/find", name), name)
        values = {ours: found.get(new, found.get(old)) for ours, (new, old) in _SETTINGS.items()}
        return msgspec.convert({name: value for name, value in values.items() if value is not None}, NumberSettings)

    async def set_settings(self, name: str, settings: NumberSettings) -> None:
        """All seven, in the spelling the server knows."""
        values = msgspec.structs.asdict(settings)
        target = path("settings/set", name)
        try:
            await self._post(target, {new: values[ours] for ours, (new, _) in _SETTINGS.items()}, name)
        except InvalidError as error:
            if 'requires property "reject_call"' not in error.detail:
                raise
            await self._post(target, {old: values[ours] for ours, (_, old) in _SETTINGS.items()}, name)

    async def get_proxy(self, name: str) -> Proxy | None:
        """A row that is switched off, or whose parts make no proxy, is none."""
        try:
            found = await self._get(path("proxy/find", name), name)
        except UnavailableError as error:
            if " 404" not in error.detail:
                raise
            return None
        inner = found.get("proxy")
        row: Mapping[str, Any] = inner if isinstance(inner, dict) else found
        if found.get("enabled") is not True or not row.get("host"):
            return None
        try:
            wanted = {part: row.get(part) for part in ("host", "protocol", "username") if row.get(part)}
            return msgspec.convert(wanted | {"port": int(row.get("port") or 0)}, Proxy)
        except (msgspec.ValidationError, ValueError):
            return None

    async def set_proxy(self, name: str, proxy: Proxy | None) -> None:
        """The server tries it and refuses one it cannot get through. Host and port must be there even to switch off."""
        if proxy is None:
            body: dict[str, Any] = {"enabled": False, "host": "none", "port": "0", "protocol": "http"}
        else:
            body = {"enabled": True} | {
                part: value for part, value in msgspec.structs.asdict(proxy).items() if value is not None
            }
            body["port"] = str(proxy.port)
        await self._post(path("proxy/set", name), body, name)

    async def get_webhook(self, name: str) -> NumberWebhook | None:
        """The row, and what of it is not as we set it."""
        try:
            row = await self._get(path("webhook/find", name), name)
        except UnavailableError as error:
            if " 404" not in error.detail:
                raise
            return None
        return webhook_of(row)

    async def set_webhook(self, name: str, *, url: str, secret: str) -> None:
        """All six members, since the server keeps what is left out; then whether it kept them."""
        if not url.startswith(("http://", "https://")):
            raise InvalidError(f"{shown_url(url)!r} is no http(s) address; the server would never call it.")
        target, body = webhook_request(name, url=url, headers={SECRET_HEADER: secret})
        try:
            answer = await self._ask("POST", target, body, instance=name)
        except InvalidError as error:
            if 'requires property "url"' not in error.detail:
                raise
            flat = {"enabled": True, "url": url, "webhook_by_events": False, "webhook_base64": False, "events": EVENTS}
            answer = await self._ask("POST", target, _encode(flat), instance=name)
        stored = self._object(answer)
        inner = stored.get("webhook")
        kept: Mapping[str, Any] = inner if isinstance(inner, dict) else stored
        if kept.get("url") != url or kept.get("enabled") is False:
            raise UnavailableError(
                f"Evolution API at {self._shown} did not keep the webhook of {name!r}. Are webhooks switched off in "
                "its environment?",
                code="webhook_not_kept",
            )

    async def _get(self, target: str, name: str) -> dict[str, Any]:
        return self._object(await self._ask("GET", target, instance=name))

    async def _post(self, target: str, body: Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
        return self._object(await self._ask("POST", target, _encode(body), instance=name))

    def _object(self, answer: Answer) -> dict[str, Any]:
        """The body as an object; an empty one and `null` say nothing."""
        try:
            found = msgspec.json.decode(answer.body) if answer.body else None
        except UNREADABLE as error:
            raise UnavailableError(f"{self._shown} sent an answer that is not JSON.") from error
        return found if isinstance(found, dict) else {}


def webhook_of(row: Mapping[str, Any]) -> NumberWebhook | None:
    """What a row of either version says; None = no webhook, or one that is switched off."""
    url = row.get("url")
    if not isinstance(url, str) or row.get("enabled") is not True:
        return None
    headers = row.get("headers")
    given: Mapping[str, Any] = headers if isinstance(headers, dict) else {}
    secret = next((value for name, value in given.items() if name.lower() == SECRET_HEADER.lower()), None)
    return NumberWebhook(url=url, secret=None if secret is None else str(secret), drift=_drift(row))


def _drift(row: Mapping[str, Any]) -> Sequence[str]:
    events = {str(event) for event in row.get("events") or ()}
    found = [f"{event} is not sent" for event in EVENTS if event not in events]
    found += [f"{event} is sent too" for event in sorted(events - set(EVENTS))]
    for new, old, words in (
        ("webhookByEvents", "webhook_by_events", "an address for each event"),
        ("webhookBase64", "webhook_base64", "media inside events"),
    ):
        if row.get(new, row.get(old)) is True:
            found.append(words)
    return tuple(found)


def _pairing(state: NumberState, codes: Mapping[str, Any]) -> Pairing:
    text, picture, typed, count = (codes.get(name) for name in ("code", "base64", "pairingCode", "count"))
    png: bytes | None = None
    if isinstance(picture, str) and picture.startswith(_PNG):
        try:
            png = base64.b64decode(picture.removeprefix(_PNG), validate=True)
        except binascii.Error:
            png = None
    return Pairing(
        state=state,
        qr=text if isinstance(text, str) and text else None,
        png=png,
        code=typed if isinstance(typed, str) and typed else None,
        count=count if isinstance(count, int) else None,
    )


def _words(found: Mapping[str, Any]) -> str:
    message = found.get("message")
    return message if isinstance(message, str) and message != "[object Object]" else "it gives no reason"
