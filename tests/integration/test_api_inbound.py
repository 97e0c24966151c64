"""The inbound ledger from outside: the doors, and the commands that go through them."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from api_harness import House, OneProvider, house

from anclora.cli import main
from anclora.inbound.apply import Applier
from anclora.inbound.receive import Inbound
from anclora.kit.errors import NotFoundError
from anclora.providers.contract import FetchedMedia
from anclora.providers.evolution.webhook import parse
from anclora.providers.registry import Providers
from anclora.storage.database import Database

Command = Callable[..., Awaitable[tuple[int, str]]]


class Reads(OneProvider):
    """Reads webhooks as Evolution's provider does."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.fetched: list[str] = []

    def parse_webhook(self, body: bytes) -> Any:
        found: Any = parse(body, datetime.now(UTC))
        return found

    async def fetch_media(self, instance: str, ref: str, *, limit_bytes: int) -> FetchedMedia:
        self.fetched.append(ref)
        if ref not in self.files:
            raise NotFoundError("Gone.", code="media_expired")
        return FetchedMedia(data=self.files[ref], mimetype="image/jpeg", file_name=None)


@pytest.fixture
async def doors(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[House, None]:
    provider = Reads()
    inbound = Inbound(db, Providers({"evolution": provider}), Applier(db))
    async with house(db, redis, provider=provider, inbound=inbound, media_dir=tmp_path / "media") as running:
        yield running
    await inbound.close()


@pytest.fixture
def command(doors: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line against these doors: its exit code, and what it printed."""
    monkeypatch.setenv("ANCLORA_URL", doors.address)
    monkeypatch.setenv("API_KEY", doors.key)

    async def run(*words: str) -> tuple[int, str]:
        def here() -> int:
            try:
                main()
            except SystemExit as end:
                return int(end.code or 0)
            return 0

        monkeypatch.setattr(sys, "argv", ["anclora", "inbound", *words])
        capsys.readouterr()
        code = await asyncio.to_thread(here)
        return code, capsys.readouterr().out

    return run


def said(n: int) -> bytes:
    key = {"id": f"3A{n:03}", "remoteJid": "34600111222@s.whatsapp.net", "fromMe": False}
    stamp = int((datetime.now(UTC) - timedelta(minutes=n)).timestamp())
    data = {"key": key, "message": {"conversation": f"#{n}"}, "messageTimestamp": stamp, "pushName": "Ana"}
    return json.dumps({"event": "messages.upsert", "instance": "sales", "data": data}).encode()


async def receive(doors: House, *bodies: bytes) -> None:
    inbound: Any = doors.deps.inbound
    for body in bodies:
        await inbound.accept("sales", "evolution", body)
    await inbound.close()


async def test_the_list_goes_page_by_page_and_by_what_is_asked(doors: House) -> None:
    await receive(doors, *(said(n) for n in range(5)))
    first = (await doors.ask("GET", "/api/v1/inbound?limit=3")).json
    rest = (await doors.ask("GET", f"/api/v1/inbound?limit=3&before={first['next']}")).json
    assert [each["text"] for each in (*first["heard"], *rest["heard"])] == [f"#{n}" for n in range(5)]
    assert rest["next"] is None
    since = quote((datetime.now(UTC) - timedelta(minutes=2, seconds=30)).isoformat())
    some = (await doors.ask("GET", f"/api/v1/inbound?since={since}&kind=text&direction=in&instance=sales")).json
    assert [each["text"] for each in some["heard"]] == ["#0", "#1", "#2"]
    one = (await doors.ask("GET", f"/api/v1/inbound/{some['heard'][0]['id']}")).json
    assert (one["text"], one["name"], one["changes"]) == ("#0", "Ana", [])


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/api/v1/inbound?since=2026-01-31T09:00:00", None, "invalid_time"),
        ("GET", "/api/v1/inbound/019aac5e-7a00-7000-8000-000000000001", None, "heard_not_found"),
        (
            "POST",
            "/api/v1/inbound/replay",
            {"since": "2026-01-31T09:00:00", "until": "2026-01-31T10:00:00Z"},
            "invalid_time",
        ),
        (
            "POST",
            "/api/v1/inbound/replay",
            {"since": "2026-01-31T11:00:00Z", "until": "2026-01-31T10:00:00Z"},
            "invalid_span",
        ),
        ("POST", "/api/v1/inbound/retry", {}, "no_choice"),
        ("POST", "/api/v1/inbound/retry", {"ids": ["019aac5e-7a00-7000-8000-000000000001"]}, "webhook_not_found"),
    ],
)
async def test_what_cannot_be_done_says_why(doors: House, method: str, path: str, body: Any, code: str) -> None:
    refused = await doors.ask(method, path, json=body)
    assert (refused.status in (404, 422), refused.json["code"]) == (True, code)


async def test_whoever_may_read_may_not_replay(doors: House) -> None:
    reader = await doors.make_key("inbound:read")
    assert (await doors.ask("GET", "/api/v1/inbound", key=reader)).status == 200
    assert (await doors.ask("POST", "/api/v1/inbound/retry", json={"everything": True}, key=reader)).status == 403


async def test_the_commands_list_show_replay_and_retry(doors: House, db: Database, command: Command) -> None:
    assert await command("list") == (0, "Nobody said anything.\n")
    await receive(doors, *(said(n) for n in range(3)))
    code, out = await command("list", "--json")
    rows = json.loads(out)["heard"]
    assert (code, [row["text"] for row in rows]) == (0, ["#0", "#1", "#2"])
    code, out = await command("show", rows[0]["id"])
    assert (code, "#0" in out, "Ana" in out) == (0, True, True)

    await db.execute("truncate heard")  # an older version had written nothing
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    code, out = await command("replay", "--since", hour_ago, "--json")
    assert (code, json.loads(out)) == (0, {"read": 3, "heard": 3, "failed": 0})
    assert (await command("replay", "--since", hour_ago))[1] == "webhooks read: 3, messages that were new: 0\n"
    rows = await db.fetch_all("select actor like 'key:%%' as by_key from audit where action = 'inbound.replay'")
    assert rows == [{"by_key": True}] * 2

    await db.execute("alter table heard add constraint no_poison check (provider_id <> '3A009')")
    await receive(doors, said(9))
    code, out = await command("unprocessed", "--json")
    assert (code, [each["error"] for each in json.loads(out)["unprocessed"]]) == (1, ["CheckViolation"])
    assert (await command("retry", "--all"))[0] == 1
    await db.execute("alter table heard drop constraint no_poison")
    assert await command("retry", "--all") == (0, "webhooks read: 1, messages that were new: 1\n")
    assert await command("unprocessed") == (0, "Every webhook was applied.\n")
    assert await command("gaps") == (0, "There was no gap.\n")
    assert (await command("retry"))[0] in (1, 2)  # says what to choose


JPEG = b"\xff\xd8\xff\xe0" + bytes(300)


async def sent_a_file(doors: House, key_id: str, message: dict[str, Any]) -> str:
    """Somebody sends one; its id here."""
    data = {
        "key": {"remoteJid": "34600111222@s.whatsapp.net", "fromMe": False, "id": key_id},
        "message": message,
        "messageTimestamp": int(datetime.now(UTC).timestamp()),
    }
    body = json.dumps({"event": "messages.upsert", "instance": "sales", "data": data}).encode()
    await doors.deps.inbound.accept("sales", "evolution", body)
    inbound: Any = doors.deps.inbound
    await inbound._applier.flush()
    heard = (await doors.ask("GET", "/api/v1/inbound")).json["heard"]
    return next(str(each["id"]) for each in heard if each["provider_id"] == key_id)


def provider_of(doors: House) -> Reads:
    found: Any = doors.deps.providers["evolution"]
    return found._provider if hasattr(found, "_provider") else found


async def test_a_file_is_fetched_once_and_kept_by_its_hash(doors: House, db: Database) -> None:
    reads = provider_of(doors)
    reads.files["3A01"] = JPEG
    heard_id = await sent_a_file(doors, "3A01", {"documentMessage": {"mimetype": "image/jpeg", "fileName": "a/ñ.jpg"}})
    first = await doors.ask("GET", f"/api/v1/inbound/{heard_id}/media")
    assert (first.status, first.body) == (200, JPEG)
    assert first.headers["Content-Type"] == "image/jpeg"
    assert first.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%C3%B1.jpg"
    assert first.headers["ETag"] == f'"{sha256(JPEG).hexdigest()}"'
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    again = await doors.ask("GET", f"/api/v1/inbound/{heard_id}/media")
    assert (again.body, reads.fetched) == (JPEG, ["3A01"])
    kept = await doors.ask("GET", f"/api/v1/media/{sha256(JPEG).hexdigest()}")
    assert kept.json["mimetype"] == "image/jpeg"
    await db.execute("delete from media")
    assert (await doors.ask("GET", f"/api/v1/inbound/{heard_id}/media")).body == JPEG
    assert reads.fetched == ["3A01", "3A01"]


async def test_a_file_that_cannot_be_had_says_why(doors: House) -> None:
    gone = await sent_a_file(doors, "3A02", {"imageMessage": {"mimetype": "image/jpeg"}})
    words = await sent_a_file(doors, "3A03", {"conversation": "hola"})
    provider_of(doors).files["3A04"] = b"MZ" + bytes(100)
    program = await sent_a_file(doors, "3A04", {"documentMessage": {"fileName": "a.exe"}})
    for heard_id, status, code in (
        (gone, 404, "media_expired"),
        (words, 404, "no_media"),
        (program, 422, "invalid_media"),
        ("019aac5e-7a00-7000-8000-000000000001", 404, "heard_not_found"),
    ):
        answer = await doors.ask("GET", f"/api/v1/inbound/{heard_id}/media")
        assert (answer.status, answer.json["code"]) == (status, code)


async def test_a_file_needs_the_key_for_what_people_say(doors: House) -> None:
    heard_id = await sent_a_file(doors, "3A05", {"imageMessage": {"mimetype": "image/jpeg"}})
    key = await doors.make_key("messages:read")
    assert (await doors.ask("GET", f"/api/v1/inbound/{heard_id}/media", key=key)).status == 403


async def test_the_command_saves_a_file(doors: House, command: Command, tmp_path: Path) -> None:
    provider_of(doors).files["3A06"] = JPEG
    heard_id = await sent_a_file(doors, "3A06", {"imageMessage": {"mimetype": "image/jpeg"}})
    out = tmp_path / "a.jpg"
    assert (await command("media", heard_id, "--out", str(out)))[0] == 0
    assert await asyncio.to_thread(out.read_bytes) == JPEG
