"""Every door of the real app beside every role: each has an entry, and lets in whom the committed page says."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from api_harness import House, OneProvider, house

from anclora.access import create, table
from anclora.access.roles import ANYBODY, OPEN
from anclora.api import create_app
from anclora.storage.database import Database

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "access.md"
ROLES = list(table().roles)
NOBODY = "no key"
VALUES = {
    "instance": "sales",
    "name": "nowhere",
    "phone": "+34600999888",
    "file_hash": "0" * 64,
    "token": "none",
    "kind": "utility",
    "failure": "lane",
    "question": "delivery",
    "every": "weekly",
    "duty": "lead",
    "layer": "primary",
}
# Doors with no key of ours want a proof of another kind; without these settings they would say 404 before they ask.
SETTINGS: Mapping[str, Any] = {
    "cloud_app_secret": "app-secret",
    "cloud_verify_token": "any-text",
    "slack_webhook_url": "http://127.0.0.1:1/services/x",
    "slack_signing_secret": "slack-secret",
    "public_url": "https://wa.example.com",
    "twilio_account_sid": "AC1",
    "twilio_auth_token": "twilio-token",
    "twilio_from": "+34911222333",
    "twilio_to": "+34600111222",
}


@pytest.fixture
async def doors(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[House, None]:
    async with house(db, redis, provider=OneProvider(), media_dir=tmp_path, **SETTINGS) as running:
        yield running


def served(routes: Iterable[Any]) -> Iterator[str]:
    """Every door, as the table calls it; what is neither router nor HTTP shows up as one without an entry."""
    for route in routes:
        inner = getattr(route, "original_router", None)  # FastAPI keeps routers whole
        if inner is not None:
            yield from served(inner.routes)
        else:
            yield from (f"{method} {route.path}" for method in getattr(route, "methods", None) or ("?",))


def committed() -> dict[str, set[str]]:
    """Each door of the committed page with those it lets in."""
    section = PAGE.read_text(encoding="utf-8").partition("## Doors")[2].partition("## Commands")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("|")]
    assert rows[0][2:] == ROLES
    return {
        row[0].strip("`"): {role for role, cell in zip(ROLES, row[2:], strict=True) if cell == "x"}
        | ({NOBODY} if table().routes[row[0].strip("`")] in ((ANYBODY,), (OPEN,)) else set())
        for row in rows[2:]
    }


def place(door: str) -> tuple[str, str]:
    """A method and a path nothing stands behind."""
    method, _, path = door.partition(" ")
    found = re.sub(r"{(\w+)(?::path)?}", lambda each: VALUES.get(each.group(1), str(UUID(int=1))), path)
    query = "?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1" if door == "GET /webhooks/meta" else ""
    return method, found + query


async def test_no_door_is_without_an_entry_and_no_entry_without_a_door(doors: House) -> None:
    there, known = set(served(create_app(doors.deps).routes)), set(table().routes)
    assert (there - known, known - there) == (set(), set())
    assert set(committed()) == known


async def test_each_door_lets_in_whom_the_page_says_and_nobody_else(doors: House) -> None:
    keys: dict[str, str | None] = {NOBODY: None}
    for role in ROLES:
        keys[role] = (await create(doors.deps.db, account="main", name=role, role=role)).text
    wrong: list[str] = []
    for door, allowed in committed().items():
        method, path = place(door)
        answers = await asyncio.gather(*(doors.ask(method, path, key=key) for key in keys.values()))
        for who, answer in zip(keys, answers, strict=True):
            assert answer.status != 500, (door, who, answer.body)
            assert b"no_such_route" not in answer.body, (door, path)
            if (answer.status not in (401, 403)) != (who in allowed):
                wrong.append(f"{door}: {who} got {answer.status}")
    assert wrong == []


async def test_where_open_routes_are_closed_any_key_opens_them(db: Database, redis: Any, tmp_path: Path) -> None:
    async with house(db, redis, media_dir=tmp_path, open_routes=False) as doors:
        key = (await create(doors.deps.db, account="main", name="eva", role="viewer")).text
        for door in (door for door, needs in table().routes.items() if needs == (OPEN,)):
            method, path = place(door)
            assert (await doors.ask(method, path, key=None)).status == 401, door
            assert (await doors.ask(method, path, key=key)).status != 401, door
