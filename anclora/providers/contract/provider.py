"""Who carries a message, as the dispatcher sees it: the narrow waist of the house."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, get_args

import msgspec

from anclora.providers.contract.contents import Content, Target
from anclora.providers.contract.events import Event, ReceiptEvent
from anclora.providers.contract.outcomes import Outcome

ClientReference = Literal["none", "echo", "id"]
Typing = Literal["anybody", "answer", "none"]


CONTENT_TYPES: frozenset[str] = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Content))


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much fits into a content.

    The defaults are Meta's (Cloud API reference, interactive messages); a provider that takes more or less says so.

    Attributes:
        reply_buttons: buttons that answer, in one message.
        link_buttons: buttons that open an address or call.
        mixed_buttons: whether both kinds may stand in one message.
        poll_options: answers of a poll.
        rows: lines of a list, over all its sections.
        cards: people in one message.
        quoting: content types that can answer an earlier message.
    """

    reply_buttons: int = 3
    link_buttons: int = 1
    mixed_buttons: bool = False
    button_chars: int = 20
    button_id_chars: int = 256
    poll_options: int = 10
    poll_option_chars: int = 100
    poll_question_chars: int = 255
    sections: int = 10
    rows: int = 10
    row_title_chars: int = 24
    row_description_chars: int = 72
    row_id_chars: int = 200
    list_button_chars: int = 20
    section_title_chars: int = 24
    header_chars: int = 60
    footer_chars: int = 60
    interactive_chars: int = 1_024
    cards: int = 20
    place_chars: int = 1_000
    quoting: frozenset[str] = CONTENT_TYPES - {"reaction", "status"}


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider can do, as data.

    Attributes:
        media_bytes: biggest file by content type.
        mimetypes: accepted types by content type; empty = any.
        client_reference: whether our own reference comes back: `none`; `echo` = beside the provider's id, in events and
            look-ups of the message; `id` = it is the provider's id.
        find_messages: whether past sends can be looked up.
        absence_proves: whether a look-up that answers, and shows others and not this one, proves that it was not sent.
        find_heard: whether what people wrote, and how far our messages came, can be looked up for a span of time.
        hidden_by: codes of unknown outcomes after which the look-up may not show a message that did go out, so that
            its absence proves nothing.
        contents: the content types it can send at all.
        degraded: content types it shows otherwise than their name says, and how; see `Provider.rendered`.
        limits: of what is inside a content.
        edit_seconds: how long after it was sent a message can be edited; 0 = never.
        delete_seconds: the same of taking it back for everybody.
        typing: whom it can show that we write: `anybody`; `answer` = only below a message of theirs that is answered.
        webhook_path: of the door its webhooks are for; `{name}` stands for the number's name.
        shared_webhook: one webhook may speak of several numbers: the provider is `SharesWebhooks`.
    """

    text_chars: int
    caption_chars: int
    media_bytes: Mapping[str, int]
    mimetypes: Mapping[str, Sequence[str]]
    client_reference: ClientReference = "none"
    find_messages: bool = True
    absence_proves: bool = True
    find_heard: bool = False
    hidden_by: frozenset[str] = frozenset()
    contents: frozenset[str] = CONTENT_TYPES
    degraded: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    limits: Limits = Limits()
    edit_seconds: int = 0
    delete_seconds: int = 0
    typing: Typing = "none"
    webhook_path: str = "/webhooks/evolution/{name}"
    shared_webhook: bool = False


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


class HeardPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what a look-up shows of a span of time, and whether another page follows."""

    events: Sequence[Event]
    more: bool


class Provider(Protocol):
    """The narrow waist: everything the dispatcher needs of a provider."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    def rendered(self, content: Content) -> Content:
        """The content as it really goes out: what the provider would not show becomes what it does show.

        Pure, and the same in every version of the product for as long as messages live: the fingerprint of a message
        is taken of it, and so its look-up finds it again.
        """
        ...

    async def send(self, instance: str, recipient: str, content: Content, *, reference: str) -> Outcome:
        """Send one message, with our reference where it can. Never raises for its own failure; never tries twice."""
        ...

    async def edit(self, instance: str, recipient: str, target: Target, text: str) -> Outcome:
        """Give an earlier message of ours new words. Never raises for its own failure."""
        ...

    async def delete(self, instance: str, recipient: str, target: Target) -> Outcome:
        """Take an earlier message of ours back for everybody. Never raises for its own failure."""
        ...

    async def mark_read(self, instance: str, sender: str, provider_ids: Sequence[str]) -> None:
        """Show a person that their messages were read. Raises `AncloraError`s only."""
        ...

    async def typing(self, instance: str, recipient: str, seconds: float, *, below: str | None = None) -> None:
        """Show a person that we write, for so long. Raises `AncloraError`s only.

        `below` is the provider's id of their message that is answered, for those that show it only there.
        """
        ...

    async def check_numbers(self, instance: str, numbers: Sequence[str]) -> Mapping[str, str | None]:
        """Which numbers (digits) have WhatsApp: the digits it knows them by, None = it has none.

        Raises `UnavailableError` when it cannot be asked, `InvalidError` when the provider has no such question.
        """
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

    async def find_heard(self, instance: str, *, since: datetime, until: datetime, page: int = 1) -> HeardPage:
        """What happened to a number in a span of time: what people wrote, what it sent, and how far that came.

        Where `Capabilities.find_heard` is False nobody asks. Raises `UnavailableError` when it does not answer.
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

    def unfamiliar(self, body: bytes) -> Sequence[tuple[str, str]]:
        """Members of one webhook body that this version does not know: the event, and the member's dotted path."""
        ...
