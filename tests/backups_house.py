"""A house of backups for tests: a folder to put them into, a key, and the private servers as sources."""

from datetime import datetime
from pathlib import Path

from anclora.backups import House, Keyring, Kind, Manifest, Tier, make_key, open_house
from anclora.backups.proof import written
from anclora.backups.rules import data_key, manifest_key, name_of
from anclora.kit.clock import Clock, SystemClock
from anclora.kit.settings import load_settings


def house_in(folder: Path, *, clock: Clock | None = None, **settings: object) -> House:
    """A house whose backups lie in `<folder>/kept`, spool in `<folder>/data`, key in `<folder>/backup.key`."""
    key_file = folder / "backup.key"
    if not key_file.exists():
        make_key(key_file)
    values = {"backup_url": str(folder / "kept"), "backup_key_file": key_file, "data_dir": folder / "data"}
    return open_house(load_settings(**{**values, **settings}), clock or SystemClock())


def other_key(folder: Path) -> Keyring:
    """Put another key in the place of the one a house has."""
    (folder / "backup.key").unlink()
    return make_key(folder / "backup.key")


def data_file(folder: Path, key: str) -> Path:
    """Where the bytes of a backup lie."""
    return folder / "kept" / key


def lie(root: Path, kind: Kind, made_at: datetime, *, short: bool = False) -> str:
    """Put something down that looks like a whole backup, or one whose bytes are too few; its name."""
    name = name_of(kind, Tier.DAILY, made_at)
    manifest = Manifest(
        name=name,
        kind=kind,
        tier=Tier.DAILY,
        made_at=made_at,
        finished_at=made_at,
        data=data_key(name),
        bytes=10,
        sha256="",
        plain_bytes=10,
        unpacked_bytes=10,
        server="",
        revision="",
        program="",
        key_id="",
        prints={},
    )
    for key, content in ((data_key(name), b"x" * (9 if short else 10)), (manifest_key(name), written(manifest))):
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return name
