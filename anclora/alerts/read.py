"""The catalogue as people look at it: what there is, what fires, since when and by whose word."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from anclora.alerts.catalogue import BLIND, CATALOGUE, find
from anclora.alerts.facts import QUERIES
from anclora.alerts.links import Links
from anclora.alerts.model import Alert
from anclora.alerts.states import ALERTMANAGER, EVALUATOR
from anclora.kit.severity import Severity
from anclora.storage.database import Database, fetch_all

Word = Literal["firing", "pending", "quiet", "waits"]


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is so. `firing_since` null = its patience still runs; `source` says who sees it."""

    source: str
    labels: dict[str, str]
    summary: str
    pending_since: datetime
    firing_since: datetime | None


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, and how it stands.

    Attributes:
        state: firing, pending (so, but not for long enough), quiet, or waits (for a part that is not built yet).
        wait: how long it must be so before it fires.
        built_in: watched without Prometheus too.
    """

    name: str
    severity: str
    owner: str
    state: Word
    summary: str
    action: str
    wait: str
    built_in: bool
    dashboard: str
    runbook: str
    occurrences: list[Occurrence]


class AlertDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One alert with all that is known about it."""

    alert: AlertView
    expr: str
    watches: list[str]
    meaning: str
    impact: str
    diagnosis: list[str]
    mitigation: list[str]


class AlertList(msgspec.Struct, frozen=True, kw_only=True):
    """Every alert, what fires first.

    Attributes:
        evaluated_at: when the built-in watch last looked; null = never.
        prometheus_at: when Prometheus' watchdog last came; null = never, so nobody expects it.
        unseen: alerts of which the built-in watch cannot say anything now.
        others: what fires of rules that are not ours.
    """

    evaluated_at: datetime | None
    prometheus_at: datetime | None
    unseen: list[str]
    alerts: list[AlertView]
    others: list[Occurrence]


_ORDER: Mapping[str, int] = {"firing": 0, "pending": 1, "quiet": 2, "waits": 3}
_BLIND = Alert(
    **{name: getattr(BLIND, name) for name in BLIND.__struct_fields__},
    expr="absent_over_time(…)",
    severity=Severity.CRITICAL,
    built_in=True,
    fires=CATALOGUE.alerts[0].fires,
)


async def show_all(db: Database, links: Links) -> AlertList:
    """The whole catalogue."""
    async with db.connection() as conn:
        rows = await fetch_all(conn, QUERIES["read_states"])
        rounds = {row["source"]: row for row in await fetch_all(conn, QUERIES["read_rounds"])}
    alerts = [_view(alert, rows, links) for alert in (*CATALOGUE.alerts, _BLIND)]
    names = {alert.name for alert in alerts}
    return AlertList(
        evaluated_at=rounds[EVALUATOR]["at"] if EVALUATOR in rounds else None,
        prometheus_at=rounds[ALERTMANAGER]["at"] if ALERTMANAGER in rounds else None,
        unseen=rounds[EVALUATOR]["unseen"] if EVALUATOR in rounds else [],
        alerts=sorted(alerts, key=lambda each: (_ORDER[each.state], each.severity, each.name)),
        others=[_occurrence(row) for row in rows if row["name"] not in names],
    )


async def show(db: Database, name: str, links: Links) -> AlertDetail:
    """One of them.

    Raises:
        NotFoundError: there is none of this name.
    """
    found = find(name)
    alert = found if isinstance(found, Alert) else _BLIND
    rows = await db.fetch_all(QUERIES["read_states"])
    return AlertDetail(
        alert=_view(alert, rows, links),
        expr=alert.expr.strip(),
        watches=list(alert.watches),
        meaning=alert.meaning,
        impact=alert.impact,
        diagnosis=list(alert.diagnosis),
        mitigation=list(alert.mitigation),
    )


def _view(alert: Alert, rows: Sequence[Mapping[str, Any]], links: Links) -> AlertView:
    found = [_occurrence(row) for row in rows if row["name"] == alert.name]
    return AlertView(
        name=alert.name,
        severity=alert.urgency,
        owner=alert.owner,
        state=_word(alert, found),
        summary=alert.plain,
        action=alert.action,
        wait=alert.for_,
        built_in=alert.built_in,
        dashboard=links.dashboard(alert.dashboard),
        runbook=links.runbook(alert.name),
        occurrences=found,
    )


def _word(alert: Alert, found: Sequence[Occurrence]) -> Word:
    if any(each.firing_since for each in found):
        return "firing"
    if found:
        return "pending"
    return "waits" if alert.awaits else "quiet"


def _occurrence(row: Mapping[str, Any]) -> Occurrence:
    return Occurrence(**{name: row[name] for name in Occurrence.__struct_fields__})
