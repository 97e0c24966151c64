"""The examples of capacity, for the API's description."""

from collections.abc import Mapping
from typing import Any

_AT = "2026-01-31T09:00:00Z"
_EFFECTIVE = {"per_second": 0.667, "binds": "senders", "unmeasured": ["gateway"]}
_REACH = {
    "name": "senders",
    "of": "what the numbers may send in a day",
    "at_70_percent": "2026-03-02",
    "at_100_percent": None,
}
CHART = "<svg>…</svg>"

ANSWERS: Mapping[str, Any] = {
    "CapacityReport": {
        "at": _AT,
        "effective": _EFFECTIVE,
        "ceilings": [
            {
                "name": "workers",
                "per_second": 12800.0,
                "known": "measured",
                "why": "1 process: bench.json at 7ba4572",
            },
            {
                "name": "gateway",
                "per_second": None,
                "known": "not measured",
                "why": "no load test of the provider's host",
            },
            {"name": "senders", "per_second": 0.667, "known": "set", "why": "2 numbers; together 2,000 in 24 h"},
        ],
        "bench": {
            "path": "bench.json",
            "commit": "7ba4572",
            "measured_at": "2026-01-30T20:00:00Z",
            "machine": None,
            "lacks": "",
            "worker_per_second": 12800.0,
            "second_share": 0.96,
            "redis_per_second": 76923.0,
            "postgres_per_second": 2469.0,
            "gateway_per_second": None,
        },
        "workers": 1,
        "senders": 2,
        "senders_away": 0,
        "waiting": 12,
        "per_day": 2000,
        "busiest_at": "2026-01-29T11:00:00Z",
        "busiest_per_second": 0.41,
        "price": None,
    },
    "Foresight": {
        "at": _AT,
        "timezone": "Europe/Madrid",
        "since": "2025-11-01T08:00:00Z",
        "days": 91,
        "lacks": "",
        "growth_per_week": 0.012,
        "covered": 0.81,
        "held_out": 336,
        "peaks": [{"days": 30, "quantile": 0.9, "per_second": 0.52}],
        "reaches": [_REACH],
        "next": _REACH,
        "effective": _EFFECTIVE,
        "ahead": [{"day": "2026-01-31", "messages": 410.0, "peak_high": 96.5, "four_weeks_before": 388}],
        "hours": [{"at": _AT, "low": 31.0, "middle": 42.5, "high": 57.1}],
    },
    "Advice": {
        "at": _AT,
        "days": 30,
        "effective": _EFFECTIVE,
        "rules": [
            {
                "id": "depth",
                "rule": "queue depth above 5,000 for 5 min",
                "step": "scale out",
                "playbook": "Scale Up (Add Tasks)",
                "verdict": "quiet",
                "evidence": "AncloraQueueBacklogCritical: not in 30 days",
            }
        ],
        "todo": [{"step": "measure", "what": "Not measured: ceiling of gateway. Nothing is said of these."}],
    },
    "WhatIf": {
        "answer": "no",
        "messages": 20000,
        "by": "2026-01-31T17:00:00Z",
        "workers": 1,
        "ahead": 12,
        "expected": 310,
        "done_at": None,
        "per_second": 0.667,
        "binds": "senders",
        "pace": "2 of 2 numbers by their limit of a day",
        "unmeasured": ["gateway"],
    },
}
