"""The examples of reports and notices, for the API's description."""

from collections.abc import Mapping
from typing import Any

POST_PERIOD = {"to": ["slack"], "date": "2026-01-31"}
TRY_CHANNEL = {"channel": "slack", "severity": "warning"}
POST_REPORT = {"to": ["slack", "email"], "date": "2026-01-31", "lang": "es"}

# How the documents begin that are no JSON.
BEGINNINGS = {
    "md": "# Resumen diario\n\n**Sábado, 31 de enero de 2026**\n",
    "html": '<!doctype html>\n<html lang="es">',
    "pdf": "%PDF-1.4",
    "json": "{",
}

_ID = "019aac5e-7a00-7000-8000-000000000007"
_COUNTS = {"sent": 4191, "delivered": 3984, "read": 2706, "failed": 143, "received": 911}
_FIGURES = {
    "messages": _COUNTS,
    "conversations": {
        "opened": 212,
        "active": 264,
        "first_response_seconds": 1260.0,
        "handoffs": {"user_request": 21},
    },
    "conversions": {
        "counts": {"lead": 58, "sale": 2},
        "revenue": [{"currency": "EUR", "minor": 1245050, "digits": 2}],
        "total": {"currency": "EUR", "minor": 1245050, "digits": 2},
        "unconverted": [],
    },
}
_ACTION = "Decidir sobre 31 mensajes sin entregar: reencolar o descartar."
_UNCOUNTED = {"messages": _COUNTS, "conversations": None, "conversions": None}
_TOLD = {"id": _ID, "fresh": ["email:boss@example.com", "slack:#anclora-reports"]}

_OF_ANY = {
    "numbers": [{"name": "sales", "messages": _COUNTS}],
    "failures": [{"code": "not_on_whatsapp", "count": 88, "numbers": ["sales"]}],
    "tries": {"count": 4455, "refused": 210, "unknown": 39},
    "dead": 31,
}
_SAID = {
    "lang": "es",
    "summary": "4.191 enviados, 3.984 entregados (95,1 %), 2.706 leídos, 911 recibidos; 143 fallidos.",
    "suggestions": [{"code": "dead", "values": {"count": 31}, "command": "anclora queue dlq list"}],
    "actions": [{"text": _ACTION, "command": "anclora queue dlq list"}],
}

ANSWERS: Mapping[str, Any] = {
    "DailyReport": {
        "day": {
            "date": "2026-01-31",
            "timezone": "Europe/Madrid",
            "until": None,
            "today": _FIGURES,
            "yesterday": _UNCOUNTED,
            "week_before": _UNCOUNTED,
            "hours": [{"starts_at": "2026-01-31T09:00:00+01:00", "sent": 410, "received": 74}],
            **_OF_ANY,
        },
        **_SAID,
    },
    "PeriodReport": {
        "period": {
            "every": "weekly",
            "first": "2026-01-26",
            "last": "2026-02-01",
            "timezone": "Europe/Madrid",
            "now": _FIGURES,
            "before": _UNCOUNTED,
            "days": [{"date": "2026-01-26", "messages": _COUNTS, "week_before": _COUNTS}],
            **_OF_ANY,
        },
        **_SAID,
    },
    "ChannelList": {
        "channels": [
            {
                "name": "email",
                "targets": {each: ["boss@example.com"] for each in ("info", "warning", "critical")},
            },
            {
                "name": "slack",
                "targets": {
                    "info": ["#anclora-reports"],
                    "warning": ["#anclora-warnings"],
                    "critical": ["#anclora-critical"],
                },
            },
        ],
        "ways": {
            "info": [["slack", "email"]],
            "warning": [["slack", "email"]],
            "critical": [["email"], ["slack", "email"]],
        },
        "wait_seconds": 120.0,
    },
    "Tried": {"key": "trial:019aac5e-7a00-7000-8000-000000000008:slack", "notice": _TOLD},
    "Posted": {"notice": _TOLD, "already": False},
    "NoticeList": {
        "notices": [
            {
                "id": _ID,
                "created_at": "2026-02-01T08:00:00Z",
                "key": "report:daily:2026-01-31:es",
                "severity": "info",
                "kind": "trigger",
                "incident": None,
                "title": "Resumen diario: Sábado, 31 de enero de 2026",
                "deliveries": [
                    {
                        "channel": "slack",
                        "target": "#anclora-reports",
                        "state": "failed",
                        "tries": 1,
                        "due_at": "2026-02-01T08:00:01Z",
                        "last_code": "channel_not_found",
                        "last_text": "Slack knows no such channel, or the app cannot see it; check its name.",
                        "left_out": [],
                        "ended_at": "2026-02-01T08:00:01Z",
                    }
                ],
            }
        ]
    },
}
