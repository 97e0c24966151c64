"""What the provider lets a number do: read every ten minutes, corrected by its events, kept by pacing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from anclora.instances.account import Said, telling
from anclora.instances.book import QUERIES
from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.providers.contract import NumberLimits, Provider, TellsLimits
from anclora.storage.database import Database, Statement

log = get_logger(__name__)
_EVERY_SECONDS = 600.0
_encode = msgspec.json.Encoder().encode


class ProviderLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider says of a number.

    Attributes:
        quality: GREEN, YELLOW, RED or UNKNOWN.
        tier: its word for how many people may be written to first, for example TIER_2K.
        throughput: STANDARD or HIGH.
        per_minute: messages; null = it does not say.
        new_recipients_per_day: different people; 0 = no limit, null = it does not say.
    """

    quality: str | None
    tier: str | None
    throughput: str | None
    per_minute: float | None
    new_recipients_per_day: int | None
    read_at: datetime


def limits_in(row: Mapping[str, Any]) -> ProviderLimits | None:
    """The provider's words in a row of `read_pacing`; None = it never said anything."""
    if row["read_at"] is None:
        return None
    return ProviderLimits(
        quality=row["quality"],
        tier=row["tier"],
        throughput=row["throughput"],
        per_minute=row["theirs_per_minute"],
        new_recipients_per_day=row["theirs_new_recipients_per_day"],
        read_at=row["read_at"],
    )


def lower(ours: float, theirs: float | None) -> float:
    """The lower of two limits, where 0 and None are none.

    >>> [lower(0, 80), lower(20, 80), lower(80, 20), lower(20, None), lower(20, 0)]
    [80, 20, 20, 20, 20]
    """
    if not theirs:
        return ours
    return min(ours, theirs) if ours else theirs


def storing(limits: Sequence[NumberLimits]) -> Statement:
    """The statement that stores what was read."""
    return QUERIES["store_limits"], {"rows": _encode(limits).decode()}


def told(heard: Sequence[Said]) -> list[Statement]:
    """What events say of limits, as statements, and that integrators hear of it."""
    found: list[Statement] = [telling(heard)] if heard else []
    for said in heard:
        provider, instance, event = said.provider, said.instance, said.event
        if event.tier or event.quality:
            values = {"tier": event.tier, "people": event.people, "quality": event.quality, "owner": event.number}
            found.append((QUERIES["correct_limits"], {"provider": provider, "instance": instance, **values}))
    return found


class LimitsWatch(Loop):
    """Asks every provider whose numbers have limits what they are."""

    name = "limits"
    every_seconds = _EVERY_SECONDS
    chore = "number-limits"

    def __init__(self, db: Database, providers: Mapping[str, Provider]) -> None:
        super().__init__()
        self._db = db
        self._providers = providers

    async def run_once(self) -> bool:
        """Read them once; a provider that cannot be asked is asked again next time, and its last word counts."""
        for name, provider in self._providers.items():
            if not isinstance(provider, TellsLimits):
                continue
            try:
                limits = await provider.read_limits()
                if limits:
                    await self._db.commit_each([storing(limits)])
            except AncloraError as error:
                log.warning("limits_not_read", provider=name, code=error.code, error=error.detail)
        return False
