"""Slack's Web API with a bot token: `chat.postMessage`, and files by `files.getUploadURLExternal`.

Files are brought before the message is posted and shown below it afterwards: whatever may be refused for a time is
refused while nothing was said yet.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from anclora.kit.http import Poster
from anclora.kit.wire import Answer, Result
from anclora.notify.contract import Attachment, Delivered, Outcome, Outgoing, Refused, Severity, Unknown
from anclora.notify.slack.errors import refusal, unanswered, unusual
from anclora.notify.slack.rendering import rendered

_TIMEOUT_SECONDS = 15.0
_UPLOAD_SECONDS = 30.0
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class SlackBot:
    """A Slack app that writes into channels.

    Args:
        token: the Bot User OAuth Token, `xoxb-…`.
        channels: who hears of what, `#name` or an id, by severity.
        api_url: the root of the Web API.
    """

    gap_seconds = 1.0  # "no more than one message per second per channel"

    def __init__(self, token: str, channels: Mapping[Severity, str], *, api_url: str) -> None:
        bearer = {"authorization": f"Bearer {token}"}
        self._channels = dict(channels)
        self._json = Poster(api_url, headers=bearer | {"content-type": "application/json; charset=utf-8"})
        self._form = Poster(api_url, headers=bearer | {"content-type": "application/x-www-form-urlencoded"})
        self._scheme = urlsplit(api_url).scheme

    def targets(self, severity: Severity) -> Sequence[str]:
        """The channel of this severity."""
        return [self._channels[severity]]

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Bring the files, post the message, show the files in its thread."""
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
        body = {"channel": outgoing.target, "text": rendered(outgoing.notice, outgoing.id), "unfurl_links": False}
        said = _read(await self._json.post("/chat.postMessage", _encode(body), timeout_seconds=_TIMEOUT_SECONDS))
        if not isinstance(said, dict):
            return said
        channel, stamp = str(said.get("channel", "")), str(said.get("ts", ""))
        if brought:
            show = {"files": brought, "channel_id": channel, "thread_ts": stamp}
            shown = _read(
                await self._json.post("/files.completeUploadExternal", _encode(show), timeout_seconds=_TIMEOUT_SECONDS)
            )
            if not isinstance(shown, dict):
                left_out += [f"{file['title']}: {shown.text}" for file in brought]
        return Delivered(vendor_id=f"{channel}/{stamp}", left_out=left_out)

    async def close(self) -> None:
        """Close the connections."""
        await self._json.close()
        await self._form.close()

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


def _encode(body: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(body)


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
