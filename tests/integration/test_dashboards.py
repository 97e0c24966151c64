"""The panels that ask the ledger say what the overview says, to the unit."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_harness import PHONE, House, house

from anclora.analytics.others import conversation_counts, conversion_counts
from anclora.kit.ids import new_id
from anclora.storage.database import Database
from tests.boards import panels, queries

NOW = datetime.now(UTC)
SINCE, UNTIL = NOW - timedelta(days=3), NOW + timedelta(hours=1)
# Messages that never went through the doors: figures by their rows, as tallies count them.
PLANT = """
insert into tally_deltas (at, instance, class, what, n)
select quarter(%(at)s), 'sales', 'utility', w.what, w.n
from (values ('sent', 40), ('delivered', 30), ('read', 10), ('failed', 3), ('dead', 2)) as w (what, n)
"""
TALK = """
insert into conversations (id, instance, contact_id, opened_at, last_in_at, closed_at, closed_by)
values (%(id)s, 'sales', %(contact_id)s, %(at)s, %(at)s, %(closed_at)s, %(by)s)
"""


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis, currency="EUR") as running:
        yield running


async def drawn(db: Database, title: str, ref: str = "A", since: datetime = SINCE, until: datetime = UNTIL) -> Any:
    """What a panel draws: its rows."""
    [panel] = [panel for _, panel in panels() if panel["title"] == title]
    return await db.fetch_all(dict(queries(panel, since, until))[ref])


def summed(rows: Any) -> dict[str, float]:
    """The lines of a panel, each summed up."""
    names = [name for name in rows[0] if name != "time"] if rows else []
    return {name: float(sum(row[name] or 0 for row in rows)) for name in names}


async def overview(doors: House) -> Any:
    answer = await doors.ask("GET", f"/analytics/metrics/overview?from={SINCE.date()}&to={UNTIL.date()}")
    assert answer.status == 200, answer.body
    return answer.json


async def test_messages_and_rates_are_the_overviews_folded_or_not(doors: House, db: Database) -> None:
    for hours in (1, 2, 26):
        await db.execute(PLANT, at=NOW - timedelta(hours=hours))
    told = (await overview(doors))["messages"]
    want = {name: float(told[name]) for name in ("sent", "delivered", "read")}
    assert want == {"sent": 120.0, "delivered": 90.0, "read": 30.0}
    title = "Messages sent, delivered and read"
    assert summed(await drawn(db, title)) == want
    assert summed(await drawn(db, "Failed"))["failed"] == told["failed"] == 15
    rates = await drawn(db, "Delivery rate")
    assert {row["delivery rate"] for row in rates} == {0.75}
    assert {row["read rate"] for row in await drawn(db, "Read rate")} == {0.25}
    # The dashed line tells the same, seven days further on.
    week = timedelta(days=7)
    before = await drawn(db, title, "W", SINCE + week, UNTIL + week)
    assert [row["time"] - week for row in before] == [row["time"] for row in await drawn(db, title)]


async def test_conversions_and_revenue_are_the_overviews(doors: House, db: Database) -> None:
    day = SINCE.date().isoformat()
    await doors.ask("POST", "/api/v1/conversions/rates", json={"currency": "USD", "rate": "0.8", "valid_from": day})
    for number, (kind, value, currency) in enumerate(
        [("lead", None, None), ("sale", "1250.50", "EUR"), ("sale", "100.05", "USD"), ("sale", "500", "JPY")]
    ):
        wish = {"kind": kind, "contact": PHONE, "external_id": f"e{number}"}
        wish |= {} if value is None else {"value": value, "currency": currency}
        answer = await doors.ask("POST", "/api/v1/conversions", json=wish)
        assert answer.status == 200, answer.body
        if currency == "USD":
            refund = {"value": "20.01", "external_id": "r1"}
            answer = await doors.ask("POST", f"/api/v1/conversions/{answer.json['id']}/refund", json=refund)
            assert answer.status == 200, answer.body
    until = datetime.now(UTC) + timedelta(hours=1)  # they are of now, which may be hours after this file was read
    told = await conversion_counts(currency="EUR", zone="Europe/Madrid")(db, SINCE, until)
    assert summed(await drawn(db, "Revenue", until=until)) == {"revenue": told.revenue}
    assert told.revenue == 1250.50 + 64.03
    lines = summed(await drawn(db, "Conversions", until=until))
    assert lines == {"leads": 1, "qualified leads": 0, "appointments": 0, "sales": 3}
    assert (told.leads, told.qualified_leads, told.appointments, told.sales) == (1, 0, 0, 3)


async def test_active_conversations_end_where_the_overview_stands(db: Database) -> None:
    for opened, closed in ((30, None), (40, None), (50, 10)):
        contact_id = new_id()
        await db.execute("insert into contacts (id) values (%(id)s)", id=contact_id)
        await db.execute(
            TALK,
            id=new_id(),
            contact_id=contact_id,
            at=NOW - timedelta(hours=opened),
            closed_at=NOW - timedelta(hours=closed) if closed else None,
            by="idle" if closed else None,
        )
    rows = await drawn(db, "Active conversations")
    assert rows[-1]["active"] == (await conversation_counts(db, SINCE, UNTIL)).active == 2
    assert max(row["active"] for row in rows) == 3
    assert rows[0]["active"] == 0
