"""Writing what people said into the ledger, each thing once, and telling of what is new.

One transaction: whose the addresses are, when they wrote last, the rows, and `message.received` or `message.typed` for
those that were not there before. The same webhook twice, or a look-up behind it, changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from anclora import events
from anclora.contacts import Evidence, resolve
from anclora.contacts.addresses import known
from anclora.contacts.show import QUERIES as CONTACTS
from anclora.events import EventType, Happened
from anclora.inbound.metrics import HEARD
from anclora.inbound.numbered import read_numbers
from anclora.kit.ids import id_at
from anclora.providers.contract import (
    ContactEvent,
    InboundEvent,
    OwnMessageEvent,
    Referral,
    Said,
    SaidChoice,
    SaidDelete,
    SaidEdit,
    SaidMedia,
    SaidReaction,
    SaidText,
    SaidVote,
)
from anclora.storage.database import Connection, Database, fetch_all
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_encode = msgspec.json.Encoder().encode
_LONGEST_NAME = 200
_AT_ONCE = 1_000


class Voice(msgspec.Struct, frozen=True):
    """Something a person said, and where it was told.

    Attributes:
        event_id: the webhook's, as text; None = a look-up told it.
    """

    instance: str
    event: InboundEvent | OwnMessageEvent
    event_id: str | None


class _Row(msgspec.Struct, kw_only=True):
    """The names of `hear`."""

    instance: str
    provider_id: str
    id: UUID
    direction: str
    at: datetime
    peer: str
    kind: str
    text: str | None
    said: Said | None
    target: str | None
    quoted: str | None
    group_jid: str | None
    name: str | None
    event_id: str | None
    referral: Referral | None
    contact_id: UUID | None = None


def voices(
    told: Iterable[tuple[str, str | None, Sequence[object]]], *, keep_groups: bool
) -> tuple[list[Voice], list[tuple[str, ContactEvent]]]:
    """What is to be written of some webhooks (instance, id, events): what people said, and what is said of them."""
    found: list[Voice] = []
    names: list[tuple[str, ContactEvent]] = []
    for instance, event_id, told_events in told:
        for event in told_events:
            if isinstance(event, InboundEvent):
                if event.group is None or keep_groups:
                    found.append(Voice(instance, event, event_id))
            elif isinstance(event, OwnMessageEvent):
                # Ours are in the ledger as messages; only what was typed on the phone is news.
                if not event.by_api and event.said is not None and (keep_groups or not _is_group(event.recipient)):
                    found.append(Voice(instance, event, event_id))
            elif isinstance(event, ContactEvent) and event.name:
                names.append((instance, event))
    return found, names


async def hear(db: Database, found: Sequence[Voice], names: Sequence[tuple[str, ContactEvent]] = ()) -> int:
    """Write these, a thousand a transaction; how many were new.

    Raises:
        UnavailableError: the ledger is away; to do it again is harmless.
    """
    new = await _hear(db, found[:_AT_ONCE], names) if found or names else 0
    for start in range(_AT_ONCE, len(found), _AT_ONCE):
        new += await _hear(db, found[start : start + _AT_ONCE], ())
    return new


async def _hear(db: Database, found: Sequence[Voice], names: Sequence[tuple[str, ContactEvent]]) -> int:
    async with db.transaction() as conn:
        rows = {(voice.instance, voice.event.provider_id): (voice, _row(voice)) for voice in found}
        owners = await resolve(conn, [each for voice, _ in rows.values() if (each := _evidence(voice)) is not None])
        for voice, row in rows.values():
            row.contact_id = next((owners[a] for a in _addresses(voice.event) if a in owners), None)
        await read_numbers(conn, [row for voice, row in rows.values() if isinstance(voice.event, InboundEvent)])
        await _touch(conn, rows.values())
        await _name(conn, names)
        new = await _write(conn, [row for _, row in rows.values()])
        await events.append(conn, [_happened(row) for row in new])
    for row in new:
        HEARD.labels(row.direction, row.kind).inc()
    return len(new)


async def _write(conn: Connection, rows: Sequence[_Row]) -> list[_Row]:
    if not rows:
        return []
    ordered = sorted(rows, key=lambda row: (row.instance, row.provider_id))
    fresh = await fetch_all(conn, QUERIES["hear"], rows=_encode(ordered).decode())
    ids = {each["id"] for each in fresh}
    return sorted((row for row in rows if row.id in ids), key=lambda row: row.id)


async def _touch(conn: Connection, rows: Iterable[tuple[Voice, _Row]]) -> None:
    """When each person wrote last, and the name they gave. An edit or a deletion opens no window."""
    last: dict[UUID, datetime] = {}
    names: dict[UUID, str] = {}
    for voice, row in sorted(rows, key=lambda pair: pair[1].at):
        contact_id, event = row.contact_id, voice.event
        if contact_id is None or not isinstance(event, InboundEvent):
            continue
        if row.name:
            names[contact_id] = row.name
        if event.group is None and not isinstance(event.said, SaidEdit | SaidDelete):
            last[contact_id] = event.at
    ids = sorted(last.keys() | names.keys())
    if ids:
        row = {"ids": ids, "ats": [last.get(each) for each in ids], "names": [names.get(each) for each in ids]}
        await conn.execute(CONTACTS["touch_people"], row)


async def _name(conn: Connection, names: Sequence[tuple[str, ContactEvent]]) -> None:
    given = {a: event.name[:_LONGEST_NAME] for _, event in names if event.name for a in event.addresses if known(a)}
    if given:
        pairs = [address.partition(":")[::2] for address in given]
        row = {"kinds": [k for k, _ in pairs], "values": [v for _, v in pairs], "names": list(given.values())}
        await conn.execute(CONTACTS["name_people"], row)


def _addresses(event: InboundEvent | OwnMessageEvent) -> tuple[str, ...]:
    """Those it names; a provider that names none says at least who wrote."""
    peer = event.sender if isinstance(event, InboundEvent) else event.recipient
    named = event.addresses or ((f"phone:{peer}",) if peer.isdigit() else ())
    return tuple(address for address in named if known(address))


def _evidence(voice: Voice) -> Evidence | None:
    addresses = _addresses(voice.event)
    if not addresses:
        return None
    return Evidence(addresses=addresses, at=voice.event.at, why=f"named together by {voice.instance}")


def _is_group(jid: str) -> bool:
    return jid.endswith("@g.us")


def _row(voice: Voice) -> _Row:
    event, said = voice.event, voice.event.said
    inbound = isinstance(event, InboundEvent)
    peer = event.sender if inbound else event.recipient
    return _Row(
        instance=voice.instance,
        provider_id=event.provider_id,
        id=id_at(event.at),
        direction="in" if inbound else "phone",
        at=event.at,
        peer=peer,
        kind=kind_of(said),
        text=event.text,
        said=said,
        target=target_of(said),
        quoted=event.quoted,
        group_jid=event.group if inbound else (peer if _is_group(peer) else None),
        name=event.name[:_LONGEST_NAME] if inbound and event.name else None,
        event_id=voice.event_id,
        referral=event.referral if inbound else None,
    )


def kind_of(said: Said | None) -> str:
    """The kind of what was said: its type, and of files what they are."""
    if said is None:
        return "other"
    return said.kind if isinstance(said, SaidMedia) else str(type(said).__struct_config__.tag)


def target_of(said: Said | None) -> str | None:
    """The earlier message it changes or answers by a touch."""
    if isinstance(said, SaidReaction | SaidVote | SaidEdit | SaidDelete | SaidChoice):
        return said.target or None
    return None


def _happened(row: _Row) -> Happened:
    shown: Mapping[str, Any] = msgspec.to_builtins(
        {
            "id": row.id,
            "contact_id": row.contact_id,
            "from" if row.direction == "in" else "to": row.peer,
            "name": row.name,
            "kind": row.kind,
            "text": row.text,
            "said": row.said or SaidText(text=row.text or ""),
            "target": row.target,
            "quoted": row.quoted,
            "group": row.group_jid,
            "referral": row.referral,
            "provider_id": row.provider_id,
            "at": row.at,
        }
    )
    return Happened(
        type=EventType.MESSAGE_RECEIVED if row.direction == "in" else EventType.MESSAGE_TYPED,
        subject=f"contact:{row.peer}",
        instance=row.instance,
        at=row.at,
        data=dict(shown),
    )
