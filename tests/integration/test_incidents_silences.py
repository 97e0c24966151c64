"""Silence and maintenance: nobody is called, clocks stand still and run on, and there is always an end."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from anclora.incidents.silence import MAINTENANCE, SILENCE, end_silence, silence, silence_incident
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.storage.database import Database
from tests.incidents_stage import at, stage

NIGHT = at("2026-11-25T03:00")  # a Wednesday


async def test_a_silence_stops_both_clocks_and_its_end_lets_them_run_on(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        found = await one.wrong()
        await one.tick()
        await one.tick(minutes=3)
        quiet = await silence_incident(
            db, found.id, 3_600, "the vendor is on it", clock=one.clock, actor="ana", author="ana"
        )
        await one.tick(minutes=20)
        assert len(await one.called(found)) == 1
        await end_silence(db, quiet.id, clock=one.clock, actor="ana")
        await one.tick(minutes=1, seconds=59)
        assert len(await one.called(found)) == 1
        await one.tick(seconds=1)
        assert await one.called(found) == [("oncall", "ana", "opened"), ("backup", "ben", "unacknowledged")]
        with pytest.raises(NotFoundError):
            await end_silence(db, quiet.id, clock=one.clock, actor="ana")


async def test_maintenance_calls_nobody_and_what_is_left_calls_when_it_is_over(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        about: dict[str, Any] = {"clock": one.clock, "actor": "key:1", "author": "ana"}
        now = one.clock.now()
        await silence(db, MAINTENANCE, {}, now, now + timedelta(hours=1), "Postgres is upgraded", **about)
        short, long = await one.wrong(), await one.wrong(fingerprint="another", name="AncloraRedisAway")
        await one.tick(minutes=30)
        await one.right()
        await one.tick(minutes=29, seconds=59)
        assert one.mailed() == Counter()
        await one.tick(seconds=1)
        assert await one.called(long) == [("oncall", "ana", "opened")]
        assert await one.called(short) == []


async def test_a_silence_has_bounds_a_reason_and_something_it_is_about(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        about: dict[str, Any] = {"clock": one.clock, "actor": "key:1", "author": "ana"}
        now, hour = one.clock.now(), timedelta(hours=1)
        wrong = [
            (SILENCE, {}, now, now + hour, "why"),
            (SILENCE, {"name": "A"}, now, now + timedelta(days=8), "why"),
            (SILENCE, {"name": "A"}, now + hour, now + hour, "why"),
            (SILENCE, {"name": "A"}, now, now + hour, " "),
            (MAINTENANCE, {}, now, now + timedelta(days=4), "why"),
            (MAINTENANCE, {}, now + timedelta(days=91), now + timedelta(days=91, hours=1), "why"),
            ("nap", {"name": "A"}, now, now + hour, "why"),
            (SILENCE, {"name": "A\x00"}, now, now + hour, "why"),
        ]
        for case in wrong:
            with pytest.raises(InvalidError):
                await silence(db, *case, **about)
        await silence(
            db, SILENCE, {"name": "AncloraLaneNotDraining", "lane": "send:other"}, now, now + hour, "why", **about
        )
        found = await one.wrong()  # another lane
        await one.tick()
        assert len(await one.called(found)) == 1
