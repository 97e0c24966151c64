"""The examples of the doors of the figures."""

from collections.abc import Mapping
from typing import Any

_ZONE = "Europe/Madrid"
_PERIOD = {"from": "2026-01-31T00:00:00+01:00", "to": "2026-02-01T00:00:00+01:00", "timezone": _ZONE}
_BEFORE = {"from": "2026-01-30T00:00:00+01:00", "to": "2026-01-31T00:00:00+01:00", "timezone": _ZONE}
_FIGURES = {"sent": 412, "delivered": 398, "read": 240, "delivery_rate": 0.966, "read_rate": 0.5825}
_EARLIER = {"sent": 380, "delivered": 371, "read": 233, "delivery_rate": 0.9763, "read_rate": 0.6132}
_SPREAD = {"count": 412, "p50": 0.412, "p90": 1.2, "p95": 1.9, "p99": 4.013}

TABLE = "instance,name,sent,sent_before\r\nsales,sales,412,380\r\n,total,412,380\r\n"

ANSWERS: Mapping[str, Any] = {
    "Overview": {
        "period": _PERIOD,
        "messages": {
            "sent": 412,
            "delivered": 398,
            "read": 240,
            "failed": 3,
            "delivery_rate": 0.966,
            "read_rate": 0.5825,
        },
        "conversations": {"active": 38, "handoffs": 4},
        "conversions": {"leads": 9, "qualified_leads": 4, "appointments": 3, "sales": 1, "revenue": 2500.0},
    },
    "QuestionAnswer": {
        "question": "rates",
        "by": "day",
        "period": _PERIOD,
        "previous": _BEFORE,
        "columns": list(_FIGURES),
        "lines": [{"key": "2026-01-31", "name": "2026-01-31", "figures": _FIGURES, "before": _EARLIER}],
        "total": {"key": "", "name": "total", "figures": _FIGURES, "before": _EARLIER},
        "more": 0,
    },
    "Latencies": {
        "by": "instance",
        "period": _PERIOD,
        "share": 1.0,
        "lines": [{"key": "sales", "to_sent": _SPREAD, "to_delivered": _SPREAD, "to_read": _SPREAD}],
    },
    "Verified": {
        "facts": 20_412,
        "differences": 1,
        "shown": [
            {
                "grain": 15,
                "at": "2026-01-31T08:00:00Z",
                "instance": "sales",
                "campaign": "",
                "template": "",
                "class": "utility",
                "cause": "",
                "what": "sent",
                "tallied": 411,
                "counted": 412,
            }
        ],
        "mended": 0,
    },
}
