"""Looks of the built-in watch, made by hand: everything is well, except what a test says."""

from typing import Any

from msgspec.structs import replace

from anclora.alerts.facts import Facts, Lanes, Ledger, Machine, RedisState

WELL = Facts(
    ledger=Ledger(
        workers=2,
        stuck=0,
        unknown_seconds=0.0,
        died=0,
        unapplied_seconds=0.0,
        sent=100,
        heard=True,
        bad=0,
        samples=100,
        doubles=0,
        unacknowledged={},
    ),
    lanes=Lanes(waiting=0, throughput=1.0, oldest_seconds={}),
    redis=RedisState(uptime_seconds=10_000, fullest=0.1, evicted=0, keeps=True),
    machine=Machine(host="a", place="data", free=0.5, off_seconds=0.0),
    numbers={"sales": True},
    evicted_before=0,
    redis_before_seconds=9_990,
)


def look(**changes: Any) -> Facts:
    """Everything is well but this: `ledger_workers=0` is `workers` of the ledger, `redis=None` that it is silent."""
    facts = WELL
    for name, value in changes.items():
        part, _, field = name.partition("_")
        inner = getattr(facts, part, None)
        if field and inner is not None and field in inner.__struct_fields__:
            facts = replace(facts, **{part: replace(inner, **{field: value})})
        else:
            facts = replace(facts, **{name: value})
    return facts
