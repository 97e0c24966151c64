"""What is not whole, not ours or not finished is refused, in a sentence that helps, before anything is touched."""

import errno
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from anclora.backups import House, Kind, Manifest, Tier, find, find_all, make, prune, restore, verify
from anclora.backups.errors import NotConfiguredError, TargetError
from anclora.backups.house import kinds_of
from anclora.backups.seal import Sealer
from anclora.kit.errors import AncloraError, InvalidError, SetupError, UnavailableError
from anclora.kit.settings import load_settings
from tests.backups_house import data_file, house_in, other_key

Spoil = Callable[[Path, Manifest], object]


def cut(folder: Path, made: Manifest) -> None:
    file = data_file(folder, made.data)
    file.write_bytes(file.read_bytes()[:-100])


def flip(folder: Path, made: Manifest) -> None:
    file = data_file(folder, made.data)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def replace(folder: Path, made: Manifest) -> None:
    data_file(folder, made.data).write_bytes(b"PGDMP" + bytes(5_000))


def gone(folder: Path, made: Manifest) -> None:
    data_file(folder, made.data).unlink()


def rewrite(folder: Path, made: Manifest) -> None:
    file = data_file(folder, f"{made.name}.json")
    file.write_text(file.read_text().replace('"rows": 1', '"rows": 2'))


def stranger(folder: Path, made: Manifest) -> None:
    data_file(folder, f"{made.name}.json").write_text('{"format": 1}')


def moved(folder: Path, made: Manifest) -> None:
    file = data_file(folder, f"{made.name}.json")
    file.write_text(file.read_text().replace("manual/2", "manual/3"))


def newer(folder: Path, made: Manifest) -> None:
    file = data_file(folder, f"{made.name}.json")
    file.write_text(file.read_text().replace('"format": 1', '"format": 2'))


def key(folder: Path, made: Manifest) -> None:
    del made
    other_key(folder)


def no_key(folder: Path, made: Manifest) -> None:
    del made
    (folder / "backup.key").unlink()


SPOILED: dict[str, tuple[Spoil, str, str]] = {
    "cut": (cut, "backup_damaged", "damaged or cut off.*anclora backup list"),
    "flipped": (flip, "backup_damaged", "damaged.*anclora backup list"),
    "foreign": (replace, "backup_foreign", "no backup of Anclora.*anclora backup list"),
    "gone": (gone, "backup_damaged", "are gone"),
    "manifest changed": (rewrite, "backup_damaged", "is not what was written"),
    "manifest foreign": (stranger, "backup_foreign", "none of Anclora's"),
    "manifest moved": (moved, "backup_foreign", "somebody moved it"),
    "manifest newer": (newer, "backup_foreign", "Update this one"),
    "wrong key": (key, "backup_wrong_key", "was made with the key .*ANCLORA_BACKUP_KEY_FILE"),
    "no key": (no_key, "backup_key_file", "bring back the file they were made with"),
}


def state(url: str) -> tuple[list[str], list[str]]:
    with psycopg.connect(url) as connection:
        names = connection.execute(  # without the one that is being made ahead for the next test
            "select datname from pg_database"
            " where datname = current_database() or datname !~ '^test_[0-9a-f]{12}$' order by 1"
        ).fetchall()
        tables = connection.execute(
            "select relname || relfilenode from pg_class where relkind = 'r' order by 1"
        ).fetchall()
    return [str(row[0]) for row in names], [str(row[0]) for row in tables]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spoiled")


async def test_what_is_spoiled_is_refused_before_anything_is_touched(kept: Path, database_url: str) -> None:
    house = house_in(kept, database_url=database_url)
    made = await make(house, Kind.POSTGRES, Tier.MANUAL)
    manifest, data, key_file = (
        data_file(kept, f"{made.name}.json"),
        data_file(kept, made.data),
        kept / "backup.key",
    )
    whole = (manifest.read_bytes(), data.read_bytes(), key_file.read_bytes())
    before = state(database_url)
    for what, (spoil, code, words) in SPOILED.items():
        spoil(kept, made)
        for act in (restored, verified):
            with pytest.raises(AncloraError, match=words) as caught:
                await act(house, made.name, database_url)
            assert caught.value.code == code, what
        for file, its in zip((manifest, data, key_file), whole, strict=True):
            file.write_bytes(its)
    assert state(database_url) == before
    assert list(house.spool.iterdir()) == []
    assert (await find(house, made.name)) == made


async def restored(house: House, name: str, url: str) -> None:
    await restore(house, await find(house, name), confirmed=url.rpartition("/")[2])


