"""Slack's Web API with a bot token: `chat.postMessage`, `chat.update`, and files by `files.getUploadURLExternal`.

What comes later of an incident stands in the thread of its first message, which changes with the news: who has it, that
it is over, and which buttons are left. Files are brought before the message is posted and shown below it afterwards:
whatever may be refused for a time is refused while nothing was said yet.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from anclora.kit.http import Poster
from anclora.kit.severity import Severity
from anclora.kit.wire import Answer, Result
from anclora.notify.contract import (
    EVERY_KIND,
    Attachment,
    Delivered,
    Kind,
    Outcome,
    Outgoing,
    Parent,
    Refused,
    Unknown,
)
from anclora.notify.slack.blocks import drawn, drawn_again
from anclora.notify.slack.errors import refusal, unanswered, unusual
from anclora.notify.slack.rendering import fallback, rendered

_TIMEOUT_SECONDS = 15.0
_UPLOAD_SECONDS = 30.0
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class SlackBot:
    """A Slack app that writes into channels.

    Args:
        token: the Bot User OAuth Token, `xoxb-…`.
        channels: who hears of what, `#name` or an id, by severity.
        api_url: the root of the Web API.
        buttons: whether presses of them reach us; else they are left away.
    """

    gap_seconds = 1.0  # "no more than one message per second per channel"
    kinds = EVERY_KIND

    def __init__(self, token: str, channels: Mapping[Severity, str], *, api_url: str, buttons: bool = False) -> None:
        bearer = {"authorization": f"Bearer {token}"}
        self._channels = dict(channels)
        self._buttons = buttons
        self._json = Poster(api_url, headers=bearer | {"content-type": "application/json; charset=utf-8"})
        self._form = Poster(api_url, headers=bearer | {"content-type": "application/x-www-form-urlencoded"})
        self._scheme = urlsplit(api_url).scheme

    def targets(self, severity: Severity) -> Sequence[str]:
        """The channel of this severity."""
        return [self._channels[severity]]

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Bring the files, change the first message, post the new one, show the files in its thread."""
        brought: list[dict[str, str]] = []
        left_out: list[str] = []
        for file in outgoing.notice.attachments:
            found = await self._bring(file)
            if isinstance(found, str):
                brought.append({"id": found, "title": file.name})
            elif isinstance(found, Refused) and found.permanent:
                left_out.append(f"{file.name}: {found.text}")
            else:
                return found
        place = _place_of(outgoing.parent)
        if place and outgoing.parent and outgoing.notice.kind is not Kind.TRIGGER:
            changed = await self._change(place, outgoing.parent, outgoing)
            if isinstance(changed, Refused) and changed.permanent:
                left_out.append(f"the first message could not be changed: {changed.text}")
                place = None
            elif changed is not None:
                return changed
        said = await self._call("/chat.postMessage", self._message(outgoing, place))
        if not isinstance(said, dict):
            return said
        channel, stamp = str(said.get("channel", "")), str(said.get("ts", ""))
        if brought:
            show = {"files": brought, "channel_id": channel, "thread_ts": place[1] if place else stamp}
            shown = await self._call("/files.completeUploadExternal", show)
            if not isinstance(shown, dict):
                left_out += [f"{file['title']}: {shown.text}" for file in brought]
        return Delivered(vendor_id=f"{channel}/{stamp}", left_out=left_out)

    async def close(self) -> None:
        """Close the connections."""
        await self._json.close()
        await self._form.close()

    def _message(self, outgoing: Outgoing, place: tuple[str, str] | None) -> dict[str, Any]:
        notice = outgoing.notice
        body: dict[str, Any] = {"channel": outgoing.target, "unfurl_links": False}
        if not notice.is_alarm:
            return body | {"text": rendered(notice, outgoing.id)}
        # In a thread the buttons stand on the first message, where everybody looks.
        blocks = drawn(notice, outgoing.id, buttons=self._buttons and place is None)
        body |= {"text": fallback(notice), "blocks": blocks}
        if place is not None:
            loud = notice.kind is Kind.TRIGGER and notice.severity is Severity.CRITICAL
            body |= {"channel": place[0], "thread_ts": place[1], "reply_broadcast": loud}
        return body

    async def _change(self, place: tuple[str, str], parent: Parent, outgoing: Outgoing) -> Refused | Unknown | None:
        """Draw the first message anew; None = done. To do it twice changes nothing."""
        blocks = drawn_again(parent.notice, parent.id, outgoing.notice, buttons=self._buttons)
        body = {"channel": place[0], "ts": place[1], "text": fallback(parent.notice), "blocks": blocks}
        said = await self._call("/chat.update", body)
        return None if isinstance(said, dict) else said

    async def _call(self, method: str, body: Mapping[str, Any]) -> dict[str, Any] | Refused | Unknown:
        return _read(await self._json.post(method, msgspec.json.encode(body), timeout_seconds=_TIMEOUT_SECONDS))

    async def _bring(self, file: Attachment) -> str | Refused | Unknown:
        """The id of a file that Slack has and nobody sees yet."""
        asked = urlencode({"filename": file.name, "length": len(file.data)}).encode()
        place = _read(await self._form.post("/files.getUploadURLExternal", asked, timeout_seconds=_TIMEOUT_SECONDS))
        if not isinstance(place, dict):
            return place
        parts = urlsplit(str(place.get("upload_url", "")))
        if parts.scheme != self._scheme or not parts.hostname:
            return Refused(code="bad_upload_url", text="Slack named no usable address for the file.", permanent=True)
        # The address itself is the secret, so the token does not go along, and no log line has more than its origin.
        poster = Poster(
            f"{parts.scheme}://{parts.netloc}", headers={"content-type": "application/octet-stream"}, connections=1
        )
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            result = await poster.post(target, file.data, timeout_seconds=_UPLOAD_SECONDS)
        finally:
            await poster.close()
        if not isinstance(result, Answer):
            return unanswered(result)
        return str(place.get("file_id", "")) if result.status == 200 else unusual(result)


def _place_of(parent: Parent | None) -> tuple[str, str] | None:
    """Channel id and time stamp of a first message, as `Delivered.vendor_id` has them."""
    channel, _, stamp = parent.vendor_id.partition("/") if parent else ("", "", "")
    return (channel, stamp) if channel and stamp else None


def _read(result: Result) -> dict[str, Any] | Refused | Unknown:
    """An answer that says `ok`, or why not. Slack refuses with status 200 and a word."""
    if not isinstance(result, Answer):
        return unanswered(result)
    if result.status != 200:
        return unusual(result)
    try:
        answer = _decode(result.body)
    except msgspec.DecodeError:
        return Unknown(code="unclear_answer", text="Slack's answer is no JSON.")
    return answer if answer.get("ok") is True else refusal(str(answer.get("error", "")))
