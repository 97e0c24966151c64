"""Alertmanager's routes, and an example of Prometheus' own configuration. Pure.

Everything goes to our own door, where incidents page whoever is on call and nobody is paged twice. What may mean that
we cannot do that ourselves (`direct`) goes to people without us too.
"""

from collections.abc import Mapping
from typing import Any

from anclora.alerts.links import Links
from anclora.alerts.model import Catalogue

DOOR = "/api/v1/alerts/alertmanager"
WATCHDOG = "AncloraWatchdog"
# While the first fires, the others say nothing new.
_MUTED: Mapping[str, str] = {
    "AncloraPostgresDown": "AncloraDbPoolExhausted|AncloraApiError.*|AncloraNoWorkers|AncloraUnhealthy|AncloraQueue.*",
    "AncloraRedisDown": "AncloraQueue.*|AncloraOldestMessageTooOld|AncloraLedgerRedisDrift",
    "AncloraTargetDown": "AncloraBlind",
    "AncloraQueueBacklogCritical": "AncloraQueueBacklogWarning",
}
_TEXT = """{{ range .Alerts }}{{ .Annotations.summary }}
Do: {{ .Annotations.action }}
{{ .Annotations.runbook_url }}
{{ end }}"""


def alertmanager(catalogue: Catalogue, links: Links) -> Mapping[str, Any]:
    """The document of `alertmanager.yml`."""
    subjects = sorted({label for alert in catalogue.alerts for label in alert.by} - {"job"})
    return {
        "route": {
            "receiver": "slack",
            "group_by": ["alertname", *subjects],
            "group_wait": "10s",
            "group_interval": "1m",
            "repeat_interval": "5m",
            "routes": [
                {
                    "matchers": [f'alertname="{WATCHDOG}"'],
                    "receiver": "deadman",
                    "group_wait": "0s",
                    "repeat_interval": "1m",
                },
                {
                    "matchers": ['direct="yes"', 'severity="critical"'],
                    "receiver": "direct",
                    "repeat_interval": "1h",
                    "continue": True,
                },
                {"matchers": ['severity="critical"'], "receiver": "page"},
                {"matchers": ['severity="warning"'], "receiver": "slack", "group_wait": "30s"},
            ],
        },
        "inhibit_rules": [_mutes(source, targets) for source, targets in _MUTED.items()],
        "receivers": [
            {"name": "page", "webhook_configs": [_door(links)]},
            {"name": "slack", "webhook_configs": [_door(links)]},
            {
                "name": "direct",
                "slack_configs": [
                    {
                        "api_url_file": "/etc/prometheus/anclora-slack-url",
                        "channel": "#anclora-critical",
                        "send_resolved": True,
                        "title": "{{ .CommonLabels.alertname }}: {{ .Status }}",
                        "text": _TEXT,
                    }
                ],
            },
            {
                "name": "deadman",
                "webhook_configs": [
                    _door(links),
                    {"url": "https://deadman.example.com/anclora", "send_resolved": False},
                ],
            },
        ],
    }


def _mutes(source: str, targets: str) -> dict[str, Any]:
    return {
        "source_matchers": [f'alertname="{source}"'],
        "target_matchers": [f'alertname=~"{targets}"'],
    }


def _door(links: Links) -> dict[str, Any]:
    key = {"type": "Bearer", "credentials_file": "/etc/prometheus/anclora-key"}
    return {"url": f"{links.anclora_url}{DOOR}", "send_resolved": True, "http_config": {"authorization": key}}


def prometheus_example(_links: Links) -> Mapping[str, Any]:
    """The document of `prometheus.example.yml`."""
    jobs = {"anclora": 8000, "redis": 9121, "postgres": 9187, "node": 9100, "alertmanager": 9093}
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": ["anclora-rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["127.0.0.1:9093"]}]}]},
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for name, port in jobs.items()
        ],
    }