async def verified(house: House, name: str, url: str) -> None:
    del url
    await verify(house, await find(house, name))


async def test_a_list_says_which_are_not_whole(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    first, second, third = [await make(house, Kind.CONFIG, Tier.MANUAL) for _ in range(3)]
    cut(tmp_path, first)
    stranger(tmp_path, second)
    problems = {each.name: each.problem for each in await find_all(house)}
    assert "bytes" in problems[first.name]
    assert "none of Anclora's" in problems[second.name]
    assert problems[third.name] == ""
    assert (await find(house, "config")).name == third.name


async def test_a_process_that_dies_before_the_manifest_leaves_nothing_that_looks_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_in(tmp_path)

    def dies(key: str, data: bytes) -> None:
        raise TargetError(f"The power went at {key}, {len(data)}.")

    monkeypatch.setattr(house.target, "write", dies)
    with pytest.raises(TargetError):
        await make(house, Kind.CONFIG, Tier.MANUAL)
    monkeypatch.undo()
    assert len(house.target.list("config/manual/data/")) == 1
    assert await find_all(house) == []
    assert list(house.spool.iterdir()) == []
    assert (await prune(house)).unfinished == []  # it may be on its way: a day later it goes


async def test_a_source_that_is_away_leaves_nothing(tmp_path: Path) -> None:
    house = house_in(
        tmp_path, database_url="postgresql://nobody:hush@127.0.0.1:9/none", redis_url="redis://127.0.0.1:9/0"
    )
    for kind in (Kind.POSTGRES, Kind.REDIS):
        with pytest.raises(UnavailableError) as caught:
            await make(house, kind, Tier.MANUAL)
        assert "hush" not in caught.value.detail
    assert house.target.list("") == []
    assert list(house.spool.iterdir()) == []
    with pytest.raises(NotConfiguredError, match="ANCLORA_EVOLUTION_DATABASE_URL"):
        await make(house, Kind.EVOLUTION, Tier.MANUAL)


async def test_a_full_disk_is_a_failure_like_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(sealer: Sealer, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", len(data), sealer)

    monkeypatch.setattr(Sealer, "write", full)
    house = house_in(tmp_path)
    with pytest.raises(AncloraError, match=r"No space left on device. Make room") as caught:
        await make(house, Kind.CONFIG, Tier.MANUAL)
    assert caught.value.code == "backup_failed"
    assert (house.target.list(""), list(house.spool.iterdir())) == ([], [])


@pytest.mark.parametrize(("kind", "into"), [("redis", "nowhere"), ("postgres", "nowhere"), ("postgres", "redis://x/0")])
async def test_an_address_that_is_none_is_said_to_be(
    tmp_path: Path, redis_url: str, database_url: str, kind: str, into: str
) -> None:
    house = house_in(tmp_path, redis_url=redis_url, database_url=database_url)
    made = await make(house, Kind(kind), Tier.MANUAL)
    with pytest.raises(InvalidError) as caught:
        await restore(house, made, into=into)
    assert caught.value.code == "invalid_url"


async def test_a_database_that_refuses_the_dump_says_so(tmp_path: Path, database_url: str) -> None:
    role = f"r{database_url.rpartition('_')[2]}"
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(f"create role {role} login password 'x'")  # pyright: ignore[reportArgumentType, reportCallIssue]
    stranger_url = f"postgresql://{role}:x@{database_url.rpartition('@')[2]}"
    house = house_in(tmp_path, database_url=stranger_url)
    with pytest.raises(AncloraError, match="permission denied") as caught:
        await make(house, Kind.POSTGRES, Tier.MANUAL)
    assert caught.value.code == "backup_failed"
    good = house_in(tmp_path, database_url=database_url)
    made = await make(good, Kind.POSTGRES, Tier.MANUAL)
    with pytest.raises(SetupError, match=f"alter role {role} createdb"):
        await restore(good, made, into=f"{stranger_url.rpartition('/')[0]}/elsewhere")


def test_kinds_are_those_that_are_there() -> None:
    assert kinds_of(load_settings()) == [Kind.POSTGRES, Kind.REDIS, Kind.CONFIG]
    assert kinds_of(load_settings(redis_cluster=True, evolution_database_url="x")) == [
        Kind.POSTGRES,
        Kind.EVOLUTION,
        Kind.CONFIG,
    ]
    assert kinds_of(load_settings(backup_kinds="redis, postgres")) == [Kind.POSTGRES, Kind.REDIS]
    with pytest.raises(SetupError, match="ANCLORA_BACKUP_KINDS"):
        load_settings(backup_kinds="postgres,mysql")
