"""Made, verified, restored: each kind from its real server, and nothing replaced unasked."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg
import pytest
from redis.asyncio import Redis

from anclora.backups import Kind, Tier, find, find_all, make, restore, verify
from anclora.backups.errors import RefusedError
from anclora.backups.postgres import prints_of
from anclora.backups.proof import signed, written
from anclora.backups.swap import with_database
from anclora.cli.backup_trial import send_one
from anclora.kit.errors import NotFoundError, SetupError
from anclora.messages.gates import read_gates
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import Urls
from anclora.storage.migrate import revisions
from tests.backups_house import house_in

_HASHES = {"meta": {"epoch": "3"}, "tail": {"a": "1", "b": "2"}}


def put_rows(url: str, count: int = 300) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into contacts (id, name) select gen_random_uuid(), 'Ana ' || n from generate_series(1, %s) as n",
            [count],
        )


def databases(url: str) -> set[str]:
    """Those there are, without the one that is being made ahead for the next test."""
    query = "select datname from pg_database where datname = current_database() or datname !~ '^test_[0-9a-f]{12}$'"
    with psycopg.connect(url) as connection:
        return {str(row[0]) for row in connection.execute(query).fetchall()}


async def test_a_ledger_comes_back_as_it_was(tmp_path: Path, database_url: str) -> None:
    put_rows(database_url)
    house = house_in(tmp_path, database_url=database_url)
    steps: set[str] = set()
    made = await make(house, Kind.POSTGRES, Tier.DAILY, lambda what, done, whole: steps.add(what))
    assert (made.revision, made.prints["contacts"].rows) == (revisions()[-1], 300)
    assert made.server.startswith("18")
    assert steps >= {"count rows", "dump", "upload"}
    assert (await find(house, "postgres"), await find(house, made.name)) == (made, made)

    async def trial(servers: Urls) -> str:
        return await send_one(servers, house.settings)

    proved = await verify(house, made, smoke=trial)
    assert (proved.wrong, proved.smoke) == ([], True)  # a message went through what was restored
    assert (proved.good, proved.figures, proved.rows) == (True, 0, sum(its.rows for its in made.prints.values()))
    assert list((tmp_path / "data" / "backups-spool").iterdir()) == []
    with pytest.raises(NotFoundError):
        await find(house, "redis")


async def test_a_restore_replaces_only_what_was_named_and_keeps_it(tmp_path: Path, database_url: str) -> None:
    put_rows(database_url)
    house = house_in(tmp_path, database_url=database_url)
    made = await make(house, Kind.POSTGRES, Tier.MANUAL)
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from contacts")
        old_epoch = connection.execute("select epoch from queue_epoch").fetchone()
    name, before = database_url.rpartition("/")[2], databases(database_url)
    for confirmed in (None, "yes", "anclora"):
        with pytest.raises(RefusedError, match=f"--confirm {name}"):
            await restore(house, made, confirmed=confirmed)
    assert databases(database_url) == before
    with psycopg.connect(database_url), pytest.raises(RefusedError, match="Stop every process"):
        await restore(house, made, confirmed=name)
    done = await restore(replace(house, actor="cli:eva"), made, confirmed=name)
    assert (done.into, done.paused, done.pending) == (name, True, 0)
    assert databases(database_url) == {*before, done.kept}
    with psycopg.connect(with_database(database_url, done.kept)) as connection:
        assert connection.execute("select count(*) from contacts").fetchone() == (0,)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from contacts").fetchone() == (300,)
        epoch, run_id = connection.execute("select epoch, run_id from queue_epoch").fetchone() or (0, "x")
        assert (epoch > (old_epoch or (0,))[0] + 1, run_id) == (True, "")
        said = connection.execute(
            "select actor, detail ->> 'backup' from audit where action = 'backup.restore'"
        ).fetchone()
    assert said == ("cli:eva", made.name)
    db = Database(await open_pool(database_url))
    try:
        assert [gate.what for gate in await read_gates(db)] == ["all"]
    finally:
        await db.close()


async def test_a_restore_elsewhere_makes_the_database_and_may_let_messages_go(
    tmp_path: Path, database_url: str
) -> None:
    put_rows(database_url)
    house = house_in(tmp_path, database_url=database_url)
    made = await make(house, Kind.POSTGRES, Tier.MANUAL)
    url = f"{database_url.rpartition('/')[0]}/new_{uuid4().hex[:8]}"
    done = await restore(house, made, into=url, send=True)
    assert (done.kept, done.paused) == ("", False)
    assert (await prints_of(url))["contacts"] == made.prints["contacts"]
    with pytest.raises(RefusedError):  # it has tables now
        await restore(house, made, into=url)


async def test_a_backup_of_a_newer_program_is_refused_untouched(tmp_path: Path, database_url: str) -> None:
    house = house_in(tmp_path, database_url=database_url)
    made = await make(house, Kind.POSTGRES, Tier.MANUAL)
    newer = signed(msgspec.structs.replace(made, revision="9999_future", mac=""), house.keyring().current)
    house.target.write(f"{made.name}.json", written(newer))
    before = databases(database_url)
    with pytest.raises(SetupError, match=r"9999_future.*Install Anclora"):
        await restore(house, await find(house, made.name), confirmed=database_url.rpartition("/")[2])
    assert databases(database_url) == before


async def test_evolutions_sessions_come_back_from_an_address_as_prisma_writes_it(
    tmp_path: Path, database_url: str
) -> None:
    url = f"{database_url.rpartition('/')[0]}/evolution_{uuid4().hex[:8]}"
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(f"create database {url.rpartition('/')[2]}")  # pyright: ignore[reportArgumentType, reportCallIssue]
    with psycopg.connect(url) as connection:
        connection.execute("create schema evolution_api")
        connection.execute('create table evolution_api."Session" (id text primary key, creds jsonb, raw bytea)')
        connection.execute("""insert into evolution_api."Session" values ('one', '{"noiseKey": "x"}', '\\x00ff')""")
    house = house_in(tmp_path, evolution_database_url=f"{url}?schema=evolution_api&connection_limit=5")
    made = await make(house, Kind.EVOLUTION, Tier.MANUAL)
    assert {name: its.rows for name, its in made.prints.items()} == {"evolution_api.Session": 1}
    with psycopg.connect(url) as connection:
        connection.execute('delete from evolution_api."Session"')
    done = await restore(house, made, confirmed=url.rpartition("/")[2])
    assert (done.pending, done.paused) == (None, False)
    with psycopg.connect(url) as connection:
        assert connection.execute('select creds, raw from evolution_api."Session"').fetchone() == (
            {"noiseKey": "x"},
            b"\x00\xff",
        )


async def fill(redis: Redis) -> None:
    for name, fields in _HASHES.items():
        for field, value in fields.items():
            await redis.hset(f"q:{{s00}}:{name}", field, value)
    await redis.set("q:word", b"\x00\xff")
    await redis.rpush("q:list", "b", "a", "b")
    await redis.sadd("q:set", *(str(n) for n in range(600)))
    await redis.zadd("q:zset", {"x": 0.1, "y": 2})
    await redis.xadd("q:stream", {"a": "1"}, id="1-1")
    await redis.set("q:soon", "1", ex=1_000)


async def holds(redis: Redis) -> Mapping[str, object]:
    return {
        "hash": await redis.hgetall("q:{s00}:tail"),
        "word": await redis.get("q:word"),
        "list": await redis.lrange("q:list", 0, -1),
        "set": len(await redis.smembers("q:set")),
        "zset": await redis.zrange("q:zset", 0, -1, withscores=True),
        "stream": await redis.xlen("q:stream"),
    }


async def test_redis_comes_back_from_what_a_replica_gets(tmp_path: Path, redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    await redis.flushall()
    await fill(redis)
    was = await holds(redis)
    before = await redis.info("persistence")
    house = house_in(tmp_path, redis_url=redis_url)
    made = await make(house, Kind.REDIS, Tier.MANUAL)
    assert made.prints["keys"].rows == 7  # without the one that will be gone by then
    assert (await redis.info("persistence"))["rdb_last_save_time"] == before["rdb_last_save_time"]
    assert (await verify(house, made)).good
    name = redis_url.rpartition("@")[2]
    await redis.set("q:word", "other")
    with pytest.raises(RefusedError, match=f"--confirm {name}"):
        await restore(house, made)
    assert await redis.get("q:word") == b"other"
    assert (await restore(house, made, confirmed=name)).rows == 8
    assert await holds(redis) == was
    assert 0 < await redis.ttl("q:soon") <= 1_000
    await redis.flushall()
    assert (await restore(house, made)).rows == 8  # an empty one is nobody's
    await redis.flushall()
    await redis.aclose()


async def test_a_configuration_goes_into_a_new_file(tmp_path: Path) -> None:
    house = house_in(tmp_path, smtp_password="hush", currency="USD")
    made = await make(house, Kind.CONFIG, Tier.MANUAL)
    assert (await verify(house, made)).good
    file = tmp_path / "config.json"
    await restore(house, made, into=str(file))
    words = json.loads(file.read_text())
    assert (words["settings"]["ANCLORA_CURRENCY"], words["secrets"]) == ("USD", ["ANCLORA_SMTP_PASSWORD"])
    with pytest.raises(RefusedError):
        await restore(house, made, into=str(file))
    again = await make(house, Kind.CONFIG, Tier.MANUAL)
    assert [each.name for each in await find_all(house)] == [made.name, again.name]  # also within one second
