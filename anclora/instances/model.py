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


@dataclass(frozen=True, slots=True)
class Instance:
    """One of our numbers. Times are UTC.

    Attributes:
        state: the provider's word: open, connecting, close, logged_out; or missing.
        owner: the number itself, as the provider names it; personal data.
        paused_until: its lane rests until then, because the provider refuses.
        secret: proves a webhook.
        old_secret: proves one too until `old_secret_until`.
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


def status_of(instance: Instance, now: datetime) -> Status:
    """The word for an instance. One that says it is open while it refuses to send is `stalled`, not connected."""
    if instance.state == "open" and instance.paused_until is not None and instance.paused_until > now:
        return "stalled"
    return _WORDS[instance.state]
