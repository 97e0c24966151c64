"""The noun of instances, and the words people read. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Status = Literal["connected", "connecting", "stalled", "disconnected", "logged_out", "missing"]

_WORDS: Mapping[str, Status] = {
    "open": "connected",
    "connecting": "connecting",
    "close": "disconnected",
    "logged_out": "logged_out",
    "missing": "missing",
}


_WHY: Mapping[Status, str] = {
    "logged_out": "the phone ended the pairing, and a person must scan a new code",
    "missing": "the provider does not show it any more",
}


@dataclass(frozen=True, slots=True)
class Instance:
    """One of our numbers. Times are UTC.

    Attributes:
        state: the provider's word: open, connecting, close, logged_out; or missing.
        owner: the number itself, as the provider names it; personal data.
        paused_until: its lane rests until then, because the provider refuses.
        secret: proves a webhook.
        old_secret: proves one too until `old_secret_until`.
        stalled_since: since when its traffic says that it is not open, whatever it says itself.
        mend_note: what the mender wants a person to know.
        webhook_url: where its events shall go.
    """

    name: str
    provider: str
    state: str
    state_at: datetime
    owner: str | None
    paused_until: datetime | None
    pause_reason: str | None
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_secret_until: datetime | None
    stalled_since: datetime | None = None
    stalled_reason: str | None = None
    mend_stopped_at: datetime | None = None
    mend_note: str | None = None
    webhook_url: str | None = None


def status_of(instance: Instance, now: datetime) -> Status:
    """The word for an instance. One that says it is open and does not prove it is `stalled`, not connected."""
    rests = instance.paused_until is not None and instance.paused_until > now
    if instance.state == "open" and (rests or instance.stalled_since is not None):
        return "stalled"
    return _WORDS[instance.state]


def reason_of(instance: Instance, now: datetime) -> str | None:
    """Why an instance is not connected, and what a person can do; None while it is."""
    status = status_of(instance, now)
    if status == "connected":
        return None
    why = _WHY.get(status) or instance.stalled_reason or instance.pause_reason
    return ". ".join(text for text in (why, instance.mend_note) if text) or None


# Closes after which the credentials are gone (contract of Evolution API, 6.5); all others last for seconds.
_FINAL_CLOSES = frozenset({401, 402, 403, 406})


_STATE_OF: Mapping[str, str] = {
    "open": "open",
    "close": "close",
    "refused": "close",
    "unknown": "close",
    "logged_out": "logged_out",
    "removed": "missing",
}


def state_of(word: str, reason: int | None) -> str:
    """The state a provider's word for a connection stands for."""
    if word == "close" and reason in _FINAL_CLOSES:
        return "logged_out"
    return _STATE_OF.get(word, "connecting")
