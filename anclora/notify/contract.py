"""What a channel to people has to be: one verb, whose outcome is a value with a policy and never an exception.

A new channel is a folder with a class that fits `Channel`, a few lines in `channels.py`, and a bench in the suite.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from anclora.kit.errors import InvalidError
from anclora.kit.severity import Severity

TITLE_CHARS = 150
TEXT_CHARS = 20_000
KEY_CHARS = 200
FILES = 5
FILE_BYTES = 8_000_000
FACTS = 10
FACT_CHARS = 300
ACTIONS = 5
ACTION_ID_CHARS = 60
LABEL_CHARS = 40
VALUE_CHARS = 300


class Kind(StrEnum):
    """What a notice does to its incident. The values are those of `notices.kind`."""

    TRIGGER = "trigger"  # it is news, or goes to one more person
    ACKNOWLEDGE = "acknowledge"  # somebody has it: nobody else need be woken
    RESOLVE = "resolve"  # it is over


EVERY_KIND = frozenset(Kind)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Where to read on."""

    title: str
    url: str


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A name and what it is now, for example `Queue age` and `4 min`; a value may have several lines."""

    name: str
    value: str


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something the reader may do about it, drawn as a button where the channel has them.

    Attributes:
        id: what is to be done, stable: `acknowledge`, `escalate`; comes back in `Press.action`.
        label: on the button.
        value: comes back untouched in `Press.value`, for example the incident's id.
    """

    id: str
    label: str
    value: str


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes along, where the channel carries files."""

    name: str
    mimetype: str
    data: bytes


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What people are told.

    Attributes:
        title: one line.
        text: plain text; lines end with a line feed. Channels spell it in their own way and add no meaning.
        key: names the fact. The same key is told once to each target, whoever tells it and how often.
        severity: how much it matters; channels that can be loud are loud by it.
        kind: what it does to its incident.
        incident: names what several notices are about: they share a thread, and one alarm at whoever pages. Empty = it
            stands alone.
        facts: at most ten, in order.
        actions: at most five; those of the newest notice of an incident are the ones that stand.
        links: where to read on.
        attachments: files, at most five.
    """

    title: str
    text: str
    key: str
    severity: Severity = Severity.INFO
    kind: Kind = Kind.TRIGGER
    incident: str = ""
    facts: Sequence[Fact] = ()
    actions: Sequence[Action] = ()
    links: Sequence[Link] = ()
    attachments: Sequence[Attachment] = ()

    @property
    def is_alarm(self) -> bool:
        """Whether it asks for somebody's attention now, rather than being something to read."""
        return bool(self.incident or self.facts or self.actions) or self.severity is not Severity.INFO


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """The first notice of an incident that reached the same target.

    Attributes:
        id: of that notice.
        vendor_id: as the vendor named it (`Delivered.vendor_id`).
        notice: what it said.
    """

    id: UUID
    vendor_id: str
    notice: Notice


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on its way to one target.

    Attributes:
        id: of the notice, the same at every try: what lets a reader see that two are one.
        target: as the channel names it: `#channel`, or an address.
        at: when the notice was written.
        parent: what this one belongs to at this target; None = it is the first, or stands alone.
    """

    id: UUID
    target: str
    at: datetime
    notice: Notice
    parent: Parent | None = None


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """The vendor took it.

    Attributes:
        vendor_id: how the vendor names it.
        left_out: sentences on what did not go along, for example a file the channel cannot carry.
    """

    vendor_id: str
    left_out: Sequence[str] = ()


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The vendor did not take it, and that is certain.

    Attributes:
        code: stable; the vendor's own word where it has one.
        text: what to do, for people; no secret in it.
        permanent: the same will be refused again until somebody mends something: it is not tried again.
        retry_after_seconds: the vendor's wish; the whole target waits so long.
    """

    code: str
    text: str
    permanent: bool = False
    retry_after_seconds: float | None = None


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """It left and no answer proves either side. It is tried again: to read it twice costs less than never."""

    code: str
    text: str


