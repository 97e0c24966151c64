"""The morning on a real installation: 0 while everything is fine, 1 and every name when it is not."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import web
from redis.asyncio import Redis
from up_process import Up, up

from anclora.backups import Kind
from anclora.backups.rules import manifest_key
from anclora.kit.ids import new_id
from anclora.messages.feed import lane_of
from anclora.queue import Item, Queue
from tests.backups_house import lie
from tests.loopback import serving
from tests.waiting import eventually

WAITING = 1_200
_LOST = """
insert into instances (name, provider, state, state_at, secret) values ('ventas', 'evolution', 'missing', now(), 'x')"""


@contextlib.asynccontextmanager
async def frozen(running: Up) -> AsyncGenerator[None, None]:
    """The product's processes stand still, so that what waits goes on waiting and no figure is answered."""
    with psycopg.connect(running.env["DATABASE_URL"]) as db:
        rows = db.execute("select distinct pid from workers where stopped_at is null").fetchall()
    pids = [int(row[0]) for row in rows]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def is_healthy(running: Up) -> bool:
    said = await asyncio.to_thread(running.shell, "curl -s localhost:8000/health | jq -r .status")
    return said.stdout.strip() == "healthy"


async def morning(running: Up, env: dict[str, str]) -> tuple[int, Any]:
    done = await asyncio.to_thread(running.run, "ops", "morning", "--json", **env)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


async def no_issues(_request: web.Request) -> web.Response:
    return web.json_response([])


@pytest.mark.timeout(300)
async def test_the_morning_is_green_and_then_names_everything_that_is_not(tmp_path: Path) -> None:
    copies, data = tmp_path / "copies", tmp_path / "data"
    names = {kind: lie(copies, kind, datetime.now(UTC)) for kind in (Kind.POSTGRES, Kind.REDIS)}
    async with serving(no_issues) as sentry:
        env = {"SENTRY_URL": sentry, "SENTRY_ORG": "anclora", "SENTRY_PROJECT": "wa", "SENTRY_AUTH_TOKEN": "t"}
        env |= {"ANCLORA_BACKUP_URL": str(copies), "ANCLORA_BACKUP_KINDS": "postgres,redis"}
        with up(data) as running:
            # A start keeps it busy for a moment, and a routine is written down: it is begun when all is well.
            await eventually(lambda: is_healthy(running), timeout_seconds=90)
            code, found = await morning(running, env)
            assert {each["check"]: each["verdict"] for each in found["results"]} == {
                each["check"]: "ok" for each in found["results"]
            }, found
            assert (code, found["good"], len(found["results"])) == (0, True, 8)
            async with frozen(running):
                await break_everything(running, copies / manifest_key(names[Kind.REDIS]), data)
                shown = await asyncio.to_thread(
                    running.run, "ops", "morning", "--lang", "en", "--fix", "--dry-run", **env
                )
            assert shown.returncode == 1, shown.stderr
            listed = running.run("ops", "history", "morning", "--json")
            found, fine = json.loads(listed.stdout)
            assert (found["good"], fine["good"]) == (False, True)
            results = {each["check"]: each for each in found["results"]}
            assert {name for name, each in results.items() if each["verdict"] in ("finding", "unknown")} >= {
                *("numbers", "backlog", "error_logs", "backup", "metrics"),
            }
            assert results["numbers"]["facts"][0] == "ventas: missing"
            assert (results["backlog"]["value"], results["error_logs"]["value"]) == (WAITING, 11)
            assert results["sentry"]["verdict"] == results["dead_letters"]["verdict"] == "ok"
            for words in (
                "ventas: missing",
                "1,200 waiting",
                "11 errors",
                "no redis",
                "did not answer",
                "can be mended safely",
            ):
                assert words in " ".join(shown.stdout.split()), shown.stdout


async def break_everything(running: Up, copy: Path, data: Path) -> None:
    """A number gone, 1,200 waiting, eleven errors, no copy of Redis."""
    with psycopg.connect(running.env["DATABASE_URL"], autocommit=True) as db:
        db.execute(_LOST)
    client = Redis.from_url(running.env["REDIS_URL"])
    try:
        items = [Item(id=str(new_id()), order_key=str(each), priority=2) for each in range(WAITING)]
        await Queue(client, lease_seconds=30.0).enqueue(lane_of(running.env["INSTANCE"]), items)
    finally:
        await client.aclose()
    line = json.dumps({"level": "error", "event": "broken", "timestamp": datetime.now(UTC).isoformat()})
    with next((data / "logs").glob("anclora*.log")).open("a") as log:
        log.write(f"{line}\n" * 11)
    await asyncio.to_thread(copy.unlink)
