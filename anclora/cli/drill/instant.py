"""Somebody deletes every message: the ledger of the instant before is recovered, and work goes on there."""

import time

from anclora.cli.drill.kept import QUERIES, Bucket, differing, now_of, rows_in_bucket, rows_of_messages, until_going
from anclora.cli.drill.scene import Scene
from anclora.storage.database import fetch_one

_BEFORE = 0.9
_STOP_SECONDS = 120.0


async def postgres_point_in_time(scene: Scene) -> float | None:
    """Delete everything, recover to just before; seconds until messages go out again."""
    stage = scene.stage
    bucket = Bucket(scene, "postgres")
    await scene.open()
    for number in (1, 2):
        await scene.dispatcher(number)
    scene.note(f"{await scene.accept(int(scene.total * _BEFORE)):,} messages were accepted.")
    before = await rows_in_bucket(scene, bucket)
    scene.note("All are out; a base backup and the log are in the bucket.")
    instant = await now_of(scene)
    began = time.monotonic()
    async with stage.db.transaction() as conn:
        deleted = await fetch_one(conn, QUERIES["delete_messages"])
        await conn.execute(QUERIES["delete_attempts"])
    failed_at, until = await now_of(scene), await bucket.until()
    scene.gap_seconds = round((failed_at - until).total_seconds(), 2) if until else 0.0
    gone = deleted["n"] if deleted else 0
    scene.note(f"Somebody deleted {gone:,} messages; the bucket was {scene.gap_seconds:.1f} s behind.")
    await bucket.wait_for(instant)
    await stage.stop_all(timeout_seconds=_STOP_SECONDS)
    scene.note(f"The log beyond {instant:%H:%M:%S.%f} UTC is shipped, and every process stopped.")
    then = stage.data_dir / "then"
    await stage.run("backup", "restore", "postgres", "--to-time", instant.isoformat(), "--into", str(then))
    scene.note("That instant is recovered, in a data directory of its own.")
    await stage.move(then, redis=False)
    after = await rows_of_messages(stage.home.env["DATABASE_URL"])
    if wrong := differing(before, after):
        scene.wrong.append(f"The rows are not those of the instant: {wrong}.")
    else:
        scene.note(f"{sum(each.rows for each in after.values()):,} rows of {len(after)} tables are those of then.")
    return await until_going(scene, began)
