"""Recording conversions: many in one transaction, each once, with what led to it and the event that tells of it.

The steps are sets, so that a sheet of thousands costs a dozen statements. What is wrong with one of them is its own
answer; whether the others are kept is the caller's affair.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from anclora import events
from anclora.contacts.show import QUERIES as CONTACTS
from anclora.conversions.errors import other_body
from anclora.conversions.metrics import RECORDED
from anclora.conversions.model import Books, Desk, Source, Wish
from anclora.conversions.rules import Draft, draft_of, person_of
from anclora.conversions.told import told
from anclora.conversions.touches import Asked, touch
from anclora.kit.errors import AncloraError, InvalidError
from anclora.kit.ids import new_id
from anclora.storage.database import Connection, Database, fetch_all
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_encode = msgspec.json.Encoder().encode
_NOBODY = UUID(int=0)


class Recorded(msgspec.Struct, frozen=True):
    """A conversion that is in the ledger; `replayed` = it was there already."""

    id: UUID
    replayed: bool


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """The names of `insert_conversions`."""

    id: UUID
    kind: str
    external_id: str | None
    hash: str
    contact_id: UUID
    message_id: UUID | None
    campaign_id: UUID | None
    amount: int | None
    currency: str | None
    note: str | None
    occurred_at: Any


async def record(db: Database, wish: Wish, desk: Desk) -> Recorded:
    """Record one.

    Raises:
        InvalidError: it cannot be recorded as it is.
        ConflictError: `external_id_taken`: something else stands under its external id.
    """
    async with db.transaction() as conn:
        [end] = await record_all(conn, [wish], desk, source="api")
        if isinstance(end, AncloraError):
            raise end
    return end


async def record_all(
    conn: Connection, wishes: Sequence[Wish], desk: Desk, *, source: Source
) -> list[Recorded | AncloraError]:
    """Record these inside the caller's transaction; what became of each, in their order."""
    books = await read_books(conn)
    ends: dict[int, Recorded | AncloraError] = {}
    drafts: dict[int, Draft] = {}
    for place, wish in enumerate(wishes):
        try:
            drafts[place] = draft_of(wish, books, region=desk.region, now=desk.now)
        except InvalidError as error:
            ends[place] = error
    owners = await _owners(conn, list(drafts.values()), desk)
    rows: dict[int, _Row] = {}
    for place, draft in drafts.items():
        owner = owner_of(draft.person, draft.message_id, owners)
        if isinstance(owner, AncloraError):
            ends[place] = owner
        else:
            rows[place] = _row(draft, owner)
    new = await _insert(conn, rows, desk, source)
    ends |= await _others(conn, {place: row for place, row in rows.items() if row.id not in new}, desk.account)
    fresh = {place: row for place, row in rows.items() if row.id in new}
    ends |= {place: Recorded(row.id, replayed=False) for place, row in fresh.items()}
    await _tell(conn, list(fresh.values()), books, desk)
    for row in fresh.values():
        RECORDED.labels(row.kind if row.kind in _NAMED else "own", source).inc()
    return [ends[place] for place in range(len(wishes))]


_NAMED = ("lead", "qualified_lead", "appointment", "sale")


async def read_books(conn: Connection) -> Books:
    """The kinds and currencies there are."""
    rows = await fetch_all(conn, QUERIES["read_books"])
    return Books(
        {row["name"]: bool(row["value"]) for row in rows if row["what"] == "kind"},
        {row["name"]: row["value"] for row in rows if row["what"] == "currency"},
    )


class Owners(msgspec.Struct, frozen=True):
    """Contacts by address and by message."""

    people: Mapping[tuple[str, str], UUID]
    messages: Mapping[UUID, UUID]


async def find_owners(
    conn: Connection, people: Sequence[tuple[str, str]], messages: Sequence[UUID], account: str
) -> Owners:
    """Whose these addresses and messages are. A number nobody has written to becomes a contact."""
    phones = sorted({value for kind, value in people if kind == "phone"})
    if phones:
        await conn.execute(CONTACTS["make_contacts"], {"ids": [new_id() for _ in phones], "phones": phones})
    pairs = sorted(set(people))
    kinds, values = [kind for kind, _ in pairs], [value for _, value in pairs]
    found = await fetch_all(conn, QUERIES["find_people"], kinds=kinds, values=values) if pairs else []
    ids = sorted(set(messages))
    owned = await fetch_all(conn, QUERIES["find_message_owners"], ids=ids, account=account) if ids else []
    return Owners(
        {(row["kind"], row["value"]): row["contact_id"] for row in found},
        {row["id"]: row["contact_id"] for row in owned},
    )


