"""A runbook page for each alert, and the list of them. Pure."""

from collections.abc import Mapping, Sequence

from anclora.alerts.files.untried import UNTRIED
from anclora.alerts.links import Links
from anclora.alerts.model import Alert, Blind, Catalogue, Part, Raised, plain

_BY = "Written by `scripts/alert_files.py` from the catalogue; `make check` holds it to that."
_WAITS = {
    "critical": "within 5 minutes, at any hour",
    "warning": "within 30 minutes, in business hours",
    "none": "never",
}


def page(alert: Alert | Blind | Raised, links: Links) -> str:
    """The page of one alert."""
    facts = _facts(alert, links)
    table = "| | |\n| --- | --- |\n" + "".join(f"| {name} | {value} |\n" for name, value in facts.items())
    rule = f"```\n{alert.expr.strip()}\n```\n\n" if isinstance(alert, Alert) else ""
    return (
        f"# {alert.name}\n\n**{plain(alert.summary)}.** First: {alert.action}\n\n{table}\n{rule}"
        f"## Meaning\n\n{alert.meaning}\n\n## Impact\n\n{alert.impact}\n\n"
        f"## Diagnosis\n\n{_steps(alert.diagnosis)}\n## Mitigation\n\n{_steps(alert.mitigation)}"
    )


def _facts(alert: Alert | Blind | Raised, links: Links) -> dict[str, str]:
    severity = "as the most urgent alert that cannot see" if isinstance(alert, Blind) else _urgency(alert)
    waits = f": somebody answers {_WAITS[severity]}" if severity in _WAITS else ""
    facts = {
        "severity": f"{severity}{waits}",
        "fires": _when(alert),
        "owner": alert.owner,
        "dashboard": f"[{alert.dashboard}]({links.dashboard(alert.dashboard)})",
    }
    if isinstance(alert, Alert):
        watches = ", ".join(f"`{series}`" for series in alert.watches)
        if alert.awaits:
            facts["compares"] = f"{watches}, of `{alert.awaits}`, which is not there yet: silent until then"
        elif watches:
            facts["compares"] = f"{watches}; when gone, [AncloraBlind](AncloraBlind.md) fires"
        facts["without Prometheus"] = "the built-in watch knows it" if alert.built_in else "nobody watches it"
    elif isinstance(alert, Raised):
        facts["without Prometheus"] = "the program says it itself, as an incident: `anclora incidents`"
    return facts


def _urgency(alert: Alert | Raised) -> str:
    return alert.urgency if isinstance(alert, Alert) else alert.severity.value


def _when(alert: Alert | Blind | Raised) -> str:
    if isinstance(alert, Raised):
        return alert.raised
    return "at once" if alert.for_ == "0s" else f"when it has been so for {alert.for_}"


def _steps(steps: Sequence[str]) -> str:
    return "".join(f"{place}. {step}\n" for place, step in enumerate(steps, start=1))


def index(catalogue: Catalogue, blind: Blind) -> str:
    """The list of all pages."""
    rows = "".join(
        f"| [{alert.name}]({alert.name}.md) | {_urgency(alert)} | {plain(alert.summary)} |\n"
        for alert in sorted([*catalogue.alerts, *catalogue.raised], key=lambda each: (_urgency(each), each.name))
    )
    return (
        f"# Alerts\n\n{_BY} What they are and how they reach people: [alerts](../../howto/alerts.md).\n\n"
        f"| alert | severity | says |\n| --- | --- | --- |\n"
        f"| [{blind.name}]({blind.name}.md) | as what it blinds | {plain(blind.summary)} |\n{rows}"
    )


def pages(catalogue: Catalogue, blind: Blind, links: Links) -> Mapping[str, str]:
    """Every page by its file name, with who answers for it and when it was last reviewed."""
    made: dict[str, str] = {}
    for part in catalogue.parts.values():
        for alert in (*part.alert, *part.raised, *([blind] if part.blind else [])):
            made[f"{alert.name}.md"] = _headed(page(alert, links), alert.owner, part) + _marks(alert)
    oldest = min(catalogue.parts.values(), key=lambda part: part.reviewed)
    return {**made, "README.md": _headed(index(catalogue, blind), "platform", oldest)}


def _headed(text: str, owner: str, part: Part) -> str:
    title, _, rest = text.partition("\n\n")
    return f"{title}\n\nOwner: {owner} · Version: {part.version} · Last reviewed: {part.reviewed}\n\n{rest}"


def _marks(alert: Alert | Blind | Raised) -> str:
    """What no test types, of the commands this page shows, and why."""
    told = "\n".join((alert.action, alert.meaning, alert.impact, *alert.diagnosis, *alert.mitigation))
    return "".join(f"\n<!-- {mark} -->\n" for command, mark in UNTRIED.items() if f"`{command}`" in told)
