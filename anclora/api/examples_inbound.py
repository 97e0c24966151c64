"""The examples of the inbound doors; `examples` has the others."""

from collections.abc import Mapping
from typing import Any

_ID = "019aac5e-7a00-7000-8000-000000000001"
REPLAY = {"since": "2026-01-31T08:00:00Z", "until": "2026-01-31T09:00:00Z", "instance": "sales"}
RETRY_WEBHOOKS = {"everything": True}

_HEARD = {
    "id": _ID,
    "instance": "sales",
    "direction": "in",
    "at": "2026-01-31T09:00:00Z",
    "heard_at": "2026-01-31T09:00:00.104000Z",
    "peer": "34600111222",
    "contact_id": "019aac5e-7a00-7000-8000-000000000002",
    "name": "Ana",
    "kind": "image",
    "text": "the door",
    "said": {"type": "media", "kind": "image", "mimetype": "image/jpeg", "caption": "the door", "ref": "3A00"},
    "target": None,
    "quoted": None,
    "group": None,
    "provider_id": "3A00",
    "event_id": "019aac5e-7a00-7000-8000-000000000004",
    "referral": None,
    "changes": [],
}
INBOUND: Mapping[str, Any] = {
    "Heard": _HEARD,
    "HeardPage": {"heard": [_HEARD], "next": None},
    "FailedPage": {
        "unprocessed": [
            {
                "id": _ID,
                "instance": "sales",
                "kind": "inbound",
                "error": "CheckViolation",
                "bytes": 812,
                "at": "2026-01-31T09:00:00.104000Z",
            }
        ],
        "count": 1,
        "next": None,
    },
    "GapList": {
        "gaps": [
            {
                "id": _ID,
                "instance": "sales",
                "since": "2026-01-31T08:00:00Z",
                "until": "2026-01-31T08:30:00Z",
                "why": "downtime",
                "done_at": "2026-01-31T08:30:12Z",
                "error": None,
                "heard": 3,
                "shown": 2041,
                "tries": 0,
            }
        ]
    },
    "Replayed": {"read": 412, "heard": 3, "failed": 0, "until": "2026-01-31T09:00:00Z", "next": None},
}
