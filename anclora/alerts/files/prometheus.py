"""The rules of Prometheus, from the catalogue. Pure."""

from collections.abc import Mapping
from typing import Any

from anclora.alerts.links import Links
from anclora.alerts.model import Alert, Blind, Catalogue, Twin

BLIND_WINDOW = "10m"


def rules(catalogue: Catalogue, blind: Blind, links: Links) -> Mapping[str, Any]:
    """The document of `anclora-rules.yml`."""
    groups: list[dict[str, Any]] = []
    for name, part in catalogue.parts.items():
        recorded = [
            {
                "record": f"{ratio.record}:ratio_rate{window}",
                "expr": ratio.expr.strip().replace("$w", window),
                "labels": {"slo": ratio.slo},
            }
            for ratio in part.ratio
            for window in ratio.windows
        ]
        recorded += [{"record": each.record, "expr": each.expr.strip()} for each in part.record]
        if recorded:
            groups.append({"name": f"anclora-{name}-recorded", "rules": recorded})
        if part.alert:
            groups.append({"name": f"anclora-{name}", "rules": [rule_of(alert, links) for alert in part.alert]})
    twins = [twin_of(twin, blind, links) for twin in catalogue.twins]
    groups.append({"name": "anclora-blind", "rules": twins})
    return {"groups": groups}


def rule_of(alert: Alert, links: Links) -> dict[str, Any]:
    """The rule of an alert."""
    return {
        "alert": alert.name,
        "expr": alert.expr.strip(),
        "for": alert.for_,
        "labels": alert.labels,
        "annotations": annotations(alert, links),
    }


def twin_of(twin: Twin, blind: Blind, links: Links) -> dict[str, Any]:
    """The rule that fires when a series is gone, in the place of those that compare it."""
    return {
        "alert": blind.name,
        "expr": f"absent_over_time({twin.series}[{BLIND_WINDOW}])",
        "for": blind.for_,
        "labels": twin_labels(twin, blind),
        "annotations": twin_annotations(twin, blind, links),
    }


def twin_annotations(twin: Twin, blind: Blind, links: Links) -> dict[str, str]:
    """What a person reads with a twin; Prometheus fills in labels of the series only, and here there is none."""
    text = blind.summary.replace("{{ $labels.series }}", twin.name)
    return annotations(blind, links) | {"summary": text}


def twin_labels(twin: Twin, blind: Blind) -> dict[str, str]:
    """Labels of a twin: they tell one from the other."""
    return {
        "severity": twin.severity.value,
        "owner": blind.owner,
        "series": twin.name,
        "blinds": " ".join(twin.blinds),
    }


def annotations(alert: Alert | Blind, links: Links) -> dict[str, str]:
    """What a person gets to read with it."""
    return {
        "summary": alert.summary,
        "action": alert.action,
        "runbook_url": links.runbook(alert.name),
        "dashboard_url": links.dashboard(alert.dashboard),
        "dashboard": alert.dashboard,
    }
