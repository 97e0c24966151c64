"""The examples of disaster drills, for the API's description."""

from collections.abc import Mapping
from typing import Any

DRILL = {
    "scenario": "redis-loss",
    "started_at": "2026-01-31T09:00:00Z",
    "seconds": 41.2,
    "messages": 5000,
    "rto_seconds": 3.4,
    "rpo_seconds": 0.0,
    "lost": 0,
    "doubled": 0,
    "figures_off": 0,
    "steps": [
        {"at_seconds": 6.1, "what": "Redis was killed (SIGKILL) and everything it kept removed; 640 had gone out."}
    ],
    "failures": [],
}
_ENTRY = {"id": "019aac5e-7a00-7000-8000-000000000061", "drill": DRILL}

ANSWERS: Mapping[str, Any] = {"DrillList": {"drills": [_ENTRY]}, "Recorded": {"id": _ENTRY["id"]}}
