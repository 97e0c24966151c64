"""One message of a Cloud webhook as an event: what people say, and what was typed on the phone of our own number."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

import msgspec

from anclora.providers.cloud.errors import UNREADABLE
from anclora.providers.cloud.numbers import digits_of
from anclora.providers.cloud.referral import referral_in
from anclora.providers.cloud.shapes import EMPTY, Metadata, list_in, moment_of, read
from anclora.providers.contract import (
    Card,
    ContactEvent,
    Event,
    InboundEvent,
    OtherEvent,
    OwnMessageEvent,
    Said,
    SaidChoice,
    SaidContacts,
    SaidLocation,
    SaidMedia,
    SaidOther,
    SaidReaction,
    SaidText,
    fingerprint_of,
    place_words,
)


class _Profile(msgspec.Struct):
    name: str | None = None


class _Person(msgspec.Struct):
    wa_id: str | None = None
    user_id: str | None = None
    profile: _Profile | None = None


class _Context(msgspec.Struct):
    id: str | None = None


class _Text(msgspec.Struct):
    body: str = ""


class _File(msgspec.Struct):
    id: str | None = None
    mime_type: str | None = None
    caption: str | None = None
    filename: str | None = None


class _Place(msgspec.Struct):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class _Name(msgspec.Struct):
    formatted_name: str | None = None
    first_name: str | None = None


class _Phone(msgspec.Struct):
    phone: str | None = None
    wa_id: str | None = None


class _Organization(msgspec.Struct):
    company: str | None = None


class _Mail(msgspec.Struct):
    email: str | None = None


class _Link(msgspec.Struct):
    url: str | None = None


class _Card(msgspec.Struct):
    name: _Name | None = None
    phones: list[_Phone] = []
    org: _Organization | None = None
    emails: list[_Mail] = []
    urls: list[_Link] = []


class _Reaction(msgspec.Struct):
    message_id: str
    emoji: str = ""


class _Reply(msgspec.Struct):
    id: str | None = None
    title: str | None = None
    name: str | None = None
    body: str | None = None


class _Interactive(msgspec.Struct):
    type: str = ""
    button_reply: _Reply | None = None
    list_reply: _Reply | None = None
    nfm_reply: _Reply | None = None


class _Button(msgspec.Struct):
    payload: str | None = None
    text: str | None = None


class _System(msgspec.Struct):
    type: str | None = None
    wa_id: str | None = None
    new_wa_id: str | None = None


class _Message(msgspec.Struct):
    """The head is decoded; the part its `type` names only when it is known."""

    id: str
    type: str
    sender: str | None = msgspec.field(name="from", default=None)
    from_user_id: str | None = None
    to: str | None = None
    timestamp: str | int | None = None
    context: _Context | None = None
    referral: msgspec.Raw = EMPTY
    text: msgspec.Raw = EMPTY
    image: msgspec.Raw = EMPTY
    video: msgspec.Raw = EMPTY
    audio: msgspec.Raw = EMPTY
    document: msgspec.Raw = EMPTY
    sticker: msgspec.Raw = EMPTY
    location: msgspec.Raw = EMPTY
    contacts: msgspec.Raw = EMPTY
    reaction: msgspec.Raw = EMPTY
    interactive: msgspec.Raw = EMPTY
    button: msgspec.Raw = EMPTY
    system: msgspec.Raw = EMPTY


metadata = msgspec.json.Decoder(Metadata)
_message = msgspec.json.Decoder(_Message)
_person = msgspec.json.Decoder(_Person)
_text, _file, _place = msgspec.json.Decoder(_Text), msgspec.json.Decoder(_File), msgspec.json.Decoder(_Place)
_cards, _reaction = msgspec.json.Decoder(list[_Card]), msgspec.json.Decoder(_Reaction)
_interactive, _button = msgspec.json.Decoder(_Interactive), msgspec.json.Decoder(_Button)
_system = msgspec.json.Decoder(_System)

People = Mapping[str, _Person]


def people_in(raw: msgspec.Raw) -> People:
    """Who a change tells of, by each of their ids."""
    found = [person for each in list_in(raw) or () if (person := read(_person, each)) is not None]
    return {name: person for person in found for name in (person.wa_id, person.user_id) if name}


def message(raw: msgspec.Raw, people: People, ours: AbstractSet[str | None], now: datetime) -> Event:
    """Somebody wrote; or WhatsApp tells of a new number, which nobody wrote and which opens no window.

    Raises:
        msgspec.DecodeError: it has a shape nobody knows.
    """
    item = _message.decode(raw)
    sender = item.sender or item.from_user_id
    if not item.id or not sender or sender in ours:
        return OtherEvent(kind="messages.echo" if sender in ours else "messages")
    if item.type == "system":
        return _moved(item, sender)
    person = people.get(sender) or people.get(item.from_user_id or "")
    user_id = item.from_user_id or (person.user_id if person else None)
    said, words = _said(item)
    return InboundEvent(
        provider_id=item.id,
        sender=sender,
        text=words,
        at=moment_of(item.timestamp) or now,
        said=said,
        addresses=tuple(f"{kind}:{value}" for kind, value in (("phone", item.sender), ("cloud", user_id)) if value),
        name=person.profile.name or None if person and person.profile else None,
        quoted=item.context.id if item.context else None,
        referral=referral_in(item.referral),
    )


def echo(raw: msgspec.Raw, now: datetime) -> Event:
    """A message typed on the phone of a number that is on the Cloud API too.

    Raises:
        msgspec.DecodeError: it has a shape nobody knows.
    """
    item = _message.decode(raw)
    if not item.id or not item.to:
        return OtherEvent(kind="message_echoes")
    said, words = _said(item)
    if isinstance(said, SaidLocation):
        words = place_words(said.latitude, said.longitude)
    return OwnMessageEvent(
        provider_id=item.id,
        recipient=item.to,
        fingerprint=fingerprint_of(item.type, words),
        at=moment_of(item.timestamp) or now,
        by_api=False,
        said=said,
    )


def _moved(item: _Message, sender: str) -> Event:
    system = _system.decode(item.system)
    new = system.new_wa_id or system.wa_id
    if new and new != sender:
        return ContactEvent(addresses=(f"phone:{sender}", f"phone:{new}"))
    return OtherEvent(kind="messages.system")


def _said(item: _Message) -> tuple[Said, str | None]:
    reader = _READERS.get(item.type)
    try:
        found = reader(item) if reader is not None else None
    except UNREADABLE:  # somebody wrote all the same
        found = None
    return found if found is not None else (SaidOther(kind=item.type), None)


def _text_said(item: _Message) -> tuple[Said, str | None]:
    words = _text.decode(item.text).body
    return SaidText(text=words), words


def _file_said(item: _Message) -> tuple[Said, str | None]:
    file = _file.decode(getattr(item, item.type))
    said = SaidMedia(
        kind=item.type, mimetype=file.mime_type, caption=file.caption, file_name=file.filename, ref=file.id
    )
    return said, file.caption or (file.filename if item.type == "document" else None)


def _place_said(item: _Message) -> tuple[Said, str | None]:
    place = _place.decode(item.location)
    said = SaidLocation(latitude=place.latitude, longitude=place.longitude, name=place.name, address=place.address)
    return said, place.name


def _cards_said(item: _Message) -> tuple[Said, str | None]:
    cards = tuple(_card(each) for each in _cards.decode(item.contacts))
    return SaidContacts(contacts=cards), ", ".join(card.name for card in cards) or None


def _card(card: _Card) -> Card:
    names, phones = card.name or _Name(), card.phones or [_Phone()]
    return Card(
        name=names.formatted_name or names.first_name or "",
        phone=phones[0].wa_id or digits_of(phones[0].phone) or "",
        organization=card.org.company if card.org else None,
        email=card.emails[0].email if card.emails else None,
        url=card.urls[0].url if card.urls else None,
    )


def _reaction_said(item: _Message) -> tuple[Said, str | None]:
    reaction = _reaction.decode(item.reaction)
    return SaidReaction(target=reaction.message_id, emoji=reaction.emoji), reaction.emoji or None


def _answer_said(item: _Message) -> tuple[Said, str | None] | None:
    interactive = _interactive.decode(item.interactive)
    reply = interactive.button_reply or interactive.list_reply
    if reply is not None and reply.id:
        return SaidChoice(id=reply.id, title=reply.title, target=_target(item)), reply.title
    form = interactive.nfm_reply
    return SaidOther(kind=f"interactive.{interactive.type}"), form.body if form else None


def _button_said(item: _Message) -> tuple[Said, str | None]:
    button = _button.decode(item.button)
    return SaidChoice(id=button.payload or button.text or "", title=button.text, target=_target(item)), button.text


def _target(item: _Message) -> str | None:
    return item.context.id if item.context else None


_READERS: Mapping[str, Callable[[_Message], tuple[Said, str | None] | None]] = {
    "text": _text_said,
    **dict.fromkeys(("image", "video", "audio", "document", "sticker"), _file_said),
    "location": _place_said,
    "contacts": _cards_said,
    "reaction": _reaction_said,
    "interactive": _answer_said,
    "button": _button_said,
}
