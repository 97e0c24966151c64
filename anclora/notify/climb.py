"""Second paths: when a way to people is closed or silent, the next channel of its ladder gets the notice."""

from datetime import datetime, timedelta

from anclora.kit.logging import get_logger
from anclora.kit.severity import Severity
from anclora.notify import metrics
from anclora.notify.tell import QUERIES
from anclora.storage.database import Database, fetch_all

log = get_logger(__name__)
_AT_ONCE = 50
_COUNTED = timedelta(days=1)
_GRACE = timedelta(minutes=2)


async def climb(db: Database, now: datetime) -> int:
    """Use the second paths whose time has come, and spare those that need not be used; how many were used."""
    async with db.transaction() as conn:
        await conn.execute(QUERIES["spare_rungs"])
        used = await fetch_all(conn, QUERIES["use_rungs"], now=now, limit=_AT_ONCE)
        for rung in used:
            values = {name: rung[name] for name in ("notice_id", "channel", "targets")} | {"now": now}
            await conn.execute(QUERIES["keep_rung_targets"], values)
            await conn.execute(QUERIES["keep_rung_deliveries"], values)
    for rung in used:
        metrics.SECOND_PATHS.labels(rung["channel"], rung["instead_of"]).inc()
        log.warning(
            "notice_takes_second_path",
            notice=str(rung["notice_id"]),
            severity=rung["severity"],
            channel=rung["channel"],
            instead_of=rung["instead_of"],
        )
    return len(used)


async def count_unreached(db: Database, now: datetime) -> None:
    """Show how many notices of the last day reached nobody for two minutes and more."""
    rows = await db.fetch_all(QUERIES["count_unreached"], since=now - _COUNTED, before=now - _GRACE)
    found = {row["severity"]: row["notices"] for row in rows}
    for severity in Severity:
        metrics.UNDELIVERED.labels(severity.value).set(found.get(severity.value, 0))
