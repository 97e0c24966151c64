"""The dashboards as they are committed, and what their queries are once Grafana has filled in its variables."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString, cast

FOLDER = Path(__file__).parent.parent / "deploy" / "grafana"
UIDS = ("queue-dashboard", "analytics-dashboard", "system-dashboard", "slo-dashboard")


def board(uid: str) -> Mapping[str, Any]:
    """One committed dashboard."""
    return json.loads((FOLDER / "dashboards" / f"{uid}.json").read_text())


def panels() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every panel of every board, with the uid of its board."""
    for uid in UIDS:
        for panel in board(uid)["panels"]:
            yield uid, panel


def expressions(panel: Mapping[str, Any], *, step: str = "15s", rate: str = "1m") -> Iterator[tuple[str, str]]:
    """What a panel asks Prometheus: (ref id, expression)."""
    for target in panel["targets"]:
        if "expr" in target:
            yield target["refId"], target["expr"].replace("$__rate_interval", rate).replace("$__interval", step)


def queries(
    panel: Mapping[str, Any], since: datetime, until: datetime, step: str = "hour"
) -> Iterator[tuple[str, LiteralString]]:
    """What a panel asks the ledger: (ref id, statement)."""
    filled = {
        "$__timeFrom()": f"'{since.astimezone(UTC).isoformat()}'",
        "$__timeTo()": f"'{until.astimezone(UTC).isoformat()}'",
        "$step": step,
        "$zone": "Europe/Madrid",
        "$currency": "EUR",
    }
    for target in panel["targets"]:
        if "rawSql" in target:
            sql = target["rawSql"]
            for name, value in filled.items():
                sql = sql.replace(name, value)
            yield target["refId"], cast("LiteralString", sql)
