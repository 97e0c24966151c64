"""What a draft holds for each type of message, as callers write it. Unknown members are refused: a typo is no wish."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from anclora.providers.contract import Button, Card, Media, Row
from anclora.providers.contract.contents import Latitude, Longitude


class LocationPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A place, in degrees: `{"latitude": 40.41678, "longitude": -3.70379, "name": "Puerta del Sol"}`."""

    latitude: Latitude
    longitude: Longitude
    name: str | None = None
    address: str | None = None


class CardPart(Card, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One person: `{"name": "Ana Gil", "phone": "+34600111333"}`."""


class ReactionPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An emoji on an earlier message of the same chat: `{"target": "3EB0…", "emoji": "👍"}`.

    Attributes:
        target: the message: our id, or the provider's.
        emoji: one; left out or empty, the reaction is taken back.
    """

    target: str
    emoji: str = ""


class PollPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A question: `{"question": "When?", "options": ["Monday", "Tuesday"]}`.

    Attributes:
        selectable: answers one person may tick; 0 = any number of them.
    """

    question: str
    options: list[str]
    selectable: Annotated[int, Meta(ge=0)] = 1


class ButtonPart(Button, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One button: an answer, or one that opens `url` or calls `phone`."""


class ButtonsPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A text with buttons: `{"text": "Does ten suit you?", "buttons": [{"id": "yes", "title": "Yes"}]}`.

    Attributes:
        header: one line above the text.
        footer: one line below it.
        forced: as buttons even where people are known not to see them; else they go out as numbered text there.
    """

    text: str
    buttons: list[ButtonPart]
    header: str | None = None
    footer: str | None = None
    forced: bool = False


class RowPart(Row, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line to choose; its `id` comes back."""


class SectionPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Some lines under a title, which only a sole section may lack."""

    rows: list[RowPart]
    title: str | None = None


class ListPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A text with a list to choose from; `button` opens it. `header`, `footer` and `forced` as for buttons."""

    text: str
    button: str
    sections: list[SectionPart]
    header: str | None = None
    footer: str | None = None
    forced: bool = False


class TemplatePart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A text that Meta approved: `{"name": "visit", "language": "es", "body": ["Ana", "10:00"]}`.

    Attributes:
        body: fills {{1}}, {{2}} … of the text.
        header: the file or the one text of its header.
        buttons: fills of the buttons' addresses or payloads, by place; null = a button without one.
    """

    name: str
    language: str
    body: list[str] = msgspec.field(default_factory=list)
    header: Media | str | None = None
    buttons: list[str | None] = msgspec.field(default_factory=list)


class StatusPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What contacts see for a day, `to` being `status`: `{"text": "Open today", "audience": ["+34600111333"]}`.

    Attributes:
        kind: text, or a file in `media` with `text` as its caption.
        color: behind the words, as #RRGGBB.
        audience: phone numbers of those who may see it, nobody else; at least one.
    """

    audience: list[str]
    text: str | None = None
    media: Media | None = None
    kind: Literal["text", "image", "video", "audio"] = "text"
    color: str = "#075E54"
