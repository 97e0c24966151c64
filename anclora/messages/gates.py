"""What operators stop and let go again, and the quiet hours of a class: rows that lanes and intents obey in a second.

A number, a priority or everything is stopped in the lanes, where nothing is claimed any more. A class, a campaign or a
tag is stopped one message at a time: each is held when its turn comes, and let in again when the gate opens.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from anclora.audit import record
from anclora.instances.book import QUERIES as INSTANCES
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.messages.model import MessageClass, Priority, PriorityName
from anclora.messages.quiet import Window, parse_window
from anclora.storage.database import Connection, Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
EVERYTHING, INSTANCE, PRIORITY, CLASS, CAMPAIGN, TAG = "all", "instance", "priority", "class", "campaign", "tag"
_LONGEST = 200


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A closed gate.

    Attributes:
        what: all, instance, priority, class, campaign or tag.
        value: its name; empty for all.
        instance: of a priority that is stopped for one number only; else empty.
        why: in the words of whoever closed it.
    """

    what: str
    value: str
    instance: str
    why: str | None
    actor: str
    closed_at: datetime


class GateChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which gate: exactly one of these, or a priority of one instance.

    Attributes:
        everything: nothing leaves any more.
        instance: a number of ours.
        priority: critical, high, normal or low; everywhere, or with `instance` there only.
        kind: `class` in JSON: reply, utility or marketing.
        campaign_id: what belongs to this campaign.
        tag: what carries this tag.
        why: up to 200 characters, for whoever looks later.
    """

    everything: bool = False
    instance: str | None = None
    priority: PriorityName | None = None
    kind: MessageClass | None = msgspec.field(default=None, name="class")
    campaign_id: UUID | None = None
    tag: str | None = None
    why: str | None = None


async def read_gates(db: Database) -> list[Gate]:
    """Every closed gate, the oldest first."""
    return [Gate(**row) for row in await db.fetch_all(QUERIES["read_gates"])]


async def pause(db: Database, choice: GateChoice, *, actor: str) -> bool:
    """Close a gate; False = it was closed already.

    Raises:
        InvalidError: nothing, or more than one thing was chosen.
        NotFoundError: no such number.
    """
    what, value, instance = _name(choice)
    if choice.why is not None and (len(choice.why) > _LONGEST or not choice.why.isprintable()):
        raise InvalidError(f"Say why in one line of up to {_LONGEST} characters.", code="invalid_text")
    name = value if what == INSTANCE else instance
    async with db.transaction() as conn:
        if name and await (await conn.execute(INSTANCES["lock_instance"], {"name": name})).fetchone() is None:
            raise NotFoundError(f"There is no instance {name[:60]!a}.", code="unknown_instance")
        row = {"what": what, "value": value, "instance": instance, "why": choice.why, "actor": actor}
        closed = await (await conn.execute(QUERIES["close_gate"], row)).fetchone() is not None
        if closed:
            await _audit(conn, "queue.pause", (what, value, instance), actor, {"why": choice.why})
    return closed


async def resume(db: Database, choice: GateChoice, *, actor: str) -> bool:
    """Open a gate; False = it was open. Others may still be closed for the same messages.

    Raises:
        InvalidError: nothing, or more than one thing was chosen.
    """
    what, value, instance = _name(choice)
    async with db.transaction() as conn:
        row = {"what": what, "value": value, "instance": instance}
        opened = await (await conn.execute(QUERIES["open_gate"], row)).fetchone() is not None
        if opened:
            await _audit(conn, "queue.resume", (what, value, instance), actor, {})
    return opened


async def read_quiet(db: Database) -> dict[MessageClass, Window]:
    """The quiet hours there are, by class."""
    return {MessageClass(row["class"]): parse_window(row["quiet"]) for row in await db.fetch_all(QUERIES["read_quiet"])}


async def own_zones(db: Database) -> tuple[str, ...]:
    """The zones that somebody said of contacts."""
    return tuple(row["zone"] for row in await db.fetch_all(QUERIES["own_zones"]))


async def set_quiet(db: Database, kind: MessageClass, hours: str | None, *, actor: str) -> dict[MessageClass, Window]:
    """Set the quiet hours of a class, `21:00-09:00` by the clocks of its recipients, or none; all there are now.

    Raises:
        InvalidError: these are no hours, or the class is `reply`.
    """
    if kind is MessageClass.REPLY and hours is not None:
        raise InvalidError("A reply answers somebody who is awake: it never waits for the morning.", code="quiet_reply")
    quiet = str(parse_window(hours)) if hours is not None else None
    async with db.transaction() as conn:
        changed = await (await conn.execute(QUERIES["set_quiet"], {"class": kind.value, "quiet": quiet})).fetchone()
        if changed is not None:
            detail = {"hours": quiet}
            await record(conn, actor=actor, action="queue.quiet_hours", subject=f"class:{kind.value}", detail=detail)
    return await read_quiet(db)


def stop_of(gates: Iterable[Gate], instance: str) -> Gate | None:
    """What stops a whole number: itself, or everything. Pure."""
    return next((g for g in gates if g.what == EVERYTHING or (g.what == INSTANCE and g.value == instance)), None)


def closed_levels(gates: Sequence[Gate], instance: str) -> frozenset[int]:
    """The priorities nobody may claim of a number's lane. Pure."""
    if stop_of(gates, instance):
        return frozenset(Priority)
    here = (gate for gate in gates if gate.what == PRIORITY and gate.instance in ("", instance))
    return frozenset(Priority[gate.value.upper()] for gate in here)


def _name(choice: GateChoice) -> tuple[str, str, str]:
    chosen: list[tuple[str, str, str]] = []
    if choice.everything:
        chosen.append((EVERYTHING, "", ""))
    if choice.priority is not None:
        chosen.append((PRIORITY, choice.priority, choice.instance or ""))
    elif choice.instance is not None:
        chosen.append((INSTANCE, choice.instance, ""))
    if choice.kind is not None:
        chosen.append((CLASS, choice.kind.value, ""))
    if choice.campaign_id is not None:
        chosen.append((CAMPAIGN, str(choice.campaign_id), ""))
    if choice.tag:
        chosen.append((TAG, choice.tag, ""))
    if len(chosen) != 1:
        raise InvalidError(
            "Choose one thing: everything, instance, priority (of an instance), class, campaign_id or tag.",
            code="nothing_chosen",
        )
    if any(len(part) > _LONGEST or not part.isprintable() for part in chosen[0]):
        raise InvalidError(f"A name has up to {_LONGEST} printable characters.", code="invalid_text")
    return chosen[0]


async def _audit(
    conn: Connection, action: str, gate: tuple[str, str, str], actor: str, detail: dict[str, str | None]
) -> None:
    what, value, instance = gate
    subject = ":".join(part for part in (what, value, instance) if part)
    await record(conn, actor=actor, action=action, subject=subject, detail=detail)
