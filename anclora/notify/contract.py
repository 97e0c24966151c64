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

TITLE_CHARS = 150
TEXT_CHARS = 20_000
KEY_CHARS = 200
FILES = 5
FILE_BYTES = 8_000_000


class Severity(StrEnum):
    """How much it matters. The values are those of `notices.severity`."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Where to read on."""

    title: str
    url: str


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
        severity: how much it matters.
        links: where to read on.
        attachments: files, at most five.
    """

    title: str
    text: str
    key: str
    severity: Severity = Severity.INFO
    links: Sequence[Link] = ()
    attachments: Sequence[Attachment] = ()


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on its way to one target.

    Attributes:
        id: of the notice, the same at every try: what lets a reader see that two are one.
        target: as the channel names it: `#channel`, or an address.
        at: when the notice was written.
    """

    id: UUID
    target: str
    at: datetime
    notice: Notice


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
    """

    gap_seconds: float

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
    elif not notice.key.isprintable() or not 0 < len(notice.key) <= KEY_CHARS:
        wrong = f"a key has 1 to {KEY_CHARS} printable characters"
    elif len(notice.attachments) > FILES or sum(len(file.data) for file in notice.attachments) > FILE_BYTES:
        wrong = f"at most {FILES} files of {FILE_BYTES} bytes together go along"
    elif not all(file.data and _is_name(file.name) for file in notice.attachments):
        wrong = "a file needs bytes, and a printable name without slashes and quotes"
    elif not all(link.url.startswith(("http://", "https://")) and link.url.isprintable() for link in notice.links):
        wrong = "a link is an http(s) address"
    if wrong:
        raise InvalidError(f"This cannot be told: {wrong}.", code="invalid_notice")


def _is_storable(text: str) -> bool:
    """Postgres stores neither NUL nor half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 100 and name.isprintable() and not set(name) & set('/\\"')
