"""The roster as people look at it: who is responsible, who will be, and from which rows that follows."""

from datetime import datetime, timedelta

import msgspec

from anclora.notify import Channels
from anclora.oncall.lint import WEEKS
from anclora.oncall.model import Holiday as DayOff
from anclora.oncall.model import Hours, Layer, Override, Roster, Rotation, Shift
from anclora.oncall.roster import load_roster
from anclora.oncall.rules import shifts, who
from anclora.storage.database import Database


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can be on call; addresses are not shown.

    Attributes:
        channels: by which they are reached.
        reachable: whether one of those is configured here.
    """

    name: str
    channels: list[str]
    reachable: bool


class Responsible(msgspec.Struct, frozen=True, kw_only=True):
    """Who is responsible at a moment; null = nobody.

    Attributes:
        waiting_since: since when a hand-off waits to be accepted, which leaves the one before responsible.
    """

    primary: str | None
    backup: str | None
    devops_lead: str | None
    cto: str | None
    waiting_since: datetime | None


class OnCallView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is responsible at a moment, and the plan from there on.

    Attributes:
        now: at that moment.
        primary: the plan of the four weeks after it; `person` null = nobody.
        backup: the same of the backup.
        zone: whose clock hand-offs go by.
    """

    at: datetime
    zone: str
    now: Responsible
    primary: list[Shift]
    backup: list[Shift]
    people: list[PersonView]
    rotations: list[Rotation]
    overrides: list[Override]
    holidays: list[DayOff]


async def show(db: Database, hours: Hours, channels: Channels, at: datetime) -> OnCallView:
    """The roster at a moment."""
    roster: Roster = await load_roster(db, hours, at)
    until, team = at + timedelta(weeks=WEEKS), who(roster, at)
    return OnCallView(
        at=at,
        zone=hours.zone,
        now=Responsible(
            primary=team.primary,
            backup=team.backup,
            devops_lead=team.devops_lead,
            cto=team.cto,
            waiting_since=team.waiting.at if team.waiting else None,
        ),
        primary=shifts(roster, Layer.PRIMARY, at, until),
        backup=shifts(roster, Layer.BACKUP, at, until),
        people=[
            PersonView(
                name=each.name, channels=sorted(each.ways), reachable=any(channel in channels for channel in each.ways)
            )
            for each in roster.people.values()
        ],
        rotations=list(roster.rotations),
        overrides=[each for each in roster.overrides if each.ends_at > at],
        holidays=[each for each in roster.holidays if each.last_day >= at.date()],
    )
