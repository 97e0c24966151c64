"""Who carries a message, as the dispatcher sees it: the narrow waist of the house."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from anclora.providers.contract.contents import Content
from anclora.providers.contract.events import Event, ReceiptEvent
from anclora.providers.contract.outcomes import Outcome

ClientReference = Literal["none", "echo", "id"]


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider can do, as data.

    Attributes:
        media_bytes: biggest file by content type.
        mimetypes: accepted types by content type; empty = any.
        client_reference: whether our own reference comes back: `none`; `echo` = beside the provider's id, in events and
            look-ups of the message; `id` = it is the provider's id.
        find_messages: whether past sends can be looked up.
        absence_proves: whether a look-up that answers, and shows others and not this one, proves that it was not sent.
        hidden_by: codes of unknown outcomes after which the look-up may not show a message that did go out, so that
            its absence proves nothing.
    """

    text_chars: int
    caption_chars: int
    media_bytes: Mapping[str, int]
    mimetypes: Mapping[str, Sequence[str]]
    client_reference: ClientReference = "none"
    find_messages: bool = True
    absence_proves: bool = True
    hidden_by: frozenset[str] = frozenset()


class RemoteInstance(msgspec.Struct, frozen=True, kw_only=True):
    """A number as the provider sees it. `state` is open, connecting or close."""

    name: str
    state: str
    owner: str | None = None


class FoundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One past message of an instance, as the provider's look-up shows it.

    Attributes:
        recipient: digits of the number it went to; a group's or other non-number's jid as it is.
        fingerprint: `fingerprint(content)` of what it says, or None when it shows nothing comparable.
    """

    provider_id: str
    recipient: str
    fingerprint: str | None
    at: datetime
    reference: str | None = None


class Provider(Protocol):
    """The narrow waist: everything the dispatcher needs of a provider."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    async def send(self, instance: str, recipient: str, content: Content, *, reference: str) -> Outcome:
        """Send one message, with our reference where it can. Never raises for its own failure; never tries twice."""
        ...

    async def list_instances(self) -> Sequence[RemoteInstance]:
        """The numbers the provider knows. Raises `UnavailableError` when it cannot be asked."""
        ...

    async def find_messages(
        self,
        instance: str,
        *,
        since: datetime,
        until: datetime,
        recipient: str | None = None,
        newest: int | None = None,
    ) -> Sequence[FoundMessage]:
        """Own messages sent in a window, to one recipient (any variant of the number) or to anybody; or the newest few.

        Raises `UnavailableError` when the look-up does not answer.
        """
        ...

    async def find_receipt(self, instance: str, provider_id: str) -> ReceiptEvent | None:
        """How far a message of ours came, as the look-up knows; None = it knows nothing.

        Raises `UnavailableError` when the look-up does not answer.
        """
        ...

    async def set_webhook(self, instance: str, *, url: str, secret: str) -> None:
        """Ask for events at `url`, with the secret in the header `X-Anclora-Secret`."""
        ...

    def variants(self, recipient: str) -> Sequence[str]:
        """Every form in which the provider may report a number, the number itself first."""
        ...

    def parse_webhook(self, body: bytes) -> Sequence[Event]:
        """The events in one webhook body. Raises `InvalidError` when it is not JSON of the provider's envelope."""
        ...
