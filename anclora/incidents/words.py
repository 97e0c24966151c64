"""What people are told of an incident: notices, with what they need at hand to begin. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from urllib.parse import quote

from anclora.incidents.model import Change, Incident, Level
from anclora.incidents.rules import ASKED, OPENED, UNACKNOWLEDGED, Step
from anclora.kit.clock import business_date
from anclora.kit.severity import Severity
from anclora.notify import ACKNOWLEDGE, ESCALATE, Action, Fact, Kind, Link, Notice
from anclora.oncall.document import local

Trend = Mapping[date, int]  # how often an alert opened, by business day; a day without is left out
TREND_DAYS = 7
CHANGES = 3
_TITLE_CHARS = 150
_FACT_CHARS = 300
_BEFORE = timedelta(minutes=30)
_DASHBOARD = "queue-dashboard"
_ROLE: Mapping[Level, str] = {
    Level.ONCALL: "on call",
    Level.BACKUP: "backup",
    Level.DEVOPS_LEAD: "DevOps lead",
    Level.CTO: "CTO",
}
_WHY: Mapping[str, str] = {
    OPENED: "it is new",
    UNACKNOWLEDGED: "nobody acknowledged it in time",
    "unresolved": "it is not resolved in time",
    ASKED: "somebody escalated it",
}
_ACK = {Severity.CRITICAL: "within 5 minutes", Severity.WARNING: "within 30 minutes of business time"}


class Places:
    """Where links of a notice go.

    Args:
        grafana_url: root of Grafana; None = no link to a dashboard.
        public_url: of our own server, which shows the runbooks; None = only those a signal names itself.
        zone: of the business.
    """

    def __init__(self, grafana_url: str | None, public_url: str | None, zone: str) -> None:
        self._grafana = (grafana_url or "").rstrip("/")
        self._ours = (public_url or "").rstrip("/")
        self.zone = zone

    def links(self, incident: Incident, now: datetime) -> list[Link]:
        """The dashboard at the time of the alert, and what to do about it."""
        found: list[Link] = []
        if self._grafana:
            since, until = (int(each.timestamp() * 1000) for each in (incident.starts_at - _BEFORE, now + _BEFORE))
            uid = quote(incident.dashboard or _DASHBOARD, safe="")
            found.append(Link(title="Dashboard", url=f"{self._grafana}/d/{uid}?from={since}&to={until}"))
        by_name = f"{self._ours}/runbooks/{quote(incident.name, safe='')}" if self._ours else ""
        runbook = by_name if incident.runbook_url is None else incident.runbook_url
        if runbook.startswith(("http://", "https://")) and runbook.isprintable():
            found.append(Link(title="Runbook", url=runbook))
        return found


def page_notice(
    incident: Incident,
    step: Step,
    places: Places,
    now: datetime,
    *,
    changes: Sequence[Change],
    trend: Trend,
) -> Notice:
    """Somebody is called.

    Args:
        incident: as it is.
        step: who, at which level and why.
        places: where links go.
        now: the present moment.
        changes: the latest before it, for a critical one.
        trend: how often the alert opened, by business day, for a warning.
    """
    critical = incident.severity is Severity.CRITICAL
    called = f"{step.person} ({_ROLE[step.level]})" if step.person else "nobody is there to be called"
    facts = [
        Fact(name="Since", value=local(incident.starts_at, places.zone)),
        Fact(name="Called", value=f"{called}: {_WHY[step.why]}"),
        *_details(incident),
    ]
    if critical:
        facts.append(Fact(name="Last changes", value=_cut("\n".join(_change(each, places.zone) for each in changes))))
    else:
        facts.append(Fact(name="Last 7 days", value=trend_line(trend, now, places.zone)))
        facts.append(Fact(name="Planned", value=planned(incident)))
    text = [f"{step.person or 'Whoever reads this'}: acknowledge it {_ACK[incident.severity]}."]
    typed = [f"anclora incidents ack {incident.id}"]
    if critical:
        typed.append(f"anclora incidents escalate {incident.id}")
    else:
        typed.append(f"anclora incidents plan {incident.id} --for {business_date(now, places.zone)} --owner NAME")
    facts.append(Fact(name="Or type", value="\n".join(typed)))  # not in the text, which is read out on the phone
    if _title(incident) != _whole_title(incident):
        text.insert(0, incident.summary)
    actions = [Action(id=ACKNOWLEDGE, label="Acknowledge", value=str(incident.id))]
    if critical:
        actions.append(Action(id=ESCALATE, label="Escalate now", value=str(incident.id)))
    return Notice(
        title=_title(incident),
        text="\n".join(text),
        key=f"incident:{incident.id}:{incident.spell}:{step.level.value}",
        severity=incident.severity,
        kind=Kind.TRIGGER,
        incident=str(incident.id),
        facts=facts,
        actions=actions,
        links=places.links(incident, now),
    )


def acknowledged_notice(incident: Incident, places: Places, now: datetime) -> Notice:
    """Somebody has it; it can still be escalated."""
    actions = [Action(id=ESCALATE, label="Escalate now", value=str(incident.id))]
    return Notice(
        title=f"{incident.acknowledged_by} has it: {incident.name}"[:_TITLE_CHARS],
        text=f"{incident.summary}\nNobody else is called unless it lasts.",
        key=f"incident:{incident.id}:{incident.clock_at.isoformat()}:acknowledged",
        severity=incident.severity,
        kind=Kind.ACKNOWLEDGE,
        incident=str(incident.id),
        actions=actions if incident.severity is Severity.CRITICAL else [],
        links=places.links(incident, now),
    )


def resolved_notice(incident: Incident, places: Places, now: datetime) -> Notice:
    """It is over."""
    end = incident.resolved_at or now
    took = spelled((end - incident.opened_at).total_seconds())
    by = "its signal ended" if incident.resolved_by == "signal" else f"by {incident.resolved_by}"
    return Notice(
        title=f"Resolved after {took}: {incident.name}"[:_TITLE_CHARS],
        text=f"{incident.summary}\nIt is over: {by}.",
        key=f"incident:{incident.id}:{end.isoformat()}:resolved",
        severity=incident.severity,
        kind=Kind.RESOLVE,
        incident=str(incident.id),
        links=places.links(incident, now),
    )


def reminder_notice(incident: Incident, number: int, places: Places, now: datetime, trend: Trend) -> Notice:
    """A warning nobody planned is still there."""
    over = (
        f"It was planned for {incident.planned_for} and goes on." if incident.planned_for else "Nobody has planned it."
    )
    return Notice(
        title=_title(incident),
        text=f"{over} Give it a day and an owner.",
        key=f"incident:{incident.id}:{incident.spell}:reminder:{number}",
        severity=Severity.WARNING,
        kind=Kind.TRIGGER,
        incident=str(incident.id),
        facts=[
            Fact(name="Since", value=local(incident.starts_at, places.zone)),
            *_details(incident),
            Fact(name="Last 7 days", value=trend_line(trend, now, places.zone)),
            Fact(name="Planned", value=planned(incident)),
            Fact(
                name="Type",
                value=f"anclora incidents plan {incident.id} --for {business_date(now, places.zone)} --owner NAME",
            ),
        ],
        links=places.links(incident, now),
    )


def trend_line(trend: Trend, now: datetime, zone: str) -> str:
    """Counts by day, the oldest first and every day there: `21 Nov: 0, 22 Nov: 3, …`."""
    today = business_date(now, zone)
    days = [today - timedelta(days=back) for back in reversed(range(TREND_DAYS))]
    return ", ".join(f"{day:%d %b}: {trend.get(day, 0)}" for day in days)


def planned(incident: Incident) -> str:
    """When a warning is to be mended and by whom, or that nobody said so."""
    if incident.planned_for and incident.planned_owner:
        return f"{incident.planned_for}, by {incident.planned_owner}"
    return "not yet: a day and an owner are wanted"


def change_line(change: Change, zone: str) -> str:
    """A change in one line: when, what, of what, by whom."""
    version = change.detail.get("version") or change.detail.get("why") or ""
    return f"{local(change.at, zone)} {change.action} {change.subject} {version}".strip() + f" by {change.actor}"


def spelled(seconds: float) -> str:
    """A span as people say it: `3 min 12 s`, `2 h 5 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _details(incident: Incident) -> list[Fact]:
    if not incident.labels:
        return []
    return [Fact(name="Details", value=_cut("\n".join(f"{k}={v}" for k, v in sorted(incident.labels.items()))))]


def _change(change: Change, zone: str) -> str:
    return change_line(change, zone)[: _FACT_CHARS // CHANGES - 1]


def _cut(text: str) -> str:
    return text[:_FACT_CHARS] or "none"


def _title(incident: Incident) -> str:
    return _whole_title(incident)[:_TITLE_CHARS]


def _whole_title(incident: Incident) -> str:
    return f"{incident.name}: {incident.summary}"
