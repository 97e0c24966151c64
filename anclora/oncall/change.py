"""Changing the roster: people, duties, rotations and days off. Each change is audited in its own transaction."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, time
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from anclora.audit import record
from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError
from anclora.kit.ids import new_id
from anclora.oncall.errors import is_needed, no_holiday, no_person, unknown_people
from anclora.oncall.model import Duty, Holiday, Layer, Person, Rotation
from anclora.oncall.roster import QUERIES
from anclora.storage.database import Connection, Database, fetch_all, fetch_one

NAME_CHARS = 60
_MOST_PEOPLE = 50
_MOST_DAYS = 100
_CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,29}\Z")
_TARGET_CHARS = 200
_MOST_TARGETS = 5
_MONDAY = 0


async def put_person(db: Database, name: str, ways: Mapping[str, Sequence[str]], *, clock: Clock, actor: str) -> Person:
    """Enter somebody, or say anew how they are reached.

    Raises:
        InvalidError: the name or a way cannot be used.
    """
    name = named(name, "A name")
    if len(ways) > _MOST_TARGETS or not all(_is_way(channel, targets) for channel, targets in ways.items()):
        raise InvalidError(
            "A way is a channel and up to 5 targets of it, for example email=ana@example.com or slack=@U0123ABC.",
            code="invalid_way",
        )
    async with db.transaction() as conn:
        await conn.execute(QUERIES["lock_people"])
        values = {"name": name, "ways": Jsonb({key: list(each) for key, each in ways.items()}), "now": clock.now()}
        await conn.execute(QUERIES["put_person"], values)
        detail = {"channels": sorted(ways)}  # addresses are nobody's business here
        await record(conn, actor=actor, action="oncall.person", subject=f"oncall:{name}", detail=detail)
    return Person(name=name, ways=ways)


async def remove_person(db: Database, name: str, *, clock: Clock, actor: str) -> None:
    """Take somebody out; their name stays where it stands in what happened.

    Raises:
        NotFoundError: nobody is called so.
        ConflictError: they have a turn or a duty.
    """
    async with db.transaction() as conn:
        await conn.execute(QUERIES["lock_people"])
        if await fetch_one(conn, QUERIES["remove_person"], name=name) is None:
            raise no_person(name)
        row = await fetch_one(conn, QUERIES["person_is_named"], name=name, now=clock.now())
        if row and row["named"]:
            raise is_needed(name)
        await fetch_one(conn, QUERIES["forget_person"], name=name)
        await record(conn, actor=actor, action="oncall.person_removed", subject=f"oncall:{name}")


async def set_duty(db: Database, duty: Duty, name: str, *, clock: Clock, actor: str) -> None:
    """Say who is DevOps lead or CTO from now on.

    Raises:
        InvalidError: nobody is called so.
    """
    async with db.transaction() as conn:
        await known_people(conn, [name])
        await conn.execute(QUERIES["put_duty"], {"duty": duty.value, "person": name, "now": clock.now()})
        await record(conn, actor=actor, action="oncall.duty", subject=f"oncall:{duty.value}", detail={"person": name})


async def set_rotation(
    db: Database,
    layer: Layer,
    people: Sequence[str],
    *,
    starts_on: date,
    at: time,
    zone: str,
    clock: Clock,
    actor: str,
) -> Rotation:
    """Say who follows whom from a Monday on; what was before stays as it was.

    Args:
        db: the ledger.
        layer: which.
        people: in turn, the first one beginning on `starts_on`. The same may come twice.
        starts_on: a Monday (playbook: "Handoff: Monday 10:00 AM").
        at: wall time of the hand-offs in `zone`.
        zone: the business zone.
        clock: tells the time.
        actor: who says so.

    Raises:
        InvalidError: no Monday, nobody, or somebody nobody knows.
    """
    if starts_on.weekday() != _MONDAY:
        raise InvalidError("A rotation begins on a Monday; choose its date.", code="not_a_monday")
    if not 0 < len(people) <= _MOST_PEOPLE:
        raise InvalidError(f"A rotation has 1 to {_MOST_PEOPLE} people.", code="invalid_rotation")
    async with db.transaction() as conn:
        await known_people(conn, people)
        values = {"layer": layer.value, "starts_on": starts_on, "at": at.replace(second=0, microsecond=0, tzinfo=None)}
        values |= {"id": new_id(), "zone": zone, "people": list(people), "now": clock.now()}
        row = await fetch_one(conn, QUERIES["put_rotation"], **values)
        detail = {"starts_on": str(starts_on), "at": f"{at:%H:%M}", "zone": zone, "people": list(people)}
        await record(conn, actor=actor, action="oncall.rotation", subject=f"oncall:{layer.value}", detail=detail)
    return msgspec.convert(row, Rotation)


async def add_holiday(
    db: Database, first_day: date, last_day: date, name: str, person: str | None, *, clock: Clock, actor: str
) -> Holiday:
    """Days off of somebody, or (`person` None) of everybody: no business hour falls on those.

    Raises:
        InvalidError: the days run backwards or are too many, or nobody is called so.
    """
    name = named(name, "What the days off are for")
    if not 0 <= (last_day - first_day).days < _MOST_DAYS:
        raise InvalidError(f"Days off run forwards, for up to {_MOST_DAYS} days.", code="invalid_days")
    async with db.transaction() as conn:
        if person is not None:
            await known_people(conn, [person])
        values = {"id": new_id(), "first_day": first_day, "last_day": last_day, "person": person, "name": name}
        row = await fetch_one(conn, QUERIES["put_holiday"], **values, now=clock.now())
        detail = {"first_day": str(first_day), "last_day": str(last_day), "person": person, "name": name}
        await record(conn, actor=actor, action="oncall.holiday", subject=f"oncall:{values['id']}", detail=detail)
    return Holiday(**row or {})


async def remove_holiday(db: Database, holiday_id: UUID, *, actor: str) -> None:
    """Take days off back.

    Raises:
        NotFoundError: there are none of this id.
    """
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["remove_holiday"], id=holiday_id)
        if row is None:
            raise no_holiday(holiday_id)
        detail = {"name": row["name"]}
        await record(conn, actor=actor, action="oncall.holiday_removed", subject=f"oncall:{holiday_id}", detail=detail)


def named(text: str, what: str) -> str:
    """A short text people will read, without what does not belong into one line."""
    text = " ".join(text.split())
    if not 0 < len(text) <= NAME_CHARS or not text.isprintable():
        raise InvalidError(f"{what} has 1 to {NAME_CHARS} printable characters.", code="invalid_text")
    return text


async def known_people(conn: Connection, names: Collection[str]) -> None:
    """Refuse names nobody was entered under; nobody is removed until the transaction ends."""
    await conn.execute(QUERIES["lock_people"])
    known = {row["name"] for row in await fetch_all(conn, QUERIES["read_people"])}
    if unknown := set(names) - known:
        raise unknown_people(unknown)


def _is_way(channel: str, targets: Sequence[str]) -> bool:
    named_well = bool(_CHANNEL.match(channel)) and 0 < len(targets) <= _MOST_TARGETS
    return named_well and all(0 < len(each) <= _TARGET_CHARS and each.isprintable() for each in targets)
