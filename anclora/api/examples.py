"""The examples of the API's description, one set of facts told through every route; tests hold them to the schemas."""

from collections.abc import Mapping
from typing import Any

from anclora.api import (
    examples_alerts,
    examples_analytics,
    examples_capacity,
    examples_conversations,
    examples_conversions,
    examples_drills,
    examples_hooks,
    examples_incidents,
    examples_media,
    examples_oncall,
    examples_ops,
    examples_reports,
)
from anclora.api import examples_numbers as numbers
from anclora.api.examples_inbound import INBOUND

MESSAGE_ID = "019aac5e-7a00-7000-8000-000000000001"
PHONE = "+34600111222"
_DIGITS = "34600111222"

TEXT = {"to": PHONE, "text": "Hola, mañana a las 10."}
FILE = {
    "to": PHONE,
    "type": "document",
    "media": {"url": "https://example.com/dossier.pdf", "mimetype": "application/pdf", "filename": "dossier.pdf"},
    "caption": "El dossier del piso",
}
PAUSE = {"class": "marketing", "why": "the offer is being checked"}
STRIKE = {"tag": "black-friday", "why": "wrong price"}
QUIET = {"hours": "21:00-09:00"}
REQUEUE = {"instance": "sales", "reason": "tries_exhausted"}
DISCARD = {"ids": [MESSAGE_ID], "why": "the viewing is over"}
PACING = {"preset": "qr", "per_minute": 12}
ZONE = {"zone": "Atlantic/Canary"}
RESCHEDULE = {"send_at": "2026-01-31T09:00:00", "send_zone": "Europe/Madrid"}
RETRY = {"tries": 5, "base_seconds": 30.5}
CLASS = {"unknown": "resend"}
_RETRY = {
    "failure": "connection_closed",
    "tries": 5,
    "base_seconds": 30.5,
    "factor": None,
    "cap_seconds": None,
    "jitter": None,
    "own": ["tries", "base_seconds"],
}
OPT_OUT = {"reason": "asked on the phone"}
MERGE = {"one": PHONE, "other": "lid:99887766554433"}
SPLIT = {"address": "lid:99887766554433"}

_RECEIPT = {"id": MESSAGE_ID, "state": "queued", "to": _DIGITS, "instance": "sales"}
_MESSAGE = {
    "id": MESSAGE_ID,
    "state": "delivered",
    "to": _DIGITS,
    "instance": "sales",
    "type": "text",
    "content": {"type": "text", "text": "Hola, mañana a las 10."},
    "class": "utility",
    "priority": "normal",
    "attempts": 1,
    "created_at": "2026-01-31T09:00:00.104000Z",
    "send_at": None,
    "expires_at": None,
    "next_attempt_at": None,
    "sent_at": "2026-01-31T09:00:00.251000Z",
    "delivered_at": "2026-01-31T09:00:01.007000Z",
    "read_at": None,
    "played_at": None,
    "unknown_at": None,
    "stalled_at": None,
    "provider_id": "3EB0C5A277F7F9B6C599",
    "reason_code": None,
    "reason_text": None,
    "client_ref": None,
    "tags": [],
}
_CHECK = {"status": "healthy", "message": "answers", "duration_ms": 0.7}

