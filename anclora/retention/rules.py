"""Which months are past their days, what a row is when it is compared, and where files lie. Pure.

A row is compared as one line: a JSON list of its columns as text. Postgres writes that line of what it holds
(`Form.line`), `line_of` writes it of what was read from a file; both are hashed alike and summed, whatever the order.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import LiteralString, NamedTuple

from anclora.retention.model import Month, Print, Refusal

_HASH_CHARS = 15  # sixty bits, as a number of Postgres has room for
_WORDS: Mapping[str, str] = {
    "state": "is {detail}, which is not final. Let it end, or take it back: anclora messages cancel {id}",
    "held": "is held ({detail}). Let it go, or take it back: anclora messages cancel {id}",
    "dead_letter": "waits among the dead letters. Send it again or let go of it: anclora queue dlq discard {id}",
    "outbox": "is on its way to the lanes. Look for what keeps the outbox: anclora messages show {id}",
    "idempotency": "is named by an idempotency key. Keep keys for fewer days: ANCLORA_IDEMPOTENCY_DAYS",
    "figures": "figures of this time are not folded yet. Let the chore tally-fold work, then try again",
}


class Form(NamedTuple):
    """A type of Postgres: how it is read, how it is written into a line, and what it is in a file."""

    read: LiteralString
    line: LiteralString
    kind: str


_TEXT = Form("{}", "{}", "text")
_WHOLE = Form("{}", "{}::text", "integer")
FORMS: Mapping[str, Form] = {
    "uuid": Form("{}::text", "{}::text", "text"),
    "text": _TEXT,
    "bytea": Form("{}", "encode({}, 'hex')", "bytes"),
    "boolean": Form("{}", "{}::text", "boolean"),
    "smallint": _WHOLE,
    "integer": _WHOLE,
    "bigint": _WHOLE,
    "timestamp with time zone": Form(
        "(extract(epoch from {}) * 1000000)::bigint", "((extract(epoch from {}) * 1000000)::bigint)::text", "moment"
    ),
    "text[]": Form("to_json({})::text", "to_json({})::text", "text"),
}
"""Every type of the archived tables; an array lies in the file as JSON."""


def past(months: Iterable[Month], now: datetime, *, days: int) -> list[Month]:
    """The months that ended so many days ago, the oldest first."""
    before = now.astimezone(UTC) - timedelta(days=days)
    return sorted((month for month in months if month.until <= before), key=lambda month: month.first)


def line_of(values: Sequence[object]) -> bytes:
    """A row as it is compared: as Postgres writes `json_build_array` of texts."""
    return json.dumps([_text(value) for value in values], ensure_ascii=False).encode()


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.hex() if isinstance(value, bytes) else str(value)


class Sum:
    """Rows counted, and their lines hashed and summed."""

    def __init__(self) -> None:
        self.rows = 0
        self._total = 0

    def add(self, values: Sequence[object]) -> None:
        """One more row."""
        self.rows += 1
        self._total += int(sha256(line_of(values)).hexdigest()[:_HASH_CHARS], 16)

    @property
    def print(self) -> Print:
        """What came out."""
        return Print(rows=self.rows, hash=str(self._total))


def key_of(month: Month, table: str, print_: Print) -> str:
    """Where a file lies: the same rows twice are one file, other rows lie beside it, and nothing is replaced."""
    return f"{month.name}/{table}.{sha256(f'{print_.rows} {print_.hash}'.encode()).hexdigest()[:12]}.parquet"


def manifest_key(files: Sequence[str]) -> str:
    """Where the manifest of these files lies."""
    month = files[0].partition("/")[0]
    return f"{month}/manifest.{sha256(' '.join(files).encode()).hexdigest()[:12]}.json"


def refusal(why: str, count: int, message_id: str | None, detail: str | None) -> Refusal:
    """A reason in words."""
    said = _WORDS[why].format(id=message_id, detail=detail)
    words = f"{count:,} {said}." if message_id is None else f"Message {message_id} {said}."
    more = f" So it is with {count - 1:,} more." if message_id is not None and count > 1 else ""
    return Refusal(why=why, count=count, message_id=message_id, words=words + more)