Outcome = Delivered | Refused | Unknown


class Channel(Protocol):
    """A way to people.

    Attributes:
        gap_seconds: between two notices to one target, as the vendor wants it.
        kinds: what it is worth telling there. Nobody is called to hear that all is well again.
    """

    gap_seconds: float
    kinds: frozenset[Kind]

    def targets(self, severity: Severity) -> Sequence[str]:
        """Who hears of this, by the settings; empty = nobody was named."""
        ...

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Tell one target, once."""
        ...

    async def close(self) -> None:
        """Close connections; stop the callers first."""
        ...


def check_notice(notice: Notice) -> None:
    """Refuse what no channel should be asked to carry.

    Raises:
        InvalidError: with the sentence that says what to change (`invalid_notice`).
    """
    wrong: str | None = None
    if not notice.title.strip() or len(notice.title) > TITLE_CHARS or not notice.title.isprintable():
        wrong = f"a title is one line of 1 to {TITLE_CHARS} printable characters"
    elif not notice.text.strip() or len(notice.text) > TEXT_CHARS or not _is_storable(notice.text):
        wrong = f"a text has 1 to {TEXT_CHARS} characters; put more into an attachment"
    elif not _is_word(notice.key, KEY_CHARS):
        wrong = f"a key has 1 to {KEY_CHARS} printable characters"
    else:
        wrong = _wrong_alarm(notice) or _wrong_company(notice)
    if wrong:
        raise InvalidError(f"This cannot be told: {wrong}.", code="invalid_notice")


def _wrong_alarm(notice: Notice) -> str | None:
    """What is wrong with what an alarm has more than a message."""
    wrong = _wrong_actions(notice.actions)
    if notice.incident and not _is_word(notice.incident, KEY_CHARS):
        wrong = f"an incident's key has at most {KEY_CHARS} printable characters"
    elif not notice.incident and notice.kind is not Kind.TRIGGER:
        wrong = f"{notice.kind} needs the key of an incident"
    facts = [_is_word(fact.name, LABEL_CHARS) and 0 < len(fact.value) <= FACT_CHARS for fact in notice.facts]
    if len(facts) > FACTS or not all(facts) or not all(_is_storable(fact.value) for fact in notice.facts):
        wrong = f"at most {FACTS} facts, each a name and a value of 1 to {FACT_CHARS} characters"
    return wrong


def _wrong_actions(actions: Sequence[Action]) -> str | None:
    if len(actions) > ACTIONS or len({action.id for action in actions}) < len(actions):
        return f"at most {ACTIONS} actions, each with an id of its own"
    for each in actions:
        if not (_is_word(each.id, ACTION_ID_CHARS) and _is_word(each.label, LABEL_CHARS)):
            return f"an action needs an id and a label of at most {LABEL_CHARS} printable characters"
        if not _is_word(each.value, VALUE_CHARS):
            return f"an action's value has 1 to {VALUE_CHARS} printable characters"
    return None


def _wrong_company(notice: Notice) -> str | None:
    """What is wrong with files and links."""
    if len(notice.attachments) > FILES or sum(len(file.data) for file in notice.attachments) > FILE_BYTES:
        return f"at most {FILES} files of {FILE_BYTES} bytes together go along"
    if not all(file.data and _is_name(file.name) for file in notice.attachments):
        return "a file needs bytes, and a printable name without slashes and quotes"
    if not all(link.url.startswith(("http://", "https://")) and link.url.isprintable() for link in notice.links):
        return "a link is an http(s) address"
    return None


def _is_storable(text: str) -> bool:
    """Postgres stores neither NUL nor half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _is_word(text: str, most_chars: int) -> bool:
    return text.isprintable() and len(text.strip()) > 0 and len(text) <= most_chars


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 100 and name.isprintable() and not set(name) & set('/\\"')