async def find_contact(db: Database, text: str, region: str) -> UUID:
    """Who is meant by an address or an id; an id of nobody when nobody is known by it.

    Raises:
        InvalidError: it is neither.
    """
    kind, value = person_of(text, region)
    [row] = await db.fetch_all(QUERIES["find_people"], kinds=[kind], values=[value]) or [{"contact_id": _NOBODY}]
    return row["contact_id"]


async def _owners(conn: Connection, drafts: Sequence[Draft], desk: Desk) -> Owners:
    people = [draft.person for draft in drafts if draft.person is not None]
    messages = [draft.message_id for draft in drafts if draft.message_id is not None]
    return await find_owners(conn, people, messages, desk.account)


def owner_of(person: tuple[str, str] | None, message_id: UUID | None, owners: Owners) -> UUID | InvalidError:
    """Whose it is, or why that cannot be said."""
    said = None if person is None else owners.people.get(person)
    if person is not None and said is None:
        return InvalidError("Nobody is known by this id or address. Give a phone number.", code="unknown_contact")
    if message_id is not None:
        found = owners.messages.get(message_id)
        if found is None:
            return InvalidError(f"There is no message {message_id}.", code="unknown_message")
        if said is not None and said != found:
            return InvalidError("This message went to somebody else.", code="other_contact")
        return found
    if said is None:
        return InvalidError("Say whose it is: contact or message_id.", code="no_contact")
    return said


def _row(draft: Draft, contact_id: UUID) -> _Row:
    return _Row(
        id=new_id(),
        kind=draft.kind,
        external_id=draft.external_id,
        hash=draft.hash.hex(),
        contact_id=contact_id,
        message_id=draft.message_id,
        campaign_id=draft.campaign_id,
        amount=draft.amount,
        currency=draft.currency,
        note=draft.note,
        occurred_at=draft.occurred_at,
    )


async def _insert(conn: Connection, rows: Mapping[int, _Row], desk: Desk, source: Source) -> frozenset[UUID]:
    if not rows:
        return frozenset()
    given = {"account": desk.account, "source": source, "now": desk.now, "actor": desk.actor}
    text = _encode(list(rows.values())).decode()
    fresh = await fetch_all(conn, QUERIES["insert_conversions"], rows=text, **given)
    return frozenset(row["id"] for row in fresh)


async def _others(conn: Connection, rows: Mapping[int, _Row], account: str) -> dict[int, Recorded | AncloraError]:
    """What stands already under the external ids of these, and whether it is the same."""
    if not rows:
        return {}
    kinds, names = [row.kind for row in rows.values()], [row.external_id for row in rows.values()]
    found = await fetch_all(
        conn, QUERIES["find_external"], kinds=kinds, external_ids=names, account=account, event="recorded"
    )
    there = {(row["kind"], row["external_id"]): row for row in found}
    ends: dict[int, Recorded | AncloraError] = {}
    for place, row in rows.items():
        other = there[row.kind, row.external_id]
        same = bytes(other["hash"]).hex() == row.hash
        ends[place] = Recorded(other["id"], replayed=True) if same else other_body(row.external_id or "")
    return ends


async def _tell(conn: Connection, rows: Sequence[_Row], books: Books, desk: Desk) -> None:
    if not rows:
        return
    asked = [
        Asked(
            id=row.id,
            contact_id=row.contact_id,
            occurred_at=row.occurred_at,
            message_id=row.message_id,
            campaign_id=row.campaign_id,
        )
        for row in rows
    ]
    await touch(conn, asked, window_days=desk.window_days)
    facts = [
        told(
            "recorded",
            row.id,
            row.id,
            kind=row.kind,
            contact_id=row.contact_id,
            amount=row.amount,
            net=row.amount,
            currency=row.currency,
            exponent=books.exponents.get(row.currency or "", 0),
            external_id=row.external_id,
            message_id=row.message_id,
            campaign_id=row.campaign_id,
            at=row.occurred_at,
        )
        for row in rows
    ]
    await events.append(conn, facts)
