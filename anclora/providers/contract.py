"""The contract between Anclora and whoever carries a message: contents in, outcomes and events out.

An outcome is a value with a policy, never an exception: `Sent`, `Refused` (scope, fault, permanent) or `Unknown`.
Unknown means the request may have reached WhatsApp; only evidence ends it, never a guess. A `reference` is ours, the
same in every try of a message.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Literal, Protocol

import msgspec


class Media(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file to send: by address or inline, exactly one of both.

    Attributes:
        url: http(s) address the provider fetches.
        base64: the file itself, without a `data:` prefix.
        mimetype: for example image/jpeg.
        filename: shown for documents.
    """

    url: str | None = None
    base64: str | None = None
    mimetype: str | None = None
    filename: str | None = None


class Text(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """A text message."""

    text: str


class Image(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="image", omit_defaults=True):
    """A picture with an optional caption."""

    media: Media
    caption: str | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="document", omit_defaults=True):
    """A file with an optional caption."""

    media: Media
    caption: str | None = None


class Audio(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="audio", omit_defaults=True):
    """A voice note."""

    media: Media


class Video(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="video", omit_defaults=True):
    """A video with an optional caption."""

    media: Media
    caption: str | None = None


Content = Text | Image | Document | Audio | Video


class Scope(StrEnum):
    """What a refusal stops."""

    MESSAGE = "message"
    RECIPIENT = "recipient"
    LANE = "lane"
    ACCOUNT = "account"
    TEMPLATE = "template"


class Fault(StrEnum):
    """Whose fault a refusal is."""

    CALLER = "caller"
    RECIPIENT = "recipient"
    PROVIDER = "provider"
    OURS = "ours"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The provider took the message and named it."""

    provider_id: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The provider did not send it, and that is certain.

    Attributes:
        scope: what else must wait.
        classes: of message that wait first (empty = all); the others only once one of theirs is refused too.
        permanent: the same message will never go out.
        retry_after_seconds: the provider's own wish, if it has one.
        code: stable, snake_case.
        text: the provider's words, short, without personal data.
        before_send: not a byte of the request left this machine.
    """

    scope: Scope
    code: str
    text: str
    permanent: bool = False
    retry_after_seconds: float | None = None
    fault: Fault = Fault.PROVIDER
    before_send: bool = False
    classes: frozenset[str] = frozenset()


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """The request left and no answer proves either side."""

    code: str
    text: str


Outcome = Sent | Refused | Unknown


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


def fingerprint_of(kind: str, words: str | None) -> str | None:
    """The comparable form of a message: its content type and its words, whitespace runs counting as one space.

    Args:
        kind: text, image, document, audio or video.
        words: text, caption or file name; without any there is nothing to compare and the answer is None.
    """
    plain = " ".join((words or "").split())
    return sha256(f"{kind}\0{plain}".encode()).hexdigest()[:32] if plain else None


def fingerprint(content: Content) -> str | None:
    """What a message says, in a form that survives the provider, or None when it says nothing comparable.

    Only documents carry their file name to the receiver; of the other media the caption is all that can be found again.
    """
    if isinstance(content, Text):
        return fingerprint_of("text", content.text)
    if isinstance(content, Audio):
        return None
    if isinstance(content, Document):
        return fingerprint_of("document", content.caption or content.media.filename)
    return fingerprint_of("image" if isinstance(content, Image) else "video", content.caption)


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


class ReceiptEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The provider reports how far a message of ours came.

    Attributes:
        rank: 0 error, 1 taken by the server, 2 delivered, 3 read, 4 played.
        text: the provider's words for an error.
    """

    provider_id: str
    rank: int
    text: str | None = None
    reference: str | None = None


class OwnMessageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A message left one of our numbers: by our own request (`by_api`) or typed on the phone."""

    provider_id: str
    recipient: str
    fingerprint: str | None
    at: datetime
    by_api: bool
    reference: str | None = None


class InboundEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wrote to one of our numbers."""

    provider_id: str
    sender: str
    text: str | None
    at: datetime


class ConnectionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The connection of a number changed: open, connecting, close or refused."""

    state: str
    reason: int | None


class OtherEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event this version stores and does nothing with."""

    kind: str


Event = ReceiptEvent | OwnMessageEvent | InboundEvent | ConnectionEvent | OtherEvent


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
