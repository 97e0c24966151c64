"""Questions about conversations, agents and conversions: told apart, and to the unit what the overview says."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from api_harness import House, house, serving

from anclora.analytics.others import conversation_counts, conversion_counts
from anclora.kit.ids import id_at
from anclora.storage.database import Database

DAY = datetime(2026, 1, 31, tzinfo=UTC)
CAMPAIGN = UUID("019aac5e-7a00-7000-8000-0000000000aa")
HOUR = timedelta(hours=1)


async def talk(
    db: Database, at: datetime, instance: str, *, closed: float = 0, agent: str = "", waited: int = 0
) -> None:
    """A conversation; with an agent one that was handed off, taken, answered and given back."""
    contact, one = id_at(at), id_at(at)
    await db.execute("insert into contacts (id) values (%(id)s)", id=contact)
    await db.execute(
        "insert into conversations (id, instance, contact_id, opened_at, last_in_at, first_response_at,"
        " first_response_agent, closed_at, closed_by) values (%(id)s, %(instance)s, %(contact)s, %(at)s, %(at)s,"
        " %(at)s + make_interval(secs => %(waited)s), %(agent)s, %(closed)s, %(by)s)",
        id=one,
        instance=instance,
        contact=contact,
        at=at,
        waited=waited or None,
        agent=agent or None,
        closed=at + closed * HOUR if closed else None,
        by="idle" if closed else None,
    )
    for n, kind in enumerate(("opened", "handoff", "claimed", "released") if agent else ("opened",)):
        await db.execute(
            "insert into conversation_history (id, conversation_id, instance, at, kind, agent, reason, actor) values"
            " (%(id)s, %(one)s, %(instance)s, %(at)s, %(kind)s, %(agent)s, %(reason)s, 'test')",
            id=id_at(at + n * HOUR),
            one=one,
            instance=instance,
            at=at + n * HOUR,
            kind=kind,
            agent=agent if n > 1 else None,
            reason="complaint" if kind in ("handoff", "claimed") else None,
        )


async def conversion(db: Database, at: datetime, kind: str, *, cents: int | None = None, **touch: object) -> None:
    one, contact = id_at(at), id_at(at)
    await db.execute(
        "insert into conversions (id, account, original_id, event, kind, hash, contact_id, amount, net, currency,"
        " counts, source, occurred_at, valued_at, recorded_at, recorded_by)"
        " values (%(id)s, 'main', %(id)s, 'recorded', %(kind)s, '', %(contact)s, %(cents)s,"
        " %(cents)s, %(currency)s, 1, 'api', %(at)s, %(at)s, %(at)s, 'test')",
        id=one,
        kind=kind,
        contact=contact,
        cents=cents,
        currency="EUR" if cents else None,
        at=at,
    )
    if touch:
        await db.execute(
            "insert into conversion_touches (conversion_id, place, kind, at, instance, campaign_id, first, last)"
            " values (%(id)s, 1, 'message', %(at)s, %(instance)s, %(campaign)s, true, true)",
            id=one,
            at=at,
            instance=touch.get("instance"),
            campaign=touch.get("campaign"),
        )


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    """Two days of the business zone: the 30th with a talk and a lead, the 31st with four talks and five conversions."""
    await talk(db, DAY - 2 * HOUR, "sales", agent="ana", waited=100)  # 23:00 of the 30th, handed off on the 31st
    await talk(db, DAY + 9 * HOUR, "sales", closed=3, agent="ana", waited=20)
    await talk(db, DAY + 10 * HOUR, "support", agent="bea", waited=60)
    await talk(db, DAY + 11 * HOUR, "support", waited=40)
    await talk(db, DAY + 12 * HOUR, "support", closed=20)
    await conversion(db, DAY - 2 * HOUR, "lead")
    await conversion(db, DAY + 9 * HOUR, "lead", instance="sales", campaign=CAMPAIGN)
    await conversion(db, DAY + 9 * HOUR, "sale", cents=250_050, instance="sales", campaign=CAMPAIGN)
    await conversion(db, DAY + 10 * HOUR, "sale", cents=99, instance="support")
    await conversion(db, DAY + 11 * HOUR, "qualified_lead")
    await db.execute("insert into conversion_kinds (name, meaning) values ('visit', 'somebody came')")
    await conversion(db, DAY + 12 * HOUR, "visit")
    async with house(db, redis) as running:
        deps = replace(
            running.deps,
            conversations=conversation_counts,
            conversions=conversion_counts(currency="EUR", zone="Europe/Madrid"),
        )
        async with serving(deps) as address:
            yield House(deps, address, running.session, running.key)


async def asked(doors: House, path: str) -> Any:
    answer = await doors.ask("GET", f"/analytics/{path}{'&' if '?' in path else '?'}from=2026-01-31&to=2026-01-31")
    assert answer.status == 200, answer.json
    return answer.json


def lines(answer: Mapping[str, Any], *columns: str) -> dict[str, tuple[Any, ...]]:
    return {line["key"]: tuple(line["figures"][name] for name in columns) for line in answer["lines"]}


async def test_conversations_by_day_and_hour_end_with_those_that_go_on(doors: House) -> None:
    by_day = await asked(doors, "conversations")
    assert by_day["total"]["figures"] == {
        "active": 4,
        "new": 4,
        "closed": 1,
        "handoffs": 3,
        "answered": 3,
        "first_response_p50": 40.0,
        "first_response_p95": 58.0,
    }
    assert by_day["lines"][0]["figures"] == by_day["total"]["figures"]
    assert by_day["lines"][0]["before"]["active"] == by_day["total"]["before"]["active"] == 1
    by_hour = lines(await asked(doors, "conversations?by=hour"), "active", "new", "closed")
    found = {hour[11:13]: counts for hour, counts in by_hour.items()}
    assert [found[hour] for hour in ("09", "10", "11", "12", "13", "14", "23")] == [
        (1, 0, 0),
        (2, 1, 0),
        (3, 1, 0),
        (4, 1, 0),
        (4, 1, 1),
        (4, 0, 0),
        (4, 0, 0),
    ]


async def test_conversations_by_number_and_by_reason_are_the_overviews(doors: House) -> None:
    by_number = await asked(doors, "conversations?by=instance")
    assert lines(by_number, "active", "new", "handoffs", "answered") == {"support": (3, 3, 1, 2), "sales": (1, 1, 2, 1)}
    by_reason = await asked(doors, "conversations?by=reason")
    assert by_reason["columns"] == ["handoffs"]
    assert {key: n for key, (n,) in lines(by_reason, "handoffs").items() if n} == {"complaint": 3}
    for number in ("", "&instance=sales", "&instance=support"):
        overview = (await asked(doors, f"metrics/overview?{number}"))["conversations"]
        total = (await asked(doors, f"conversations?by=hour{number}"))["total"]["figures"]
        assert {name: total[name] for name in overview} == overview


async def test_agents_are_told_what_they_took_answered_and_gave_back(doors: House) -> None:
    columns = ("claimed", "handoffs_claimed", "released", "answered", "first_response_p50")
    found = await asked(doors, "agents")
    assert (found["by"], lines(found, *columns)) == ("agent", {"ana": (2, 2, 2, 1, 20.0), "bea": (1, 1, 1, 1, 60.0)})
    assert tuple(found["total"]["figures"][name] for name in columns) == (3, 3, 3, 2, 40.0)
    assert found["lines"][0]["before"]["answered"] == 1
    by_day = await asked(doors, "agents?by=day&instance=sales")
    assert lines(by_day, *columns) == {"2026-01-31": (2, 2, 2, 1, 20.0)}
    assert lines(await asked(doors, "agents?by=instance"), "claimed") == {"sales": (2,), "support": (1,)}


async def test_a_claim_of_what_nobody_handed_off_is_no_handoff_claimed(doors: House, db: Database) -> None:
    await db.execute("update conversation_history set reason = null where kind = 'claimed' and instance = 'support'")
    found = lines(await asked(doors, "agents"), "claimed", "handoffs_claimed")
    assert found == {"ana": (2, 2), "bea": (1, 0)}


async def test_conversions_and_revenue_are_the_overviews_however_they_are_told_apart(doors: House) -> None:
    columns = ("leads", "qualified_leads", "appointments", "sales", "others", "revenue")
    overview = (await asked(doors, "metrics/overview"))["conversions"]
    for by in ("hour", "day", "week", "month", "instance", "campaign", "template"):
        found = await asked(doors, f"conversions?by={by}")
        total = tuple(found["total"]["figures"][name] for name in columns)
        assert total == (1, 1, 0, 2, 1, 2501.49)
        assert {name: found["total"]["figures"][name] for name in overview} == overview
        told = lines(found, *columns).values()
        assert tuple(sum(Decimal(str(part)) for part in parts) for parts in zip(*told, strict=True)) == tuple(
            Decimal(str(part)) for part in total
        )
    assert lines(await asked(doors, "conversions?by=campaign"), "leads", "revenue") == {
        "": (0, 0.99),
        str(CAMPAIGN): (1, 2500.5),
    }
    mine = await asked(doors, f"conversions?campaign={CAMPAIGN}&instance=sales")
    assert (mine["total"]["figures"]["sales"], mine["total"]["figures"]["revenue"]) == (1, 2500.5)
    by_kind = await asked(doors, "conversions?by=kind")
    assert by_kind["columns"] == ["count", "refunds", "value"]
    assert lines(by_kind, "count", "value")["sale"] == (2, 2501.49)
    assert "visit" in lines(by_kind, "count")


@pytest.mark.parametrize(
    "path",
    [
        "conversations?by=campaign",
        "conversations?campaign=x",
        "agents?by=reason",
        "conversions?by=class",
        "conversions?campaign=x",
    ],
)
async def test_what_makes_no_sense_is_refused(doors: House, path: str) -> None:
    answer = await doors.ask("GET", f"/analytics/{path}")
    assert (answer.status, answer.json["code"]) == (422, "invalid_question")


async def test_the_same_as_a_table(doors: House) -> None:
    answer = await doors.ask("GET", "/analytics/agents?from=2026-01-31&to=2026-01-31&format=csv")
    first, ana, *_ = answer.body.decode().splitlines()
    assert first.startswith("agent,name,claimed,claimed_before")
    assert ana.startswith("ana,ana,2,0,2,0,2,0,1,1,20.0,100.0")
