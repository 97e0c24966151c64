"""The examples of incidents, for the API's description."""

from collections.abc import Mapping
from typing import Any

INCIDENT_ID = "019aac5e-7a00-7000-8000-000000000051"
SILENCE_ID = "019aac5e-7a00-7000-8000-000000000052"
ACTION_ID = "019aac5e-7a00-7000-8000-000000000054"
_ACTOR = "key:019aac5e-7a00-7000-8000-000000000003"

TAKE = {"person": "ana"}
PLAN = {"for": "2031-02-03", "owner": "ana"}
NOTE = {"text": "The provider confirms an outage; they expect an hour."}
END = {"text": "The dispatcher was started again."}
HUSH = {"seconds": 3600, "reason": "known, the vendor is on it"}
ACTION = {"text": "Page when the dispatcher has not beaten for 30 s.", "owner": "ben", "due_on": "2031-02-14"}
SILENCE = {
    "matches": {"name": "AncloraLaneNotDraining", "lane": "send:sales"},
    "starts_at": "2026-01-31T09:00:00+01:00",
    "seconds": 7200,
    "reason": "the number is being moved",
}
MAINTENANCE = {
    "kind": "maintenance",
    "starts_at": "2026-01-31T22:00:00+01:00",
    "seconds": 3600,
    "reason": "Postgres is upgraded",
}

_INCIDENT = {
    "id": INCIDENT_ID,
    "fingerprint": "queue-stalled:send:sales",
    "name": "AncloraLaneNotDraining",
    "severity": "critical",
    "summary": "Nothing has left the queue for 2 min",
    "labels": {"lane": "send:sales"},
    "source": "alertmanager",
    "runbook_url": None,
    "dashboard": "queue-dashboard",
    "state": "acknowledged",
    "starts_at": "2026-01-31T09:00:00Z",
    "opened_at": "2026-01-31T09:00:45Z",
    "clock_at": "2026-01-31T09:00:45Z",
    "spell": 0,
    "acknowledged_at": "2026-01-31T09:03:12Z",
    "acknowledged_by": "ana",
    "ack_seconds": 147.0,
    "cleared_at": None,
    "resolved_at": None,
    "resolved_by": None,
    "planned_for": None,
    "planned_owner": None,
    "reminders": 0,
    "signals": 3,
    "last_signal_at": "2026-01-31T09:02:45Z",
}
_QUIET = {
    "id": SILENCE_ID,
    "kind": "silence",
    "matches": {"name": "AncloraLaneNotDraining"},
    "starts_at": "2026-01-31T09:00:00Z",
    "ends_at": "2026-01-31T10:00:00Z",
    "author": _ACTOR,
    "reason": "the number is being moved",
    "created_at": "2026-01-31T08:59:31Z",
    "canceled_at": None,
}
_ACTION = {
    "id": ACTION_ID,
    "incident_id": INCIDENT_ID,
    "name": "AncloraLaneNotDraining",
    **ACTION,
    "created_at": "2026-01-31T11:20:00Z",
    "created_by": "ana",
    "done_at": None,
    "done_by": None,
}

ANSWERS: Mapping[str, Any] = {
    "Incident": _INCIDENT,
    "IncidentPage": {"incidents": [_INCIDENT], "next": None},
    "Detail": {
        "incident": _INCIDENT,
        "timeline": [
            {
                "at": "2026-01-31T09:00:45Z",
                "kind": "opened",
                "actor": "alertmanager",
                "text": "Nothing has left the queue for 2 min",
            },
            {
                "at": "2026-01-31T09:00:46Z",
                "kind": "paged",
                "actor": "escalation",
                "text": "Called ana (oncall): opened.",
            },
        ],
        "pages": [{"level": "oncall", "person": "ana", "at": "2026-01-31T09:00:46Z", "why": "opened"}],
        "actions": [_ACTION],
    },
    "ActionItem": _ACTION,
    "ActionList": {"actions": [_ACTION]},
    "Escalated": {"person": "ben", "level": "backup"},
    "PostMortem": {"state": "open", "markdown": "# Post-mortem: AncloraLaneNotDraining\n…"},
    "Quiet": _QUIET,
    "QuietList": {"silences": [_QUIET]},
    "ChangeList": {
        "changes": [
            {
                "id": "019aac5e-7a00-7000-8000-000000000053",
                "at": "2026-01-31T08:41:07Z",
                "kind": "pause",
                "actor": _ACTOR,
                "action": "queue.pause",
                "subject": "instance:sales",
                "detail": {"why": "wrong price"},
            }
        ]
    },
}
