"""What becomes of a try, by its outcome. Pure; the clock is passed in."""

import random
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from anclora.kit.backoff import backoff_seconds
from anclora.notify.contract import Delivered, Outcome, Refused

TRIES = 10
_BASE_SECONDS = 5.0
_CAP_SECONDS = 900.0


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a notice and of its target.

    Attributes:
        state: of the delivery.
        due_at: when this one is tried again, if it is.
        target_at: when the target may hear anything again.
        code, text: of what went wrong, None when nothing did.
    """

    state: Literal["waiting", "delivered", "failed"]
    due_at: datetime
    target_at: datetime
    code: str | None = None
    text: str | None = None


def next_of(
    outcome: Outcome, tries: int, now: datetime, *, gap_seconds: float, dice: random.Random | None = None
) -> Next:
    """What follows a try.

    Args:
        outcome: of this try.
        tries: how many there were, this one included.
        now: the moment it ended.
        gap_seconds: the channel's own pace.
        dice: spreads the waits; a seeded one in tests.
    """
    paced = now + timedelta(seconds=gap_seconds)
    if isinstance(outcome, Delivered):
        return Next(state="delivered", due_at=now, target_at=paced)
    code, text = outcome.code, outcome.text
    permanent = isinstance(outcome, Refused) and outcome.permanent
    if permanent or tries >= TRIES:
        if not permanent:
            text = f"{text} Given up after {tries} tries."
        return Next(state="failed", due_at=now, target_at=paced, code=code, text=text)
    wish = outcome.retry_after_seconds if isinstance(outcome, Refused) else None
    wait = backoff_seconds(tries, base=_BASE_SECONDS, cap=_CAP_SECONDS, dice=dice)
    if wish is not None:  # the vendor's word is exact: the target waits so long, and this one goes first then
        later = now + timedelta(seconds=max(wish, gap_seconds))
        return Next(state="waiting", due_at=later, target_at=later, code=code, text=text)
    return Next(state="waiting", due_at=now + timedelta(seconds=wait), target_at=paced, code=code, text=text)
