"""Making the conversations of some pairs what their facts say, inside the caller's transaction.

The stored ones that new facts can reach are read and locked, joined with what is new, and stretched by what we said;
what comes out is written. Doing it again, with the same facts or with others first, ends in the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from anclora.conversations import metrics
from anclora.conversations.history import Line, add
from anclora.conversations.model import Pair, State
from anclora.conversations.outs import QUERIES, Answer, Span, first_outs, last_outs
from anclora.conversations.rules import AFTERTHOUGHT, Stretch, answered, begun, idle_ends, joined, next_look
from anclora.conversations.tell import Told, tell
from anclora.events import EventType
from anclora.kit.ids import id_at
from anclora.storage.database import Connection, fetch_all

_encode = msgspec.json.Encoder().encode
Stored = Mapping[str, Any]
_HANDOFF = ("handoff_at", "handoff_reason", "handoff_note")


class Due(msgspec.Struct):
    """What is new of a pair.

    Attributes:
        since: the first moment it concerns.
        said: when the person said something that no conversation counts yet.
    """

    since: datetime
    said: list[datetime] = []


async def settle(conn: Connection, due: Mapping[Pair, Due], *, idle: timedelta, now: datetime) -> None:
    """Count what is new of these pairs."""
    if not due:
        return
    stored = await _lock(conn, due)
    stretches = {pair: _meet(new, stored.get(pair, {}).values(), idle) for pair, new in due.items()}
    await _stretch(conn, stretches, idle)
    flat = [(pair, each) for pair, some in stretches.items() for each in some]
    spans = [Span(pair, each.opened_at, each.last_at) for pair, each in flat]
    firsts = dict(zip(flat, await first_outs(conn, spans), strict=True))
    rows: list[dict[str, Any]] = []
    merged: list[tuple[UUID, UUID]] = []
    changes = _Changes()
    for pair, some in stretches.items():
        before = stored.get(pair, {})
        for each, idle_at in zip(some, idle_ends(some, idle, now), strict=True):
            parts = [before[one] for one in each.rows]
            row = _row(pair, each, parts, idle_at=idle_at, idle=idle, now=now) | _first(firsts[pair, each])
            rows.append(row)
            merged += [(part["id"], row["id"]) for part in parts[1:]]
            changes.note(row, parts, now)
    await _write(conn, rows, merged)
    await changes.write(conn)


async def _lock(conn: Connection, due: Mapping[Pair, Due]) -> dict[Pair, dict[UUID, Stored]]:
    found: dict[Pair, dict[UUID, Stored]] = {}
    pairs = list(due)
    row = {
        "instances": [pair.instance for pair in pairs],
        "contact_ids": [pair.contact_id for pair in pairs],
        "sinces": [due[pair].since for pair in pairs],
    }
    for each in await fetch_all(conn, QUERIES["lock_conversations"], **row):
        found.setdefault(Pair(each["instance"], each["root"]), {})[each["id"]] = each
    return found


def _meet(due: Due, stored: Iterable[Stored], idle: timedelta) -> list[Stretch]:
    """What is new, joined with what is stored."""
    known = [
        Stretch(
            opened_at=row["opened_at"],
            last_in_at=row["last_in_at"],
            last_out_at=row["last_out_at"],
            ended_at=row["closed_at"] if row["closed_by"] == "call" else None,
            rows=(row["id"],),
        )
        for row in stored
    ]
    closed = [each.ended_at for each in known if each.ended_at is not None]
    return joined([*known, *(begun(at, closed) for at in set(due.said))], idle)


async def _stretch(conn: Connection, stretches: dict[Pair, list[Stretch]], idle: timedelta) -> None:
    """Let what we said make them longer, until nothing more does; each time further, so it ends."""
    asked = set(stretches)
    while asked:
        flat = [(pair, each) for pair in asked for each in stretches[pair]]
        spans = [Span(pair, each.last_out_at or each.opened_at, each.until(idle)) for pair, each in flat]
        grown: dict[Pair, list[Stretch]] = {pair: [] for pair in asked}
        longer: set[Pair] = set()
        for (pair, each), out_at in zip(flat, await last_outs(conn, spans), strict=True):
            one = answered(each, out_at)
            grown[pair].append(one)
            if one is not each:
                longer.add(pair)
        for pair in longer:
            stretches[pair] = joined(grown[pair], idle)
        asked = longer


def _row(
    pair: Pair,
    stretch: Stretch,
    parts: Sequence[Stored],
    *,
    idle_at: datetime | None,
    idle: timedelta,
    now: datetime,
) -> dict[str, Any]:
    """A conversation as it is written: its times, and what people did with its parts."""
    was = parts[0] if parts else None
    if idle_at is not None and was and was["closed_by"] == "idle" and len(parts) == 1 and _last(was) == stretch.last_at:
        idle_at = was["closed_at"]  # another setting since then does not move an end
    closed_at = stretch.ended_at or idle_at
    handed = max((part for part in parts if part["handoff_at"]), key=lambda part: part["handoff_at"], default=None)
    held = max((part for part in parts if part["claimed_at"]), key=lambda part: part["claimed_at"], default=None)
    look_at = next_look(stretch, idle, now) if closed_at is None else _afterthought(was, closed_at, now)
    return {
        "id": was["id"] if was else id_at(stretch.opened_at),
        **pair._asdict(),
        "opened_at": stretch.opened_at,
        "last_in_at": stretch.last_in_at,
        "last_out_at": stretch.last_out_at,
        "closed_at": closed_at,
        "closed_by": "call" if stretch.ended_at else "idle" if idle_at else None,
        **{name: handed[name] if handed else None for name in _HANDOFF},
        "agent": held["agent"] if held else None,
        "claimed_at": held["claimed_at"] if held else None,
        "look_at": look_at,
    }


def _last(row: Stored) -> datetime:
    return max(row["last_in_at"], row["last_out_at"] or row["last_in_at"])


def _afterthought(was: Stored | None, closed_at: datetime, now: datetime) -> datetime | None:
    """When a closed one is looked at for the last time; None = that is done."""
    if was is None or was["closed_at"] is None:
        return max(closed_at, now) + AFTERTHOUGHT
    return was["look_at"] if was["look_at"] is not None and was["look_at"] > now else None


def _first(answer: Answer | None) -> dict[str, Any]:
    return {
        "first_response_at": answer.at if answer else None,
        "first_response_via": answer.via if answer else None,
        "first_response_id": answer.id if answer else None,
    }


class _Changes:
    """What became of conversations, for their history and for integrators."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.told: list[Told] = []

    def note(self, row: Mapping[str, Any], parts: Sequence[Stored], now: datetime) -> None:
        """Compare one with what it was."""
        was = parts[0] if parts else None
        over, was_over = row["closed_at"], was["closed_at"] if was else None
        for part in parts[1:]:
            self._add(row, "merged", now, note=str(part["id"]))
            if part["closed_at"] is None:
                more = {"state": State.CLOSED, "merged_into": row["id"]}
                self.told.append(Told(EventType.CONVERSATION_CLOSED, part["id"], now, more))
        if was is None:
            self._add(row, "opened", row["opened_at"])
            self.told.append(Told(EventType.CONVERSATION_OPENED, row["id"], row["opened_at"]))
        if was_over is not None and over is None:
            self._add(row, "reopened", now)
            self.told.append(Told(EventType.CONVERSATION_OPENED, row["id"], now, {"again": True}))
        elif over is not None and was_over is None:
            self._add(row, "closed", over, reason="idle")
            self.told.append(Told(EventType.CONVERSATION_CLOSED, row["id"], over))

    async def write(self, conn: Connection) -> None:
        """Write them down, and count them."""
        await add(conn, self.lines)
        await tell(conn, self.told)
        metrics.OPENED.inc(sum(line.kind == "opened" for line in self.lines))
        metrics.CLOSED.labels("idle").inc(sum(line.kind == "closed" for line in self.lines))

    def _add(self, row: Mapping[str, Any], kind: str, at: datetime, **more: str) -> None:
        self.lines.append(Line(conversation_id=row["id"], instance=row["instance"], at=at, kind=kind, **more))


async def _write(conn: Connection, rows: Sequence[Mapping[str, Any]], merged: Sequence[tuple[UUID, UUID]]) -> None:
    if merged:
        ids, into_ids = map(list, zip(*sorted(merged), strict=True))
        await conn.execute(QUERIES["merge_conversations"], {"ids": ids, "into_ids": into_ids})
    # What is over first: it makes room for the open one of its pair.
    ordered = sorted(rows, key=lambda row: (row["closed_at"] is None, row["id"]))
    await conn.execute(QUERIES["write_conversations"], {"rows": _encode(ordered).decode()})
