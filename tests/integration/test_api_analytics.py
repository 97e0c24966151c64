"""The doors of the figures: questions, latencies, recount and mending, over HTTP."""

import csv
import io
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_harness import House, house, serving

from anclora.analytics import ConversationCounts, ConversionCounts
from anclora.storage.database import Database

DAY = datetime(2026, 1, 31, 9, tzinfo=UTC)
CAMPAIGN = "019aac5e-7a00-7000-8000-0000000000aa"


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    """Figures of two days: the 30th with one message, the 31st with three, one of which failed."""
    deltas = [
        (DAY - timedelta(days=1), "sales", None, "sent", None, 1),
        (DAY, "sales", CAMPAIGN, "sent", None, 2),
        (DAY, "sales", CAMPAIGN, "delivered", None, 1),
        (DAY + timedelta(minutes=15), "support", None, "sent", None, 1),
        (DAY, "support", None, "failed", "not_on_whatsapp", 1),
        (DAY, "support", None, "dead", "tries_exhausted", 2),
        (datetime(2026, 1, 30, 23, 45, tzinfo=UTC), "sales", None, "sent", None, 4),  # the 31st in Madrid
    ]
    for at, instance, campaign, what, cause, n in deltas:
        await db.execute(
            "insert into tally_deltas (at, instance, campaign_id, class, what, cause, n)"
            " values (%(at)s, %(instance)s, %(campaign)s, 'utility', %(what)s, %(cause)s, %(n)s)",
            at=at,
            instance=instance,
            campaign=campaign,
            what=what,
            cause=cause,
            n=n,
        )
    async with house(db, redis) as running:
        yield running


async def asked(doors: House, path: str, **query: str) -> Any:
    words = "&".join(f"{name.rstrip('_')}={value}" for name, value in query.items())
    answer = await doors.ask("GET", f"/analytics/{path}?from=2026-01-31&to=2026-01-31&{words}")
    assert answer.status == 200, answer.json
    return answer.json


def figures(answer: Any, column: str) -> dict[str, tuple[Any, Any]]:
    return {line["key"]: (line["figures"][column], (line["before"] or {}).get(column)) for line in answer["lines"]}


async def test_a_question_has_the_period_before_beside_it(doors: House) -> None:
    found = await asked(doors, "messages")
    assert (found["by"], figures(found, "sent")) == ("day", {"2026-01-31": (7, 1)})
    assert (found["total"]["figures"]["sent"], found["total"]["before"]["sent"]) == (7, 1)
    assert found["previous"]["from"] == "2026-01-30T00:00:00+01:00"


async def test_figures_are_told_apart_as_one_likes(doors: House) -> None:
    by_hour = figures(await asked(doors, "messages", by="hour"), "sent")
    assert len(by_hour) == 24
    assert {hour: now for hour, (now, _) in by_hour.items() if now} == {
        "2026-01-31T00:00:00+01:00": 4,
        "2026-01-31T10:00:00+01:00": 3,
    }
    assert by_hour["2026-01-31T10:00:00+01:00"] == (3, 1)
    assert figures(await asked(doors, "instances"), "sent") == {"sales": (6, 1), "support": (1, 0)}
    assert figures(await asked(doors, "campaigns"), "sent") == {"": (5, 1), CAMPAIGN: (2, 0)}
    assert figures(await asked(doors, "rates", by="instance"), "delivery_rate")["sales"] == (0.1667, 0.0)
    assert figures(await asked(doors, "messages", by="week"), "sent") == {"2026-W05": (7, 1)}
    assert figures(await asked(doors, "messages", campaign=CAMPAIGN), "sent") == {"2026-01-31": (2, 0)}
    assert figures(await asked(doors, "messages", instance="support"), "sent") == {"2026-01-31": (1, 0)}


async def test_failures_are_told_by_cause_in_plain_words(doors: House) -> None:
    found = await asked(doors, "failures")
    assert figures(found, "failed") == {"tries_exhausted": (2, 0), "not_on_whatsapp": (1, 0)}
    assert "no WhatsApp at this number" in found["lines"][1]["name"]
    assert found["total"]["figures"] == {"failed": 3, "dead": 2, "expired": 0, "canceled": 0, "blocked": 0}


