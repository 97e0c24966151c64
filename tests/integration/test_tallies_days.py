"""Days of the figures are those of one zone, whichever rows a period is read by."""

from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
from messages_harness import Stage

from anclora.analytics import verify
from anclora.tallies import Counts, Wanted, fold, keep_days_of, read, total


async def test_days_are_those_of_the_zone_that_is_set(here: Stage) -> None:
    """The same figures whichever rows they are read by; in another zone days are others, and made anew."""
    dice = Random(3)
    start = datetime(2026, 3, 27, tzinfo=UTC)
    for n in range(1, 60):
        at = start + timedelta(minutes=15 * dice.randrange(4 * 24 * 5))
        await here.db.execute(
            "insert into tally_deltas (at, instance, class, what, n) values (%(at)s, %(name)s, '', 'sent', %(n)s)",
            at=at,
            name=("sales", "support")[n % 2],
            n=n,
        )

    async def told(zone: str, hours: int) -> list[Counts]:
        asked = Wanted(since=start + timedelta(hours=5, minutes=15), until=start + timedelta(hours=hours), zone=zone)
        found = [await total(here.db, asked), await total(here.db, msgspec.structs.replace(asked, instance="sales"))]
        by_day = await read(here.db, msgspec.structs.replace(asked, grain=1440), "at")
        return [*found, *(sums.counts for sums in by_day)]

    for zone in ("Europe/Madrid", "Asia/Kathmandu"):
        plain = [await told(zone, hours) for hours in (30, 77, 100)]
        await keep_days_of(here.db, zone)
        while await fold(here.db, at_once=17):
            assert [await told(zone, hours) for hours in (30, 77, 100)] == plain
        assert [await told(zone, hours) for hours in (30, 77, 100)] == plain
    assert not await keep_days_of(here.db, "Asia/Kathmandu")
    assert await told("Europe/Madrid", 100) != await told("Asia/Kathmandu", 100)
    found = await verify(here.db, timezone="Asia/Kathmandu")
    assert {each.grain for each in found.shown} == {15}  # nothing stands behind these figures but themselves
