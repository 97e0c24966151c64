"""Conversions through the doors: a sale in another currency, a refund, the same id twice; the figures are right."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_harness import PHONE, House, house

from anclora.analytics import ConversionCounts
from anclora.analytics.others import conversion_counts
from anclora.storage.database import Database

PATH = "/api/v1/conversions"
CAMPAIGN = "019aac5e-7a00-7000-8000-000000000011"


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis, currency="EUR") as running:
        yield running


async def sale(doors: House, value: str | None = "1250.50", currency: str | None = "EUR", **more: Any) -> Any:
    wish = {"kind": "sale", "contact": PHONE, "value": value, "currency": currency} | more
    answer = await doors.ask("POST", PATH, json=wish)
    assert answer.status == 200, answer.body
    return answer.json


async def figures(doors: House, query: str = "") -> Any:
    answer = await doors.ask("GET", f"{PATH}/figures{query}")
    assert answer.status == 200, answer.body
    return answer.json


async def code(doors: House, path: str, body: Any, status: int) -> str:
    answer = await doors.ask("POST", f"{PATH}{path}", json=body)
    assert answer.status == status, answer.body
    return str(answer.json["code"])


async def set_rate(doors: House, rate: str | None, day: str, currency: str = "USD") -> Any:
    wish = {"currency": currency, "rate": rate, "valid_from": day}
    return await doors.ask("POST", f"{PATH}/rates", json=wish)


async def test_a_sale_in_another_currency_counts_at_the_rate_of_its_day(doors: House) -> None:
    await set_rate(doors, "0.90", "2025-01-01")
    await set_rate(doors, "0.80", "2025-06-01")
    await set_rate(doors, "0.70", "2025-07-01")
    await sale(doors, "100.05", "USD", occurred_at="2025-05-31T21:59:59Z")  # 23:59 in Madrid
    await sale(doors, "100.00", "USD", occurred_at="2025-05-31T22:00:00Z")  # June there
    await sale(doors, "10000", "JPY", occurred_at="2025-06-10T12:00:00Z")
    await sale(doors, "7.00", "EUR", occurred_at="2025-06-10T12:00:00Z")
    found = await figures(doors, "?from=2025-05-01&to=2025-06-30")
    assert (found["currency"], found["revenue"], found["revenue_minor"]) == ("EUR", "177.05", 9005 + 8000 + 700)
    [kind] = found["kinds"]
    assert (kind["kind"], kind["count"]) == ("sale", 4)
    sums = {each["currency"]: each for each in kind["values"]}
    assert (sums["USD"]["value"], sums["USD"]["converted_minor"]) == ("200.05", 9005 + 8000)
    assert (sums["JPY"]["value"], sums["JPY"]["unconverted_minor"]) == ("10000", 10_000)
    assert found["missing_rates"] == [
        {"currency": "JPY", "rows": 1, "value": "10000", "value_minor": 10_000, "since": "2025-06-10"}
    ]
    # A rate somebody sets later counts for the past too; taken away again, nothing is guessed.
    await set_rate(doors, "0.006", "2025-06-01", "JPY")
    assert (await figures(doors, "?from=2025-05-01&to=2025-06-30"))["revenue_minor"] == 17_705 + 6_000
    assert (await set_rate(doors, None, "2025-06-01", "JPY")).json == {"rates": []}
    assert (await set_rate(doors, None, "2025-06-01", "JPY")).status == 404
    assert (await figures(doors, "?from=2025-05-01&to=2025-06-30"))["missing_rates"][0]["currency"] == "JPY"


async def test_a_rate_is_never_taken_from_a_later_day(doors: House) -> None:
    await set_rate(doors, "0.90", "2025-06-02")
    await sale(doors, "100.00", "USD", occurred_at="2025-06-01T12:00:00Z")
    found = await figures(doors, "?from=2025-06-01&to=2025-06-01")
    assert (found["revenue_minor"], found["missing_rates"][0]["value"]) == (0, "100.00")


async def test_the_same_external_id_twice_is_one_sale(doors: House) -> None:
    body = {"kind": "sale", "contact": "+34 600 111 222", "value": "10.00", "currency": "EUR", "external_id": "crm-1"}
    first = await doors.ask("POST", PATH, json=body)
    again = await doors.ask("POST", PATH, json=body | {"contact": PHONE, "value": 10})
    assert (again.status, again.json) == (200, first.json)
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    other = await doors.ask("POST", PATH, json=body | {"value": "11.00"})
    assert (other.status, other.json["code"], other.json["external_id"]) == (409, "external_id_taken", "crm-1")
    # Another kind may have the same: a lead of the CRM becomes its sale.
    assert (
        await doors.ask("POST", PATH, json={"kind": "lead", "contact": PHONE, "external_id": "crm-1"})
    ).status == 200
    found = await figures(doors)
    assert [(each["kind"], each["count"], each["value_minor"]) for each in found["kinds"]] == [
        ("lead", 1, 0),
        ("sale", 1, 1000),
    ]


async def test_a_refund_is_a_row_that_takes_value_and_the_sale_stays(doors: House, db: Database) -> None:
    await set_rate(doors, "0.90", "2020-01-01")
    await set_rate(doors, "0.50", "2025-07-01")
    made = await sale(doors, "100.01", "USD", occurred_at="2025-06-01T12:00:00Z", external_id="s1")
    before = await db.fetch_one("select * from conversions")
    wish = {"value": "40.00", "occurred_at": "2025-07-02T12:00:00Z", "external_id": "r1"}
    answers = [await doors.ask("POST", f"{PATH}/{made['id']}/refund", json=wish) for _ in range(2)]
    assert [(each.status, each.json) for each in answers] == [(200, answers[0].json)] * 2
    shown = answers[0].json
    assert (shown["value"], shown["value_minor"], shown["refunded_minor"]) == ("60.01", 6001, 4000)
    assert [(each["event"], each["value"]) for each in shown["events"]] == [
        ("recorded", "100.01"),
        ("refunded", "-40.00"),
    ]
    assert await code(doors, f"/{made['id']}/refund", wish | {"value": "41.00"}, 409) == "external_id_taken"
    assert await code(doors, f"/{made['id']}/refund", {"value": "60.02"}, 422) == "refund_too_large"
    # It counts in its own month, at the rate of the sale's day.
    june, july = (
        await figures(doors, "?from=2025-06-01&to=2025-06-30"),
        await figures(doors, "?from=2025-07-01&to=2025-07-31"),
    )
    assert (june["revenue_minor"], june["kinds"][0]["count"], june["kinds"][0]["refunds"]) == (9001, 1, 0)
    assert (july["revenue_minor"], july["kinds"][0]["count"], july["kinds"][0]["refunds"]) == (-3600, 0, 1)
    rest = await doors.ask("POST", f"{PATH}/{made['id']}/refund")  # all that is left
    assert (rest.status, rest.json["value"]) == (200, "0.00")
    assert await code(doors, f"/{made['id']}/refund", {}, 409) == "nothing_left"
    today = await figures(doors)
    assert sum(each["revenue_minor"] for each in (june, july, today)) == 0
    assert await db.fetch_one("select * from conversions where original_id = id") == before


async def test_a_correction_counts_where_the_conversion_does(doors: House) -> None:
    made = await sale(doors, "100.00", occurred_at="2025-06-01T12:00:00Z")
    path = f"{PATH}/{made['id']}/correct"
    fixed = await doors.ask("POST", path, json={"value": "80.00", "external_id": "c1"})
    assert (fixed.status, fixed.json["value"], fixed.json["void"]) == (200, "80.00", False)
    assert (await doors.ask("POST", path, json={"value": "80.00", "external_id": "c1"})).json == fixed.json
    await doors.ask("POST", f"{PATH}/{made['id']}/refund", json={"value": "50.00"})
    assert await code(doors, f"/{made['id']}/correct", {"value": "49.99"}, 422) == "below_refunds"
    assert (await doors.ask("POST", path, json={"value": "90.00"})).json["value"] == "40.00"
    june = await figures(doors, "?from=2025-06-01&to=2025-06-01")
    assert (june["revenue_minor"], june["kinds"][0]["count"]) == (9000, 1)
    gone = await doors.ask("POST", path, json={"void": True})
    assert (gone.json["void"], gone.json["value"]) == (True, "0.00")
    june = await figures(doors, "?from=2025-06-01&to=2025-06-01")
    assert (june["revenue_minor"], june["kinds"][0]["count"]) == (5000, 0)  # and the refund of today takes the rest
    assert (await figures(doors))["revenue_minor"] == -5000
    assert await code(doors, f"/{made['id']}/correct", {"void": True}, 409) == "void"
    assert await code(doors, f"/{made['id']}/refund", {}, 409) == "void"


async def test_what_has_no_value_can_only_be_voided(doors: House) -> None:
    made = await sale(doors, None, None, kind="lead")
    assert (made["value"], made["value_minor"], made["refunded_minor"]) == (None, None, None)
    assert await code(doors, f"/{made['id']}/refund", {}, 409) == "no_value"
    assert await code(doors, f"/{made['id']}/correct", {"value": "1.00"}, 409) == "no_value"
    assert await code(doors, f"/{made['id']}/correct", {}, 422) == "nothing_chosen"
    gone = await doors.ask("POST", f"{PATH}/{made['id']}/correct", json={"void": True})
    assert (gone.status, gone.json["void"]) == (200, True)
    assert (await figures(doors))["kinds"] == [
        {"kind": "lead", "revenue": False, "count": 0, "refunds": 0, "value_minor": 0, "values": []}
    ]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"kind": "sail"}, "unknown_kind"),
        ({"contact": None}, "no_contact"),
        ({"contact": "12"}, "invalid_phone"),
        ({"contact": "lid:123"}, "unknown_contact"),
        ({"contact": CAMPAIGN}, "unknown_contact"),
        ({"message_id": CAMPAIGN}, "unknown_message"),
        ({"currency": None}, "invalid_value"),
        ({"currency": "EURO"}, "unknown_currency"),
        ({"currency": "XXX"}, "unknown_currency"),
        ({"value": 1.5}, "invalid_value"),
        ({"value": "1.505"}, "invalid_value"),
        ({"value": "1,50"}, "invalid_value"),
        ({"value": "-1"}, "invalid_value"),
        ({"value": "1e3"}, "invalid_value"),
        ({"value": "9" * 18}, "invalid_value"),
        ({"occurred_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}, "in_the_future"),
        ({"occurred_at": "1999-01-01T00:00:00Z"}, "too_long_ago"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "schema"),
        ({"external_id": "a\u0000b"}, "invalid_text"),
        ({"surprise": 1}, "schema"),
    ],
)
async def test_what_cannot_be_recorded_says_why(doors: House, db: Database, change: Any, wanted: str) -> None:
    wish = {"kind": "sale", "contact": PHONE, "value": "1.00", "currency": "EUR"} | change
    assert await code(doors, "", wish, 422) == wanted
    assert (await db.fetch_one("select count(*) as n from conversions")) == {"n": 0}


async def test_kinds_of_ones_own(doors: House) -> None:
    made = await doors.ask("POST", f"{PATH}/kinds", json={"name": "deposit", "meaning": "a reserve", "revenue": True})
    assert made.json["kinds"][-1]["name"] == "deposit"
    assert await code(doors, "/kinds", {"name": "deposit", "revenue": False}, 409) == "kind_taken"
    assert await code(doors, "/kinds", {"name": "Depósito"}, 422) == "invalid_kind"
    await sale(doors, "10.00", kind="deposit")
    await sale(doors, "5.00", kind="lead")  # what a lead is worth is no revenue
    found = await figures(doors)
    assert (found["revenue_minor"], [each["value_minor"] for each in found["kinds"]]) == (1000, [1000, 500])


async def test_every_figure_opens_its_rows(doors: House) -> None:
    made = await sale(doors, "10.00", occurred_at="2025-06-01T12:00:00Z", campaign_id=CAMPAIGN)
    other = await sale(doors, "20.00", occurred_at="2025-06-02T12:00:00Z", contact="+34600999888")
    await doors.ask("POST", f"{PATH}/{made['id']}/refund", json={"occurred_at": "2025-07-01T12:00:00Z"})

    async def ids(query: str) -> list[str]:
        return [each["id"] for each in (await doors.ask("GET", f"{PATH}?{query}")).json["conversions"]]

    assert await ids("from=2025-06-01&to=2025-06-30") == [other["id"], made["id"]]
    assert await ids("from=2025-07-01&to=2025-07-31") == [made["id"]]
    assert await ids(f"campaign_id={CAMPAIGN}") == await ids("contact=%2B34600111222") == [made["id"]]
    assert await ids("contact=%2B34600333444") == await ids("kind=lead") == []
    page = (await doors.ask("GET", f"{PATH}?limit=1")).json
    assert page["next"] == other["id"]
    assert await ids(f"limit=1&before={page['next']}") == [made["id"]]
    june = await figures(doors, f"?from=2025-06-01&to=2025-06-30&campaign_id={CAMPAIGN}")
    assert (june["revenue_minor"], (await figures(doors, "?from=2025-06-01&to=2025-06-30"))["revenue_minor"]) == (
        1000,
        3000,
    )
    july = await figures(doors, f"?from=2025-07-01&to=2025-07-31&campaign_id={CAMPAIGN}&touch=first")
    assert july["revenue_minor"] == -1000  # a refund goes where its sale went


async def test_integrators_hear_of_it_and_the_trail_knows_who(doors: House, db: Database) -> None:
    made = await sale(doors, "10.00", external_id="x")
    await sale(doors, "10.00", external_id="x")
    await doors.ask("POST", f"{PATH}/{made['id']}/correct", json={"value": "9.00"})
    await doors.ask("POST", f"{PATH}/{made['id']}/refund")
    rows = await db.fetch_all("select type, subject, data from events order by ordinal")
    assert [row["type"] for row in rows] == ["conversion.recorded", "conversion.corrected", "conversion.refunded"]
    assert {row["subject"] for row in rows} == {f"conversion:{made['id']}"}
    assert [(row["data"]["value"], row["data"]["net"]) for row in rows] == [
        ("10.00", "10.00"),
        ("-1.00", "9.00"),
        ("-9.00", "0.00"),
    ]
    trail = await db.fetch_all("select action from audit where subject like 'conversion:%%' order by id")
    assert [row["action"] for row in trail] == ["conversion.correct", "conversion.refund"]
    assert made["recorded_by"].startswith("key:")


async def test_a_key_needs_its_scope(doors: House) -> None:
    reader, writer = await doors.make_key("conversions:read"), await doors.make_key("conversions:write")
    wish = {"kind": "lead", "contact": PHONE}
    assert (await doors.ask("POST", PATH, json=wish, key=reader)).status == 403
    assert (await doors.ask("POST", PATH, json=wish, key=writer)).status == 200
    assert (await doors.ask("GET", PATH, key=writer)).status == 403


async def test_conversions_of_another_account_are_not_seen(doors: House, db: Database) -> None:
    made = await sale(doors, "10.00", external_id="mine")
    await db.execute("insert into accounts (name) values ('other')")
    await db.execute("update conversions set account = 'other'")
    assert (await doors.ask("GET", f"{PATH}/{made['id']}")).status == 404
    assert (await doors.ask("POST", f"{PATH}/{made['id']}/refund")).status == 404
    assert (await figures(doors))["kinds"] == []
    await sale(doors, "11.00", external_id="mine")


async def test_the_overview_says_what_the_rows_of_conversions_say(doors: House) -> None:
    await sale(doors, "1250.50", occurred_at="2025-06-10T12:00:00Z")
    await sale(doors, None, None, kind="lead", occurred_at="2025-06-10T12:00:00Z")
    counts = conversion_counts(currency="EUR", zone="Europe/Madrid")
    day = datetime(2025, 6, 10, tzinfo=UTC)
    found = await counts(doors.deps.db, day, day + timedelta(days=1))
    assert found == ConversionCounts(leads=1, qualified_leads=0, appointments=0, sales=1, revenue=1250.5)
    after = await counts(doors.deps.db, day + timedelta(days=1), day + timedelta(days=2))
    assert (after.sales, after.revenue) == (0, 0.0)
