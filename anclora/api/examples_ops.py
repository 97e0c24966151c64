"""The examples of routines, for the API's description."""

from collections.abc import Mapping
from typing import Any

ANSWERS: Mapping[str, Any] = {
    "RunList": {
        "runs": [
            {
                "good": False,
                "run": {
                    "id": "01937a50-0000-7000-8000-00000000c0de",
                    "checklist": "morning",
                    "due_at": "2026-01-31T09:00:00Z",
                    "started_at": "2026-01-31T09:00:04.104000Z",
                    "ended_at": "2026-01-31T09:00:04.604000Z",
                    "actor": "schedule",
                    "commit": None,
                    "results": [
                        {
                            "check": "numbers",
                            "verdict": "finding",
                            "value": 1.0,
                            "usual": 0.0,
                            "facts": ["sales: disconnected", "of 2 expected"],
                            "reason": "",
                            "at": "2026-01-31T09:00:04.104000Z",
                            "took_ms": 16.0,
                        }
                    ],
                },
            }
        ]
    },
}
