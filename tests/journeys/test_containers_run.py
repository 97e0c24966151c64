"""The three roles as compose runs them: its commands, its environment and nothing else, on a root they cannot write to.

What a container would be is made of a mount namespace: all that is mounted is read-only but the data.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from anclora.access.keys import create
from anclora.cli.home import Home, free_port, start_sandbox
from anclora.kit.clock import SystemClock
from anclora.providers.sandbox import read_witness
from anclora.storage.database import Database
from anclora.supervise import Child, family
from tests import compose
from tests.conftest import needs, needs_root
from tests.waiting import eventually

_BIN = Path(sys.executable).parent
_READ_ONLY = (
    'mount --make-rprivate / && mount --bind "$0" "$0"'
    " && for at in $(awk '$9 !~ /^(proc|sysfs|cgroup2?|devpts|mqueue)$/ {print $5}' /proc/self/mountinfo"
    " | grep -v '^/\\(proc\\|sys\\|dev\\)'); do"
    ' [ "$at" = "$0" ] || mount -o remount,bind,ro "$at" || exit 97; done'
    ' && ! touch "$0/../written" 2>/dev/null && touch "$0/written" && exec "$@"'
)


@dataclass
class Container:
    """One role: its process, and its address."""

    child: Child
    environment: dict[str, str]
    port: int

    async def healthy(self) -> bool:
        """What the image's own health check says."""
        program, *words = [word.replace("8000", str(self.port)) for word in compose.health_check()]
        check = await asyncio.create_subprocess_exec(
            str(_BIN / program), *words, env=self.environment, stderr=asyncio.subprocess.DEVNULL
        )
        return await check.wait() == 0


@contextlib.asynccontextmanager
async def containers(
    folder: Path, database_url: str, redis_url: str, evolution_port: int
) -> AsyncGenerator[dict[str, Container], None]:
    """All three, healthy."""
    secrets = compose.secrets()
    services: dict[str, Any] = compose.filled(secrets)["services"]
    there = {
        services["api"]["environment"]["DATABASE_URL"]: database_url,
        services["api"]["environment"]["REDIS_URL"]: redis_url,
        "http://evolution:8080": f"http://127.0.0.1:{evolution_port}",
    }
    data = folder / "data"
    data.mkdir()
    running: dict[str, Container] = {}
    async with family() as children:
        for role in compose.ROLES:
            port = free_port()
            said = compose.image_environment() | services[role]["environment"]
            environment: dict[str, str] = {name: there.get(value, str(value)) for name, value in said.items()}
            environment |= {"PATH": str(_BIN), "ANCLORA_DATA_DIR": str(data), "ANCLORA_METRICS_PORT": str(port)}
            environment["ANCLORA_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
            words = [str(port) if word == "8000" else word for word in services[role]["command"]]
            argv = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", _READ_ONLY, str(data), str(_BIN / "anclora"), *words]
            shell = environment | {"PATH": f"{_BIN}:/usr/bin:/bin"}
            child = Child(role, argv, shell, folder / f"{role}.log")
            children.append(child)
            await child.start()
            running[role] = Container(child, environment, port)
        for container in running.values():
            await container.child.wait_ready(container.healthy, timeout_seconds=120)
        yield running


@pytest.mark.timeout(300)
async def test_they_run_on_a_read_only_root_and_a_stop_lets_what_is_being_sent_arrive(
    db: Database, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    needs("unshare")
    needs_root("make a mount read-only for one process")
    key = (await create(db, account="main", name="test", scopes=["messages:send"])).text
    evolution_port = free_port()
    home = Home(data_dir=tmp_path, env={"PATH": str(_BIN)})
    script: dict[str, object] = {"instances": [{"name": "one"}], "latency_ms": [4_000, 4_000]}
    async with family() as outside:
        secret = compose.secrets()["EVOLUTION_API_KEY"]
        witness = await start_sandbox(home, outside, port=evolution_port, key=secret, script=script)
        async with (
            containers(tmp_path, database_url, redis_url, evolution_port) as running,
            aiohttp.ClientSession(f"http://127.0.0.1:{running['api'].port}") as session,
        ):
            await eventually(lambda: _says(session, "/health/ready"), timeout_seconds=90)
            body = {"to": "34600111222", "text": "hola"}
            async with session.post("/api/v1/messages", json=body, headers={"X-API-Key": key}) as answer:
                assert answer.status == 202, await answer.text()
            await eventually(lambda: _posted(db), timeout_seconds=90)
            clock = SystemClock()
            begun = clock.boot_seconds()
            await asyncio.gather(*(one.child.stop(timeout_seconds=110) for one in running.values()))
            assert clock.boot_seconds() - begun < 90
            ends = {role: await one.child.wait() for role, one in running.items()}
            assert ends == dict.fromkeys(compose.ROLES, 0)
        states = {row["state"] for row in await db.fetch_all("select state from messages")}
        assert states <= {"sent", "delivered", "read"}
        assert len(read_witness(witness)) == 1


async def _says(session: aiohttp.ClientSession, path: str) -> bool:
    async with session.get(path) as answer:
        return answer.status == 200


async def _posted(db: Database) -> bool:
    """Whether its request is out for sure: a claim may come a moment ahead of its time."""
    row = await db.fetch_one(
        "select state = 'sending' and intent_at < now() - interval '1 second' as out from messages"
    )
    return bool(row and row["out"])
