"""Everything that opens a door leaked: all of it is changed under traffic, and what leaked opens nothing any more."""

import time
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import psycopg
from psycopg import sql
from redis.asyncio import Redis
from redis.exceptions import RedisError

from anclora.access.keys import create, revoke
from anclora.access.model import SCOPES
from anclora.audit import record
from anclora.cli.drill.scene import Scene, need
from anclora.cli.home import Home, new_secret
from anclora.cli.stage import Stage
from anclora.storage.database import Database, open_pool
from anclora.supervise import Child

_FIRST = 0.4
_SETTLE_SECONDS = 600.0
_FORGET_SECONDS = 30.0  # the doors remember a key for five
_STOP_SECONDS = 120.0


async def credential_rotation(scene: Scene) -> float | None:
    """Change the API key and both servers' passwords; the longest time, in seconds, in which the doors were shut."""
    stage = scene.stage
    work = await stage.spawn("work", "serve", "--role", "work")
    api = await stage.start_api()
    senders = [await scene.dispatcher(number) for number in (1, 2)]
    await scene.accept(int(scene.total * _FIRST))

    async def some_are_out() -> bool:
        return await scene.gone() > 0

    need(await scene.until(some_are_out, seconds=_SETTLE_SECONDS), "no message went out.")
    scene.note(f"Under traffic: {len(scene.accepted):,} accepted, {await scene.gone():,} out.")
    old_key, old_env = stage.key, dict(stage.home.env)
    await _change_key(scene)
    await _change_passwords(stage)
    scene.note("Both servers have new passwords; Redis takes the old one until everybody has moved.")
    await scene.accept(int(scene.total * _FIRST))
    shut = await _move(scene, api, [work, *senders])
    await _forget_redis(stage, old_env["REDIS_URL"])
    await scene.accept()
    scene.wrong += await _still_open(scene, old_key, old_env)
    if not scene.wrong:
        scene.note("The old key and the old passwords open nothing.")
    return shut


async def _change_key(scene: Scene) -> None:
    stage = scene.stage
    made = await create(stage.db, account="main", name="drill", scopes=sorted(SCOPES), record=record)
    old, stage.key = stage.key, made.text
    await scene.accept(1)
    await revoke(stage.db, old.removeprefix("ak_")[:10], record=record)
    scene.note("A new API key is in use; the old one is revoked.")


async def _change_passwords(stage: Stage) -> None:
    """New passwords, and an environment with them for those that start from now on."""
    urls = {name: urlsplit(stage.home.env[name]) for name in ("DATABASE_URL", "REDIS_URL")}
    new = {name: new_secret() for name in urls}
    user = sql.Identifier(urls["DATABASE_URL"].username or "")
    async with await psycopg.AsyncConnection.connect(stage.home.env["DATABASE_URL"], autocommit=True) as conn:
        await conn.execute(sql.SQL("alter role {} password {}").format(user, sql.Literal(new["DATABASE_URL"])))
    async with Redis.from_url(stage.home.env["REDIS_URL"]) as redis:
        await redis.execute_command("ACL", "SETUSER", "default", f">{new['REDIS_URL']}")
    moved = {name: _with_password(urls[name].geturl(), new[name]) for name in urls}
    stage.home = Home(data_dir=stage.data_dir, env={**stage.home.env, **moved, "API_KEY": stage.key})
    await stage.db.close()
    stage.db = Database(await open_pool(stage.home.env["DATABASE_URL"]))


async def _move(scene: Scene, api: Child, others: list[Child]) -> float:
    """A process with the new passwords for each with the old ones; the seconds the doors were shut."""
    await scene.stage.spawn("work-2", "serve", "--role", "work")
    for number in (3, 4):
        await scene.dispatcher(number)
    for old in others:
        await old.stop(timeout_seconds=_STOP_SECONDS)
    began = time.monotonic()
    await api.stop(timeout_seconds=_STOP_SECONDS)
    await scene.stage.start_api("api-2")
    shut = time.monotonic() - began
    scene.note(f"Every process runs with the new passwords; the doors were shut for {shut:.1f} s.")
    return shut


async def _forget_redis(stage: Stage, old_url: str) -> None:
    async with Redis.from_url(stage.home.env["REDIS_URL"]) as redis:
        await redis.execute_command("ACL", "SETUSER", "default", f"<{urlsplit(old_url).password}")


async def _still_open(scene: Scene, old_key: str, old_env: dict[str, str]) -> list[str]:
    """What the leaked words still open, a sentence each."""
    found: list[str] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:

        async def refused() -> bool:
            try:
                return await _status(session, scene.stage.url, old_key) == 401
            except (aiohttp.ClientError, TimeoutError):
                return False  # the doors have much to do: they are asked again

        if not await scene.until(refused, seconds=_FORGET_SECONDS):
            found.append(f"The old API key still works after {_FORGET_SECONDS:.0f} s.")
    try:
        await (await psycopg.AsyncConnection.connect(old_env["DATABASE_URL"], connect_timeout=5)).close()
        found.append("The old password of Postgres still opens it.")
    except psycopg.OperationalError:
        pass  # refused, as it should be
    try:
        async with Redis.from_url(old_env["REDIS_URL"], socket_timeout=5) as redis:
            await redis.execute_command("PING")
        found.append("The old password of Redis still opens it.")
    except RedisError:
        pass  # refused, as it should be
    return found


async def _status(session: aiohttp.ClientSession, url: str, key: str) -> int:
    async with session.get(f"{url}/api/v1/messages?limit=1", headers={"X-API-Key": key}) as answer:
        return answer.status


def _with_password(url: str, password: str) -> str:
    """The URL with another password. Pure."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{password}@{parts.hostname}:{parts.port}"))
