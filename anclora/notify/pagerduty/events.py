"""`POST /v2/enqueue`: an event for the service whose routing key it carries. 202 says that it is in their queue."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from anclora.kit.http import Poster
from anclora.kit.retry_after import retry_after_seconds
from anclora.kit.severity import Severity
from anclora.kit.wire import Answer, NotSent
from anclora.notify.contract import (
    EVERY_KIND,
    Delivered,
    Kind,
    Notice,
    Outcome,
    Outgoing,
    Refused,
    Unknown,
)

KEY_CHARS = 32
SUMMARY_CHARS = 1_024
TARGET = "service"
_SOURCE = "anclora"
_DETAIL_CHARS = 8_000  # an event has 512 KB at most; the whole text is in the ledger
_TIMEOUT_SECONDS = 15.0
_SLOWER_SECONDS = 30.0
_LONGEST_WAIT_SECONDS = 600.0
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class PagerDuty:
    """One service of PagerDuty; who is woken when is chosen there.

    Args:
        routing_key: the integration key of the service, 32 characters.
        url: the whole address of the events API.
    """

    gap_seconds = 0.5  # a routing key takes some 120 events a minute
    kinds = EVERY_KIND

    def __init__(self, routing_key: str, *, url: str) -> None:
        parts = urlsplit(url)
        self._key = routing_key
        self._poster = Poster(f"{parts.scheme}://{parts.netloc}")
        self._target = parts.path or "/"

    def targets(self, severity: Severity) -> Sequence[str]:  # noqa: ARG002 - the service decides by the severity
        """The service; its key is a secret and no name."""
        return [TARGET]

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand in one event; files stay here, and that is said."""
        body = msgspec.json.encode(event_of(outgoing, self._key))
        result = await self._poster.post(self._target, body, timeout_seconds=_TIMEOUT_SECONDS)
        if isinstance(result, NotSent):
            return Refused(code=result.code, text=f"{result.reason}; it is tried again.")
        if not isinstance(result, Answer):
            return Unknown(code=result.code, text=result.reason)
        if result.status == 202:
            names = [file.name for file in outgoing.notice.attachments]
            left_out = [f"{name}: PagerDuty carries no files." for name in names]
            return Delivered(vendor_id=dedup_key_of(outgoing.notice), left_out=left_out)
        return refusal(result)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()


def dedup_key_of(notice: Notice) -> str:
    """What PagerDuty takes for one alarm (at most 255 characters): the incident, or a notice that stands alone."""
    return notice.incident or notice.key


def event_of(outgoing: Outgoing, routing_key: str) -> dict[str, Any]:
    """The event of a notice. What acknowledges or resolves needs the key only, and changes no words."""
    notice = outgoing.notice
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": notice.kind.value,
        "dedup_key": dedup_key_of(notice),
    }
    if notice.kind is not Kind.TRIGGER:
        return event
    details: dict[str, str] = {fact.name: fact.value for fact in notice.facts}
    details |= {"text": notice.text[:_DETAIL_CHARS], "notice": str(outgoing.id)}
    payload = {
        "summary": notice.title[:SUMMARY_CHARS],
        "source": _SOURCE,
        "severity": notice.severity.value,  # ours are three of their four: critical, error, warning, info
        "timestamp": outgoing.at.isoformat(),
        "custom_details": details,
    }
    links = [{"href": link.url, "text": link.title} for link in notice.links]
    return event | {"payload": payload, "links": links, "client": "Anclora"}


def refusal(answer: Answer) -> Refused | Unknown:
    """What an answer other than 202 means. Pure."""
    if answer.status == 429:
        wish = retry_after_seconds(answer.headers, None)
        wait = min(wish or _SLOWER_SECONDS, _LONGEST_WAIT_SECONDS)
        return Refused(code="too_many", text=f"PagerDuty asks to wait {wait:.0f} s.", retry_after_seconds=wait)
    if answer.status >= 500:
        return Unknown(code="server_error", text=f"PagerDuty answered {answer.status}.")
    words = _errors(answer.body)
    if "routing_key" in words or answer.status in (401, 403):
        text = "PagerDuty does not know the key; set PAGERDUTY_ROUTING_KEY to the integration key of an Events API v2."
        return Refused(code="bad_routing_key", text=text, permanent=True)
    text = f"PagerDuty answered {answer.status}: {words or 'no reason'}."
    return Refused(code=f"http_{answer.status}", text=text, permanent=True)


def _errors(body: bytes) -> str:
    try:
        answer: Mapping[str, Any] = _decode(body)
    except msgspec.DecodeError:
        return ""
    errors = answer.get("errors")
    return "; ".join(map(str, errors))[:200] if isinstance(errors, list) else str(answer.get("message", ""))[:200]
