"""The examples of alerts, for the API's description."""

from collections.abc import Mapping
from typing import Any

POST: dict[str, Any] = {
    "version": "4",
    "receiver": "page",
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "AncloraEvolutionInstanceDisconnected",
                "severity": "critical",
                "owner": "messaging",
                "instance_name": "sales",
            },
            "annotations": {"summary": "Messages have not flowed through the number sales for 3 minutes"},
            "startsAt": "2026-01-31T08:00:00.104Z",
            "endsAt": "0001-01-01T00:00:00Z",
        }
    ],
}
_OCCURRENCE = {
    "source": "evaluator",
    "labels": {"instance_name": "sales"},
    "summary": "Messages have not flowed through the number sales for 3 minutes",
    "pending_since": "2026-01-31T08:00:00.104000Z",
    "firing_since": "2026-01-31T08:03:00.104000Z",
}
_ALERT = {
    "name": "AncloraEvolutionInstanceDisconnected",
    "severity": "critical",
    "owner": "messaging",
    "state": "firing",
    "summary": "Messages have not flowed through the number (instance_name) for 3 minutes",
    "action": "Look at its word: logged_out needs a phone and a person, the rest is mended by itself or by restart.",
    "wait": "3m",
    "built_in": True,
    "dashboard": "https://grafana.example.com/d/queue-dashboard",
    "runbook": "https://wa.example.com/runbooks/AncloraEvolutionInstanceDisconnected",
    "occurrences": [_OCCURRENCE],
}
ANSWERS: Mapping[str, Any] = {
    "AlertList": {
        "evaluated_at": "2026-01-31T08:03:10.104000Z",
        "prometheus_at": None,
        "unseen": [],
        "alerts": [_ALERT],
        "others": [],
    },
    "AlertDetail": {
        "alert": _ALERT,
        "expr": "max by (instance_name) (anclora_evolution_instance_connected) == 0",
        "watches": ["anclora_evolution_instance_connected"],
        "meaning": "A number we expect is not connected.",
        "impact": "Its messages wait, nothing is burnt.",
        "diagnosis": ["`anclora instances health NAME`: its word, why, and what was tried."],
        "mitigation": ["`anclora instances restart NAME` does what its state needs."],
    },
    "Taken": {"firing": 1, "over": 0, "ignored": 0},
}
