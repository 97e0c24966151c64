"""The age of API keys. Pure; the clock is passed in."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from anclora.access.model import Key
from anclora.security.model import Check, Finding

NAME = "keys"


def check_keys(keys: Sequence[Key], now: datetime, *, most_days: int) -> Check:
    """Name every living key that is older than so many days."""
    living = [key for key in keys if key.revoked_at is None]
    old = [key for key in living if now - key.created_at > timedelta(days=most_days)]
    findings = tuple(
        Finding(
            id=f"{NAME}:{key.prefix}",
            where=f"ak_{key.prefix}… ({key.name})",
            what=f"is {(now - key.created_at).days} days old, {most_days} allowed",
            advice=f"Make a new one, change it over, then: anclora keys revoke {key.prefix}",
        )
        for key in old
    )
    return Check(name=NAME, looked_at=len(living), unit="living keys", findings=findings)


def unseen_keys(why: str) -> Check:
    """The keys could not be asked for."""
    return Check(name=NAME, looked_at=0, unit="living keys", unseen=(why,))
