"""The examples of being on call, for the API's description."""

from collections.abc import Mapping
from typing import Any

OVERRIDE_ID = "019aac5e-7a00-7000-8000-000000000054"
HOLIDAY_ID = "019aac5e-7a00-7000-8000-000000000055"
_SWAP_ID = "019aac5e-7a00-7000-8000-000000000056"

WAYS = {"ways": {"email": ["zoe@example.com"], "slack": ["@U0123ABC"]}}
BEARER = {"person": "ana"}
TURNS = {"people": ["ana", "ben"], "starts_on": "2026-01-05", "at": "10:00:00"}
OVERRIDE = {
    "person": "ben",
    "starts_at": "2031-02-01T10:00:00+01:00",
    "ends_at": "2031-02-03T10:00:00+01:00",
    "why": "ana is at a wedding",
}
SWAP = {"first": "2031-01-06", "second": "2031-01-13", "why": "ana is away"}
HOLIDAY = {"first_day": "2031-12-25", "last_day": "2031-12-25", "name": "Navidad"}
NOTES = {"notes": "The number sales is being warmed up; do not raise its rate."}
ACCEPT = {"person": "ben"}

_ROTATION = {
    "id": "019aac5e-7a00-7000-8000-000000000057",
    "layer": "primary",
    "starts_on": "2026-01-05",
    "at": "10:00:00",
    "zone": "Europe/Madrid",
    "people": ["ana", "ben"],
}
_OVERRIDE = {
    "id": OVERRIDE_ID,
    "layer": "primary",
    "person": "ben",
    "starts_at": "2026-02-01T09:00:00Z",
    "ends_at": "2026-02-03T09:00:00Z",
    "why": "ana is at a wedding",
    "swap_id": None,
    "created_at": "2026-01-31T09:00:00Z",
}
_HOLIDAY = {
    "id": HOLIDAY_ID,
    "first_day": "2026-12-25",
    "last_day": "2026-12-25",
    "person": None,
    "name": "Navidad",
}
_SHIFT = {"starts_at": "2026-01-31T09:00:00Z", "ends_at": "2026-02-02T09:00:00Z", "person": "ana"}
_HANDOFF = {
    "at": "2026-02-02T09:00:00Z",
    "state": "coming",
    "from_person": "ana",
    "to_person": "ben",
    "document": "## On-Call Handoff - 2026-02-02\n\n**From:** ana\n**To:** ben\n…",
    "posted_at": None,
    "accepted_at": None,
    "accepted_by": None,
}

ANSWERS: Mapping[str, Any] = {
    "OnCallView": {
        "at": "2026-01-31T09:00:00Z",
        "zone": "Europe/Madrid",
        "now": {"primary": "ana", "backup": "ben", "devops_lead": "cleo", "cto": "dan", "waiting_since": None},
        "primary": [_SHIFT],
        "backup": [_SHIFT | {"person": "ben"}],
        "people": [{"name": "ana", "channels": ["email", "voice"], "reachable": True}],
        "rotations": [_ROTATION],
        "overrides": [],
        "holidays": [],
    },
    "FindingList": {
        "zone": "Europe/Madrid",
        "findings": [
            {
                "kind": "gap",
                "starts_at": "2026-02-16T09:00:00Z",
                "ends_at": "2026-02-23T09:00:00Z",
                "person": None,
                "text": "Nobody is on call.",
            }
        ],
    },
    "OnCallFigures": {
        "since": "2026-01-24T09:00:00Z",
        "until": "2026-01-31T09:00:00Z",
        "answered": [
            {
                "severity": "critical",
                "opened": 3,
                "acknowledged": 2,
                "within_target": 2,
                "target_seconds": 300.0,
                "ended_alone": 1,
                "waiting": 0,
                "p50_seconds": 95.0,
                "p95_seconds": 147.0,
            }
        ],
        "load": [
            {"person": "ana", "pages": 3, "at_night": 1, "p50_ack_seconds": 95.0, "p95_ack_seconds": 147.0},
        ],
    },
    "HandoffView": _HANDOFF,
    "PersonKnown": {"name": "zoe", "channels": ["email", "slack"]},
    "DutyGiven": {"duty": "devops_lead", "person": "ana"},
    "Rotation": _ROTATION,
    "Override": _OVERRIDE,
    "Swapped": {
        "id": _SWAP_ID,
        "overrides": [_OVERRIDE | {"swap_id": _SWAP_ID}, _OVERRIDE | {"swap_id": _SWAP_ID, "person": "ana"}],
    },
    "Holiday": _HOLIDAY,
    "Gone": {"id": OVERRIDE_ID},
}
