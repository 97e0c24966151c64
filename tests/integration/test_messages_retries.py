"""How failures are tried again, and what becomes of doubts, are rows: changed at the door, audited, kept at once."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from api_harness import House, house

from anclora.audit import recent
from anclora.messages.retries import DEFAULTS, RetryChange, change_retry, read_retries
from anclora.providers.contract import Scope
from anclora.storage.database import Database


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis) as running:
        yield running


async def listed(doors: House) -> dict[str, Any]:
    answered = await doors.ask("GET", "/api/v1/retries")
    assert answered.status == 200
    return {row["failure"]: row for row in answered.json["retries"]}


async def test_the_defaults_are_listed_and_a_change_is_shown_as_chosen(doors: House) -> None:
    assert list(await listed(doors)) == list(DEFAULTS)
    changed = await doors.ask("PATCH", "/api/v1/retries/message", json={"tries": 3, "base_seconds": 1.5})
    assert changed.status == 200
    row = (await listed(doors))["message"]
    assert (row["tries"], row["base_seconds"], row["cap_seconds"], row["own"]) == (
        3,
        1.5,
        600,
        ["tries", "base_seconds"],
    )
    again = await doors.ask("PATCH", "/api/v1/retries/message", json={"tries": None})
    assert (again.json["tries"], again.json["own"]) == (DEFAULTS["message"].tries, ["base_seconds"])


async def test_a_reason_code_may_have_its_own(doors: House) -> None:
    await doors.ask("PATCH", "/api/v1/retries/connection_closed", json={"cap_seconds": 30})
    row = (await listed(doors))["connection_closed"]
    assert (row["cap_seconds"], row["tries"], row["own"]) == (30, None, ["cap_seconds"])
    await doors.ask("PATCH", "/api/v1/retries/connection_closed", json={"cap_seconds": None})
    assert "connection_closed" not in await listed(doors)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("retries/No%20code", {"tries": 1}, "unknown_failure"),
        ("retries/message", {"tries": 0}, "schema"),
        ("retries/message", {"factor": 0.5}, "schema"),
        ("retries/message", {"jitter": 2}, "schema"),
        ("retries/message", {"attempts": 2}, "schema"),
        ("classes/reply", {"unknown": "guess"}, "schema"),
    ],
)
async def test_what_makes_no_sense_changes_nothing(doors: House, path: str, body: Any, code: str) -> None:
    refused = await doors.ask("PATCH", f"/api/v1/{path}", json=body)
    assert (refused.status, refused.json["code"]) == (422, code)
    assert await recent(doors.deps.db) == []
    assert all(not row["own"] for row in (await listed(doors)).values())


async def test_changing_needs_its_scope_and_is_audited(doors: House) -> None:
    reader = await doors.make_key("messages:read")
    for path, body in (("retries/lane", {"tries": 2}), ("classes/reply", {"unknown": "resend"})):
        assert (await doors.ask("PATCH", f"/api/v1/{path}", json=body, key=reader)).status == 403
        assert (await doors.ask("PATCH", f"/api/v1/{path}", json=body)).status == 200
    assert {(entry.action, entry.subject) for entry in await recent(doors.deps.db)} == {
        ("retry.change", "lane"),
        ("class.change", "reply"),
    }


async def test_what_becomes_of_doubts_is_chosen_class_by_class(doors: House) -> None:
    await doors.ask("PATCH", "/api/v1/classes/reply", json={"unknown": "resend"})
    shown = (await doors.ask("GET", "/api/v1/classes")).json["classes"]
    assert {row["name"]: row["unknown"] for row in shown} == {"reply": "resend", "utility": "hold", "marketing": "hold"}
    assert (await doors.ask("PATCH", "/api/v1/classes/gossip", json={"unknown": "hold"})).status == 422


async def test_two_changes_at_once_are_both_kept(db: Database, redis: Any) -> None:
    async with house(db, redis):
        await asyncio.gather(
            change_retry(db, "lane", RetryChange(tries=2), actor="a"),
            change_retry(db, "lane", RetryChange(base_seconds=9.0), actor="b"),
        )
    retry = (await read_retries(db)).of_failure(Scope.LANE)
    assert (retry.tries, retry.base_seconds) == (2, 9.0)