async def test_a_table_for_spreadsheets(doors: House) -> None:
    answer = await doors.ask("GET", "/analytics/instances?from=2026-01-31&to=2026-01-31&format=csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [(row["instance"], row["sent"], row["sent_before"]) for row in rows] == [
        ("sales", "6", "1"),
        ("support", "1", "0"),
        ("", "7", "1"),
    ]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("messages?by=cause", "invalid_question"),
        ("opt-outs?by=instance", "invalid_question"),
        ("opt-outs?instance=sales", "invalid_question"),
        ("messages?by=hour&from=2025-06-01&to=2026-01-31", "invalid_question"),
        ("messages?from=2026-01-31T09:07:00", "invalid_period"),
        ("verify?from=x", "invalid_period"),
        ("nonsense", "schema"),
        ("verify?from=0001-01-01", "invalid_period"),
        ("verify?to=9999-12-31T23:59:59Z", "invalid_period"),
        ("messages?from=0001-01-02&to=0001-01-03", "invalid_period"),
        ("messages?from=9999-06-01&to=9999-12-31T23:50:00Z", "invalid_period"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_a_sentence(doors: House, path: str, code: str) -> None:
    answer = await doors.ask("GET", f"/analytics/{path}")
    assert (answer.status, answer.json["code"]) == (422, code)
    assert len(answer.json["detail"]) > 20


async def test_names_nobody_has_are_answered_with_nothing(doors: House) -> None:
    for name in ("%00", "x" * 3_000, "%F0%9F%8F%A0", "%27"):
        for path in (f"messages?instance={name}", f"latency?campaign={name}", f"metrics/overview?instance={name}"):
            assert (await doors.ask("GET", f"/analytics/{path}")).status in (200, 422), path


async def test_latencies_are_exact_percentiles_of_what_was_accepted(doors: House, db: Database) -> None:
    for n in range(4):
        await doors.ask("POST", "/api/v1/messages", json={"to": "+34600111222", "text": f"#{n}"})
    await db.execute(
        "update messages m set eligible_at = created_at, sent_at = created_at + n * interval '1 second',"
        " delivered_at = created_at + n * interval '3 seconds' from (select id, row_number() over (order by id) as n"
        " from messages) o where o.id = m.id"
    )
    found = (await doors.ask("GET", "/analytics/latency?by=instance")).json
    [line] = found["lines"]
    assert line["to_sent"] == {"count": 4, "p50": 2.0, "p90": 4.0, "p95": 4.0, "p99": 4.0}
    assert (line["to_delivered"]["p50"], line["to_read"]) == (
        4.0,
        dict.fromkeys(("p50", "p90", "p95", "p99")) | {"count": 0},
    )
    by_day = (await doors.ask("GET", "/analytics/latency?by=day")).json
    assert (len(by_day["lines"]), by_day["share"]) == (1, 1.0)


async def test_latencies_of_very_many_messages_are_those_of_an_even_sample(doors: House, db: Database) -> None:
    now = datetime.now(UTC)
    await db.execute(
        "insert into tally_deltas (at, instance, class, what, n)"
        " values (quarter(%(at)s), 'sales', 'utility', 'accepted', 80000)",
        at=now - timedelta(days=1),
    )
    bulk = [{"to": "+34600111222", "text": "x"}] * 400
    assert (await doors.ask("POST", "/api/v1/messages/bulk", json={"messages": bulk})).status == 202
    await db.execute(
        "update messages m set sent_at = created_at + n * interval '1 second', eligible_at = created_at"
        " from (select id, row_number() over (order by id) as n from messages) o where o.id = m.id"
    )
    found = (await doors.ask("GET", f"/analytics/latency?from={now.date() - timedelta(days=2)}")).json
    assert 0.4 < found["share"] < 0.6
    assert sum(line["to_sent"]["count"] for line in found["lines"]) in range(401)
    by_hour = (await doors.ask("GET", f"/analytics/latency?by=hour&from={now.date() - timedelta(days=2)}")).json
    assert by_hour["share"] == pytest.approx(found["share"] / 2, abs=1e-5)


async def test_recount_and_mending_have_doors_and_scopes(doors: House) -> None:
    reader = await doors.make_key("analytics:read")
    found = (await doors.ask("GET", "/analytics/verify", key=reader)).json
    assert (found["facts"], found["differences"], len(found["shown"])) == (0, 7, 7)
    assert (await doors.ask("POST", "/analytics/mend", key=reader)).status == 403
    assert (await doors.ask("GET", "/analytics/messages", key=await doors.make_key("messages:read"))).status == 403
    assert (await doors.ask("POST", "/analytics/mend")).json["mended"] == 7
    assert (await doors.ask("GET", "/analytics/verify?from=2026-01-31")).json["differences"] == 0


async def test_the_overview_has_the_figures_of_whoever_counts_them(doors: House) -> None:
    seen: list[tuple[datetime, datetime, str | None]] = []

    async def talks(db: Database, since: datetime, until: datetime, instance: str | None = None) -> ConversationCounts:
        seen.append((since, until, instance))
        return ConversationCounts(active=3, handoffs=1)

    async def ends(db: Database, since: datetime, until: datetime, instance: str | None = None) -> ConversionCounts:
        return ConversionCounts(leads=2, qualified_leads=1, appointments=1, sales=1, revenue=99.5)

    deps = replace(doors.deps, conversations=talks, conversions=ends)
    async with serving(deps) as address:
        found = await asked(House(deps, address, doors.session, doors.key), "metrics/overview", instance="sales")
    assert found["conversations"] == {"active": 3, "handoffs": 1}
    assert (found["conversions"]["revenue"], found["messages"]["sent"]) == (99.5, 6)
    assert [(each[0].isoformat(), each[2]) for each in seen] == [("2026-01-31T00:00:00+01:00", "sales")]
