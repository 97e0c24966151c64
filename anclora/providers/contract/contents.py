"""What a message can carry. The ledger stores these as JSON, told apart by `type`."""

from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class Media(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file to send: by address, inline or as stored here, exactly one of the three.

    Attributes:
        url: http(s) address the provider fetches.
        base64: the file itself, without a `data:` prefix.
        stored: the SHA-256 (hex) of a file that was uploaded to us.
        mimetype: for example image/jpeg.
        filename: shown for documents.
    """

    url: str | None = None
    base64: str | None = None
    stored: str | None = None
    mimetype: str | None = None
    filename: str | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An earlier message that this one speaks of.

    Attributes:
        provider_id: its id at the provider.
        from_me: whether we sent it.
        text: its words, shown above a quoting answer where the provider does not know them itself.
    """

    provider_id: str
    from_me: bool = False
    text: str | None = None


class _Content(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """What most contents have in common.

    Attributes:
        quoted: the message this one answers.
        mentions: digits of the people it names (groups).
        typing_ms: for how long it is shown before that we write; the dispatcher's business, no provider sends it.
    """

    quoted: Target | None = None
    mentions: tuple[str, ...] = ()
    typing_ms: int = 0


class Text(_Content, frozen=True, kw_only=True, tag="text"):
    """A text message."""

    text: str
    preview: bool = True


class Image(_Content, frozen=True, kw_only=True, tag="image"):
    """A picture with an optional caption."""

    media: Media
    caption: str | None = None


class Document(_Content, frozen=True, kw_only=True, tag="document"):
    """A file with an optional caption."""

    media: Media
    caption: str | None = None


class Audio(_Content, frozen=True, kw_only=True, tag="audio"):
    """A voice note."""

    media: Media


class Video(_Content, frozen=True, kw_only=True, tag="video"):
    """A video with an optional caption."""

    media: Media
    caption: str | None = None


class Sticker(_Content, frozen=True, kw_only=True, tag="sticker"):
    """A sticker: a WebP picture of 512 x 512."""

    media: Media


class Location(_Content, frozen=True, kw_only=True, tag="location"):
    """A place. Degrees; name and address are shown below the map."""

    latitude: Latitude
    longitude: Longitude
    name: str | None = None
    address: str | None = None


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person's card. `phone` is digits with country code."""

    name: str
    phone: str
    organization: str | None = None
    email: str | None = None
    url: str | None = None


class Contacts(_Content, frozen=True, kw_only=True, tag="contacts"):
    """Cards of people."""

    contacts: Annotated[tuple[Card, ...], Meta(min_length=1)]


class Reaction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="reaction", omit_defaults=True):
    """An emoji on an earlier message; without one it is taken back."""

    target: Target
    emoji: str = ""


class Poll(_Content, frozen=True, kw_only=True, tag="poll"):
    """A question with answers to tick. `selectable` answers at most; 0 = any number of them."""

    question: str
    options: Annotated[tuple[str, ...], Meta(min_length=2)]
    selectable: int = 1


class Button(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One button: an answer (`id` comes back), or one that opens `url` or calls `phone`."""

    title: str
    id: str | None = None
    url: str | None = None
    phone: str | None = None


class Buttons(_Content, frozen=True, kw_only=True, tag="buttons"):
    """A text with buttons. `forced`: as such even where they may not be shown (see `Capabilities.degraded`)."""

    text: str
    buttons: Annotated[tuple[Button, ...], Meta(min_length=1)]
    header: str | None = None
    footer: str | None = None
    forced: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a list; its `id` comes back when it is chosen."""

    id: str
    title: str
    description: str | None = None


class Section(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some lines of a list under a title."""

    rows: Annotated[tuple[Row, ...], Meta(min_length=1)]
    title: str | None = None


class Choices(_Content, frozen=True, kw_only=True, tag="list"):
    """A text with a button that opens a list to choose from. `forced`: as for `Buttons`."""

    text: str
    button: str
    sections: Annotated[tuple[Section, ...], Meta(min_length=1)]
    header: str | None = None
    footer: str | None = None
    forced: bool = False


class Template(_Content, frozen=True, kw_only=True, tag="template"):
    """A text that Meta approved, with what fills its places.

    Attributes:
        name: of the template.
        language: for example es or en_US.
        body: fills {{1}}, {{2}} … of the text.
        header: the file or the one text of its header.
        buttons: fills of the buttons' addresses or payloads, by place; None = a button without one.
    """

    name: str
    language: str
    body: tuple[str, ...] = ()
    header: Media | str | None = None
    buttons: tuple[str | None, ...] = ()


class Status(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="status", omit_defaults=True):
    """A status that contacts see for a day: words on a colour, or a file with a caption."""

    text: str | None = None
    media: Media | None = None
    kind: str = "text"
    color: str = "#075E54"
    audience: tuple[str, ...] = ()


Content = (
    Text | Image | Document | Audio | Video | Sticker | Location | Contacts | Reaction | Poll | Buttons | Choices
    | Template | Status
)  # fmt: skip


def kind_of(content: Content) -> str:
    """The `type` of a content, as it stands in JSON."""
    return str(content.__struct_config__.tag)


def answers_of(content: Content) -> tuple[tuple[str, str], ...]:
    """What a person may choose from, as (id, title) in the order it is shown and numbered; "" = it has no id."""
    if isinstance(content, Buttons):
        return tuple((b.id or "", b.title) for b in content.buttons if b.url is None and b.phone is None)
    if isinstance(content, Choices):
        return tuple((row.id, row.title) for section in content.sections for row in section.rows)
    return ()


def fingerprint_of(kind: str, words: str | None) -> str | None:
    """The comparable form of a message: its content type and its words, whitespace runs counting as one space.

    Args:
        kind: as the `type` of a content.
        words: text, caption, file name or the like; without any there is nothing to compare and the answer is None.
    """
    plain = " ".join((words or "").split())
    return sha256(f"{kind}\0{plain}".encode()).hexdigest()[:32] if plain else None


def place_words(latitude: float, longitude: float) -> str:
    """A place as words to compare: five digits are a metre, and survive every provider's rounding."""
    return f"{latitude:.5f},{longitude:.5f}"


def fingerprint(content: Content) -> str | None:
    """What a message says, in a form that survives the provider, or None when it says nothing comparable.

    Only documents carry their file name to the receiver; of the other media the caption is all that can be found again.
    """
    kind, words = _comparable(content)
    return fingerprint_of(kind, words)


def _comparable(content: Content) -> tuple[str, str | None]:
    words: str | None = None
    kind = kind_of(content)
    match content:
        case Text() | Buttons() | Choices():
            words = content.text
        case Document():
            words = content.caption or content.media.filename
        case Image() | Video():
            words = content.caption
        case Location():
            words = place_words(content.latitude, content.longitude)
        case Contacts():
            words = ", ".join(card.name for card in content.contacts)
        case Poll():
            words = content.question
        case Reaction():
            words = f"{content.target.provider_id} {content.emoji}"
        case Status():  # a look-up shows it as what it is made of
            kind, words = content.kind, content.text
        case Audio() | Sticker() | Template():
            pass
    return kind, words
