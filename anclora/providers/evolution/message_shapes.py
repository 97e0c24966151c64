"""The members of a `message` object, one shape for each kind we read (contract 6.1)."""

import msgspec

from anclora.providers.evolution.shapes import ABSENT, EMPTY, Key, Long, WideKey

# ruff: noqa: N815 - the names are the wire's

Number = int | float | str | Long | None


class Context(msgspec.Struct):
    """What a message refers to."""

    stanzaId: str | None = None


class Text(msgspec.Struct):
    """Words, with what they answer."""

    text: str | None = None
    contextInfo: Context | None = None


class Media(msgspec.Struct):
    """A file; `mime_type`, `filename` and `id` are Meta's names, on the Cloud channel."""

    mimetype: str | None = None
    mime_type: str | None = None
    caption: str | None = None
    fileName: str | None = None
    filename: str | None = None
    title: str | None = None
    id: str | None = None
    fileLength: Number = None
    seconds: Number = None
    contextInfo: Context | None = None


class Place(msgspec.Struct):
    """A point on the map."""

    degreesLatitude: float
    degreesLongitude: float
    name: str | None = None
    address: str | None = None
    contextInfo: Context | None = None


class Card(msgspec.Struct):
    """One vCard."""

    displayName: str | None = None
    vcard: str | None = None
    contextInfo: Context | None = None


class Cards(msgspec.Struct):
    """Several."""

    contacts: list[Card]
    contextInfo: Context | None = None


class Reaction(msgspec.Struct):
    """An emoji and its message."""

    key: Key
    text: str | None = None


class Vote(msgspec.Struct):
    """The ticked answers, by name once they are decrypted."""

    selectedOptions: list[str] | None = None


class PollUpdate(msgspec.Struct):
    """A vote and its poll."""

    pollCreationMessageKey: Key
    vote: Vote | None = None


class Row(msgspec.Struct):
    """A chosen line."""

    selectedRowId: str | None = None


class Choice(msgspec.Struct):
    """A pressed button or a chosen line, old and new kinds."""

    selectedButtonId: str | None = None
    selectedId: str | None = None
    selectedDisplayText: str | None = None
    title: str | None = None
    singleSelectReply: Row | None = None
    contextInfo: Context | None = None


class Flow(msgspec.Struct):
    """What a native button answers."""

    name: str | None = None
    paramsJson: str | None = None


class Interactive(msgspec.Struct):
    """The newest kind of buttons."""

    body: Text | None = None
    nativeFlowResponseMessage: Flow | None = None
    contextInfo: Context | None = None


class Poll(msgspec.Struct):
    """A question."""

    name: str | None = None
    contextInfo: Context | None = None


class Protocol(msgspec.Struct):
    """A message about a message: an edit, a deletion, or something of WhatsApp's own."""

    key: WideKey
    type: str | int | None = None
    editedMessage: msgspec.Raw = ABSENT


class Wrapped(msgspec.Struct):
    """A message inside another."""

    message: msgspec.Raw = EMPTY


def number(value: Number) -> int | None:
    """A count in any of its forms: number, text or {low, high}; None when it is none."""
    try:
        if isinstance(value, Long):
            return (value.high << 32) + (value.low & 0xFFFF_FFFF)
        return None if value is None or value == "" else int(value)
    except (ValueError, OverflowError):
        return None
