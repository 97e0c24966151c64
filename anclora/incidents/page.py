"""Calling somebody: a row that says so, a notice, and a line of the timeline, in one transaction, once per level."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import msgspec

from anclora.incidents import metrics
from anclora.incidents.ledger import QUERIES, happened
from anclora.incidents.model import Change, Incident
from anclora.incidents.rules import Step
from anclora.incidents.words import CHANGES, TREND_DAYS, Places, page_notice
from anclora.kit.ids import first_id_at
from anclora.kit.logging import get_logger
from anclora.notify import Channels, route
from anclora.oncall import Roster, targets_of
from anclora.storage.database import Connection, fetch_all, fetch_one

log = get_logger(__name__)
_LOOK_BACK = timedelta(days=30)


async def call(
    conn: Connection, incident: Incident, step: Step, roster: Roster, channels: Channels, places: Places, now: datetime
) -> bool:
    """Page the person of a step, in the caller's transaction; False = somebody did before."""
    values = {"incident_id": incident.id, "spell": incident.spell, "level": step.level.value, "person": step.person}
    values |= {"at": now, "due_at": step.due_at, "why": step.why}
    if await fetch_one(conn, QUERIES["add_page"], **values) is None:
        return False
    loud = incident.severity
    changes = await changes_told(conn, now - _LOOK_BACK, now, limit=CHANGES)
    trend = await trend_of(conn, incident.name, places.zone, now)
    notice = page_notice(incident, step, places, now, changes=changes, trend=trend)
    people = targets_of(roster, channels, [step.person] if step.person else [], loud)
    await route(conn, notice, channels.legs(loud, people), now=now)
    text = f"Called {step.person or 'nobody, since nobody is there'} ({step.level.value}): {step.why}."
    await happened(conn, incident.id, "paged", "escalation", text, now=now)
    metrics.PAGES.labels(step.level.value, step.why).inc()
    log.warning("incident_paged", incident=str(incident.id), level=step.level.value, why=step.why)
    return True


async def changes_told(conn: Connection, since: datetime, before: datetime, *, limit: int) -> list[Change]:
    """What was changed in a span as people are told it, the newest first: whoever used a key goes by its name."""
    rows = await fetch_all(conn, QUERIES["changes_told"], since=since, before=before, limit=limit)
    return [msgspec.convert(row, Change) for row in rows]


async def trend_of(conn: Connection, name: str, zone: str, now: datetime) -> Mapping[date, int]:
    """How often an alert opened on each of the last days; a day without is left out."""
    since = first_id_at(now - timedelta(days=TREND_DAYS))
    rows = await fetch_all(conn, QUERIES["count_by_day"], name=name, zone=zone, since=since)
    return {row["day"]: row["n"] for row in rows}
