"""One signed POST for each notice; any 2xx means that it was taken."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from anclora.kit.clock import Clock
from anclora.kit.http import Poster
from anclora.kit.retry_after import retry_after_seconds
from anclora.kit.severity import Severity
from anclora.kit.signing import signature
from anclora.kit.wire import Answer, NotSent
from anclora.notify.contract import EVERY_KIND, Delivered, Outcome, Outgoing, Refused, Unknown

_TIMEOUT_SECONDS = 15.0
_LONGEST_WAIT_SECONDS = 600.0
_LATER = {408, 425, 429, 502, 503, 504}
_SECRET = {401, 403}


class NoticeWebhook:
    """An address that hears of everything.

    Args:
        url: where to; who sets it decides where notices go, so addresses inside are not refused.
        secret: `whsec_…`, what requests are signed with.
        clock: for the time that is signed.
    """

    gap_seconds = 0.0
    kinds = EVERY_KIND

    def __init__(self, url: str, secret: str, clock: Clock) -> None:
        parts = urlsplit(url)
        self._poster = Poster(f"{parts.scheme}://{parts.netloc}")
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._host = parts.hostname or ""
        self._secret = secret
        self._clock = clock

    def targets(self, severity: Severity) -> Sequence[str]:  # noqa: ARG002 - it hears of everything
        """The host: the rest of an address may be a secret."""
        return [self._host]

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Post it; files stay here, and that is said."""
        body = msgspec.json.encode(body_of(outgoing))
        headers = self._headers(str(outgoing.id), body, self._clock.now())
        result = await self._poster.post(self._target, body, timeout_seconds=_TIMEOUT_SECONDS, headers=headers)
        if isinstance(result, NotSent):
            return Refused(code=result.code, text=f"{result.reason}; it is tried again.")
        if not isinstance(result, Answer):
            return Unknown(code=result.code, text=result.reason)
        if 200 <= result.status < 300:
            names = [file.name for file in outgoing.notice.attachments]
            return Delivered(vendor_id="", left_out=[f"{name}: a webhook carries no files." for name in names])
        return refusal(result, self._host)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()

    def _headers(self, webhook_id: str, body: bytes, now: datetime) -> Mapping[str, str]:
        timestamp = int(now.timestamp())
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature([self._secret], webhook_id, timestamp, body),
        }


def body_of(outgoing: Outgoing) -> Mapping[str, Any]:
    """What is posted: the notice, its id the same at every try."""
    notice = outgoing.notice
    return {
        "id": str(outgoing.id),
        "type": f"notice.{notice.kind}",
        "timestamp": outgoing.at.isoformat(),
        "data": {
            "key": notice.key,
            "incident": notice.incident or None,
            "severity": notice.severity.value,
            "title": notice.title,
            "text": notice.text,
            "facts": notice.facts,
            "links": notice.links,
        },
    }


def refusal(answer: Answer, host: str) -> Refused | Unknown:
    """What an answer that is no 2xx means. Pure."""
    status = answer.status
    if status in _LATER:
        wish = retry_after_seconds(answer.headers, None)
        wait = min(wish, _LONGEST_WAIT_SECONDS) if wish else None
        return Refused(code=f"http_{status}", text=f"{host} answered {status}.", retry_after_seconds=wait)
    if status >= 500:
        return Unknown(code=f"http_{status}", text=f"{host} answered {status}.")
    if status in _SECRET:
        text = f"{host} answered {status}; check ANCLORA_NOTIFY_WEBHOOK_SECRET on both sides."
        return Refused(code=f"http_{status}", text=text, permanent=True)
    if 300 <= status < 400:
        text = f"{host} redirects, which is not followed; set ANCLORA_NOTIFY_WEBHOOK_URL to where it is."
        return Refused(code=f"http_{status}", text=text, permanent=True)
    return Refused(code=f"http_{status}", text=f"{host} answered {status}.", permanent=True)
