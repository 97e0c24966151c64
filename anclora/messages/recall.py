"""What the ledger remembers of the last day, for lanes that lost it: sends by quarter of an hour, people, when last."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from anclora.kit.ids import first_id_at
from anclora.messages.feed import LANE_PREFIX
from anclora.queue import Limits, Memory
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_OLDEST = timedelta(days=40)  # of a message that was still tried in the last day
_DAY_SECONDS = 87_300.0  # and a quarter of an hour


async def recall(db: Database, limits: Mapping[str, Limits], now: datetime) -> dict[str, Memory]:
    """The memory of every lane whose limits need one."""
    since_id = first_id_at(now - _OLDEST)
    counted = [_number(lane) for lane, its in limits.items() if its.per_day or its.per_second]
    known = [_number(lane) for lane, its in limits.items() if its.new_keys_per_day or its.gap_seconds]
    quarters: dict[str, list[tuple[int, int]]] = {}
    latest: dict[str, int] = {}
    for row in await db.fetch_all(QUERIES["sent_by_quarter"], since_id=since_id, instances=counted):
        quarters.setdefault(row["instance"], []).append((row["quarter"], row["n"]))
        latest[row["instance"]] = max(latest.get(row["instance"], 0), row["latest_ms"])
    first: dict[str, dict[str, int]] = {}
    last: dict[str, dict[str, int]] = {}
    day = any(its.new_keys_per_day for its in limits.values())
    window = _DAY_SECONDS if day else max((its.gap_seconds for its in limits.values()), default=0.0)
    people = QUERIES["people_of_the_day"]
    for row in await db.fetch_all(people, since_id=since_id, instances=known, window_seconds=window):
        first.setdefault(row["instance"], {})[row["recipient"]] = row["first_ms"]
        last.setdefault(row["instance"], {})[row["recipient"]] = row["last_ms"]
    return {
        lane: Memory(
            quarters=quarters.get(name, []),
            first_ms=first.get(name, {}) if its.new_keys_per_day else {},
            last_ms=last.get(name, {}) if its.gap_seconds else {},
            latest_ms=latest.get(name, 0),
        )
        for lane, its in limits.items()
        if (name := _number(lane)) in {*counted, *known}
    }


def _number(lane: str) -> str:
    return lane.removeprefix(LANE_PREFIX)
