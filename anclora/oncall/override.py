"""Somebody else for a while, and two people who exchange their weeks."""

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from anclora.audit import record
from anclora.kit.clock import Clock, business_date
from anclora.kit.errors import InvalidError
from anclora.kit.ids import new_id
from anclora.oncall.change import known_people, named
from anclora.oncall.errors import no_override
from anclora.oncall.model import Hours, Layer, Override, Shift, Span
from anclora.oncall.roster import QUERIES, read_roster
from anclora.oncall.rules import handoffs_between, scheduled
from anclora.storage.database import Connection, Database, fetch_all, fetch_one

_LONGEST = timedelta(days=60)


async def override(
    db: Database,
    layer: Layer,
    person: str,
    starts_at: datetime,
    ends_at: datetime,
    why: str,
    *,
    clock: Clock,
    actor: str,
) -> Override:
    """Give a time to somebody; of several overrides the one made last wins.

    Raises:
        InvalidError: the time is over, runs backwards or is longer than 60 days, or nobody is called so.
    """
    why, now = named(why, "The reason"), clock.now()
    if not timedelta() < ends_at - starts_at <= _LONGEST or ends_at <= now:
        raise InvalidError("An override ends after it begins, in the future, within 60 days.", code="invalid_span")
    async with db.transaction() as conn:
        await known_people(conn, [person])
        span = Span(starts_at, ends_at)
        found = await _put(conn, layer, person, span, why, None, now, actor)
        detail = {"layer": layer.value, "person": person, "from": starts_at.isoformat(), "to": ends_at.isoformat()}
        await record(conn, actor=actor, action="oncall.override", subject=f"oncall:{found.id}", detail=detail)
    return found


async def swap(
    db: Database, first: date, second: date, why: str, hours: Hours, *, clock: Clock, actor: str
) -> list[Override]:
    """Exchange the people of two weeks of the primary rotation, named by the days they begin on.

    Raises:
        InvalidError: no week begins on a day, it is over, or both are the same person's.
    """
    why, now, swap_id = named(why, "The reason"), clock.now(), new_id()
    async with db.transaction() as conn:
        await known_people(conn, [])
        roster = await read_roster(conn, hours, now)
        weeks: list[Shift] = []
        for day in (first, second):
            midnight = datetime.combine(day, datetime.min.time(), tzinfo=now.tzinfo)
            begins = list(handoffs_between(roster, midnight - timedelta(days=2), midnight + timedelta(days=9)))
            ahead = [at for at in begins if business_date(at, hours.zone) == day]
            later = [at for at in begins if ahead and at > ahead[0]]
            if not ahead or not later or later[0] <= now:
                raise InvalidError(f"No week that goes on or is coming begins on {day}.", code="no_such_week")
            weeks.append(Shift(starts_at=ahead[0], ends_at=later[0], person=scheduled(roster, Layer.PRIMARY, ahead[0])))
        one, other = weeks
        if one.person is None or other.person is None or one.person == other.person:
            raise InvalidError("The two weeks belong to the same person; there is nothing to swap.", code="same_person")
        found = [
            await _put(conn, Layer.PRIMARY, other.person, Span(one.starts_at, one.ends_at), why, swap_id, now, actor),
            await _put(conn, Layer.PRIMARY, one.person, Span(other.starts_at, other.ends_at), why, swap_id, now, actor),
        ]
        detail = {"weeks": [str(first), str(second)], "people": [one.person, other.person]}
        await record(conn, actor=actor, action="oncall.swap", subject=f"oncall:{swap_id}", detail=detail)
    return found


async def cancel_override(db: Database, override_id: UUID, *, clock: Clock, actor: str) -> int:
    """End an override, or both halves of a swap (by the id of the swap); how many ended.

    Raises:
        NotFoundError: none of this id goes on or is coming.
    """
    async with db.transaction() as conn:
        ended = await fetch_all(conn, QUERIES["cancel_override"], id=override_id, now=clock.now())
        if not ended:
            raise no_override(override_id)
        await record(conn, actor=actor, action="oncall.override_canceled", subject=f"oncall:{override_id}")
    return len(ended)


async def _put(
    conn: Connection,
    layer: Layer,
    person: str,
    span: Span,
    why: str,
    swap_id: UUID | None,
    now: datetime,
    actor: str,
) -> Override:
    values = {"id": new_id(), "layer": layer.value, "person": person, "why": why, "swap_id": swap_id, "actor": actor}
    values |= {"starts_at": span.starts_at, "ends_at": span.ends_at, "now": now}
    return msgspec.convert(await fetch_one(conn, QUERIES["put_override"], **values), Override)
