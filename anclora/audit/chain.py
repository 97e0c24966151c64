"""What links one fact of the trail to the one before it. Pure.

The hash of a fact is SHA-256 over the hash before it and the fact as canonical JSON: whoever changes, removes or adds
a fact in the past has to write every later hash anew, and no longer has the head that was noted elsewhere.
"""

import hashlib
import json
from datetime import UTC

import msgspec

from anclora.audit.trail import Entry
from anclora.kit.errors import InvalidError

GENESIS = bytes(32)


class Head(msgspec.Struct, frozen=True):
    """The last link at some moment, to be kept where the ledger's owner cannot write.

    Attributes:
        place: counted from 1; 0 = nothing was sealed yet.
        hash: hexadecimal.
    """

    place: int = 0
    hash: str = GENESIS.hex()

    def __str__(self) -> str:
        """As `head_of` reads it."""
        return f"{self.place}:{self.hash}"


def link(before: bytes, entry: Entry) -> bytes:
    """The hash of a fact that stands behind another."""
    fact = {
        "id": str(entry.id),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
    }
    text = json.dumps(fact, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def head_of(text: str) -> Head:
    """A head as `anclora audit verify` prints it: `PLACE:HASH`.

    Raises:
        InvalidError: it is none.
    """
    place, _, digest = text.partition(":")
    if not place.isdecimal() or len(digest) != 2 * len(GENESIS) or set(digest) - set("0123456789abcdef"):
        raise InvalidError("A head is written PLACE:HASH, as `anclora audit verify` prints it.", code="invalid_head")
    return Head(int(place), digest)
