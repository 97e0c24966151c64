"""Reading the roster: everything `who` decides from, in one consistent look."""

from datetime import datetime, time, timedelta

import msgspec

from anclora.kit.settings import Settings
from anclora.oncall.model import Duty, Handoff, Holiday, Hours, Override, Person, Roster, Rotation
from anclora.storage.database import Connection, Database, fetch_all
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_LOOK_BACK = timedelta(days=35)
_HANDOFFS = 10


def hours_of(settings: Settings) -> Hours:
    """Business hours as the settings say them."""
    opens, closes = settings.business_hours.split("-")
    return Hours(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes), zone=settings.timezone)


async def read_roster(conn: Connection, hours: Hours, now: datetime) -> Roster:
    """The roster as it is, with what was in force within the last weeks."""
    since = now - _LOOK_BACK
    people = [Person(**row) for row in await fetch_all(conn, QUERIES["read_people"])]
    return Roster(
        people={each.name: each for each in people},
        rotations=[msgspec.convert(row, Rotation) for row in await fetch_all(conn, QUERIES["read_rotations"])],
        overrides=[
            msgspec.convert(row, Override) for row in await fetch_all(conn, QUERIES["read_overrides"], since=since)
        ],
        holidays=[Holiday(**row) for row in await fetch_all(conn, QUERIES["read_holidays"], since=since)],
        handoffs=[Handoff(**row) for row in await fetch_all(conn, QUERIES["read_handoffs"], limit=_HANDOFFS)],
        duties={Duty(row["duty"]): row["person"] for row in await fetch_all(conn, QUERIES["read_duties"])},
        hours=hours,
    )


async def load_roster(db: Database, hours: Hours, now: datetime) -> Roster:
    """The same on a connection of its own."""
    async with db.transaction() as conn:
        return await read_roster(conn, hours, now)
