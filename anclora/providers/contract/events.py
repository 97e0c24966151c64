"""What a provider reports, as typed events: one class each.

What people say (`Said`) is told apart by `type` in JSON; integrators get it in that form.
"""

from datetime import datetime

import msgspec

from anclora.providers.contract.contents import Card
from anclora.providers.contract.outcomes import Refused


class ReceiptEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The provider reports how far a message of ours came.

    Attributes:
        rank: 0 error, 1 taken by the server, 2 delivered, 3 read, 4 played.
        text: the provider's words for an error.
        refusal: what the error stops besides this message, where the provider says so; its code names it.
        recipient: whom it was for, beside a refusal.
    """

    provider_id: str
    rank: int
    text: str | None = None
    reference: str | None = None
    refusal: Refused | None = None
    recipient: str | None = None


class SaidText(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """Words: `{"type": "text", "text": "Is the flat still free?"}`."""

    text: str


class SaidMedia(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="media", omit_defaults=True):
    """A file: `{"type": "media", "kind": "image", "mimetype": "image/jpeg", "caption": "the door", "ref": "…"}`.

    Attributes:
        kind: image, video, audio, document or sticker.
        ref: what the provider needs to hand the file out; None = it cannot be fetched.
        bytes: size, where the provider says it.
        seconds: length of sound and video.
    """

    kind: str
    mimetype: str | None = None
    caption: str | None = None
    file_name: str | None = None
    ref: str | None = None
    bytes: int | None = None
    seconds: int | None = None


class SaidLocation(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="location", omit_defaults=True):
    """A place: `{"type": "location", "latitude": 40.41678, "longitude": -3.70379, "name": "Puerta del Sol"}`."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    live: bool = False


class SaidContacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="contacts"):
    """Cards: `{"type": "contacts", "contacts": [{"name": "Ana", "phone": "34600111222"}]}`."""

    contacts: tuple[Card, ...]


class SaidReaction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="reaction"):
    """An emoji on a message, "" when taken back: `{"type": "reaction", "target": "3EB0…", "emoji": "👍"}`."""

    target: str
    emoji: str


class SaidVote(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="vote"):
    """The answers ticked in a poll, all of them: `{"type": "vote", "target": "3EB0…", "options": ["Monday"]}`.

    None = the provider does not tell which (they are encrypted, and it did not decrypt them).
    """

    target: str
    options: tuple[str, ...] | None


class SaidChoice(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="choice", omit_defaults=True):
    """A pressed button or chosen line: `{"type": "choice", "id": "visit", "title": "Book a visit"}`.

    Attributes:
        id: as it was offered; "" where the provider keeps the title alone.
        target: the message that offered it, where the provider says which.
    """

    id: str
    title: str | None = None
    target: str | None = None


class SaidEdit(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="edit"):
    """New words for an earlier message: `{"type": "edit", "target": "3EB0…", "text": "at five, not four"}`."""

    target: str
    text: str | None


class SaidDelete(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="delete"):
    """An earlier message taken back for everybody: `{"type": "delete", "target": "3EB0…"}`."""

    target: str


class SaidOther(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="other"):
    """Something this version knows no class for: `{"type": "other", "kind": "productMessage"}`."""

    kind: str


Said = (
    SaidText | SaidMedia | SaidLocation | SaidContacts | SaidReaction | SaidVote | SaidChoice | SaidEdit | SaidDelete
    | SaidOther
)  # fmt: skip


class OwnMessageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A message left one of our numbers: by our own request (`by_api`) or typed on the phone.

    Attributes:
        recipient: digits, or the jid of what is no number, a group's for example.
        said: what it says, of those typed on the phone; ours are in the ledger, but for edits and deletions.
        text: the words of it, of those typed on the phone.
        quoted: the provider's id of the message it answers.
        addresses: of the other side, as in `InboundEvent`.
    """

    provider_id: str
    recipient: str
    fingerprint: str | None
    at: datetime
    by_api: bool
    reference: str | None = None
    said: Said | None = None
    text: str | None = None
    quoted: str | None = None
    addresses: tuple[str, ...] = ()


class Referral(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The advertisement or post whose button began the talk (click to WhatsApp).

    Attributes:
        source_type: ad or post, in Meta's words.
        source_id: Meta's id of it.
        url: where it stands.
        headline: its title.
        click_id: Meta's id of this very click (`ctwa_clid`).
    """

    source_type: str | None = None
    source_id: str | None = None
    url: str | None = None
    headline: str | None = None
    click_id: str | None = None


class InboundEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wrote to one of our numbers.

    Attributes:
        provider_id: of the message; an edit or a deletion has the one of its target with `/edit…` or `/delete` behind.
        sender: digits of the number, or another address (a lid) where the provider tells no number.
        text: the words, whatever kind of message they came with.
        said: everything it says.
        addresses: every address of the sender the event names, kind and value: `lid:1234`, `phone:34600111222`.
        name: what the sender calls himself; None = the event does not say.
        group: the group it was written in.
        quoted: the provider's id of the message it answers.
        offline: it arrived while the number was away, and is told now.
        referral: what brought them, of the first message behind the button of an advertisement.
    """

    provider_id: str
    sender: str
    text: str | None
    at: datetime
    said: Said | None = None
    addresses: tuple[str, ...] = ()
    name: str | None = None
    group: str | None = None
    quoted: str | None = None
    offline: bool = False
    referral: Referral | None = None


class ConnectionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The connection of a number changed: open, connecting, close or refused; logged_out and removed are final."""

    state: str
    reason: int | None


class PairingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A number may be paired now: the text of a QR code, and the code to type in its stead. Secrets of a minute."""

    qr: str | None = None
    pairing_code: str | None = None
    count: int | None = None


class ContactEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider learned of a person: addresses as in `InboundEvent`, the name they gave, or none."""

    addresses: tuple[str, ...]
    name: str | None = None


class TemplateEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Meta changed its mind of a template: APPROVED, REJECTED, PAUSED, DISABLED or the like, and why."""

    name: str
    language: str
    status: str
    reason: str | None = None


class AccountEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Meta changed what a number may do: its quality (GREEN, YELLOW, RED), its tier, or a restriction in its words.

    Attributes:
        number: digits of the number it is about, where the event names it so; None = the account's, or the webhook's.
        people: how many a day the tier lets us write to first; 0 = no limit.
    """

    quality: str | None = None
    tier: str | None = None
    text: str | None = None
    number: str | None = None
    people: int | None = None


class OtherEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event this version stores and does nothing with."""

    kind: str


Event = (
    ReceiptEvent | OwnMessageEvent | InboundEvent | ConnectionEvent | PairingEvent | ContactEvent | TemplateEvent
    | AccountEvent | OtherEvent
)  # fmt: skip
