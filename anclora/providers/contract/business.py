"""What only some providers can tell: the limits of a number, templates, and webhooks that speak of several numbers.

A provider that cannot is none of these protocols; the guard in front of every provider is all of them and answers
with nothing.
"""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from anclora.providers.contract.events import Event


class NumberLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider lets a number do, in its own words and as figures; 0 = no limit, None = it does not say.

    Attributes:
        quality: GREEN, YELLOW, RED or UNKNOWN.
        tier: for example TIER_250 or TIER_UNLIMITED.
        throughput: STANDARD, HIGH or NOT_APPLICABLE.
        per_minute: messages, by the throughput.
        new_recipients_per_day: different people in any 24 hours, by the tier.
    """

    name: str
    quality: str | None = None
    tier: str | None = None
    throughput: str | None = None
    per_minute: float | None = None
    new_recipients_per_day: int | None = None


class RemoteTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A template as the provider has it.

    Attributes:
        components: its parts, JSON of the provider.
        reason: why it was rejected.
    """

    name: str
    language: str
    status: str
    category: str
    provider_id: str
    components: list[Any] = []
    quality: str | None = None
    reason: str | None = None


class FetchedMedia(msgspec.Struct, frozen=True, kw_only=True):
    """A file somebody sent us, whole."""

    data: bytes
    mimetype: str | None = None
    file_name: str | None = None


@runtime_checkable
class FetchesMedia(Protocol):
    """It hands out the files people send."""

    async def fetch_media(self, instance: str, ref: str, *, limit_bytes: int) -> FetchedMedia:
        """A file by `SaidMedia.ref`.

        Raises:
            NotFoundError: the provider has it no more, or never had (`media_expired`).
            InvalidError: it is larger than the limit (`media_too_large`).
            UnavailableError: no answer, or not the file (`media_broken`).
        """
        ...


@runtime_checkable
class SharesWebhooks(Protocol):
    """Its webhooks speak of several numbers at once (`Capabilities.shared_webhook` says whether it is so)."""

    def split_webhook(self, body: bytes) -> Sequence[tuple[str, Sequence[Event]]]:
        """The events of one body with the number each group is about; "" = the account as a whole.

        Raises `InvalidError` when it is not JSON of the provider's envelope.
        """
        ...


@runtime_checkable
class TellsLimits(Protocol):
    """Its numbers have limits that change."""

    async def read_limits(self) -> Sequence[NumberLimits]:
        """The limits of every number. Raises `UnavailableError` when it cannot be asked."""
        ...


@runtime_checkable
class HasTemplates(Protocol):
    """It keeps templates."""

    async def list_templates(self) -> Sequence[RemoteTemplate]:
        """All of them. Raises `UnavailableError` when it cannot be asked."""
        ...