# What a route answers, by the name of its type.
ANSWERS: Mapping[str, Any] = {
    "Rebuild": {"epoch": 3},
    "Gates": {
        "gates": [
            {
                "what": "tag",
                "value": "black-friday",
                "instance": "",
                "why": "wrong price",
                "actor": "key:019aac5e-7a00-7000-8000-000000000003",
                "closed_at": "2026-01-31T09:00:00.104000Z",
            }
        ],
        "quiet_hours": {"marketing": "21:00-09:00"},
    },
    "Drain": {"drained": False, "stopped": True, "open_lanes": [], "sending": 3, "in_flight": 3},
    "Acted": {"count": 12, "left": 0},
    "DeadLetterPage": {
        "dead_letters": [
            {
                "id": MESSAGE_ID,
                "to": _DIGITS,
                "instance": "sales",
                "class": "utility",
                "priority": "normal",
                "attempts": 8,
                "created_at": "2026-01-31T09:00:00.104000Z",
                "died_at": "2026-01-31T10:02:11.500000Z",
                "reason_code": "tries_exhausted",
                "reason_text": "8 tries; rate-overlimit",
                "last": {
                    "at": "2026-01-31T10:02:11.498000Z",
                    "outcome": "refused",
                    "code": "rate_overlimit",
                    "text": "rate-overlimit",
                },
            }
        ],
        "counts": {"tries_exhausted": 1},
        "next": None,
    },
    "PacingView": {
        "instance": "sales",
        "preset": "qr",
        "first_day": "2026-01-30",
        "limits": {
            "per_minute": 12.0,
            "burst": 1,
            "jitter": 0.4,
            "gap_seconds": 0.0,
            "at_once": 4,
            "per_day": 1000,
            "new_recipients_per_day": 200,
            "kept_share": 0.2,
            "warm_up": [50, 100, 200, 400, 800],
        },
        "overrides": {"per_minute": 12.0},
        "provider": None,
        "today": 100,
    },
    "TemplateList": {
        "templates": [
            {
                "provider": "cloud",
                "name": "visit_reminder",
                "language": "es",
                "status": "APPROVED",
                "category": "UTILITY",
                "components": [{"type": "BODY", "text": "Hola {{1}}, mañana a las {{2}}."}],
                "quality": "GREEN",
                "reason": None,
                "status_at": "2026-01-30T17:20:11Z",
                "synced_at": "2026-01-31T09:00:00.104000Z",
                "gone_at": None,
            }
        ]
    },
    "Synced": {"count": 12, "gone": ["old_offer (es)"]},
    "Health": {
        "status": "healthy",
        "version": "0.1.0",
        "uptime_seconds": 86400.0,
        "checks": {
            "database": _CHECK,
            "redis": _CHECK,
            "migrations": _CHECK | {"message": "at 0018_tallies"},
            "clock": _CHECK | {"message": "+0.002 s off the database's"},
            "redis_storage": _CHECK | {"message": "noeviction, append-only"},
            "queue": _CHECK | {"message": "0 wait, the first for 0 s"},
            "instances": _CHECK | {"message": "1 connected"},
            "event_loop": _CHECK | {"message": "at most 4 ms late in the last seconds"},
            "memory": _CHECK | {"message": "31% of 2048 MB used"},
            "disk": _CHECK | {"message": "48210 MB (71%) free for data"},
        },
    },
    "QueueMetrics": {
        "waiting": 12,
        "active": 4,
        "delayed": 3,
        "held": 0,
        "scheduled": 20,
        "completed": 4893,
        "failed": 17,
        "dlq": 0,
        "unknown": 0,
        "oldest_waiting_seconds": 0.214,
        "drain_seconds": 0.4,
        "throughput_per_second": 31.5,
        "source": "lanes",
        "lanes": [
            {
                "instance": "sales",
                "waiting": 12,
                "active": 4,
                "delayed": 3,
                "held": 0,
                "oldest_waiting_seconds": 0.214,
                "paused": False,
                "why": None,
                "closed": ["low"],
                "per_minute": 20.0,
                "sent_24h": 212,
                "cap_24h": 1000,
            }
        ],
    },
    "InstanceList": {
        "instances": [
            {
                "name": "sales",
                "status": "connected",
                "since": "2026-01-30T17:20:11Z",
                "owner": "34911222333",
            }
        ]
    },
    "MessageReceipt": _RECEIPT,
    "BulkReceipt": {"accepted": 1, "messages": [_RECEIPT]},
    "Message": _MESSAGE,
    "MessagePage": {"messages": [_MESSAGE], "next": None},
    "Explanation": {
        "id": MESSAGE_ID,
        "state": "queued",
        "rule": "paused",
        "text": "sales rests until 09:00:05 UTC: Connection Closed.",
        "until": "2026-01-31T09:00:05.104000Z",
        "next_attempt_at": "2026-01-31T09:00:00.104000Z",
        "estimated_position": 1,
        "estimated_at": "2026-01-31T09:00:05.104000Z",
        "source": "lanes",
        "timeline": [{"at": "2026-01-31T09:00:00.104000Z", "what": "accepted"}],
    },
    "Contact": {
        "id": "019aac5e-7a00-7000-8000-000000000002",
        "phone": _DIGITS,
        "name": "Ana",
        "created_at": "2026-01-31T09:00:00.104000Z",
        "opted_out_at": None,
        "opt_out_reason": None,
        "last_inbound_at": None,
        "zone": None,
        "addresses": [
            {
                "kind": "lid",
                "value": "99887766554433",
                "evidence": "named together by sales",
                "since": "2026-01-31T09:00:00.104000Z",
            }
        ],
    },
    **INBOUND,
    "RetryView": _RETRY,
    "RetryList": {"retries": [_RETRY]},
    "ClassView": {"name": "reply", "unknown": "resend"},
    "ClassList": {"classes": [{"name": "reply", "unknown": "resend"}]},
    "Stored": {"status": "stored"},
    **examples_analytics.ANSWERS,
    **examples_media.ANSWERS,
    **numbers.ANSWERS,
    **examples_hooks.ANSWERS,
    **examples_conversations.ANSWERS,
    **examples_conversions.ANSWERS,
    **examples_reports.ANSWERS,
    **examples_capacity.ANSWERS,
    **examples_drills.ANSWERS,
    **examples_incidents.ANSWERS,
    **examples_oncall.ANSWERS,
    **examples_alerts.ANSWERS,
    **examples_ops.ANSWERS,
}

# A refusal for every status: its code and its sentence.
REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("not_utf8", "The body is not UTF-8; JSON must be."),
    401: ("missing_key", "Send your API key in the header X-API-Key. Make one with: anclora keys create"),
    403: ("missing_scope", "This key may not send and cancel messages: it lacks the scope messages:send."),
    404: ("message_not_found", f"There is no message {MESSAGE_ID}."),
    408: ("body_too_slow", "The body took longer than 60 s."),
    409: ("not_cancelable", "The message is sent and cannot be canceled; only queued and scheduled ones can."),
    413: ("too_large", "The body is larger than 24000000 bytes. Send less at once."),
    422: ("invalid_phone", "The phone number is malformed. Write it as +34600111222."),
    503: ("database_unavailable", "The database does not answer. Send it again shortly."),
}
