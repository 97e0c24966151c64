"""The audit and the scan: every check, one after the other. What fails is said in its check, and the rest goes on."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

import anclora
from anclora.kit.settings import Settings
from anclora.security.code import check_code
from anclora.security.configuration import check_configuration
from anclora.security.files import check_files
from anclora.security.model import Check, Report
from anclora.security.packages import check_packages, installed
from anclora.security.secrets import check_secrets

Said = Callable[[str], None]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the files are.

    Attributes:
        folder: its files are searched for secrets.
        package: its Python files are searched for habits that open holes.
        key_files: files that hold keys; nobody else may read them.
    """

    folder: Path
    package: Path = Path(anclora.__file__).parent
    key_files: tuple[Path, ...] = ()


def scan(place: Place, now: datetime, *, said: Said) -> Report:
    """Code and secrets only: what needs no network, no database and no settings.

    Args:
        place: where the files are.
        now: aware.
        said: hears what is looked at next.
    """
    return _report("scan", place, now, _scanned(place, said))


def audit(place: Place, now: datetime, *, settings: Settings, keys: Check, said: Said) -> Report:
    """Everything; `keys` comes from whoever can ask the database."""
    said("packages: asking for advisories on what is installed")
    packages = check_packages(installed(), advisories_url=settings.advisories_url)
    rest = (check_configuration(settings), check_files(place.key_files), keys)
    return _report("audit", place, now, (packages, *_scanned(place, said), *rest))


def _scanned(place: Place, said: Said) -> tuple[Check, ...]:
    said("code: reading every Python file")
    code = check_code(place.package)
    said("secrets: reading every file")
    return code, check_secrets(place.folder)


def _report(kind: str, place: Place, now: datetime, checks: tuple[Check, ...]) -> Report:
    return Report(kind=kind, at=now, program=anclora.__version__, folder=str(place.folder.resolve()), checks=checks)
