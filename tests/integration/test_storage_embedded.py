"""The private servers: closed to others, their data kept over stops and crashes, one owner at a time."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import AuthenticationError, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from anclora.kit.errors import SetupError
from anclora.storage.embedded import EmbeddedServers, discard_embedded, running_urls, start_embedded
from anclora.storage.embedded.home import outside_folder
from tests.waiting import eventually

_ONCE = Retry(NoBackoff(), 0)
_OWNER = """
import sys
from pathlib import Path
from anclora.storage.embedded import start_embedded
servers = start_embedded(Path(sys.argv[1]))
print(servers.postgres_pid, servers.redis_pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Generator[Path, None, None]:
    folder = tmp_path / "data"
    yield folder
    if folder.exists():
        discard_embedded(folder)


def _write(servers: EmbeddedServers, number: int) -> None:
    with psycopg.connect(servers.database_url) as connection:
        connection.execute("create table if not exists kept (number int)")
        connection.execute("insert into kept values (%s)", [number])
    with Redis.from_url(servers.redis_url, socket_timeout=5) as client:
        client.rpush("kept", number)


def _read(servers: EmbeddedServers) -> tuple[list[int], list[int]]:
    with psycopg.connect(servers.database_url) as connection:
        rows = [int(row[0]) for row in connection.execute("select number from kept order by number").fetchall()]
    with Redis.from_url(servers.redis_url, socket_timeout=5) as client:
        return rows, [int(item) for item in client.lrange("kept", 0, -1)]


def _alive(pid: int) -> bool:
    try:
        return b"\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_servers_are_closed_to_others(data_dir: Path) -> None:
    with start_embedded(data_dir) as servers:
        with psycopg.connect(servers.database_url) as connection:
            row = connection.execute(
                "select current_setting('data_checksums'), current_setting('fsync'),"
                " current_setting('synchronous_commit'), current_setting('listen_addresses'),"
                " current_setting('unix_socket_directories'), current_setting('password_encryption')"
            ).fetchone()
        assert row == ("on", "on", "on", "127.0.0.1", "", "scram-sha-256")
        with Redis.from_url(servers.redis_url, socket_timeout=5) as client:
            wanted = {"bind": "127.0.0.1", "appendonly": "yes", "appendfsync": "everysec", "save": ""}
            assert {name: client.config_get(name)[name] for name in wanted} == wanted
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        database, index = urlsplit(servers.database_url), urlsplit(servers.redis_url)
        for password in ("", "wrong"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(f"postgresql://anclora:{password}@127.0.0.1:{database.port}/anclora")
            # A RESP2 client begins with the command itself, or with AUTH when it has a password.
            stranger = Redis(port=index.port or 0, password=password or None, protocol=2, socket_timeout=5, retry=_ONCE)
            with stranger, pytest.raises(AuthenticationError):
                stranger.ping()
        for pid in (servers.postgres_pid, servers.redis_pid):
            shown = Path(f"/proc/{pid}/cmdline").read_text() + Path(f"/proc/{pid}/environ").read_text()
            assert str(database.password) not in shown
            assert str(index.password) not in shown
    secret = [path for path in data_dir.rglob("*") if path.suffix in {".password", ".conf", ".json", ".log"}]
    assert {"postgres.password", "redis.password", "servers.json", "redis.conf"} <= {path.name for path in secret}
    assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in secret} == {"0o600"}
    assert stat.S_IMODE((data_dir / "redis").stat().st_mode) == 0o700


def test_data_and_ports_are_kept_over_a_stop(data_dir: Path) -> None:
    with start_embedded(data_dir) as servers:
        urls = (servers.database_url, servers.redis_url)
        assert running_urls(data_dir) == urls
        _write(servers, 1)
        pids = (servers.postgres_pid, servers.redis_pid)
    assert running_urls(data_dir) is None
    assert not any(_alive(pid) for pid in pids)
    with start_embedded(data_dir) as servers:
        assert (servers.database_url, servers.redis_url) == urls
        assert _read(servers) == ([1], [1])


def test_a_second_start_is_refused_with_the_owner(data_dir: Path) -> None:
    with start_embedded(data_dir) as servers:
        with pytest.raises(SetupError, match=f"process {os.getpid()}\\."):
            start_embedded(data_dir)
        with pytest.raises(SetupError):
            discard_embedded(data_dir)
        _write(servers, 1)


def test_killed_servers_come_back_on_the_same_port(data_dir: Path) -> None:
    with start_embedded(data_dir) as servers:
        urls = (servers.database_url, servers.redis_url)
        _write(servers, 1)
        with Redis.from_url(servers.redis_url, socket_timeout=5) as client:
            client.config_set("appendfsync", "always")
            client.rpush("kept", 2)
        os.kill(servers.redis_pid, signal.SIGKILL)
        os.kill(servers.postgres_pid, signal.SIGKILL)
        servers.restart_redis()
        servers.restart_postgres()
        assert (servers.database_url, servers.redis_url) == urls
        assert _read(servers) == ([1], [1, 2])


async def test_servers_end_with_a_killed_owner(data_dir: Path) -> None:
    owner = subprocess.Popen(  # noqa: ASYNC220 - the test has nothing else to do
        [sys.executable, "-c", _OWNER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert [_alive(pid) for pid in pids] == [True, True]
        owner.kill()

    async def ended() -> bool:
        return not any(_alive(pid) for pid in pids)

    if sys.platform == "linux":
        await eventually(ended)
    with start_embedded(data_dir) as servers:
        _write(servers, 1)


def test_leftovers_of_a_killed_run_are_ended(data_dir: Path) -> None:
    with start_embedded(data_dir) as lost:
        _write(lost, 1)
        for folder in (data_dir, outside_folder(data_dir) or data_dir):
            (folder / "lock").unlink(missing_ok=True)  # as if its owner were gone and the servers were not
        with start_embedded(data_dir) as servers:
            assert not _alive(lost.postgres_pid)
            assert not _alive(lost.redis_pid)
            assert _read(servers) == ([1], [1])


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(data_dir: Path) -> None:
    with start_embedded(data_dir) as servers:
        _write(servers, 1)
        folder = Path(f"/proc/{servers.postgres_pid}/cwd").resolve()
        kept = (folder / "postmaster.pid").read_text().splitlines()[1:]
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        (folder / "postmaster.pid").write_text("\n".join([str(stranger.pid), *kept]) + "\n")
        (data_dir / "redis" / "redis.pid").write_text(f"{stranger.pid}\n")
        with start_embedded(data_dir) as servers:
            assert _read(servers) == ([1], [1])
        assert stranger.poll() is None
        stranger.kill()


def test_only_what_is_asked_for_is_started(tmp_path: Path) -> None:
    with start_embedded(tmp_path / "index", postgres=False) as servers:
        assert (servers.database_url, servers.postgres_pid) == ("", 0)
        assert servers.redis_pid
    assert not (tmp_path / "index" / "postgres.password").exists()


def test_data_of_another_postgres_version_is_refused(data_dir: Path) -> None:
    with start_embedded(data_dir, redis=False) as servers:
        folder = Path(f"/proc/{servers.postgres_pid}/cwd").resolve()
    (folder / "PG_VERSION").write_text("13\n")
    with pytest.raises(SetupError, match="belongs to Postgres 13"):
        start_embedded(data_dir, redis=False)


def test_an_interrupted_first_start_is_begun_again(data_dir: Path) -> None:
    with start_embedded(data_dir, redis=False) as servers:
        folder = Path(f"/proc/{servers.postgres_pid}/cwd").resolve()
    shutil.rmtree(folder)
    (folder.parent / "postgres.new").mkdir()
    (folder.parent / "postgres.new" / "half").write_text("")
    (folder.parent / "postgres.initial").write_text("")
    with start_embedded(data_dir) as servers:
        _write(servers, 1)
        assert not (folder.parent / "postgres.new").exists()
        assert not (folder.parent / "postgres.initial").exists()


def test_a_data_directory_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot use"):
        start_embedded(tmp_path / "file" / "data")


@pytest.mark.parametrize("ours", [False, True], ids=["this machine's", "the wheel's"])
def test_a_damaged_file_of_any_redis_is_set_aside(data_dir: Path, monkeypatch: pytest.MonkeyPatch, ours: bool) -> None:
    if ours:
        monkeypatch.setenv("PATH", str(data_dir))
    with start_embedded(data_dir, postgres=False) as servers:
        with Redis.from_url(servers.redis_url, socket_timeout=5) as client:
            for number in range(200):
                client.rpush("kept", number)
        os.kill(servers.redis_pid, signal.SIGKILL)
        folder = data_dir / "redis"
        file = next(iter([*folder.glob("appendonlydir/*.incr.aof"), *folder.glob("appendonly.aof")]))
        with file.open("r+b") as damaged:
            damaged.seek(file.stat().st_size // 3)
            damaged.write(b"\0garbled\0" * 50)
        servers.restart_redis()
        with Redis.from_url(servers.redis_url, socket_timeout=5) as client:
            assert client.llen("kept") == 0
    assert [path.name.partition(".")[0] for path in folder.glob("*.broken")] in (["appendonlydir"], ["appendonly"])
