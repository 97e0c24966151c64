"""The examples of webhooks out, for the API's description."""

from collections.abc import Mapping
from typing import Any

HOOK_ID = "019aac5e-7a00-7000-8000-000000000004"
EVENT_ID = "019aac5e-7a00-7000-8000-000000000005"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the example of Standard Webhooks

DRAFT = {"url": "https://crm.example.com/anclora", "types": ["message.*"], "name": "CRM", "batch_size": 20}
CHANGE = {"types": ["message.received", "message.read"], "linger_seconds": 2}
PAUSE = {"why": "the CRM is moving house"}
REPLAY = {"from": "2026-01-31T08:00:00+01:00", "to": "2026-01-31T10:00:00+01:00"}

_HOOK = {
    "id": HOOK_ID,
    "name": "CRM",
    "url": "https://crm.example.com/anclora",
    "types": ["message.*"],
    "batch_size": 20,
    "linger_seconds": 0.5,
    "created_at": "2026-01-30T17:20:11Z",
    "status": "failing",
    "paused_at": None,
    "paused_by": None,
    "failing_since": "2026-01-31T09:00:00.104000Z",
    "failures": 3,
    "next_at": "2026-01-31T09:00:55.104000Z",
    "last_ok_at": "2026-01-31T08:59:58Z",
    "last_error": "it answered 503",
    "waiting": 12,
    "aside": 0,
    "oldest_waiting_at": "2026-01-31T09:00:00.104000Z",
    "why": "3 requests in a row failed, the last one: it answered 503; next at 2026-01-31 09:00:55 UTC.",
}
_DELIVERY = {
    "event_id": EVENT_ID,
    "type": "message.read",
    "subject": "message:019aac5e-7a00-7000-8000-000000000001",
    "state": "waiting",
    "attempts": 3,
    "created_at": "2026-01-31T09:00:00.104000Z",
    "due_at": "2026-01-31T09:00:00.104000Z",
    "ended_at": None,
    "last_status": 503,
    "last_error": "it answered 503",
}

ANSWERS: Mapping[str, Any] = {
    "HookView": _HOOK,
    "HookList": {"hooks": [_HOOK]},
    "NewHook": {"hook": _HOOK, "secret": SECRET},
    "HookSecret": {"secret": SECRET, "old_secret_until": "2026-02-01T09:00:00Z"},
    "Deleted": {"id": HOOK_ID},
    "ToldAgain": {"count": 40},
    "Tested": {"event_id": EVENT_ID},
    "DeliveryPage": {"deliveries": [_DELIVERY], "next": None},
    "DeliveryDetail": {
        "delivery": _DELIVERY,
        "payload": {
            "id": EVENT_ID,
            "type": "message.read",
            "timestamp": "2026-01-31T09:00:00.100000Z",
            "subject": "message:019aac5e-7a00-7000-8000-000000000001",
            "instance": "sales",
            "data": {"to": "…222", "state": "read"},
        },
        "requests": [
            {
                "id": "019aac5e-7a00-7000-8000-000000000006",
                "at": "2026-01-31T09:00:35.104000Z",
                "webhook_id": "batch_5feceb66ffc86f38d952786c6d696c79c2dbc239",
                "events": 12,
                "duration_ms": 41,
                "status": 503,
                "error": "it answered 503",
                "answer": "try later",
            }
        ],
    },
}
