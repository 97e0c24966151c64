"""The examples of the doors of a number's life."""

from collections.abc import Mapping
from typing import Any

NEW_NUMBER = {"name": "support"}
PAIR = {"phone": "34911222333"}
SETTINGS = {
    "reject_calls": True,
    "reject_text": "Please write to us.",
    "ignore_groups": True,
    "always_online": False,
    "read_messages": False,
    "read_status": False,
    "full_history": False,
}
_PROXY = {"host": "proxy.example.com", "port": 3128, "protocol": "http", "username": None, "password": None}
PROXY = {"proxy": {**_PROXY, "username": "anclora", "password": "a secret"}}

ANSWERS: Mapping[str, Any] = {
    "Done": {"instance": "sales"},
    "NumberHealth": {
        "name": "sales",
        "status": "stalled",
        "reason": "3 messages were not acknowledged by WhatsApp",
        "owner": "34911222333",
        "since": "2026-01-30T17:20:11Z",
        "stalled_since": "2026-01-31T09:01:10Z",
        "paused_until": None,
        "mender_stopped_at": None,
        "history": [
            {
                "at": "2026-01-31T09:01:10Z",
                "was": "connected",
                "status": "stalled",
                "reason": "3 messages were not acknowledged by WhatsApp",
            }
        ],
        "mends": [
            {
                "began_at": "2026-01-31T09:01:20Z",
                "remedy": "restart",
                "found": "stalled",
                "reason": "3 messages were not acknowledged by WhatsApp",
                "ended_at": None,
                "result": None,
                "detail": None,
            }
        ],
    },
    "Codes": {
        "instance": "support",
        "state": "connecting",
        "qr": "2@Zm9v,YmFy,YmF6",
        "png": "iVBORw0KGgo=",
        "code": None,
        "count": 1,
    },
    "Restarted": {"instance": "sales", "state": "close", "did": "connect", "asks_for_code": False},
    "NumberSettings": SETTINGS,
    "ProxyView": {"proxy": _PROXY},
    "WebhookView": {
        "wanted": "https://wa.example.com/webhooks/evolution/sales",
        "url": "https://wa.example.com/webhooks/evolution/sales",
        "drift": [],
    },
}
