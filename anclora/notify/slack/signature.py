"""The proof that a request is Slack's: `X-Slack-Signature`, an HMAC of the time and the raw body with the app's secret.

Source: docs.slack.dev, verifying requests from Slack.
"""

import hmac
from datetime import datetime
from hashlib import sha256

HEADER = "X-Slack-Signature"
TIME_HEADER = "X-Slack-Request-Timestamp"
WINDOW_SECONDS = 300


def signature_of(body: bytes, timestamp: str, secret: str) -> str:
    """The header's value for a body that is sent at a time, in whole seconds since 1970."""
    signed = b"v0:%s:%s" % (timestamp.encode("utf-8", "replace"), body)
    return f"v0={hmac.digest(secret.encode(), signed, sha256).hex()}"


def signed(body: bytes, timestamp: str | None, given: str | None, secret: str) -> bool:
    """Whether the headers prove a body, compared in constant time."""
    wanted = signature_of(body, timestamp or "", secret)
    return hmac.compare_digest(wanted.encode(), (given or "").encode("utf-8", "replace"))


def in_time(timestamp: str | None, now: datetime) -> bool:
    """Whether it was signed within five minutes of now: an older one may be played back by somebody."""
    text = timestamp or ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        return False
    return abs(now.timestamp() - int(text)) <= WINDOW_SECONDS
