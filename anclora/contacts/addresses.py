"""Whose an address is: people have several (a phone, a lid, an id at Meta), and evidence joins them.

Addresses that come together in one event are one person's. The contacts are what that joins: in whatever order evidence
comes, it ends in the same ones. What a person decided (`pinned`) is moved by no evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from anclora.contacts.merge import join
from anclora.contacts.show import QUERIES
from anclora.kit.ids import new_id
from anclora.storage.database import Connection, fetch_all

KINDS = ("phone", "lid", "cloud")


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses that are one person's.

    Attributes:
        addresses: `kind:value`, at least one.
        at: when it was so.
        why: what shows it, in a few words.
    """

    addresses: tuple[str, ...]
    at: datetime
    why: str


class _Owner(msgspec.Struct, frozen=True):
    contact_id: UUID
    pinned: bool
    written: bool


class _New(msgspec.Struct, frozen=True):
    contact_id: UUID
    evidence: Evidence


Owners = dict[str, _Owner]


def known(address: str) -> bool:
    """Whether it is an address of a kind we keep."""
    kind, _, value = address.partition(":")
    return kind in KINDS and bool(value) and len(value) <= 200 and "\0" not in value


async def resolve(conn: Connection, evidence: Sequence[Evidence], *, actor: str = "evidence") -> Mapping[str, UUID]:
    """The contact of each address, made or merged where evidence asks for it, inside the caller's transaction.

    Where all is known already, it is one reading and nobody waits.
    """
    addresses = {address for each in evidence for address in each.addresses}
    if not addresses:
        return {}
    owners = await _read(conn, addresses)
    news = [each for each in evidence if not _settled(each, owners)]
    if news:
        await conn.execute(QUERIES["lock_addresses"])
        await _make(conn, news)
        plain, joining = _parted(news, await _read(conn, addresses))
        await _write(conn, plain)
        for each in joining:
            await _learn(conn, each, actor)
        owners = await _read(conn, addresses)
    return {address: owner.contact_id for address, owner in owners.items()}


def _settled(evidence: Evidence, owners: Owners) -> bool:
    """Whether all of it is written, and nothing is left to join."""
    found = [owners.get(address) for address in evidence.addresses]
    free = {owner.contact_id for owner in found if owner is not None and not owner.pinned}
    return len(free) < 2 and all(owner is not None and owner.written for owner in found)


def _parted(news: Sequence[Evidence], owners: Owners) -> tuple[dict[str, _New], list[Evidence]]:
    """What only has to be written, many at once, and what joins contacts or speaks of none yet, one by one."""
    plain: dict[str, _New] = {}
    joining: list[Evidence] = []
    for each in news:
        roots = {owners[address].contact_id for address in each.addresses if address in owners}
        roots |= {plain[address].contact_id for address in each.addresses if address in plain}
        if len(roots) != 1 or any(owners[a].pinned for a in each.addresses if a in owners):
            joining.append(each)
            continue
        [root] = roots
        plain |= {address: _New(root, each) for address in each.addresses if address not in plain}
    return plain, joining


async def _learn(conn: Connection, evidence: Evidence, actor: str) -> None:
    owners = await _read(conn, evidence.addresses)
    free = [address for address in evidence.addresses if address not in owners or not owners[address].pinned]
    roots = sorted({owners[address].contact_id for address in free if address in owners})
    if not roots and owners:  # beside what a person decided about: it is that one's too
        roots = sorted(owner.contact_id for owner in owners.values())[:1]
    if not roots:
        lone = new_id()
        await conn.execute(QUERIES["make_contacts"], {"ids": [lone], "phones": [None]})
        roots = [lone]
    root = roots[0]
    for other in roots[1:]:
        root = await join(conn, root, other, evidence=evidence.why, actor=actor)
    await _write(conn, {address: _New(root, evidence) for address in free})


async def _make(conn: Connection, news: Sequence[Evidence]) -> None:
    """A row for every number: whoever sends to it finds the same person."""
    pairs = {split(address) for each in news for address in each.addresses}
    phones = sorted(value for kind, value in pairs if kind == "phone")
    if phones:
        await conn.execute(QUERIES["make_contacts"], {"ids": [new_id() for _ in phones], "phones": phones})


async def _write(conn: Connection, them: Mapping[str, _New]) -> None:
    if them:
        kinds, values = _columns(list(them))
        row = {
            "kinds": kinds,
            "values": values,
            "contact_ids": [new.contact_id for new in them.values()],
            "evidences": [new.evidence.why for new in them.values()],
            "sinces": [new.evidence.at for new in them.values()],
        }
        await conn.execute(QUERIES["write_addresses"], row)


async def _read(conn: Connection, addresses: Iterable[str]) -> Owners:
    wanted = sorted(addresses)
    kinds, values = _columns(wanted)
    phones = [value for kind, value in map(split, wanted) if kind == "phone"]
    rows = await fetch_all(conn, QUERIES["read_owners"], phones=phones, kinds=kinds, values=values)
    return {f"{r['kind']}:{r['value']}": _Owner(r["contact_id"], r["pinned"], r["written"]) for r in rows}


def split(address: str) -> tuple[str, str]:
    """Kind and value of `kind:value`."""
    kind, _, value = address.partition(":")
    return kind, value


def _columns(addresses: Sequence[str]) -> tuple[list[str], list[str]]:
    pairs = [split(address) for address in addresses]
    return [kind for kind, _ in pairs], [value for _, value in pairs]
