"""The cost review on a real ledger, against Cost Explorer's stand-in and against a scripted one."""

import asyncio
import json
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from anclora.costs import Asks, explorer, review
from anclora.costs.rules import question
from anclora.kit.errors import UnavailableError
from anclora.storage.database import Database
from tests.aws_server import aws_server, point_to
from tests.loopback import ask, serving

NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)


def group(service: str, tag: str, amount: str) -> dict[str, Any]:
    cost = {"Amount": amount, "Unit": "USD"}
    return {"Keys": [service, f"Environment${tag}"], "Metrics": {"UnblendedCost": cost, "AmortizedCost": cost}}


def result(start: str, end: str, *groups: dict[str, Any], estimated: bool = False) -> dict[str, Any]:
    return {"TimePeriod": {"Start": start, "End": end}, "Total": {}, "Groups": list(groups), "Estimated": estimated}


JANUARY = result("2026-01-01", "2026-02-01", group("Amazon ECS", "production", "10"))
FEBRUARY = result(
    "2026-02-01", "2026-03-01", group("Amazon ECS", "production", "12"), group("Amazon RDS", "", "8"), estimated=True
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Generator[str, None, None]:
    with aws_server() as url:
        point_to(url, monkeypatch)
        yield url


async def delivered(db: Database, at: str, count: int) -> None:
    await db.execute(
        "insert into tally_deltas (at, what, n, instance) values (%(at)s::timestamptz, 'delivered', %(n)s, 'sales')",
        at=at,
        n=count,
    )


def scripted(*answers: list[dict[str, Any]]) -> tuple[Asks, list[Mapping[str, Any]]]:
    asked: list[Mapping[str, Any]] = []

    def say(wish: Mapping[str, Any]) -> list[dict[str, Any]]:
        asked.append(wish)
        return answers[len(asked) - 1]

    return say, asked


async def test_a_month_beside_the_one_before_by_service_and_tag(db: Database, aws: str) -> None:
    answer = {"ResultsByTime": [JANUARY, FEBRUARY], "DimensionValueAttributes": []}
    assert (await ask(f"{aws}/moto-api/static/ce/cost-and-usage-results", json={"results": [answer]}))[0] == 201
    for at, count in (
        ("2026-01-31T23:59:59Z", 3_000),
        ("2026-02-01T00:00:00Z", 1_000),
        ("2026-02-28T23:59:59Z", 3_000),
    ):
        await delivered(db, at, count)
    await delivered(db, "2026-03-01T00:00:00Z", 50_000)

    found = await review(db, NOW, tag="Environment")
    assert (f"{found.month:%Y-%m}", f"{found.month_before:%Y-%m}", found.currency) == ("2026-02", "2026-01", "USD")
    assert (found.total.unblended_micros, found.total.unblended_before_micros) == (20_000_000, 10_000_000)
    assert [line.name for line in found.services] == ["Amazon ECS", "Amazon RDS"]
    assert [line.name for line in found.tags] == ["production", ""]
    assert (found.delivered, found.delivered_before) == (4_000, 3_000)
    assert (found.per_thousand_micros, found.per_thousand_before_micros) == (5_000_000, 3_333_333)
    assert found.estimated


async def test_cost_explorer_is_asked_once_a_day_for_each_tag(db: Database) -> None:
    script, asked = scripted([JANUARY], [FEBRUARY], [FEBRUARY], [])
    first = await review(db, NOW, tag="Environment", ask=script)
    assert await review(db, NOW.replace(hour=23), tag="Environment", ask=script) == first
    assert len(asked) == 1
    assert (await review(db, NOW, tag="Team", ask=script)).total.amortized_micros == 20_000_000
    next_day = datetime(2026, 4, 1, tzinfo=UTC)
    await review(db, next_day, tag="Environment", ask=script)
    assert [wish["TimePeriod"]["End"] for wish in asked] == ["2026-03-01", "2026-03-01", "2026-04-01"]


async def test_what_cannot_be_read_is_not_kept(db: Database) -> None:
    script, asked = scripted([{"TimePeriod": {}}], [FEBRUARY])
    with pytest.raises(UnavailableError):
        await review(db, NOW, tag="Environment", ask=script)
    assert (await review(db, NOW, tag="Environment", ask=script)).per_thousand_micros is None
    assert len(asked) == 2


async def test_every_page_is_read_and_the_question_is_what_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[dict[str, Any]] = []

    async def answers(request: web.Request) -> web.Response:
        bodies.append(json.loads(await request.read()))
        more = {} if len(bodies) > 1 else {"NextPageToken": "two"}
        page = {"ResultsByTime": [[JANUARY], [FEBRUARY]][len(bodies) - 1], **more}
        return web.json_response(page, content_type="application/x-amz-json-1.1")

    wish = question(NOW.date(), "Environment")
    async with serving(answers) as url:
        point_to(url, monkeypatch)
        assert await asyncio.to_thread(explorer.ask, wish) == [JANUARY, FEBRUARY]
    assert bodies == [dict(wish), {**wish, "NextPageToken": "two"}]


async def test_a_refusal_says_what_the_keys_need(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuses(_: web.Request) -> web.Response:
        return web.json_response({"__type": "AccessDeniedException", "message": "no"}, status=400)

    async with serving(refuses) as url:
        point_to(url, monkeypatch)
        with pytest.raises(UnavailableError, match="ce:GetCostAndUsage") as refused:
            await asyncio.to_thread(explorer.ask, question(NOW.date(), "x"))
    assert refused.value.code == "costs_denied"
