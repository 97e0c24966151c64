"""Slow queries of real servers."""

from typing import Any

from anclora.logs import slow_of_postgres, slow_of_redis
from anclora.queue.engine import Queue
from anclora.storage.database import Database

PHONE = "34600111222"
# As the extension's view is; the wheel's Postgres comes without it.
VIEW = """
create view pg_stat_statements as
select (select oid from pg_database where datname = current_database()) as dbid, t.*,
    t.total_exec_time / t.calls as mean_exec_time
from (values
    ('select * from messages where recipient = $1', 10::bigint, 50000::double precision, 9000::double precision,
        10::bigint, 90::bigint, 10::bigint, 0::bigint),
    ('alter role x password ''hunter2''', 1, 20, 20, 0, 0, 1, 0)
) t(query, calls, total_exec_time, max_exec_time, rows, shared_blks_read, shared_blks_hit, temp_blks_written)
"""


async def test_the_slow_log_names_commands_and_never_what_they_were_given(redis: Any) -> None:
    old = (await redis.config_get("slowlog-log-slower-than"))["slowlog-log-slower-than"]
    await redis.config_set("slowlog-log-slower-than", 0)
    await redis.slowlog_reset()
    try:
        await redis.set(f"x:{PHONE}", PHONE, ex=5)
        await redis.keys(f"*{PHONE}*")
        queue = Queue(redis, namespace="t", shards=1, lease_seconds=30.0)
        await queue.stats()
        found = await slow_of_redis(redis, most=50)
    finally:
        await redis.config_set("slowlog-log-slower-than", old)
        await redis.slowlog_reset()
    names = {each.what for each in found}
    assert {"SET", "KEYS", "SCRIPT stats"} <= names
    assert PHONE not in repr(found)
    assert all(each.advice and each.calls > 0 for each in found)


async def test_statements_are_shown_where_the_server_counts_them(db: Database) -> None:
    assert await slow_of_postgres(db, most=5) is None
    await db.execute(VIEW)  # pyright: ignore[reportArgumentType]
    found = await slow_of_postgres(db, most=5)
    assert found is not None
    assert [(each.what, each.calls, each.mean_ms, each.worst_ms) for each in found] == [
        ("select * from messages where recipient = $1", 10, 5_000.0, 9_000.0),
        ("alter role x password ?", 1, 20.0, 20.0),
    ]
    assert "disk" in found[0].advice
