"""Reading what people said: one thing, or a page of them; and the webhooks that could not be applied."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from anclora.inbound.hear import QUERIES
from anclora.kit.errors import NotFoundError
from anclora.kit.ids import first_id_at, moment_of
from anclora.kit.said import SAID
from anclora.storage.database import Database

_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_MOST = 200


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person said, or that was typed on the phone of one of our numbers. Times are UTC.

    Attributes:
        direction: `in` = to us, `phone` = typed on our own phone.
        at: when it was said; `heard_at` = when we wrote it down.
        peer: whoever wrote, or was written to: digits, or another address where no number is told.
        kind: text, image, video, audio, document, sticker, location, contacts, reaction, vote, choice, edit, delete or
            other.
        said: all of it, told apart by `type`.
        target: the provider's id of the message it changes, touches or chooses from.
        quoted: the provider's id of the message it answers.
        event_id: the webhook that told it; null = a look-up showed it.
        referral: the advertisement whose button began the talk, beside the first message behind it.
        changes: its edits, deletions, reactions and votes so far; only where one thing is read.
    """

    id: UUID
    instance: str
    direction: str
    at: datetime
    heard_at: datetime
    peer: str
    contact_id: UUID | None
    name: str | None
    kind: str
    text: Annotated[str | None, SAID]
    said: Annotated[dict[str, Any] | None, SAID]
    target: str | None
    quoted: str | None
    group: str | None
    provider_id: str
    event_id: UUID | None
    referral: dict[str, Any] | None = None
    changes: list["Heard"] = []


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that is stored and could not be applied: when it came, how big it is and why."""

    id: UUID
    instance: str
    kind: str
    error: str
    bytes: int
    at: datetime


async def get(db: Database, heard_id: UUID) -> Heard:
    """One thing somebody said, with what changed it. Raises `NotFoundError`."""
    row = await db.fetch_one(QUERIES["get_heard"], id=heard_id)
    if row is None:
        raise NotFoundError(f"Nothing with the id {heard_id} was heard.", code="heard_not_found")
    changes = await db.fetch_all(QUERIES["changes_of"], instance=row["instance"], target=row["provider_id"])
    return _heard(row, [_heard(each) for each in changes])


async def find(
    db: Database,
    *,
    instance: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: str | None = None,
    direction: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Heard]:
    """A page, the newest first.

    Args:
        db: the ledger.
        instance: only to this number of ours.
        since: said then or later.
        until: said before then.
        kind: as in `Heard`.
        direction: `in` or `phone`.
        before: the last id of the page before.
        limit: up to 200.
    """
    high = first_id_at(until) if until else _LAST
    rows = await db.fetch_all(
        QUERIES["find_heard"],
        low=first_id_at(since) if since else _FIRST,
        high=min(high, before) if before else high,
        instance=instance,
        kind=kind,
        direction=direction,
        limit=min(max(limit, 1), _MOST),
    )
    return [_heard(row) for row in rows]


async def find_failed(
    db: Database, *, instance: str | None = None, before: UUID | None = None, limit: int = 50
) -> list[Failed]:
    """Webhooks that could not be applied, the newest first."""
    rows = await db.fetch_all(
        QUERIES["find_failed"], instance=instance, before=before or _LAST, limit=min(max(limit, 1), _MOST)
    )
    return [Failed(**row, at=moment_of(row["id"])) for row in rows]


async def count_failed(db: Database) -> int:
    """How many webhooks could not be applied."""
    row = await db.fetch_one(QUERIES["count_failed"])
    return int(row["n"]) if row else 0


def _heard(row: Mapping[str, Any], changes: list[Heard] | None = None) -> Heard:
    shown = {name: value for name, value in row.items() if name != "group_jid"}
    return Heard(**shown, group=row["group_jid"], changes=changes or [])
