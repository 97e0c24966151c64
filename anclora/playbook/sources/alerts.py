"""Alerts that fire and incidents nobody has resolved; a watch that does not look is not a quiet one."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from anclora.alerts import Links, show_all
from anclora.incidents import Incident
from anclora.incidents.read import list_incidents
from anclora.playbook.errors import NoDataError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading

_STALE = timedelta(minutes=2)
_MOST = 200


async def firing(parts: Parts) -> Reading:
    """Alerts that fire now."""
    found = await show_all(parts.db, Links())
    _must_look(found.evaluated_at, parts.now)
    names = [alert.name for alert in found.alerts if alert.state == "firing"]
    names += [f"({each.source}) {each.summary}"[:120] for each in found.others if each.firing_since]
    unseen = [f"? {name}" for name in found.unseen]
    return Reading(value=float(len(names)), facts=[*names, *unseen][:MOST_FACTS])


async def open_criticals(parts: Parts) -> Reading:
    """Critical incidents nobody has resolved; only known while somebody watches."""
    found = await show_all(parts.db, Links())
    _must_look(found.evaluated_at, parts.now)
    return _counted(await _unresolved(parts, "critical"))


async def unresolved(parts: Parts) -> Reading:
    """Incidents nobody has resolved."""
    return _counted(await _unresolved(parts, None))


def _must_look(evaluated_at: datetime | None, now: datetime) -> None:
    if evaluated_at is None or now - evaluated_at > _STALE:
        raise NoDataError("The built-in watch does not look: no process with the role work runs.")


async def _unresolved(parts: Parts, severity: str | None) -> list[Incident]:
    return await list_incidents(parts.db, state="unresolved", severity=severity, name=None, before=None, limit=_MOST)


def _counted(found: list[Incident]) -> Reading:
    return Reading(
        value=float(len(found)),
        facts=[f"{each.name} ({each.severity.value}, {each.state.value})" for each in found[:MOST_FACTS]],
    )


QUERIES: Mapping[str, Query] = {
    "alerts.firing": firing,
    "incidents.open_criticals": open_criticals,
    "incidents.unresolved": unresolved,
}
