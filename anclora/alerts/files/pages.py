"""A runbook page for each alert, and the list of them. Pure."""

from collections.abc import Mapping, Sequence

from anclora.alerts.links import Links
from anclora.alerts.model import Alert, Blind, Catalogue, plain

_BY = "Written by `scripts/alert_files.py` from the catalogue; `make check` holds it to that."
_WAITS = {
    "critical": "within 5 minutes, at any hour",
    "warning": "within 30 minutes, in business hours",
    "none": "never",
}


def page(alert: Alert | Blind, links: Links) -> str:
    """The page of one alert."""
    facts = _facts(alert, links)
    table = "| | |\n| --- | --- |\n" + "".join(f"| {name} | {value} |\n" for name, value in facts.items())
    rule = f"```\n{alert.expr.strip()}\n```\n\n" if isinstance(alert, Alert) else ""
    return (
        f"# {alert.name}\n\n**{plain(alert.summary)}.** First: {alert.action}\n\n{table}\n{rule}"
        f"## Meaning\n\n{alert.meaning}\n\n## Impact\n\n{alert.impact}\n\n"
        f"## Diagnosis\n\n{_steps(alert.diagnosis)}\n## Mitigation\n\n{_steps(alert.mitigation)}"
    )


def _facts(alert: Alert | Blind, links: Links) -> dict[str, str]:
    severity = alert.severity.value if isinstance(alert, Alert) else "as the most urgent alert that cannot see"
    waits = f": somebody answers {_WAITS[severity]}" if severity in _WAITS else ""
    facts = {
        "severity": f"{severity}{waits}",
        "fires": "at once" if alert.for_ == "0s" else f"when it has been so for {alert.for_}",
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
    return facts


def _steps(steps: Sequence[str]) -> str:
    return "".join(f"{place}. {step}\n" for place, step in enumerate(steps, start=1))


def index(catalogue: Catalogue, blind: Blind) -> str:
    """The list of all pages."""
    rows = "".join(
        f"| [{alert.name}]({alert.name}.md) | {alert.severity.value} | {plain(alert.summary)} |\n"
        for alert in sorted(catalogue.alerts, key=lambda each: (each.severity.value, each.name))
    )
    return (
        f"# Alerts\n\n{_BY} What they are and how they reach people: [alerts](../../howto/alerts.md).\n\n"
        f"| alert | severity | says |\n| --- | --- | --- |\n"
        f"| [{blind.name}]({blind.name}.md) | as what it blinds | {plain(blind.summary)} |\n{rows}"
    )


def pages(catalogue: Catalogue, blind: Blind, links: Links) -> Mapping[str, str]:
    """Every page by its file name."""
    made = {f"{alert.name}.md": page(alert, links) for alert in catalogue.alerts}
    return {**made, f"{blind.name}.md": page(blind, links), "README.md": index(catalogue, blind)}
