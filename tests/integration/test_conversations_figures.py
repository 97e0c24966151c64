"""The figures of conversations are the rows': exact at the edges of a span, and of one number where that is asked."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from api_harness import HandClock

from anclora.conversations import HandoffReason, claim, handoff
from anclora.conversations.figures import ConversationFigures, Wait, figures
from anclora.kit.errors import NotFoundError
from anclora.kit.ids import new_id
from anclora.storage.database import Database

DAY = datetime(2026, 3, 1, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
HOUR = timedelta(hours=1)


async def talk(
    db: Database,
    opened_at: datetime,
    *,
    closed_at: datetime | None = None,
    waited_seconds: float | None = None,
    instance: str = "sales",
    merged_into: UUID | None = None,
) -> UUID:
    contact_id, one = new_id(), new_id()
    await db.execute("insert into contacts (id) values (%(id)s)", id=contact_id)
    await db.execute(
        "insert into conversations (id, instance, contact_id, opened_at, last_in_at, first_response_at, closed_at,"
        " closed_by, merged_into) values (%(id)s, %(instance)s, %(contact_id)s, %(at)s, %(at)s,"
        " %(at)s + make_interval(secs => %(waited)s), %(closed_at)s, %(by)s, %(merged_into)s)",
        id=one,
        instance=instance,
        contact_id=contact_id,
        at=opened_at,
        waited=waited_seconds,
        closed_at=closed_at,
        by="idle" if closed_at else None,
        merged_into=merged_into,
    )
    return one


async def test_a_day_without_any(db: Database) -> None:
    nothing = await figures(db, DAY, NEXT)
    assert nothing == ConversationFigures(
        active=0,
        new=0,
        closed=0,
        handoffs=0,
        handoffs_by_reason={reason.value: 0 for reason in HandoffReason},
        answered=0,
        first_response_seconds=Wait(p50=None, p95=None),
    )


async def test_the_edges_of_a_span(db: Database) -> None:
    first = await talk(db, DAY)  # its first moment is part of a span, its last one is not
    await talk(db, DAY - HOUR, closed_at=DAY)
    await talk(db, DAY + HOUR, closed_at=NEXT)
    await talk(db, NEXT)
    await talk(db, DAY + HOUR, merged_into=first)
    found = await figures(db, DAY, NEXT)
    assert (found.active, found.new, found.closed) == (2, 2, 1)
    after = await figures(db, NEXT, NEXT + timedelta(days=1))
    assert (after.active, after.new, after.closed) == (2, 1, 1)


async def test_how_long_people_waited_is_counted_where_the_answer_lies(db: Database) -> None:
    for seconds in range(10, 110, 10):
        await talk(db, DAY + HOUR, waited_seconds=seconds)
    await talk(db, DAY - HOUR, waited_seconds=3_700, instance="support")
    await talk(db, NEXT - timedelta(seconds=30), waited_seconds=60)
    await talk(db, DAY + HOUR)
    whole = await figures(db, DAY, NEXT)
    assert (whole.answered, whole.first_response_seconds.p50) == (11, 60.0)
    sales = await figures(db, DAY, NEXT, "sales")
    assert (sales.answered, sales.first_response_seconds) == (10, Wait(p50=55.0, p95=95.5))
    assert (await figures(db, DAY, NEXT, "support")).new == 0


async def test_handoffs_by_reason(db: Database) -> None:
    clock = HandClock()
    one, other = await talk(db, DAY), await talk(db, DAY, instance="support")
    for reason in (HandoffReason.COMPLAINT, HandoffReason.COMPLAINT, HandoffReason.HIGH_VALUE):
        await handoff(db, one, reason, clock=clock, actor="test")
    await claim(db, one, "ana", clock=clock, actor="test")
    await handoff(db, one, HandoffReason.COMPLAINT, clock=clock, actor="test")
    await handoff(db, other, HandoffReason.USER_REQUEST, clock=clock, actor="test")
    since, until = clock.now() - HOUR, clock.now() + HOUR
    found = await figures(db, since, until)
    assert found.handoffs == 4
    assert {name: n for name, n in found.handoffs_by_reason.items() if n} == {
        "complaint": 2,
        "high_value": 1,
        "user_request": 1,
    }
    assert (await figures(db, since, until, "support")).handoffs == 1
    assert (await figures(db, until, until + HOUR)).handoffs == 0
    with pytest.raises(NotFoundError):
        await handoff(db, new_id(), HandoffReason.COMPLAINT, clock=clock, actor="test")
