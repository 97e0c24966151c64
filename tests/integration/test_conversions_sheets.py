"""Sheets of conversions: whole or not at all, every wrong line named, once however often they are sent; races too."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from api_harness import PHONE, Answered, House, house
from typer.testing import CliRunner

from anclora.cli.app import app
from anclora.storage.database import Database

PATH = "/api/v1/conversions"
HEAD = "kind,contact,value,currency,occurred_at,external_id"
GOOD = [f"sale,+3460011{n:04},{n}.50,EUR,2025-06-0{n % 9 + 1}T10:00:00+02:00,s{n}" for n in range(300)]


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis) as running:
        yield running


def sheet(*lines: str) -> bytes:
    return "\r\n".join((HEAD, *lines)).encode()


async def send(doors: House, body: bytes, query: str = "") -> Answered:
    return await doors.ask("POST", f"{PATH}/import{query}", data=body, Content_Type="text/csv")


async def count(db: Database, table: str = "conversions") -> int:
    row = await db.fetch_one(f"select count(*) as n from {table}")  # noqa: S608 - a name of ours  # pyright: ignore[reportArgumentType]
    return int(row["n"]) if row else 0


async def test_a_sheet_is_recorded_once_however_often_it_is_sent(doors: House, db: Database) -> None:
    first, again = await send(doors, sheet(*GOOD)), await send(doors, sheet(*GOOD))
    assert (first.status, first.json["recorded"], first.json["replayed"], first.json["refused"]) == (200, 300, 0, 0)
    assert (again.json["recorded"], again.json["replayed"]) == (0, 300)
    found = (await doors.ask("GET", f"{PATH}/figures?from=2025-06-01&to=2025-06-30")).json
    assert (found["kinds"][0]["count"], found["revenue_minor"]) == (300, sum(n * 100 + 50 for n in range(300)))
    assert await count(db, "events") == 300
    assert [row["action"] for row in await db.fetch_all("select action from audit")] == ["conversion.import"] * 2


WRONG = [
    "sale,+34600111222,10.00,EUR,,a",
    "sail,+34600111222,10.00,EUR,,b",
    "sale,12,10.00,EUR,,c",
    "",
    "sale,+34600111222,10.00,EUR,,a",
    "sale,+34600111222,11.00,EUR,,a",
    "sale,+34600111222,10.00,EUR,yesterday,d",
    "sale,+34600111222,10,50,EUR,,e",
]
NAMED = [
    (3, "unknown_kind"),
    (4, "invalid_phone"),
    (7, "external_id_taken"),
    (8, "invalid_moment"),
    (9, "bad_line"),
]


async def test_a_sheet_with_a_wrong_line_leaves_nothing_behind_and_names_them_all(doors: House, db: Database) -> None:
    answer = await send(doors, sheet(*WRONG))
    assert (answer.status, answer.json["code"]) == (422, "lines_refused")
    assert [(each["line"], each["code"]) for each in answer.json["errors"]] == NAMED
    assert "line 3" in answer.json["detail"]
    assert [await count(db, table) for table in ("conversions", "contacts", "events", "audit")] == [0, 0, 0, 0]


async def test_what_can_be_recorded_is_when_that_is_asked_for(doors: House, db: Database) -> None:
    answer = await send(doors, sheet(*WRONG), "?partial=true")
    assert (answer.status, answer.json["recorded"], answer.json["replayed"], answer.json["refused"]) == (200, 1, 1, 5)
    assert [(each["line"], each["code"]) for each in answer.json["errors"]] == NAMED
    assert await count(db) == 1


async def test_an_export_can_be_opened_without_harm(doors: House) -> None:
    wish = {"kind": "sale", "contact": PHONE, "value": "1.00", "currency": "EUR", "external_id": "+1", "note": "=1+1"}
    made = (await doors.ask("POST", PATH, json=wish)).json
    await doors.ask("POST", f"{PATH}/{made['id']}/refund", json={"note": "-"})
    answer = await doors.ask("GET", f"{PATH}/export")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [(row["event"], row["value"], row["external_id"], row["note"]) for row in rows] == [
        ("recorded", "1.00", "'+1", "'=1+1"),
        ("refunded", "-1.00", "", "'-"),
    ]
    assert {row["contact"] for row in rows} == {PHONE[1:]}


async def test_the_same_sent_by_many_at_once_is_one(doors: House, db: Database) -> None:
    wish = {"kind": "sale", "contact": PHONE, "value": "10.00", "currency": "EUR", "external_id": "x"}
    answers = await asyncio.gather(*(doors.ask("POST", PATH, json=wish) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    sheets = await asyncio.gather(*(send(doors, sheet(*lines)) for lines in (GOOD, GOOD[::-1])))
    assert sum(answer.json["recorded"] for answer in sheets) == 300
    assert await count(db) == 301


async def test_refunds_at_once_never_give_back_more_than_there_was(doors: House) -> None:
    made = (await doors.ask("POST", PATH, json={"kind": "sale", "contact": PHONE, "value": 10, "currency": "EUR"})).json
    path = f"{PATH}/{made['id']}/refund"
    answers = await asyncio.gather(*(doors.ask("POST", path, json={"value": "3.00"}) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 422, 422, 422]
    assert (await doors.ask("GET", f"{PATH}/{made['id']}")).json["value"] == "1.00"
    ids = [doors.ask("POST", path, json={"value": "0.50", "external_id": "r"}) for _ in range(5)]
    assert {answer.status for answer in await asyncio.gather(*ids)} == {200}
    assert (await doors.ask("GET", f"{PATH}/{made['id']}")).json["value"] == "0.50"


async def typed(doors: House, *words: str, code: int = 0) -> str:
    env = {"ANCLORA_URL": doors.address, "API_KEY": doors.key, "COLUMNS": "250"}
    ended = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)
    assert ended.exit_code == code, ended.output or ended.exception
    return ended.output


async def test_the_command_line_goes_the_same_way(doors: House, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_bytes(sheet(*GOOD[:3]))
    (tmp_path / "wrong.csv").write_bytes(sheet(*WRONG))
    assert "3 recorded, 0 there already" in await typed(doors, "conversions", "import", str(tmp_path / "good.csv"))
    refused = await typed(doors, "conversions", "import", str(tmp_path / "wrong.csv"), code=1)
    assert "unknown_kind" in refused
    partial = await typed(doors, "conversions", "import", str(tmp_path / "wrong.csv"), "--partial", code=1)
    assert "1 recorded, 1 there already, 5 refused" in partial
    await typed(doors, "conversions", "rates", "USD", "--set", "0.5", "--from", "2025-01-01")
    assert "0.5" in await typed(doors, "conversions", "rates", "USD")
    words = ("record", "sale", "--contact", PHONE, "--value", "8", "--currency", "USD", "--at", "2025-07-01T12:00:00Z")
    assert "8.00" in await typed(doors, "conversions", *words)
    assert "4.00 EUR" in await typed(doors, "conversions", "figures", "--from", "2025-07-01", "--to", "2025-07-01")
    found = (await doors.ask("GET", f"{PATH}?from=2025-07-01&to=2025-07-01")).json["conversions"][0]["id"]
    assert "5.00" in await typed(doors, "conversions", "correct", found, "--value", "5")
    assert "refunded" in await typed(doors, "conversions", "refund", found)
    assert "Nothing of ours" in await typed(doors, "conversions", "show", found)
    assert "viewing" in await typed(doors, "conversions", "kinds", "--add", "viewing", "--meaning", "a visit")
    assert PHONE[1:] in await typed(doors, "conversions", "list", "--kind", "sale")
    assert (await typed(doors, "conversions", "export", "--from", "2025-06-01", "--to", "2025-07-30")).startswith("id,")
    made = await typed(doors, "links", "create", "https://example.com/", "--contact", PHONE, "--kind", "viewing")
    assert "/l/" in made
    token = (await doors.ask("GET", "/api/v1/links")).json["links"][0]["link"]["token"]
    assert "Nobody followed it yet" in await typed(doors, "links", "show", token)
    assert token in await typed(doors, "links", "list")
