"""Reading what drafts name, all of them at once, before any of them is judged. A plain draft names nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from anclora.contacts import phone_digits
from anclora.kit.errors import InvalidError
from anclora.media import reserve
from anclora.messages.model import Draft
from anclora.messages.rules import due_moment
from anclora.messages.targets import NOTHING, Earlier, Known, own_id
from anclora.providers.contract import Media
from anclora.storage.database import Database, id_span
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_QUOTED_CHARS = 1_024


async def gather(
    db: Database,
    drafts: Sequence[Draft],
    *,
    instances: Sequence[str],
    region: str,
    now: datetime,
    media_days: int,
) -> Known:
    """What the ledger knows of the messages, files and people these drafts name.

    Args:
        db: the ledger.
        drafts: of one request.
        instances: names of our numbers.
        region: country of national numbers.
        now: the present moment.
        media_days: files named here stay for so long after their message may leave.

    Raises:
        UnavailableError: the database is away.
    """
    naming = [draft for draft in drafts if draft.type != "text" or draft.reply_to is not None]
    if not naming:
        return NOTHING
    wanted = {each for draft in naming for each in _references(draft)}
    ours, sent = await _messages(db, wanted, instances)
    hashes = {media.stored for draft in naming for media in files_of(draft) if media.stored is not None}
    until = max((_leaves(draft, now) for draft in naming if hashes), default=now)
    files = await reserve(db, sorted(filter(_storable, hashes)), days=media_days, until=until) if hashes else {}
    audience = {phone for draft in naming if draft.status for phone in _phones(draft.status.audience, region)}
    opted_out: frozenset[str] = frozenset()
    if audience:
        rows = await db.fetch_all(QUERIES["read_opted_out"], phones=sorted(audience))
        opted_out = frozenset(str(row["phone"]) for row in rows)
    return Known(ours=ours, sent=sent, files=files, opted_out=opted_out)


def files_of(draft: Draft) -> list[Media]:
    """The files a draft names."""
    found = [draft.media, draft.status.media if draft.status else None]
    header = draft.template.header if draft.template else None
    return [media for media in (*found, header) if isinstance(media, Media)]


async def earlier_of(db: Database, message_id: UUID) -> Earlier | None:
    """One message of ours, as others may speak of it."""
    ours, _ = await _messages(db, [str(message_id)], [])
    return ours.get(message_id)


async def _messages(
    db: Database, wanted: Iterable[str], instances: Sequence[str]
) -> tuple[Mapping[UUID, Earlier], frozenset[tuple[str, str]]]:
    ids = [found for each in wanted if (found := own_id(each)) is not None]
    others = [each for each in wanted if own_id(each) is None and _storable(each)]
    ours: dict[UUID, Earlier] = {}
    sent: frozenset[tuple[str, str]] = frozenset()
    if ids:
        rows = await db.fetch_all(QUERIES["read_targets"], **id_span(ids))
        ours = {row["id"]: _earlier(row) for row in rows}
    if others:
        rows = await db.fetch_all(QUERIES["read_sent_ids"], instances=list(instances), provider_ids=others)
        sent = frozenset((str(row["instance"]), str(row["provider_id"])) for row in rows)
    return ours, sent


def _references(draft: Draft) -> list[str]:
    target = draft.reaction.target if draft.reaction else None
    return [each for each in (draft.reply_to, target) if each is not None]


def _storable(text: str) -> bool:
    """Whether the database can be asked for it; what cannot is judged by the door."""
    return text.isprintable() and text.isascii()


def _leaves(draft: Draft, now: datetime) -> datetime:
    try:
        return due_moment(draft.send_at, draft.send_zone, now=now) or now
    except InvalidError:  # the door says so
        return now


def _phones(numbers: Iterable[str], region: str) -> list[str]:
    found: list[str] = []
    for number in numbers:
        try:
            found.append(phone_digits(number, region))
        except InvalidError:  # the door says so
            continue
    return found


def _earlier(row: Mapping[str, Any]) -> Earlier:
    content = msgspec.json.decode(bytes(row["content"]))
    text = content.get("text") if row["kind"] == "text" else None
    members = {name: row[name] for name in ("id", "state", "instance", "recipient", "provider_id", "sent_at", "kind")}
    return Earlier(text=text[:_QUOTED_CHARS] if text else None, **members)
