"""The message rows of one number, for the look-ups (contract 4: findMessages, findStatusMessage)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any

import msgspec

_PAGE = 50


class Update(msgspec.Struct, gc=False):
    """One status a message reached."""

    id: str
    status: str


class Row(msgspec.Struct, kw_only=True):
    """One stored message. `message` and `context` are JSON as the server shows it."""

    id: str
    key: dict[str, Any]
    message_type: str
    message: msgspec.Raw
    timestamp: int
    source: str
    push_name: str | None = None
    context: msgspec.Raw | None = None
    updates: list[Update] = []

    @property
    def key_id(self) -> str:
        """WhatsApp's id of the message."""
        return self.key["id"]

    @property
    def remote_jid(self) -> str:
        """The chat it belongs to."""
        return self.key["remoteJid"]


class Store:
    """Rows in the order they were stored; over the bound the oldest tenth goes.

    Args:
        instance_id: shown in every row.
        bound: rows kept at most.
    """

    def __init__(self, instance_id: str, *, bound: int) -> None:
        self._instance_id = instance_id
        self._bound = bound
        self._rows: list[Row] = []
        self._by_key: dict[str, Row] = {}
        self._by_jid: dict[str, list[Row]] = {}

    def __len__(self) -> int:
        """Rows stored."""
        return len(self._rows)

    def add(self, row: Row) -> None:
        """Store one message; its timestamp is not before the last one's."""
        if len(self._rows) >= self._bound:
            self._forget()
        self._rows.append(row)
        self._index(row)

    def get(self, key_id: str) -> Row | None:
        """The message with this WhatsApp id."""
        return self._by_key.get(key_id)

    def find(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of findMessages: newest first, `offset` = page size. `fromMe: false` filters nothing."""
        where: Mapping[str, Any] = body.get("where") or {}
        page, size = _paging(body)
        found = [row for row in self._candidates(where) if _matches(row, where)]
        found.reverse()
        return {
            "messages": {
                "total": len(found),
                "pages": ceil(len(found) / size),
                "currentPage": page,
                "records": [self._shown(row) for row in found[(page - 1) * size : page * size]],
            }
        }

    def find_statuses(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The answer of findStatusMessage: without `where` the statuses of the whole number."""
        where: Mapping[str, Any] = body.get("where") or {}
        page, size = _paging(body)
        rows: Iterable[Row] = self._rows
        if "id" in where:
            row = self._by_key.get(where["id"])
            rows = [row] if row else []
        jid = where.get("remoteJid")
        found = [
            self._shown_update(row, update) for row in rows if jid in (None, row.remote_jid) for update in row.updates
        ]
        return found[(page - 1) * size : page * size]

    def _candidates(self, where: Mapping[str, Any]) -> Sequence[Row]:
        """The rows an index leaves over."""
        key: Mapping[str, Any] = where.get("key") or {}
        if key.get("id"):
            row = self._by_key.get(key["id"])
            return [row] if row else []
        rows = self._by_jid.get(key["remoteJid"], []) if key.get("remoteJid") else self._rows
        span = _span(where)
        if span is None:
            return rows
        first = bisect_left(rows, span[0], key=_timestamp)
        return rows[first : bisect_right(rows, span[1], key=_timestamp)]

    def _shown(self, row: Row) -> dict[str, Any]:
        return {
            "id": row.id,
            "key": row.key,
            "pushName": row.push_name,
            "messageType": row.message_type,
            "message": row.message,
            "messageTimestamp": row.timestamp,
            "instanceId": self._instance_id,
            "source": row.source,
            "contextInfo": row.context,
            "MessageUpdate": [{"status": update.status} for update in row.updates],
        }

    def _shown_update(self, row: Row, update: Update) -> dict[str, Any]:
        return {
            "id": update.id,
            "keyId": row.key_id,
            "remoteJid": row.remote_jid,
            "fromMe": row.key["fromMe"],
            "participant": None,
            "pollUpdates": None,
            "status": update.status,
            "messageId": row.id,
            "instanceId": self._instance_id,
        }

    def _index(self, row: Row) -> None:
        self._by_key[row.key_id] = row
        self._by_jid.setdefault(row.remote_jid, []).append(row)

    def _forget(self) -> None:
        del self._rows[: max(1, self._bound // 10)]
        self._by_key.clear()
        self._by_jid.clear()
        for row in self._rows:
            self._index(row)


def _timestamp(row: Row) -> int:
    return row.timestamp


def _paging(body: Mapping[str, Any]) -> tuple[int, int]:
    return max(1, int(body.get("page") or 1)), max(1, int(body.get("offset") or _PAGE))


def _span(where: Mapping[str, Any]) -> tuple[int, int] | None:
    """Seconds from and to; the server ignores a window with one end only."""
    window = where.get("messageTimestamp") or {}
    if not (window.get("gte") and window.get("lte")):
        return None
    first, last = (datetime.fromisoformat(window[end]).timestamp() for end in ("gte", "lte"))
    return int(first), int(last)


def _matches(row: Row, where: Mapping[str, Any]) -> bool:
    return all(wanted == actual for wanted, actual in _filters(row, where))


def _filters(row: Row, where: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    key: Mapping[str, Any] = where.get("key") or {}
    pairs = (
        (where.get("id"), row.id),
        (where.get("source"), row.source),
        (where.get("messageType"), row.message_type),
        (key.get("remoteJid"), row.remote_jid),
        (key.get("fromMe"), row.key["fromMe"]),
        (key.get("participant"), row.key.get("participant")),
    )
    # A falsy filter is no filter, as in the server's own code.
    yield from ((wanted, actual) for wanted, actual in pairs if wanted)
